"""Content blocks: what the formats have in common, from the APIs of the model vendors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from synthetic_transcripts.store import MessageKind, Usage

TOKENS_MAX = 1_000_000_000
"""Counts beyond this are no counts of tokens, and are taken as 0."""


class Content(NamedTuple):
    """What the content of a message turned out to be.

    Attributes:
        kind: A tool call or a tool result if one of its blocks is, else what
            its blocks say.
        tool_calls: How many of its blocks call a tool.
    """

    kind: MessageKind
    tool_calls: int


_SIMPLE_KINDS = {
    "text": MessageKind.TEXT,
    "input_text": MessageKind.TEXT,
    "output_text": MessageKind.TEXT,
    "refusal": MessageKind.TEXT,
    "thinking": MessageKind.THINKING,
    "redacted_thinking": MessageKind.THINKING,
    "reasoning": MessageKind.THINKING,
}


def read_blocks(blocks: Sequence[Any]) -> Content:
    """What a list of content blocks is.

    Types that end in `tool_use` call a tool (`tool_use`, `server_tool_use`),
    those that end in `tool_result` answer one. Text beside thinking is text;
    blocks of no known type alone are OTHER.
    """
    kinds: set[MessageKind] = set()
    tool_calls = 0
    for block in blocks:
        if type(block) is str:
            kinds.add(MessageKind.TEXT)
            continue
        block_type = block.get("type") if type(block) is dict else None
        if type(block_type) is not str:
            continue
        if block_type.endswith("tool_use"):
            tool_calls += 1
        elif block_type.endswith("tool_result"):
            kinds.add(MessageKind.TOOL_RESULT)
        elif block_type in _SIMPLE_KINDS:
            kinds.add(_SIMPLE_KINDS[block_type])
    if tool_calls:
        return Content(MessageKind.TOOL_CALL, tool_calls)
    for kind in (MessageKind.TOOL_RESULT, MessageKind.TEXT, MessageKind.THINKING):
        if kind in kinds:
            return Content(kind, 0)
    return Content(MessageKind.OTHER, 0)


def first_text(content: Any) -> str | None:
    """The first text of a message's content, a text itself or a list of blocks."""
    if type(content) is str:
        return content
    if type(content) is list:
        for block in content:
            if type(block) is str:
                return block
            if type(block) is dict and type(block.get("text")) is str:
                return block["text"]
    return None


TITLE_CHARACTERS = 120


def title_of(text: str) -> str | None:
    """A title made of a text: its first line with words, at most 120 characters."""
    for line in text[:10_000].splitlines():
        words = " ".join(line.replace("\0", " ").split())
        if words:
            return words if len(words) <= TITLE_CHARACTERS else words[: TITLE_CHARACTERS - 1] + "…"
    return None


def count_of(value: Any) -> int:
    """A number of tokens; 0 for what cannot be one."""
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value <= TOKENS_MAX else 0


def usage_of(counts: Any) -> Usage | None:
    """The usage that a message carries, in the words of either family of APIs.

    Where the counts of the prompt include what came from a cache
    (`prompt_tokens` with `prompt_tokens_details.cached_tokens`), the cached
    part is taken out, so that input and cache reads never overlap.

    Returns:
        None when it says nothing of tokens.
    """
    if type(counts) is not dict:
        return None
    if "prompt_tokens" in counts or "completion_tokens" in counts:
        details = counts.get("prompt_tokens_details")
        sent = count_of(counts.get("prompt_tokens"))
        cached = min(sent, count_of(details.get("cached_tokens"))) if type(details) is dict else 0
        return Usage(
            input_tokens=sent - cached,
            output_tokens=count_of(counts.get("completion_tokens")),
            cache_read_tokens=cached,
        )
    if "input_tokens" in counts or "output_tokens" in counts:
        return Usage(
            input_tokens=count_of(counts.get("input_tokens")),
            output_tokens=count_of(counts.get("output_tokens")),
            cache_read_tokens=count_of(counts.get("cache_read_input_tokens")),
            cache_write_tokens=count_of(counts.get("cache_creation_input_tokens")),
        )
    return None


SOURCE_ID_CHARACTERS = 512
MODEL_CHARACTERS = 200


def usable_id(value: Any) -> str | None:
    """An id of a source if a transcript can keep it: 1 to 512 characters without NUL."""
    if type(value) is str and 0 < len(value) <= SOURCE_ID_CHARACTERS and "\0" not in value:
        return value
    return None


FACT_CHARACTERS = 4_096


def plain_fact(value: Any) -> str | None:
    """A text that the metadata of a session can keep: up to 4,096 characters without NUL."""
    return value if type(value) is str and len(value) <= FACT_CHARACTERS and "\0" not in value else None
