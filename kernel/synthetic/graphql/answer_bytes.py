"""What the transports need to know of an answer, and its bytes."""

from __future__ import annotations

from typing import Any

import orjson

from synthetic.errors import InternalError
from synthetic.graphql.answers import Answer
from synthetic.graphql.execute import Engine
from synthetic.logs import logger_for

log = logger_for(__name__)

OK_CODE = "OK"


def code_of(answer: Answer) -> str:
    """The code of an answer's first error; `OK` without one."""
    return _first_contract(answer).get("code", OK_CODE)


def retry_after_ms_of(answer: Answer) -> int | None:
    """How long the answer asks the client to wait, in milliseconds; None if it does not."""
    return _first_contract(answer).get("retryAfterMs")


def json_answer(answer: Answer, engine: Engine, correlation_id: str) -> tuple[Answer, bytes]:
    """An answer whose body is JSON, with its bytes.

    A value that no JSON text can hold (an integer beyond 64 bits, a lone
    surrogate) may have got past its scalar. The client is told `INTERNAL`
    then, and the log has the reason.
    """
    try:
        return answer, orjson.dumps(answer.body)
    except TypeError:
        log.exception("answer is not JSON", correlation_id=correlation_id)
        failure = engine.error_answer(InternalError(), correlation_id)
        return failure, orjson.dumps(failure.body)


def _first_contract(answer: Answer) -> dict[str, Any]:
    errors: list[dict[str, Any]] = answer.body.get("errors", [])
    return errors[0].get("extensions", {}) if errors else {}
