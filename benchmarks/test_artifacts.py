"""Downloads of artifacts, held against Starlette's FileResponse behind the same server, in turns.

Ours looks the artifact up in the store, checks the token, Host and Origin, and
sends nothing that is not what was stored; the other sends a file. Both files
are in the page cache, as they are when somebody reads them twice.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from synthetic import open as open_store
from synthetic.testing import make_template
from synthetic_artifacts.model import ArtifactContent
from synthetic_artifacts.store import create_artifact
from synthetic_constructs.store import save_construct

from .graphql_servers import Process, serving
from .nginx import find_nginx, serving_with_nginx
from .promises import Comparison, Promise, at_rate, in_bytes

LARGE_BYTES = 256 * 1_048_576
SMALL_BYTES = 16_384
SMALL_FILES = 64
SMALL_REQUESTS = 2_000
CONNECTIONS = 8
FLAT_BYTES = 2 * 1_073_741_824
FLAT_GROWTH_BYTES = 16 * 1_048_576
"""What a server may take more while it sends a file: some pieces of it."""
BUFFER_BYTES = 1 << 20
NGINX_ROUNDS = 5
HEAD_END = b"\r\n\r\n"


class Downloads:
    """Asks one server for files, and throws them away."""

    def __init__(self, address: tuple[str, int], token: str, paths: Sequence[str]) -> None:
        authorization = f"Authorization: Bearer {token}\r\n" if token else ""
        host = ":".join(map(str, address))
        self._requests = [f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{authorization}\r\n".encode() for path in paths]
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._sockets = [socket.create_connection(address) for _ in range(CONNECTIONS)]

    def close(self) -> None:
        for each in self._sockets:
            each.close()

    def one(self) -> None:
        """The first file, once."""
        self._sockets[0].sendall(self._requests[0])
        self._take(self._sockets[0])

    def many(self, requests: int) -> None:
        """So many files, one on each connection at once."""
        number = 0
        for _ in range(requests // CONNECTIONS):
            for each in self._sockets:
                each.sendall(self._requests[number % len(self._requests)])
                number += 1
            for each in self._sockets:
                self._take(each)

    def _take(self, connection: socket.socket) -> None:
        head, end = b"", -1
        while end < 0:
            size = connection.recv_into(self._buffer)
            head += bytes(self._buffer[:size])
            end = head.find(HEAD_END)
        assert head.startswith(b"HTTP/1.1 200 "), head
        at = head.lower().index(b"content-length: ") + len(b"content-length: ")
        left = int(head[at:].split(b"\r\n", 1)[0]) - (len(head) - end - len(HEAD_END))
        while left:
            received = connection.recv_into(self._buffer[: min(left, BUFFER_BYTES)])
            assert received, "the server closed the connection"
            left -= received


class Servers(NamedTuple):
    """The two that are compared, each with a large file and small ones, and the folder of the second."""

    ours: Process
    theirs: Process
    plain: Path


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, is_full: bool) -> Iterator[Servers]:
    root = tmp_path_factory.mktemp("downloads")
    plain = root / "plain"
    plain.mkdir()
    make_template(root / "store")
    sizes = {"large": LARGE_BYTES, **{f"small-{number}": SMALL_BYTES for number in range(SMALL_FILES)}}
    if is_full:
        sizes["flat"] = FLAT_BYTES
    with open_store(root / "store") as store:
        store.write(lambda tx: save_construct(tx, {"type": "task", "title": "Downloads"}, id="c"))
        for id, size in sizes.items():
            said = ArtifactContent(id=id, construct_id="c", type="file", name=f"{id}.bin")
            create_artifact(store, said, noise(size))
            if id != "flat":
                with (plain / id).open("wb") as file:
                    file.writelines(noise(size))
    # What has just been written is compared again and again, until it has been there for a moment.
    time.sleep(1.1)
    with serving("ours", root / "store") as ours, serving("file-response", plain) as theirs:
        yield Servers(ours, theirs, plain)


def noise(size: int) -> Iterator[bytes]:
    """Bytes that cannot be compressed, in pieces."""
    piece = secrets.token_bytes(min(size, BUFFER_BYTES))
    for _ in range(0, size, len(piece)):
        yield piece


@pytest.fixture
def downloads(servers: Servers) -> Iterator[Callable[[Sequence[str]], tuple[Downloads, Downloads]]]:
    """Clients of both servers for some files, each of which was asked for once."""
    opened: list[Downloads] = []

    def of(ids: Sequence[str]) -> tuple[Downloads, Downloads]:
        ours = Downloads(servers.ours.address, servers.ours.token, [f"/artifacts/{id}" for id in ids])
        theirs = Downloads(servers.theirs.address, "", [f"/{id}" for id in ids])
        opened.extend((ours, theirs))
        return ours, theirs

    yield of
    for each in opened:
        each.close()


def test_a_large_download(downloads: Callable[[Sequence[str]], tuple[Downloads, Downloads]], compare: Comparison):
    ours, theirs = downloads(["large"])
    shown = at_rate(LARGE_BYTES / 1_048_576, "MiB")
    compare("download of 256 MiB", ours=ours.one, limit=theirs.one, at_least=3, rounds=8, shown=shown)


def test_small_downloads(downloads: Callable[[Sequence[str]], tuple[Downloads, Downloads]], compare: Comparison):
    ours, theirs = downloads([f"small-{number}" for number in range(SMALL_FILES)])
    compare(
        "downloads of 16 KiB",
        ours=lambda: ours.many(SMALL_REQUESTS),
        limit=lambda: theirs.many(SMALL_REQUESTS),
        at_least=3,
        rounds=8,
        shown=at_rate(SMALL_REQUESTS, "files"),
    )


def test_nginx_beside_it(servers: Servers, promise: Callable[[Promise], None], tmp_path: Path):
    """What a server written in C does with the same files and the same client, which itself is the limit by then."""
    program = find_nginx()
    if program is None:
        pytest.skip("nginx is not installed")
    ids = [f"small-{number}" for number in range(SMALL_FILES)]
    with serving_with_nginx(program, servers.plain, tmp_path) as address:
        for name, asked, work, shown in (
            ("download of 256 MiB", ["large"], Downloads.one, at_rate(LARGE_BYTES / 1_048_576, "MiB")),
            ("downloads of 16 KiB", ids, lambda client: client.many(SMALL_REQUESTS), at_rate(SMALL_REQUESTS, "files")),
        ):
            ours = Downloads(servers.ours.address, servers.ours.token, [f"/artifacts/{id}" for id in asked])
            theirs = Downloads(address, "", [f"/{id}" for id in asked])
            times = [(_seconds(work, ours), _seconds(work, theirs)) for _ in range(NGINX_ROUNDS)]
            mine, other = (min(each) for each in zip(*times, strict=True))
            promise(Promise(f"{name}, beside nginx", shown(mine), shown(other), other / mine))
            ours.close()
            theirs.close()


def _seconds(work: Callable[[Downloads], None], client: Downloads) -> float:
    started = time.perf_counter()
    work(client)
    return time.perf_counter() - started


def test_memory_stays_flat(servers: Servers, is_full: bool, promise: Callable[[Promise], None], tmp_path: Path):
    """The peak of the server's memory during a download, beside what it had before."""
    if not is_full:
        pytest.skip("needs gigabytes; runs with --full")
    assert os.statvfs(tmp_path).f_bavail
    client = Downloads(servers.ours.address, servers.ours.token, ["/artifacts/flat"])
    before = servers.ours.memory_bytes("VmRSS")
    servers.ours.forget_peak()
    client.one()
    client.close()
    grown = servers.ours.memory_bytes("VmHWM") - before
    ratio = grown / FLAT_GROWTH_BYTES
    promise(Promise("memory for 2 GiB", in_bytes(grown), in_bytes(FLAT_GROWTH_BYTES), ratio, at_most=1))
