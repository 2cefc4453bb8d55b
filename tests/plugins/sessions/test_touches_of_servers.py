"""Touches as a client sends them to a real server: few commits, and what a stop and a kill lose."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from plugins.sessions.documents import TOUCH_SESSION
from synthetic import ms_from_iso
from synthetic.testing import RunningServer, open_test_store, running_server
from synthetic_sessions.store import get_session

SAVE = 'mutation { saveSession(input: {id: "s"}) { created } }'
LATE_MS = 5_000
"""How much longer than its interval a busy machine may keep what waits from being written."""


class Client:
    """One client that sends one request after another."""

    def __init__(self, server: RunningServer) -> None:
        self._http = httpx.Client(headers=server.headers, timeout=60, trust_env=False)
        self._url = server.url
        assert self._http.post(self._url, json={"query": SAVE}).json()["data"]

    def touch(self) -> tuple[int, bool]:
        """Touch the session: the instant that was told, and whether it is durable."""
        answer = self._http.post(self._url, json={"query": TOUCH_SESSION, "variables": {"id": "s"}}).json()
        touched = answer["data"]["touchSession"]
        return ms_from_iso(touched["session"]["lastActivityAt"]), touched["durable"]

    def commits(self) -> int:
        """How many there were since the start."""
        text = self._http.get(self._url.replace("/graphql", "/metrics")).text
        (count,) = re.findall(r"^synthetic_commit_group_size_count (\d+)", text, re.MULTILINE)
        return int(count)

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def clients() -> Iterator[list[Client]]:
    made: list[Client] = []
    yield made
    for client in made:
        client.close()


def last_activity(directory: Path) -> int:
    with open_test_store(directory) as store:
        return store.read(get_session, "s").last_activity_at


def test_a_thousand_touches_are_few_commits_and_the_last_is_there_after_a_clean_stop(data_dir, clients) -> None:
    with running_server(data_dir) as server:
        clients.append(client := Client(server))
        began, before = time.monotonic(), client.commits()
        told = [client.touch() for _ in range(1_000)]
        commits, seconds = client.commits() - before, time.monotonic() - began
        assert server.stop(signal.SIGTERM) == 0

    assert told[0][1]
    # Two each interval at most; what else the server writes in the background is some each second.
    assert commits <= 20 + 12 * seconds
    assert sum(durable for _, durable in told) <= 2 + seconds
    assert last_activity(data_dir) == max(instant for instant, _ in told)


@pytest.mark.full
def test_a_server_that_is_killed_loses_no_more_than_the_interval(data_dir, clients) -> None:
    interval_ms = 200
    with running_server(data_dir, "--set", f"kernel.database.coalesce_ms={interval_ms}") as server:
        clients.append(client := Client(server))
        end = time.monotonic() + LATE_MS / 1000 + 2
        told: list[tuple[int, bool]] = []
        while time.monotonic() < end:
            told.append(client.touch())
        server.stop(signal.SIGKILL)

    stored = last_activity(data_dir)
    assert stored >= max(instant for instant, durable in told if durable)
    assert told[-1][0] - stored <= interval_ms + LATE_MS
    assert stored > told[0][0], "what waited was never written"
