"""nginx as a server of files, where it is installed: what may be had, and no limit of ours."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

STARTS_IN_SECONDS = 10.0


def find_nginx() -> str | None:
    """The program; Debian puts it where not everybody looks."""
    return shutil.which("nginx") or shutil.which("/usr/sbin/nginx")


@contextlib.contextmanager
def serving_with_nginx(program: str, files: Path, scratch: Path) -> Iterator[tuple[str, int]]:
    """nginx with one worker process, for the length of a `with`: its address.

    Args:
        program: Where it is.
        files: What it serves.
        scratch: A folder of its own.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    temporary = "".join(f"{name}_temp_path {scratch}/{name};" for name in ("proxy", "fastcgi", "uwsgi", "scgi"))
    config = scratch / "nginx.conf"
    config.write_text(
        f"worker_processes 1; daemon off; pid {scratch}/pid; error_log {scratch}/error.log; user root;"
        "events {} http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;"
        f"client_body_temp_path {scratch}/body; {temporary}"
        f"server {{ listen 127.0.0.1:{port}; location / {{ root {files}; }} }} }}",
        "utf-8",
    )
    process = subprocess.Popen([program, "-e", f"{scratch}/error.log", "-c", str(config)])
    try:
        until = time.monotonic() + STARTS_IN_SECONDS
        while True:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
                break
            assert process.poll() is None, (scratch / "error.log").read_text("utf-8")
            assert time.monotonic() < until, "nginx does not listen"
            time.sleep(0.05)
        yield "127.0.0.1", port
    finally:
        process.terminate()
        process.wait()
