"""Answers of one turn of the event loop leave at its end, in order, and none is lost on the way."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from kernel.server.conftest import connection_to, read_answer, read_to_end
from kernel.server.test_whole_answers import BODY, known, request
from synthetic.server import short_answers
from synthetic.server.short_answers import HELD_BYTES_MAX, Departures, OneWrite
from synthetic.testing import RunningServer

__all__ = ["known"]


class Sent:
    """A transport that tells what it was given."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.pieces.append(data)

    def close(self) -> None:
        self.closed = True


async def in_turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def writings(count: int) -> list[tuple[OneWrite, Sent]]:
    departures, loop = Departures(), asyncio.get_running_loop()
    return [(OneWrite(sent, loop, departures), sent) for sent in (Sent() for _ in range(count))]  # type: ignore[arg-type]


@pytest.mark.anyio
async def test_what_one_turn_has_made_leaves_at_its_end_in_one_piece_each():
    (one, to_one), (other, to_other) = writings(2)
    one.write_whole(b"head,", b"body;")
    other.write(b"first,")
    one.write_whole(b"next head,", b"next body")
    other.write(b"second")
    assert to_one.pieces == to_other.pieces == []
    await in_turns(1)
    assert to_one.pieces == [b"head,body;next head,next body"]
    assert to_other.pieces == [b"first,second"]
    one.write(b"later")
    await in_turns(1)
    assert to_one.pieces[1:] == [b"later"]


@pytest.mark.anyio
async def test_a_long_answer_is_sent_at_once_behind_what_was_held():
    [(one, sent)] = writings(1)
    long = b"x" * HELD_BYTES_MAX
    one.write(b"short")
    one.write_whole(b"head", long)
    assert sent.pieces == [b"short", b"head", long]
    await in_turns(1)
    assert len(sent.pieces) == 3


@pytest.mark.anyio
async def test_closing_sends_what_is_held_first():
    [(one, sent)] = writings(1)
    one.write(b"last")
    one.close()
    assert (sent.pieces, sent.closed) == ([b"last"], True)
    await in_turns(1)


@pytest.mark.anyio
async def test_nobody_waits_for_long_turns_of_others(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(short_answers, "HELD_SECONDS_MAX", 0.0)
    (one, to_one), (other, to_other) = writings(2)
    one.write(b"first")
    until = time.monotonic() + 0.001
    while time.monotonic() < until:
        pass
    other.write(b"second")
    assert (to_one.pieces, to_other.pieces) == ([b"first"], [b"second"])


@pytest.mark.usefixtures("known")
def test_a_client_that_sends_no_more_gets_what_is_answered_at_once(server: RunningServer):
    for _ in range(20):
        with connection_to(server) as connection:
            connection.sendall(request(server) + BODY)
            connection.shutdown(socket.SHUT_WR)
            answer = read_to_end(connection)
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer
        assert answer.endswith(b"}")


def test_many_connections_are_each_given_their_own_answer(server: RunningServer):
    connections = [socket.create_connection(_address(server)) for _ in range(30)]
    try:
        for turn in range(5):
            for number, each in enumerate(connections):
                each.sendall(request(server, b"X-Correlation-Id: of-%d-%d" % (turn, number)) + BODY)
            for number, each in enumerate(connections):
                assert b"x-correlation-id: of-%d-%d\r\n" % (turn, number) in read_answer(each)
    finally:
        for each in connections:
            each.close()


def _address(server: RunningServer) -> tuple[str, int]:
    with connection_to(server) as connection:
        host, port = connection.getpeername()[:2]
    return host, port
