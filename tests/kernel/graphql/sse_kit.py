"""Short ways to talk GraphQL over SSE with a live server, and to write to its log."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import httpx
import orjson

from synthetic.testing import expect_data

from .live_server import LiveServer

STREAM = "text/event-stream"
TOKEN = "x-graphql-event-stream-token"
EMITTED = '["note.made", "note.torn"]'
"""For `kernel.events.external_types`."""

EVENTS = "subscription ($after: Position) { events(after: $after) { position entityId } }"
EMIT = """mutation ($entity: ID!, $type: String! = "note.made") {
    emitEvent(input: { type: $type, entityId: $entity }) { event { position } }
}"""


class StreamEvent(NamedTuple):
    """An event as a browser would hand it on."""

    event: str
    data: Any
    id: str | None


class Reader:
    """Reads an event stream, line by line."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.comments = 0
        self.retry: str | None = None
        self._lines = response.iter_lines()

    def next(self) -> StreamEvent | None:
        """The next event; None at the end of the stream."""
        event, data, id = "message", [], None
        for line in self._lines:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not line:
                if data:
                    text = "\n".join(data)
                    return StreamEvent(event, orjson.loads(text) if text else None, id)
            elif not name:
                self.comments += 1
            elif name == "event":
                event = value
            elif name == "data":
                data.append(value)
            elif name == "id":
                id = value
            elif name == "retry":
                self.retry = value
        return None

    def entities(self, count: int) -> list[str]:
        """Which entities the next events of `events` are about."""
        return [event.data["data"]["events"]["entityId"] for event in self.take(count)]

    def take(self, count: int) -> list[StreamEvent]:
        """So many events."""
        events = [self.next() for _ in range(count)]
        assert None not in events, "the stream has ended"
        return events

    def rest(self) -> list[StreamEvent]:
        """All that is still to come."""
        return list(iter(self.next, None))


@contextlib.contextmanager
def streamed(
    live: LiveServer,
    query: str,
    headers: Mapping[str, str] | None = None,
    *,
    client: httpx.Client | None = None,
    **variables: Any,
) -> Iterator[Reader]:
    """The stream of one operation that is asked for by POST."""
    content = orjson.dumps({"query": query, "variables": variables})
    given = {**live.headers, "accept": STREAM, "content-type": "application/json", **(headers or {})}
    with (client or live.client).stream("POST", live.url, content=content, headers=given) as response:
        yield opened(response)


@contextlib.contextmanager
def connected(live: LiveServer, token: str, **headers: str) -> Iterator[Reader]:
    """A reserved stream."""
    given = {"accept": STREAM, TOKEN: token, **live.headers, **_named(headers)}
    with live.client.stream("GET", live.url, headers=given) as response:
        yield opened(response)


def opened(response: httpx.Response) -> Reader:
    if response.status_code != 200:
        response.read()
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    return Reader(response)


def reserve(live: LiveServer, **headers: str) -> str:
    """Reserve a stream; its token."""
    response = live.client.put(live.url, headers={**live.headers, **_named(headers)})
    assert response.status_code == 201, response.text
    return response.text


def operate(live: LiveServer, token: str, id: str, query: str, **variables: Any) -> httpx.Response:
    """Post an operation of a reserved stream."""
    content = {"query": query, "variables": variables, "extensions": {"operationId": id}}
    return live.client.post(live.url, json=content, headers={**live.headers, TOKEN: token})


def stop(live: LiveServer, token: str, id: str) -> httpx.Response:
    return live.client.delete(live.url, params={"operationId": id}, headers={**live.headers, TOKEN: token})


def emit(live: LiveServer, *entities: str, type: str = "note.made") -> list[str]:
    """Append events; their positions."""
    positions = []
    for entity in entities:
        response = live.post(orjson.dumps({"query": EMIT, "variables": {"entity": entity, "type": type}}))
        positions.append(expect_data(response.json())["emitEvent"]["event"]["position"])
    return positions


def head(live: LiveServer) -> str:
    """The position of the last event."""
    return live.ask("{ __typename }").json()["extensions"]["position"]


def metric(live: LiveServer, name: str) -> float:
    """The value of a metric without labels."""
    text = live.client.get(live.url.replace("/graphql", "/metrics"), headers=live.headers).text
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name} "))


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
