"""A server is ready within a second, however much its store holds.

Started as an operator does it, `synthetic serve`, and timed until it prints
that it is ready. Without `--full` the store has a hundred thousand messages in
place of a million; nothing in a start depends on how many there are.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from synthetic.testing import running_server

from .ingesting import ENVIRONMENT, Ingested
from .promises import Promise, in_time

STARTS = 7


def processor_seconds(process_id: int) -> float:
    """What a process has used of the processors so far."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.timeout(3_600)
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_start_to_ready(ingested: list[Ingested], promise: Callable[[Promise], None]):
    largest = ingested[-1]
    waits: list[float] = []
    used: list[float] = []
    for _ in range(1 + STARTS):
        started = time.perf_counter()
        with running_server(largest.directory, environment=ENVIRONMENT) as server:
            waits.append(time.perf_counter() - started)
            used.append(processor_seconds(server.process.pid))
    # The first makes the token, and brings the files into the system's cache.
    waited, worked = statistics.median(waits[1:]), statistics.median(used[1:])
    held = f"a store of {largest.messages:,} messages"
    promise(Promise(f"start to ready on {held}", in_time(waited), in_time(1.0), waited, at_most=1))
    promise(Promise(f"start to ready on {held}, processor time", in_time(worked), in_time(1.0), worked))
