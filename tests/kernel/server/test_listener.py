"""Accepting when the process has no file descriptor left, for which the test takes them all."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import socket
import time
from collections.abc import Iterator

import pytest

from synthetic.metrics import Metrics
from synthetic.server import listener as listener_module
from synthetic.server.connections import Connections
from synthetic.server.listener import Listener
from synthetic.server.listening import listen

pytestmark = pytest.mark.anyio


class Greeting(asyncio.Protocol):
    """Says that it was reached, and closes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"hello")
        transport.close()


def connections(metrics: Metrics, requests_max: int) -> Connections:
    return Connections(
        metrics,
        requests_max=requests_max,
        total_max=100,
        read_seconds=1.0,
        keep_alive_seconds=1.0,
        monotonic=time.monotonic,
    )


@contextlib.contextmanager
def no_more_files() -> Iterator[None]:
    """Files that are open stay so, and no other can be opened."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_without_file_descriptors_accepting_pauses_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(listener_module, "PAUSE_SECONDS", 0.01)
    (listening,) = listen("127.0.0.1", 0)
    with listening, socket.create_connection(listening.getsockname()) as client:
        listener = Listener(listening, connections(Metrics(), 10), Greeting)
        with no_more_files(), caplog.at_level(logging.WARNING):
            listener._accept()  # as the event loop does, since a client waits
            assert listener._resume is not None
        client.setblocking(False)  # noqa: FBT003
        assert await asyncio.get_running_loop().sock_recv(client, 100) == b"hello"
        listener.close()
        await listener.wait_closed()
    assert "not accepted for a moment" in caplog.text


async def test_who_finds_no_room_is_told_so():
    metrics = Metrics()
    (listening,) = listen("127.0.0.1", 0)
    with listening, socket.create_connection(listening.getsockname()) as client:
        listener = Listener(listening, connections(metrics, 0), Greeting)
        listener.start()
        client.setblocking(False)  # noqa: FBT003
        answer = await asyncio.get_running_loop().sock_recv(client, 65_536)
        listener.close()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"OVERLOADED" in answer
    assert metrics.registry.get_sample_value("synthetic_overloads_total", {"queue": "connections"}) == 1


async def test_closing_during_a_pause_ends_it(monkeypatch: pytest.MonkeyPatch):
    (listening,) = listen("127.0.0.1", 0)
    with listening, socket.create_connection(listening.getsockname()):
        listener = Listener(listening, connections(Metrics(), 10), Greeting)
        with no_more_files():
            listener._accept()
        listener.close()
        assert listener._resume is not None
        assert listener._resume.cancelled()
