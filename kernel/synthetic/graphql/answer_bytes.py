"""What the transports need to know of an answer, and its bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

import orjson

from synthetic.errors import InternalError
from synthetic.graphql.answers import Answer
from synthetic.graphql.json_records import Records, size_of_records, write_records
from synthetic.graphql.lexical import too_complex
from synthetic.kernel_settings import LimitSettings
from synthetic.logs import logger_for

if TYPE_CHECKING:
    from synthetic.graphql.execute import Engine

log = logger_for(__name__)

OK_CODE = "OK"
EXECUTED_STATUS = 200

LARGE_BYTES = 1_000_000
"""From about here on an answer's bytes are made in a thread; orjson needs a millisecond for so many."""

FEW_VALUES = 14
"""So many values that were read in place, where texts are bounded, need no look at their sizes."""

VALUE_BYTES = 30
"""What orjson takes as long for as for a value beside its text."""

LOOKED_AT = 4
"""Items of a list that are looked at to judge the size of all of them: those of a page are much alike."""

PIECE_BYTES = 131_072
"""About how much of a list is made at once: orjson lets nobody else run meanwhile."""

kind_of: Callable[[object], Any] = type
DEEPER = frozenset({dict, list, orjson.Fragment, Records})
LISTS_SPLIT = 2
"""Levels of lists whose items are made apart where they are large: pages of a page."""


def code_of(answer: Answer) -> str:
    """The code of an answer's first error; `OK` without one."""
    # Most have no error, and this is asked of each.
    return _first_contract(answer).get("code", OK_CODE) if "errors" in answer.body else OK_CODE


def retry_after_ms_of(answer: Answer) -> int | None:
    """How long the answer asks the client to wait, in milliseconds; None if it does not."""
    return _first_contract(answer).get("retryAfterMs")


class AnswerWriter:
    """Makes the bytes of answers; large ones where they do not hold up the event loop."""

    def __init__(self, engine: Engine, limits: LimitSettings) -> None:
        """Make it.

        Args:
            engine: Says what is wrong with an answer that cannot be sent.
            limits: `answer_bytes`.
        """
        self._engine = engine
        self._bytes_max = limits.answer_bytes

    async def json(self, answer: Answer, correlation_id: str) -> tuple[Answer, bytes]:
        """The answer that can be sent, with its bytes.

        It is another one where this one cannot: `QUERY_TOO_COMPLEX` where it is
        larger than `limits.answer_bytes`, and `INTERNAL` where it has a value that
        no JSON text can hold (an integer beyond 64 bits, a lone surrogate) and
        that got past its scalar; the log has the reason then.
        """
        if answer.written is None:
            try:
                if _is_large(answer):
                    body = await asyncio.to_thread(_in_pieces, answer.body, self._bytes_max)
                else:
                    body = orjson.dumps(answer.body, write_records)
                answer.written = self._judged(answer, body, correlation_id)
            except (TypeError, ValueError):
                log.exception("answer is not JSON", correlation_id=correlation_id)
                failure = self._engine.error_answer(InternalError(), correlation_id)
                answer.written = failure, orjson.dumps(failure.body)
        failure, written = answer.written
        return failure or answer, written

    def json_now(self, answer: Answer) -> bytes | None:
        """The bytes of a short answer, which may have `Records`; None of one that is not, or that cannot be sent."""
        try:
            if answer.json_size > LARGE_BYTES or (answer.weight > FEW_VALUES and _is_large(answer)):
                return None
            body = orjson.dumps(answer.body, write_records)
        except (TypeError, ValueError):
            return None
        return body if len(body) <= self._bytes_max else None

    def _judged(self, answer: Answer, body: bytes | None, correlation_id: str) -> tuple[Answer | None, bytes]:
        # What was not executed is short, and says what is wrong already.
        if answer.executed and (body is None or len(body) > self._bytes_max):
            failure = self._too_large(correlation_id)
            return failure, orjson.dumps(failure.body)
        return None, body if body is not None else orjson.dumps(answer.body, write_records)

    def _too_large(self, correlation_id: str) -> Answer:
        """In place of the data of an operation that was executed: a mutation's writes have been stored."""
        error = too_complex("answer_bytes", self._bytes_max, "The answer has too many bytes")
        errors = self._engine.error_answer(error, correlation_id).body["errors"]
        return Answer(body={"errors": errors, "data": None}, status=EXECUTED_STATUS, executed=True)


