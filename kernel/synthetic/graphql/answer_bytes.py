"""What the transports need to know of an answer, and its bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, cast

import orjson

from synthetic.errors import InternalError
from synthetic.graphql.answers import Answer
from synthetic.graphql.execute import Engine
from synthetic.graphql.lexical import too_complex
from synthetic.kernel_settings import LimitSettings
from synthetic.logs import logger_for

log = logger_for(__name__)

OK_CODE = "OK"
EXECUTED_STATUS = 200

LARGE_BYTES = 1_000_000
"""From about here on an answer's bytes are made in a thread; orjson needs a millisecond for so many."""

VALUE_WEIGHT_BYTES = 500
"""What a value counts for beside its text: to look at it costs more than to write it, so few are looked at."""

LISTS_SPLIT = 2
"""Levels of lists whose items are pieces of their own: pages of a page. More would cost more than it spares."""


def code_of(answer: Answer) -> str:
    """The code of an answer's first error; `OK` without one."""
    return _first_contract(answer).get("code", OK_CODE)


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
        if answer.written is not None:
            return answer.written
        answer.written = await self._write(answer, correlation_id)
        return answer.written

    async def _write(self, answer: Answer, correlation_id: str) -> tuple[Answer, bytes]:
        try:
            if _is_large(answer.body):
                body = await asyncio.to_thread(_in_pieces, answer.body, self._bytes_max)
            else:
                body = orjson.dumps(answer.body)
        except TypeError:
            log.exception("answer is not JSON", correlation_id=correlation_id)
            failure = self._engine.error_answer(InternalError(), correlation_id)
            return failure, orjson.dumps(failure.body)
        # What was not executed is short, and says what is wrong already.
        if answer.executed and (body is None or len(body) > self._bytes_max):
            failure = self._too_large(correlation_id)
            return failure, orjson.dumps(failure.body)
        return answer, body if body is not None else orjson.dumps(answer.body)

    def _too_large(self, correlation_id: str) -> Answer:
        """In place of the data of an operation that was executed: a mutation's writes have been stored."""
        error = too_complex("answer_bytes", self._bytes_max, "The answer has too many bytes")
        errors = self._engine.error_answer(error, correlation_id).body["errors"]
        return Answer(body={"errors": errors, "data": None}, status=EXECUTED_STATUS, executed=True)


def _is_large(body: dict[str, Any]) -> bool:
    """Whether the bytes may be so many that they are better made in a thread; asking takes a fraction of a ms."""
    weight = 0
    waiting: list[Any] = [body]
    while waiting:
        value = waiting.pop()
        weight += VALUE_WEIGHT_BYTES
        if isinstance(value, str):
            weight += len(value)
        elif isinstance(value, dict):
            waiting.extend(cast("dict[str, Any]", value).values())
        elif isinstance(value, list):
            waiting.extend(cast("list[Any]", value))
        elif isinstance(value, orjson.Fragment):
            weight += len(orjson.dumps(value))
        if weight > LARGE_BYTES:
            return True
    return False


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
        before = b"["
        for inner in cast("list[Any]", value):
            yield before
            yield from _pieces(inner, lists - 1)
            before = b","
        yield b"]"
    else:
        yield orjson.dumps(value)


def _first_contract(answer: Answer) -> dict[str, Any]:
    errors: list[dict[str, Any]] = answer.body.get("errors", [])
    return errors[0].get("extensions", {}) if errors else {}
