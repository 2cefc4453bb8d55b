"""The bytes of answers: the same however they are made, bounded, and not made on the loop where they are many."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from synthetic.graphql.answer_bytes import LARGE_BYTES, AnswerWriter
from synthetic.graphql.answers import Answer
from synthetic.graphql.json_records import JSON_RECORDS
from synthetic.kernel_settings import LimitSettings
from synthetic.store import Store

NODES = [
    {"id": str(number), "tags": ["a", []], "sessions": {"nodes": [{"n": number}, None]}} for number in range(9_000)
]
METADATA = orjson.Fragment(b'{"kept": ["as", "it is"]}')
BODIES: dict[str, dict[str, Any]] = {
    "small": {"data": {"constructs": {"nodes": NODES[:2], "none": [], "nothing": {}}}},
    "one long text": {"data": {"text": 'quoted "\u00e9"\n' * (LARGE_BYTES // 10)}},
    "a long fragment": {"data": {"metadata": orjson.Fragment(b'"' + b"x" * LARGE_BYTES + b'"')}},
    "many nodes": {"data": {"constructs": {"nodes": NODES, "none": [], "nothing": {}}, "metadata": METADATA}},
    "lists in lists": {"data": {"rows": [[[number, number / 2, True]] for number in range(20_000)]}, "extensions": {}},
}


def answered(body: dict[str, Any], *, executed: bool = True) -> Answer:
    return Answer(body=body, status=200 if executed else 400, executed=executed)


def writer(store: Store, answer_bytes: int = LimitSettings().answer_bytes) -> AnswerWriter:
    return AnswerWriter(store.kernel.engine, LimitSettings(answer_bytes=answer_bytes))


@pytest.mark.parametrize("name", BODIES)
def test_an_answer_is_the_same_json_however_large_it_is(store: Store, name: str):
    answer = answered(BODIES[name])
    sent, body = asyncio.run(writer(store).json(answer, "c"))
    assert sent is answer
    assert body == orjson.dumps(BODIES[name])


@pytest.mark.parametrize("count", [0, 1, 17, 40_000])
def test_records_are_the_json_of_the_objects_that_they_stand_for(store: Store, count: int):
    make = JSON_RECORDS.class_of(["n", "text"])
    nodes = JSON_RECORDS.list_of([make(number, f"é {number}") for number in range(count)])  # type: ignore[misc]
    _, body = asyncio.run(writer(store).json(answered({"data": {"jobs": {"nodes": nodes}}}), "c"))
    assert orjson.loads(body) == {
        "data": {"jobs": {"nodes": [{"n": number, "text": f"é {number}"} for number in range(count)]}}
    }


class Name(str):
    __slots__ = ()


class Number(int):
    pass


def test_texts_and_numbers_of_classes_of_their_own_are_written_in_records_as_elsewhere(store: Store):
    make = JSON_RECORDS.class_of(["name", "number"])
    nodes = JSON_RECORDS.list_of([make(Name("é"), Number(7))])  # type: ignore[misc]
    _, body = asyncio.run(writer(store).json(answered({"data": {"nodes": nodes}}), "c"))
    assert orjson.loads(body) == {"data": {"nodes": [{"name": "é", "number": 7}]}}


@pytest.mark.parametrize("count", [1, 100])
def test_a_record_that_no_json_can_hold_is_an_internal_error(store: Store, count: int):
    make = JSON_RECORDS.class_of(["name"])
    nodes = JSON_RECORDS.list_of([make("\ud800")] * count)  # type: ignore[misc]
    sent, body = asyncio.run(writer(store).json(answered({"data": {"nodes": nodes}}), "c"))
    assert sent.body["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert orjson.loads(body) == orjson.loads(orjson.dumps(sent.body))


def test_records_beyond_the_bound_are_refused(store: Store):
    make = JSON_RECORDS.class_of(["n"])
    nodes = JSON_RECORDS.list_of([make(number) for number in range(200_000)])  # type: ignore[misc]
    sent, _ = asyncio.run(writer(store, 1_000_000).json(answered({"data": {"nodes": nodes}}), "c"))
    assert sent.body["errors"][0]["extensions"]["code"] == "QUERY_TOO_COMPLEX"


@pytest.mark.parametrize("name", BODIES)
def test_only_a_small_answer_is_made_on_the_loop(store: Store, name: str):
    async def scene() -> bool:
        making = asyncio.create_task(writer(store).json(answered(BODIES[name]), "c"))
        await asyncio.sleep(0)
        at_once = making.done()
        await making
        return at_once

    assert asyncio.run(scene()) == (name == "small")


@pytest.mark.parametrize("name", BODIES)
def test_an_answer_may_have_exactly_so_many_bytes(store: Store, name: str):
    size = len(orjson.dumps(BODIES[name]))
    within, _ = asyncio.run(writer(store, size).json(answered(BODIES[name]), "c"))
    assert within.body is BODIES[name]
    beyond, body = asyncio.run(writer(store, size - 1).json(answered(BODIES[name]), "c"))
    assert orjson.loads(body) == beyond.body
    assert (beyond.executed, beyond.status, beyond.body["data"]) == (True, 200, None)
    contract = beyond.body["errors"][0]["extensions"]
    assert (contract["code"], contract["correlationId"]) == ("QUERY_TOO_COMPLEX", "c")
    assert contract["details"] == {"limit": "kernel.limits.answer_bytes", "allowed": size - 1}


def test_what_was_refused_is_told_whatever_its_size(store: Store):
    refusal = answered({"errors": [{"message": "x" * 3_000_000}]}, executed=False)
    sent, body = asyncio.run(writer(store, 10).json(refusal, "c"))
    assert sent is refusal
    assert body == orjson.dumps(refusal.body)


@pytest.mark.parametrize("beside", ["", "x" * LARGE_BYTES])
def test_what_no_json_can_hold_is_internal(store: Store, beside: str, caplog: pytest.LogCaptureFixture):
    sent, body = asyncio.run(writer(store).json(answered({"data": {"a": beside, "b": "\ud800"}}), "c"))
    assert orjson.loads(body)["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert not sent.executed
    assert "answer is not JSON" in caplog.text
