"""Who asks for a file that is being compared waits for that, and long comparisons keep nobody else waiting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from plugins.artifacts.driving import TEXT, TEXT_TYPE, folder_of
from synthetic_artifacts import comparisons
from synthetic_artifacts.comparisons import LONG_AT_ONCE, LONG_BYTES, Comparisons
from synthetic_artifacts.errors import ArtifactAlteredError
from synthetic_artifacts.known_files import KnownFiles
from synthetic_artifacts.reading import open_known

pytestmark = pytest.mark.anyio

READERS = 6


class Asking:
    """What a comparison uses of the request that it is begun for."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads
        self._files = KnownFiles()

    def resource(self, _class: type[KnownFiles]) -> KnownFiles:
        return self._files

    async def in_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *args)


class Gate:
    """Holds comparisons up until it is opened, and counts them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun: list[str] = []
        self._arrived = threading.Semaphore(0)
        self._opened = threading.Event()
        self._compare = comparisons.compare_content
        monkeypatch.setattr(comparisons, "compare_content", self._held)

    def _held(self, folder: Any, artifact: Any, files: Any) -> Any:
        self.begun.append(artifact.id)
        self._arrived.release()
        assert self._opened.wait(60)
        return self._compare(folder, artifact, files)

    def open(self) -> None:
        self._opened.set()

    async def until_begun(self, count: int) -> None:
        """Wait until so many more have begun, and all that could begin beside them has had its turn."""
        for _ in range(count):
            assert await asyncio.to_thread(self._arrived.acquire, timeout=60)
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.fixture
def asking():
    with ThreadPoolExecutor(READERS) as threads:
        yield Asking(threads)


@pytest.fixture
def gate(monkeypatch):
    gate = Gate(monkeypatch)
    yield gate
    gate.open()


async def test_a_file_is_compared_once_for_all_who_ask_meanwhile(artifacts, store, asking, gate) -> None:
    stored, folder, running = artifacts.create(), folder_of(store), Comparisons()
    readers = [asyncio.create_task(running.compare(asking, folder, stored)) for _ in range(READERS)]
    await gate.until_begun(1)
    # The one that has begun it leaves, and takes nobody along.
    readers[0].cancel()
    gate.open()
    found = await asyncio.gather(*readers, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert gate.begun == ["a"]
    contents = [open_known(folder, stored, known) for known in found[1:]]
    assert [content.read(0, stored.size_bytes) for content in contents] == [b"content"] * (READERS - 1)
    await running.compare(asking, folder, stored)
    assert gate.begun == ["a", "a"]


async def test_what_is_found_wrong_is_told_to_all_who_wait(artifacts, store, asking, gate) -> None:
    stored, folder, running = artifacts.create(), folder_of(store), Comparisons()
    artifacts.file_of(stored).write_bytes(b"another")
    readers = [asyncio.create_task(running.compare(asking, folder, stored)) for _ in range(READERS)]
    await gate.until_begun(1)
    gate.open()
    found = await asyncio.gather(*readers, return_exceptions=True)
    assert {type(each) for each in found} == {ArtifactAlteredError}
    assert gate.begun == ["a"]


async def test_long_comparisons_leave_threads_to_short_ones(artifacts, store, asking, gate) -> None:
    folder, running = folder_of(store), Comparisons()
    # A log of many megabytes may be a file of a few kilobytes: what takes long is to make the content of it.
    logs = [artifacts.create(f"long-{number}", TEXT, content_type=TEXT_TYPE) for number in range(READERS)]
    assert {each.encoding for each in logs} == {"ZSTD"}
    long = [each._replace(size_bytes=LONG_BYTES + 1) for each in logs]
    short = artifacts.create("short")
    readers = [asyncio.create_task(running.compare(asking, folder, each)) for each in [*long, short]]
    await gate.until_begun(LONG_AT_ONCE + 1)
    assert len(gate.begun) == LONG_AT_ONCE + 1
    assert "short" in gate.begun
    gate.open()
    found = await asyncio.gather(*readers, return_exceptions=True)
    # The others had their turn in the end; their rows say another length than their content has.
    assert [type(each) for each in found[:-1]] == [ArtifactAlteredError] * READERS
    assert len(gate.begun) == READERS + 1
