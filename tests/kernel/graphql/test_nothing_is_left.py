"""A request over HTTP leaves nothing to the collector, which seldom comes: large answers would stay until it does."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from synthetic.graphql.answers import Answer
from synthetic.testing import wait_until

from .live_server import LiveServer

LETTERS = 300_000
REQUESTS = 5


@contextmanager
def uncollected() -> Iterator[None]:
    """The collector does not come."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def left(client: tuple[str, int]) -> tuple[int, int]:
    """How many answers, and how many ended requests of a client, are still there."""
    objects = gc.get_objects()
    requests = [each for each in objects if isinstance(each, RequestResponseCycle) and each.response_complete]
    # The connection of the test before may end only now.
    ended = [each for each in requests if each.scope["client"] == client]
    return len([each for each in objects if isinstance(each, Answer)]), len(ended)


@pytest.mark.parametrize(
    "document",
    [
        f"{{ letters(count: {LETTERS}) }}",
        '{ echo(text: "short") }',
        'mutation { keep(input: {text: "t"}) }',
    ],
)  # fmt: skip
def test_a_request_leaves_nothing_to_the_collector(live: LiveServer, document: str):
    content = orjson.dumps({"query": document})
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {live.token}\r\nContent-Length: {len(content)}\r\n"
    )
    with uncollected(), live.raw() as connection:
        for number in range(REQUESTS):
            last = "Connection: close\r\n" if number == REQUESTS - 1 else ""
            connection.sendall(f"{head}{last}\r\n".encode() + content)
            received = b""
            while b"\r\n\r\n" not in received:
                received += connection.recv(65_536)
            answer_head, _, body = received.partition(b"\r\n\r\n")
            assert answer_head.startswith(b"HTTP/1.1 200 ")
            length = int(answer_head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            while len(body) < length:
                body += connection.recv(65_536)
            assert "errors" not in orjson.loads(body)
        # uvicorn's connection and its last request hold each other; no answer hangs on that.
        wait_until(lambda: left(connection.getsockname()) <= (0, 1), "the end of all requests")
