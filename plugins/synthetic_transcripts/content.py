"""What a person reads of a message: its text, worked out from its blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import orjson

TEXT_KEYS = ("text", "thinking", "content")
"""Where the blocks of the known formats keep text: a tool's result has a text or blocks of its own under `content`."""

DEPTH_MAX = 8
"""Blocks are looked for no deeper: no known format nests them more than twice."""


def text_of_blocks(blocks: bytes) -> str:
    """The text of content blocks, each on a line of its own.

    What a tool is called with is no text: it stays in the blocks.

    Args:
        blocks: A JSON array, in UTF-8; nothing where there are none.
    """
    return "\n".join(_texts(orjson.loads(blocks), DEPTH_MAX)) if blocks else ""


def _texts(value: object, levels: int) -> Iterator[str]:
    if isinstance(value, str):
        if value:
            yield value
    elif isinstance(value, list) and levels:
        for item in cast("list[Any]", value):
            yield from _texts(item, levels - 1)
    elif isinstance(value, dict) and levels:
        block = cast("dict[str, Any]", value)
        for key in TEXT_KEYS:
            if key in block:
                yield from _texts(block[key], levels - 1)
