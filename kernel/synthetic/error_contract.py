"""The error contract: one shape for everything that can go wrong, on every transport.

Every error that leaves the process is a `SyntheticError` rendered by
`SyntheticError.to_contract`. A class is one stable code; its docstring is the
default message for a person, so it names no internals. Plugins add codes by
subclassing and listing the classes in `register_errors`.

This file does not decide how a transport frames an error (see
`synthetic.graphql.http`, `synthetic.graphql.websocket` and `synthetic.cli`),
nor what is retried (`synthetic.retry`).
"""

from __future__ import annotations

import functools
import inspect
import re
from datetime import UTC, datetime
from typing import Any, ClassVar, cast

CODE_PATTERN = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
"""What a code looks like: upper-case words joined by underscores."""


class ExitCode:
    """Exit codes of the command line, a subset of BSD's sysexits.h."""

    OK = 0
    USAGE = 64
    DATA = 65
    UNAVAILABLE = 69
    INTERNAL = 70
    STORAGE = 74
    TRY_AGAIN = 75
    FORBIDDEN = 77
    CONFIGURATION = 78


class SyntheticError(Exception):
    """Something went wrong.

    Attributes:
        code: Stable, documented string; clients branch on it.
        recoverable: Whether the same request may succeed later, unchanged.
        action: What the reader can do about it, as one sentence.
        http_status: Status of a plain HTTP answer that carries this error.
        exit_code: Exit code of a command that ends with this error.
    """

    code: ClassVar[str] = "INTERNAL"
    recoverable: ClassVar[bool] = False
    action: ClassVar[str] = "Report the correlation id to the operator of this store."
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = ExitCode.INTERNAL

    def __init__(
        self,
        message: str | None = None,
        *,
        action: str | None = None,
        retry_after_ms: int | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        self.message = bounded(message) if message else default_message(type(self))
        self.suggested_action = action or self.action
        self.retry_after_ms = retry_after_ms
        self.details: dict[str, Any] = bounded(details or {})
        super().__init__(self.message)

    def to_contract(self, correlation_id: str, occurred_at_ms: int) -> dict[str, Any]:
        """The error as every transport shows it.

        Args:
            correlation_id: Id under which the log tells more.
            occurred_at_ms: Unix milliseconds UTC.

        Returns:
            A JSON-ready mapping with the eight keys of the contract.
        """
        return {
            "code": self.code,
            "message": self.message,
            "recoverable": self.recoverable,
            "retryAfterMs": self.retry_after_ms,
            "action": self.suggested_action,
            "details": self.details,
            "correlationId": correlation_id,
            "occurredAt": iso_from_ms(occurred_at_ms),
        }


MESSAGE_CHARACTERS_MAX = 1_000
"""An error may quote what was sent, but never all of it."""


def bounded(value: Any) -> Any:
    """A value in which no text is longer than a message may be."""
    if isinstance(value, str) and len(value) > MESSAGE_CHARACTERS_MAX:
        return f"{value[:MESSAGE_CHARACTERS_MAX]}... ({len(value)} characters)"
    if isinstance(value, dict):
        return {key: bounded(inner) for key, inner in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [bounded(inner) for inner in cast("list[Any]", value)]
    return value


def default_message(error_class: type[SyntheticError]) -> str:
    """The first paragraph of the class docstring, as one line."""
    doc = inspect.cleandoc(error_class.__doc__ or "Something went wrong.")
    return " ".join(doc.split("\n\n", 1)[0].split())


MINUTES_KEPT = 4_096
"""Minutes whose text is remembered: the instants of a list are close to each other, and formatting is slow."""

_SECONDS = [f"{second:02d}." for second in range(60)]
_MILLISECONDS = [f"{millisecond:03d}Z" for millisecond in range(1_000)]


def iso_from_ms(at_ms: int) -> str:
    """Unix milliseconds as ISO 8601 in UTC with a `Z`, to the millisecond."""
    minute, rest = divmod(at_ms, 60_000)
    return _minute(minute) + _SECONDS[rest // 1_000] + _MILLISECONDS[rest % 1_000]


@functools.lru_cache(maxsize=MINUTES_KEPT)
def _minute(minute: int) -> str:
    # `strftime` pads no year to four digits.
    return datetime.fromtimestamp(minute * 60, UTC).isoformat()[:17]
