"""Heartbeats, of several leases at once."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from synthetic.testing import wait_until
from synthetic.worker import Client
from synthetic.worker.heartbeats import Heartbeats
from synthetic.worker.lease import Lease

from .kit import SECONDS


class Silence:
    """A server that takes heartbeats and answers them, but for those of a job called slow until it is told to."""

    def __init__(self) -> None:
        self.heard: Counter[str] = Counter()
        self.speaks = threading.Event()
        self.url = ""


@pytest.fixture
def silence() -> Iterator[Silence]:
    state = Silence()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            job_id = json.loads(self.rfile.read(int(self.headers["content-length"])))["variables"]["input"]["id"]
            state.heard[job_id] += 1
            if job_id == "slow":
                state.speaks.wait(SECONDS)
            body = b'{"data": {"heartbeatJob": {"cancelRequested": false}}}'
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,))
        thread.start()
        state.url = f"http://127.0.0.1:{listening.server_port}"
        try:
            yield state
        finally:
            state.speaks.set()
            listening.shutdown()
            thread.join(SECONDS)


def test_a_slow_answer_to_one_heartbeat_costs_no_other_lease(silence):
    heartbeats = Heartbeats(2)
    heartbeats.start()
    with Client(silence.url) as client:
        # A third of its lease has passed: it is due at once, and its answer is waited for up to ten seconds.
        slow = Lease(client, "slow", 1, 60_000, time.monotonic() - 21)
        fast = Lease(client, "fast", 1, 2_000, time.monotonic())
        heartbeats.add(slow)
        wait_until(lambda: silence.heard["slow"])
        heartbeats.add(fast)
        wait_until(lambda: silence.heard["fast"] >= 4 or fast.lost.is_set())
        assert not fast.lost.is_set()
        assert silence.heard["slow"] == 1, "there is one under way at a time"
        silence.speaks.set()
        wait_until(lambda: slow.beat_at > time.monotonic())
        heartbeats.close()
        assert not slow.lost.is_set()