def _is_large(answer: Answer) -> bool:
    return answer.weight * VALUE_BYTES + answer.json_size > LARGE_BYTES or _size(answer.body) > LARGE_BYTES


def _size(value: Any, looked_at: int = LOOKED_AT) -> int:
    """About how many bytes of JSON a value takes, judged by a few items of each list."""
    kind = kind_of(value)
    if kind is str:
        return VALUE_BYTES + len(value)
    if kind is dict:
        size = VALUE_BYTES * (len(value) + 1)
        for inner in value.values():
            kind = kind_of(inner)
            if kind is str:
                size += len(inner)
            elif kind in DEEPER:
                size += _size(inner, looked_at)
        return size
    if kind is Records:
        records = value.records
        some = records[:: -(-len(records) // looked_at) or 1]
        return VALUE_BYTES + size_of_records(some) * len(records) // max(1, len(some))
    if kind is list:
        # Fewer of the lists in it: what is looked at must not grow with each level.
        fewer = max(1, looked_at // 2)
        count = len(value)
        if count <= looked_at:
            return VALUE_BYTES + sum(_size(inner, fewer) for inner in value)
        some = value[:: -(-count // looked_at)]
        return VALUE_BYTES + sum(_size(inner, fewer) for inner in some) * count // len(some)
    if kind is orjson.Fragment:
        return VALUE_BYTES + len(orjson.dumps(value))
    return VALUE_BYTES


def _in_pieces(body: dict[str, Any], bytes_max: int) -> bytes | None:
    """The bytes of a body, or None when they are more than `bytes_max`.

    orjson keeps the interpreter's lock until it has finished. In pieces, other
    threads get their turn between two of them.
    """
    made: list[bytes] = []
    size = 0
    for piece in _pieces(body, LISTS_SPLIT):
        size += len(piece)
        if size > bytes_max:
            return None
        made.append(piece)
    return b"".join(made)


def _pieces(value: Any, lists: int) -> Iterator[bytes]:
    """The JSON of a value, cut at its fields and at the items of so many levels of lists."""
    if lists and value and isinstance(value, dict):
        before = b"{"
        for name, inner in cast("dict[str, Any]", value).items():
            yield before + orjson.dumps(name) + b":"
            yield from _pieces(inner, lists)
            before = b","
        yield b"}"
    elif lists and value and isinstance(value, list):
        yield from _list_pieces(cast("list[Any]", value), lists)
    elif lists and isinstance(value, Records) and value.records:
        yield from _record_pieces(value.records)
    else:
        yield orjson.dumps(value, write_records)


def _list_pieces(items: list[Any], lists: int) -> Iterator[bytes]:
    """The JSON of a list, cut after so many items as make about `PIECE_BYTES`; items that are larger are cut too."""
    before = b"["
    at, count = 0, 1
    while at < len(items):
        if count == 1 and _size(items[at]) > PIECE_BYTES:
            yield before
            yield from _pieces(items[at], lists - 1)
            at += 1
        else:
            piece = orjson.dumps(items[at : at + count], write_records)
            # Without the brackets of the slice.
            yield before + memoryview(piece)[1:-1]
            at += count
            count = max(1, min(2 * count, count * PIECE_BYTES // len(piece)))
        before = b","
    yield b"]"


def _record_pieces(records: list[Any]) -> Iterator[bytes]:
    """The JSON of records, cut after so many as make about `PIECE_BYTES`."""
    before = b"["
    at, count = 0, 1
    while at < len(records):
        piece = orjson.dumps(Records(records[at : at + count]), write_records)
        yield before + memoryview(piece)[1:-1]
        at += count
        count = max(1, min(2 * count, count * PIECE_BYTES // len(piece)))
        before = b","
    yield b"]"


def _first_contract(answer: Answer) -> dict[str, Any]:
    errors: list[dict[str, Any]] = answer.body.get("errors", [])
    return errors[0].get("extensions", {}) if errors else {}
