"""graphql-transport-ws with clients that say what they should not. Nothing may end in a traceback."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from example_counts import examples

from .live_server import PATIENCE_SECONDS, LiveServer
from .socket_kit import closing, ending, opened


@pytest.fixture(autouse=True)
def nothing_is_logged_as_an_error(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


INIT = '{"type": "connection_init", "payload": {"authorization": "Bearer TOKEN"}}'


SUBSCRIBE = '{"id": "1", "type": "subscribe", "payload": {"query": "subscription { silence }"}}'


def test_an_operation_before_the_acknowledgement_is_unauthorized(live: LiveServer):
    assert ending(live, SUBSCRIBE) == (4401, "Unauthorized")


def test_a_second_init_is_one_too_many(live: LiveServer):
    assert ending(live, INIT, acknowledged=True) == (4429, "Too many initialisation requests")


def test_an_id_that_is_taken_is_named(live: LiveServer):
    assert ending(live, SUBSCRIBE, SUBSCRIBE, acknowledged=True) == (4409, "Subscriber for 1 already exists")


def test_a_long_id_is_cut_to_what_a_close_frame_holds(live: LiveServer):
    message = orjson.dumps({"id": "ä" * 500, "type": "subscribe", "payload": {"query": "subscription { silence }"}})
    code, reason = ending(live, message.decode(), message.decode(), acknowledged=True)
    assert code == 4409
    assert reason.startswith("Subscriber for ääää")
    assert len(reason.encode()) <= 123


NO_MESSAGE = {
    "nothing": "",
    "no JSON": "hello",
    "half an object": '{"type": "ping"',
    "null": "null",
    "a number": "5",
    "a string": '"ping"',
    "an array": '[{"type": "ping"}]',
    "no type": "{}",
    "a type that is none": '{"type": "start"}',
    "the legacy protocol": '{"type": "stop", "id": "1"}',
    "a message of the server": '{"type": "next", "id": "1", "payload": {}}',
    "a type that is a list": '{"type": ["ping"]}',
    "NaN": '{"type": "ping", "payload": {"a": NaN}}',
    "a lone surrogate": '{"type": "ping", "payload": {"a": "\\ud800"}}',
    "an integer of 5,000 digits": '{"type": "ping", "payload": {"a": %s}}' % ("9" * 5_000),
    "deep arrays": '{"type": "ping", "payload": {"a": %s}}' % ("[" * 10_000 + "]" * 10_000),
    "arrays without end": "[" * 100_000,
    "a payload that is a string": '{"type": "ping", "payload": "x"}',
    "an init with a list": '{"type": "connection_init", "payload": []}',
    "no id": '{"type": "subscribe", "payload": {"query": "{ __typename }"}}',
    "an empty id": '{"id": "", "type": "subscribe", "payload": {"query": "{ __typename }"}}',
    "an id that is a number": '{"id": 1, "type": "subscribe", "payload": {"query": "{ __typename }"}}',
    "no payload": '{"id": "1", "type": "subscribe"}',
    "a payload that is a list": '{"id": "1", "type": "subscribe", "payload": [{"query": "{ __typename }"}]}',
    "no query": '{"id": "1", "type": "subscribe", "payload": {}}',
    "a query that is a number": '{"id": "1", "type": "subscribe", "payload": {"query": 5}}',
    "variables that are a list": '{"id": "1", "type": "subscribe", "payload": {"query": "{ a }", "variables": []}}',
    "extensions that are text": '{"id": "1", "type": "subscribe", "payload": {"query": "{ a }", "extensions": "x"}}',
    "a name that is a number": '{"id": "1", "type": "subscribe", "payload": {"query": "{ a }", "operationName": 5}}',
    "complete without an id": '{"type": "complete"}',
    "a binary message": b'{"type": "ping"}',
    "binary rubbish": bytes(range(256)),
}


@pytest.mark.parametrize("message", NO_MESSAGE.values(), ids=NO_MESSAGE.keys())
@pytest.mark.parametrize("acknowledged", [False, True])
def test_what_the_protocol_does_not_have_closes_the_socket(live: LiveServer, message: str | bytes, acknowledged: bool):
    code, reason = ending(live, message, acknowledged=acknowledged)
    assert code == 4400
    assert reason
    assert live.ask("{ __typename }").status_code == 200


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=st.lists(st.fixed_dictionaries({}, optional={
    "type": st.sampled_from(["ping", "pong", "subscribe", "complete", "connection_init", "next", "x"]),
    "id": st.sampled_from(["1", "2", "", 5, None]),
    "payload": st.sampled_from([None, {}, [], "x", {"query": "{ __typename }"}, {"query": "{"}, {"query": None},
                                {"query": "subscription { silence }", "variables": None}]),
}), max_size=8))  # fmt: skip
def test_no_sequence_of_messages_makes_the_server_fail(live: LiveServer, messages: list[dict[str, Any]]):
    async def hold() -> int:
        async with asyncio.timeout(PATIENCE_SECONDS), opened(live) as connection:
            for message in messages:
                await connection.send(orjson.dumps(message).decode())
            await connection.send('{"type": "the end"}')
            return (await closing(connection))[0]

    assert asyncio.run(hold()) in (4400, 4409, 4429)


def test_text_that_is_not_utf_8_closes_the_socket(live: LiveServer):
    async def hold() -> tuple[int, str]:
        async with asyncio.timeout(PATIENCE_SECONDS), opened(live) as connection:
            await connection.send(b"\xff\xfe", text=True)
            return await closing(connection)

    assert asyncio.run(hold())[0] == 1007
