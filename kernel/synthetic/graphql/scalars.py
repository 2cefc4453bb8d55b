"""The scalars that every plugin shares: `DateTime`, `Long`, `JSON`, `Position`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, NewType

import orjson
import strawberry

from synthetic.errors import BadUserInputError, iso_from_ms
from synthetic.json_text import to_json
from synthetic.log.positions import Position

DateTime = NewType("DateTime", int)
"""An instant: Unix milliseconds in Python and SQL, ISO 8601 with `Z` in GraphQL."""

Long = NewType("Long", int)
"""An integer that a JSON number holds exactly: at most 2^53 either way."""

JSON = NewType("JSON", object)
"""Any JSON value; stored text is given out as `RawJSON` without being parsed."""

LONG_MAX = 2**53


class RawJSON:
    """JSON that is text already, and goes to the client as it is."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def ms_from_iso(text: object) -> int:
    """Unix milliseconds of an ISO 8601 instant that names its offset.

    Raises:
        BadUserInputError: It is not such an instant.
    """
    try:
        if not isinstance(text, str):
            raise TypeError
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            raise ValueError
        since = instant.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadUserInputError(
            "A DateTime is ISO 8601 text with an offset, for instance 2026-01-31T12:00:00.000Z."
        ) from error
    return (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000


def _check_long(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LONG_MAX:
        raise BadUserInputError("A Long is an integer of at most 2^53 either way.")
    return value


def _serialize_json(value: Any) -> Any:
    # Checked here, where the error still has the field's path, rather than when the whole answer is written.
    return orjson.Fragment(value.text if isinstance(value, RawJSON) else to_json(value))


SCALARS: dict[object, Any] = {
    DateTime: strawberry.scalar(
        name="DateTime",
        description="An instant as ISO 8601 in UTC with milliseconds and `Z`, for instance 2026-01-31T12:00:00.000Z. "
        "Input may carry another offset.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=iso_from_ms,
        parse_value=ms_from_iso,
    ),
    Long: strawberry.scalar(
        name="Long",
        description="An integer of at most 2^53 either way, which every JSON reader holds exactly: "
        "bytes, tokens and money.",
        serialize=_check_long,
        parse_value=_check_long,
    ),
    Position: strawberry.scalar(
        name="Position",
        description="A place in the log, as the store gave it out: whoever names the last one that they saw misses "
        "nothing. Its text says nothing to clients.",
        serialize=str,
        parse_value=Position.parse,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        serialize=_serialize_json,
        parse_value=lambda value: value,  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    ),
}

AfterPosition = Annotated[
    Position | None,
    strawberry.argument(
        description="The last position that was seen: what follows it is delivered. Without it, from now on."
    ),
]
"""The argument `after` of a subscription."""
