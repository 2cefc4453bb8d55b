"""kill -9 under load, again and again: what was acknowledged is there, once."""

from __future__ import annotations

import contextlib
import itertools
import random
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from synthetic.testing import RunningServer, running_server, wait_until
from synthetic.testing_commands import start_command

from .kit import SAVE, check_sound
from .sweeps import make_seed

PROGRAM = Path(__file__).with_name("writing.py")
DURABLE = ("--set", "kernel.database.synchronous=FULL")


class Writers:
    """Processes that write to a store, each of which can be killed and is replaced.

    Attributes:
        stored: The ids of acknowledged writes, in the order of each writer.
        sent: How often each id was sent over HTTP; one whose answer was lost is sent again.
        wrong: What was answered and must not be.
    """

    def __init__(self, data: Path, stack: contextlib.ExitStack) -> None:
        self.stored: list[str] = []
        self.sent: Counter[str] = Counter()
        self.wrong: list[Any] = []
        self._data = data
        self._stack = stack
        self._names = itertools.count()
        self._ended = threading.Event()
        self._servers: dict[int, RunningServer] = {}
        self._alone: dict[int, Any] = {}
        self._threads: list[threading.Thread] = []

    def start_alone(self, place: int) -> None:
        """Start a program that has the store open itself, and take down what it says."""
        process = start_command([str(self._data), f"alone{next(self._names)}"], program=PROGRAM)
        self._alone[place] = process
        self._in_thread(self._listen, process)

    def start_server(self, place: int) -> None:
        """Start a server, in the place of one that was killed."""
        self._servers[place] = self._stack.enter_context(running_server(self._data, *DURABLE))

    def start_client(self, place: int) -> None:
        """Write through the server of a place, one write after the other, whatever becomes of it."""
        self._in_thread(self._send, place, f"client{next(self._names)}")

    def kill_one(self, chance: random.Random) -> None:
        """Kill a process outright, in the midst of what it does, and start another in its place."""
        before = len(self.stored)
        enough = before + chance.randint(4, 8)
        wait_until(lambda: len(self.stored) >= enough, "a few writes", seconds=120)
        if self._servers and chance.random() < len(self._servers) / (len(self._servers) + len(self._alone)) / 2:
            place = chance.choice(list(self._servers))
            self._servers[place].process.kill()
            self._servers[place].process.wait()
            self.start_server(place)
        else:
            place = chance.choice(list(self._alone))
            self._alone[place].kill()
            self._alone[place].wait()
            self.start_alone(place)

    def end(self) -> None:
        """Let the clients end, and kill the rest."""
        self._ended.set()
        for process in self._alone.values():
            process.kill()
            process.wait()
        for thread in self._threads:
            thread.join(120)
            assert not thread.is_alive()

    def _in_thread(self, work: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self, process: Any) -> None:
        # A line that a kill has cut short says nothing.
        self.stored.extend(line.strip() for line in process.stdout if line.endswith("\n"))
        errors = process.stderr.read()
        process.stdout.close()
        process.stderr.close()
        if errors:
            self.wrong.append(errors)

    def _send(self, place: int, name: str) -> None:
        with httpx.Client(timeout=60, trust_env=False, verify=False) as client:
            for number in itertools.count():
                if self._ended.is_set():
                    return
                self._save(client, place, f"{name}-{number}")

    def _save(self, client: httpx.Client, place: int, id: str) -> None:
        while True:
            server = self._servers[place]
            self.sent[id] += 1
            try:
                answer = client.post(
                    server.url, json={"query": SAVE, "variables": {"id": id}}, headers=server.headers
                ).json()
            except httpx.HTTPError:
                # Nobody knows whether it was stored, so it is sent again to who comes next.
                if self._ended.wait(0.05):
                    return
                continue
            if "errors" not in answer:
                self.stored.append(id)
                return
            if not answer["errors"][0]["extensions"]["recoverable"]:
                self.wrong.append(answer)
                return


@contextlib.contextmanager
def writing(data: Path, servers: int, alone: int, clients: int) -> Iterator[Writers]:
    with contextlib.ExitStack() as stack:
        writers = Writers(data, stack)
        for place in range(servers):
            writers.start_server(place)
            for _ in range(clients):
                writers.start_client(place)
        for place in range(alone):
            writers.start_alone(place)
        try:
            yield writers
        finally:
            writers.end()


def check_all(data: Path, writers: Writers) -> None:
    """That each acknowledged write is there with its one event, and that writes are in the order of their writer."""
    assert writers.wrong == []
    with check_sound(data) as connection:
        there = {id for (id,) in connection.execute("SELECT id FROM constructs")}
        events = connection.execute(
            "SELECT entity_id, position FROM domain_events WHERE type = 'construct.saved' ORDER BY position"
        ).fetchall()
    assert set(writers.stored) <= there
    assert len(writers.stored) == len(set(writers.stored))
    assert Counter(id for id, _ in events) == Counter(there), "each write is there with one event"
    last: dict[str, int] = {}
    for id, _ in events:
        name, _, number = id.rpartition("-")
        assert int(number) > last.get(name, -1), f"{id} is out of order"
        last[name] = int(number)


def test_processes_that_are_killed_at_random_lose_no_acknowledged_write_and_double_none(data_dir):
    chance = random.Random(make_seed())
    with writing(data_dir, servers=1, alone=1, clients=2) as writers:
        for _ in range(3):
            writers.kill_one(chance)
    check_all(data_dir, writers)


@pytest.mark.full
@pytest.mark.timeout(3_600)
def test_ten_thousand_acknowledged_writes_survive_two_hundred_kills(data_dir):
    chance, kills = random.Random(make_seed()), 0
    with writing(data_dir, servers=2, alone=3, clients=4) as writers:
        while kills < 200 or len(writers.stored) < 10_000:
            writers.kill_one(chance)
            kills += 1
    check_all(data_dir, writers)
    sys.stdout.write(
        f"{len(writers.stored)} acknowledged writes, {kills} kills, "
        f"{sum(each - 1 for each in writers.sent.values())} sent again\n"
    )
