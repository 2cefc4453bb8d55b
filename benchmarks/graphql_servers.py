"""Server processes to measure, all under the same server settings.

Each is served by `synthetic.server.process`, as `synthetic serve` does it: the
same uvicorn, its protocol classes and time-outs, the same event loop, the
garbage collector frozen after the start. None writes to a terminal. Ours runs
as it comes, with a token, its checks of Host and Origin, limits, metrics, and
a line in the access log for each request, which goes to a file; the others
have none of that, so what they leave out counts against us.

    python -m benchmarks.graphql_servers {by-hand | strawberry | file-response} DIRECTORY
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from synthetic.kernel import Kernel
from synthetic.kernel_settings import KernelSettings
from synthetic.metrics import Metrics
from synthetic.server.banner import READY
from synthetic.server.listening import address_of, listen
from synthetic.server.process import Lifetime, serve_application

ROOT = Path(__file__).parent.parent
SETTINGS = {
    # The clients ask as fast as they can, and for more at once than one should.
    "kernel.limits.requests_per_second": "10000000",
    "kernel.limits.page_size": "10000",
    "kernel.limits.cost": "10000000",
    # What is asked for stays as it was made.
    "plugins.transcripts.idle_ms": "86400000",
}

IDLE_SHARE = 0.1
"""A server that takes less of a processor than this has nothing to do."""

IDLE_LOOKS = 3
IDLE_WITHIN_SECONDS = 900.0


class Process:
    """A server on loopback that is measured.

    Attributes:
        address: Host and port.
        token: To be let in; "" where nobody is asked.
    """

    def __init__(self, process: subprocess.Popen[str], address: tuple[str, int], token: str) -> None:
        self._process = process
        self.address = address
        self.token = token

    def cpu_seconds(self) -> float:
        """What all its threads have used so far, in user and kernel mode, to the nanosecond."""
        # The clock of another process's CPU time: what clock_getcpuclockid gives.
        return time.clock_gettime((~self._process.pid << 3) | 2)

    def wait_until_idle(self) -> None:
        """Wait until its background work, as indexing what the store holds, has come to an end."""
        until = time.monotonic() + IDLE_WITHIN_SECONDS
        quiet = 0
        while quiet < IDLE_LOOKS:
            before = self.cpu_seconds()
            time.sleep(1.0)
            quiet = quiet + 1 if self.cpu_seconds() - before < IDLE_SHARE else 0
            assert time.monotonic() < until, "the server does not come to rest"

    def memory_bytes(self, name: str) -> int:
        """A figure of /proc: VmRSS, what it has in memory now; VmHWM, the most since `forget_peak`."""
        for line in Path(f"/proc/{self._process.pid}/status").read_text("utf-8").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
        raise ValueError(f"no {name} in /proc")

    def forget_peak(self) -> None:
        """Measure the peak of memory from now on."""
        Path(f"/proc/{self._process.pid}/clear_refs").write_text("5")


@contextlib.contextmanager
def serving(kind: str, directory: Path) -> Iterator[Process]:
    """A server process for the length of a `with`: `ours`, `by-hand`, `strawberry` or `file-response`."""
    if kind == "ours":
        flags = [part for name, value in SETTINGS.items() for part in ("--set", f"{name}={value}")]
        command = ["-m", "synthetic", "serve", "--data", str(directory), "--port", "0", *flags]
    else:
        command = ["-m", "benchmarks.graphql_servers", kind, str(directory)]
    with (directory.parent / f"{kind}.log").open("w") as log:
        process = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout is not None
            url = next(line.split()[1] for line in process.stdout if line.startswith(f"{READY} "))
            parts = urlsplit(url)
            token = (directory / "token").read_text("utf-8").strip() if kind == "ours" else ""
            yield Process(process, (parts.hostname or "", parts.port or 0), token)
        finally:
            process.terminate()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def main(kind: str, directory: Path) -> None:
    """Serve until SIGTERM."""
    if kind == "strawberry":
        from .graphql_strawberry import create_app as around_kernel  # noqa: PLC0415 - the limit must not carry it

        kernel = Kernel.open(directory)
        application, metrics = around_kernel(kernel), kernel.metrics
    elif kind == "file-response":
        from .file_response import create_app as for_files  # noqa: PLC0415

        application, metrics = for_files(directory), Metrics()
    else:
        from .graphql_by_hand import create_app  # noqa: PLC0415

        application, metrics = create_app(directory), Metrics()
    listening = listen("127.0.0.1", 0)
    lifetime = Lifetime(
        announce=lambda: print(f"{READY} http://{address_of(listening[0])}/", flush=True), stopping=lambda: None
    )
    serve_application(application, KernelSettings(), metrics, listening, lifetime)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
