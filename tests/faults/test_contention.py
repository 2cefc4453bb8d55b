"""Several servers and many clients on one store, with everything running that takes locks: no lock reaches a client."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from synthetic import Transaction
from synthetic.testing import RunningServer, open_test_store, running_server, wait_until
from synthetic.testing_commands import run_command
from synthetic_constructs.store import save_construct
from synthetic_sessions.store import save_session

from .kit import COUNT, SAVE, check_sound

REBUILD = 'mutation { requestResync(input: {module: "projections.activity", action: REBUILD}) { __typename } }'
RETENTION = "mutation { runRetention(input: {}) { complete } }"
BACKUP = "mutation { runBackup(input: {}) { __typename } }"
RAW = ("locked", "sqlite", "apsw", "busy_", "traceback")
"""What only a driver says."""

AGE_MS = 60 * 86_400_000
OLD_JOBS = 600
ATTEMPTS = 12
"""How often a client sends a write that it is told to send again."""

DONE_ELSEWHERE = {"CONFLICT"}
"""A rebuild that is asked for while one runs does not apply; that says nothing of locks."""


def fill(tx: Transaction) -> None:
    """Something to delete, to rebuild and to back up."""
    old = tx.now - AGE_MS
    tx.execute_many(
        "INSERT INTO sync_jobs (id, user_id, project_id, kind, key, params, priority, max_attempts, on_lapse, metadata,"
        " status, progress, attempts, run_after, lease_token, version, created_at, started_at, completed_at,"
        " updated_at) VALUES (:id, 'u', 'p', 'k', 'key', '{}', 5, 3, 'REQUEUE', '{}', 'COMPLETED', 100, 1, 0, 1, 3,"
        " :at, :at, :at, :at)",
        ({"id": f"old{number}", "at": old} for number in range(OLD_JOBS)),
    )
    for number in range(20):
        save_construct(tx, {"type": "task", "title": "task"}, id=f"made{number}")
        save_session(tx, {"construct_id": f"made{number}", "agent": "builder-1"}, session_id=f"made{number}")


class Crowd:
    """Clients that write and read until each has done what it was to do.

    Attributes:
        stored: Ids of acknowledged writes.
        codes: How often each code was answered.
        raw: Answers that say what only a driver says, or that are no answers.
    """

    def __init__(self, work: tuple[str, ...]) -> None:
        self._heavy = work
        self.stored: set[str] = set()
        self.codes: Counter[str] = Counter()
        self.raw: list[str] = []

    async def run(self, servers: list[RunningServer], clients: int, writes: int) -> None:
        """Let so many clients of each server do so many writes each, while the heavy work is asked for."""
        busy = asyncio.Event()
        async with contextlib.AsyncExitStack() as stack:
            connections = [
                await stack.enter_async_context(
                    httpx.AsyncClient(
                        timeout=120, trust_env=False, verify=False, limits=httpx.Limits(max_connections=clients + 1),
                        headers=server.headers,
                    )
                )
                for server in servers
            ]  # fmt: skip
            heavy = asyncio.create_task(self._ask_for_work(connections[0], servers[0].url, busy))
            await asyncio.gather(
                *(
                    self._work(client, server.url, f"s{place}c{number}", writes)
                    for place, (client, server) in enumerate(zip(connections, servers, strict=True))
                    for number in range(clients)
                )
            )
            busy.set()
            await heavy

    async def _work(self, client: httpx.AsyncClient, url: str, name: str, writes: int) -> None:
        for number in range(writes):
            id = f"{name}-{number}"
            for attempt in range(ATTEMPTS):
                if await self._ask(client, url, SAVE, {"id": id}):
                    self.stored.add(id)
                    break
                await asyncio.sleep(0.01 * 2**attempt)
            await self._ask(client, url, COUNT, {})

    async def _ask_for_work(self, client: httpx.AsyncClient, url: str, ended: asyncio.Event) -> None:
        """Ask for what takes long, over and over."""
        while not ended.is_set():
            for document in self._heavy:
                await self._ask(client, url, document, {})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), 0.3)

    async def _ask(self, client: httpx.AsyncClient, url: str, document: str, variables: dict[str, Any]) -> bool:
        """Whether an operation went well; where it may be sent again, the sender does that."""
        try:
            answer = (await client.post(url, json={"query": document, "variables": variables})).json()
        except httpx.TransportError:
            # The server has closed a connection that was idle for long, just when it was to be used again.
            self.codes["no answer"] += 1
            return False
        text = json.dumps(answer).lower()
        if any(word in text for word in RAW):
            self.raw.append(text)
        for error in answer.get("errors", ()):
            self.codes[error["extensions"]["code"]] += 1
            if not error["extensions"]["recoverable"] and error["extensions"]["code"] not in DONE_ELSEWHERE:
                self.raw.append(text)
        return "errors" not in answer


def crowd_on(data: Path, *, servers: int, clients: int, writes: int, is_backed_up: bool) -> Crowd:
    """Have servers and their clients work on a store while it is backed up, rebuilt and emptied of what is old."""
    with open_test_store(data) as store:
        store.write(fill)
    crowd = Crowd((REBUILD, RETENTION, BACKUP) if is_backed_up else (REBUILD, RETENTION))
    flags = ("--set", "kernel.database.synchronous=FULL", "--set", "kernel.limits.requests_per_second=100000")
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(running_server(data, *flags)) for _ in range(servers)]
        asyncio.run(crowd.run(running, clients, writes))
        if is_backed_up:
            wait_until(lambda: list((data / "backups").glob("*.json")), "a backup", seconds=300)
    return crowd


def check_crowd(data: Path, crowd: Crowd, expected: int) -> None:
    assert crowd.raw == []
    assert len(crowd.stored) == expected
    with check_sound(data) as connection:
        there = {id for (id,) in connection.execute("SELECT id FROM constructs")}
        left = connection.execute("SELECT count(*) FROM sync_jobs WHERE id LIKE 'old%'").get
    assert crowd.stored <= there
    assert left == 0, "retention has run"


def test_two_servers_with_clients_and_all_that_takes_locks_answer_no_raw_lock_error(data_dir):
    crowd = crowd_on(data_dir, servers=2, clients=4, writes=2, is_backed_up=False)
    check_crowd(data_dir, crowd, 2 * 4 * 2)


@pytest.mark.full
@pytest.mark.timeout(1_800)
def test_eight_servers_with_32_clients_each_answer_no_raw_lock_error(data_dir):
    crowd = crowd_on(data_dir, servers=8, clients=32, writes=10, is_backed_up=True)
    check_crowd(data_dir, crowd, 8 * 32 * 10)
    assert run_command(["check", "--data", str(data_dir)]).returncode == 0
