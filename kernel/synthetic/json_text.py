"""JSON to and from text, the one way that the store writes and reads it."""

from __future__ import annotations

from typing import Any

import orjson


def to_json(value: Any) -> str:
    """Compact JSON text.

    Raises:
        TypeError: The value holds something that JSON has no form for, an
            integer beyond 64 bits, or text with a lone surrogate.
    """
    return orjson.dumps(value).decode()


def from_json(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: It is not JSON.
    """
    return orjson.loads(text)
