"""Several processes on one socket."""

from __future__ import annotations

import os
import re
import select
import signal
from pathlib import Path

import httpx
import pytest

from kernel.server.conftest import origin_of
from synthetic.testing import RunningServer, running_server

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="children are found in /proc")

WORKER = re.compile(r'synthetic_process_info\{version="[^"]+",worker="(\d+)"\}')


def workers_of(server: RunningServer) -> list[int]:
    """Process ids of the workers."""
    pid = server.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_for_end(pid: int) -> None:
    """Until a process, which need not be a child, has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ready, _, _ = select.select([descriptor], [], [], 60)
        assert ready, f"process {pid} runs on"
    finally:
        os.close(descriptor)


def answering(server: RunningServer) -> str:
    """The worker that answers a fresh connection."""
    found = WORKER.search(httpx.get(f"{origin_of(server)}/metrics", headers=server.headers, verify=False).text)
    assert found is not None
    return found[1]


def test_workers_share_a_store_and_one_that_is_killed_is_replaced(data_dir: Path):
    with running_server(data_dir, "--workers", "2") as server:
        before = workers_of(server)
        assert len(before) == 2
        seen: set[str] = set()
        while seen != {"0", "1"}:
            seen.add(answering(server))
        os.kill(before[0], signal.SIGKILL)
        wait_for_end(before[0])
        seen.clear()
        while seen != {"0", "1"}:  # both numbers answer again, so another process has taken the place
            seen.add(answering(server))
        after = workers_of(server)
        assert len(after) == 2
        assert before[0] not in after
        assert before[1] in after
        assert server.stop() == 0
        for pid in after:
            wait_for_end(pid)
    assert any("another is started" in line for line in server.log)
    assert not any("Traceback" in line for line in server.log)


def test_workers_do_not_outlive_their_parent(data_dir: Path):
    with running_server(data_dir, "--workers", "2") as server:
        workers = workers_of(server)
        server.process.kill()
        for pid in workers:
            wait_for_end(pid)


def test_a_second_signal_stops_workers_at_once(data_dir: Path):
    with running_server(data_dir, "--workers", "2") as server:
        for pid in workers_of(server):
            os.kill(pid, signal.SIGSTOP)  # nobody answers to the first signal
        server.process.send_signal(signal.SIGTERM)
        while not any("stopping workers" in line for line in server.log):
            continue
        assert server.stop(signal.SIGTERM) == 0
