"""Comparing the files of artifacts with their hashes for those who ask for them: each file once, however many ask.

Whoever asks for a file that is being compared waits for that, without a thread.
And of the threads that all routes share, long comparisons take a few at most,
so that nobody else has to wait for a gigabyte to be hashed.
"""

from __future__ import annotations

import asyncio
from typing import Self

from synthetic import RouteRequest, SettingsLookup
from synthetic_artifacts.folders import ArtifactFolder
from synthetic_artifacts.known_files import KnownFile, KnownFiles
from synthetic_artifacts.model import Artifact
from synthetic_artifacts.reading import compare_content

LONG_BYTES = 8_388_608
"""To compare longer content takes longer than others should wait for a thread, however short its file is."""

LONG_AT_ONCE = 2


class Comparisons:
    """Those that are under way in this process; for the event loop of its server."""

    def __init__(self) -> None:
        """None is."""
        self._running: dict[str, asyncio.Task[KnownFile]] = {}
        self._long = asyncio.Semaphore(LONG_AT_ONCE)

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """One for each kernel."""
        return cls()

    async def compare(self, request: RouteRequest, folder: ArtifactFolder, artifact: Artifact) -> KnownFile:
        """What is known of the file of an artifact, once all of it was read.

        It may have been begun for another request, and goes on for others where this one is cancelled. Whether the
        file is still the one that was read is for the caller to see.

        Raises:
            OverloadedError: Too much waits for a thread already.
            SyntheticError: See `compare_content`.
        """
        # What was stored under an id never changes, so the path is the same for all who ask for it.
        running = self._running.get(artifact.path)
        if running is None:
            running = asyncio.create_task(self._compare(request, folder, artifact))
            self._running[artifact.path] = running
            running.add_done_callback(lambda done: self._end(artifact.path, done))
        return await asyncio.shield(running)

    async def _compare(self, request: RouteRequest, folder: ArtifactFolder, artifact: Artifact) -> KnownFile:
        files = request.resource(KnownFiles)
        if artifact.size_bytes <= LONG_BYTES:
            return await request.in_thread(compare_content, folder, artifact, files)
        async with self._long:
            return await request.in_thread(compare_content, folder, artifact, files)

    def _end(self, path: str, done: asyncio.Task[KnownFile]) -> None:
        del self._running[path]
        if not done.cancelled():
            done.exception()  # looked at, so that nobody is told of it where all who asked have left
