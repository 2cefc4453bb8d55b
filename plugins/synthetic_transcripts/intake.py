"""What is appended is checked here, as one batch, and brought into columns.

Every check is a pass over a whole column; only a column that fails is looked at
value by value, to say which message it was. Content is kept as it came: NUL
characters, white space, the order of keys.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from operator import add
from typing import Any, NamedTuple

import orjson
from msgspec.structs import astuple

from synthetic import BadUserInputError
from synthetic_transcripts.columns import Columns
from synthetic_transcripts.model import ContentForm, MessageKind, MessageRole, NewMessage, Usage

SOURCE_ID_CHARACTERS_MAX = 512
"""Longest source id, usage id and parent's source id; files have no rule for theirs, so this is generous."""

MODEL_CHARACTERS_MAX = 200
TOOL_CALLS_MAX = 100_000

TOKENS_MAX = 1_000_000_000
"""Most tokens of one response: the sum over nine million such responses is still exact in JSON."""

INSTANT_MAX = 253_402_300_799_999
"""The last millisecond of the year 9999, the last that ISO 8601 writes with four digits."""


# Looked up once: members are found through the enumeration's class, which takes longer than the rest of the pass.
_TEXT, _BLOCKS = ContentForm.TEXT, ContentForm.BLOCKS


class _Given(NamedTuple):
    """The fields of the messages as they were given, column by column; in the order of `NewMessage`."""

    source_id: Sequence[Any]
    role: Sequence[Any]
    kind: Sequence[Any]
    text: Sequence[Any]
    blocks: Sequence[Any]
    tool_calls: Sequence[Any]
    model: Sequence[Any]
    usage: Sequence[Any]
    usage_id: Sequence[Any]
    parent_source_id: Sequence[Any]
    occurred_at: Sequence[Any]
    metadata: Sequence[Any]


def pack(messages: Sequence[NewMessage], message_bytes_max: int) -> Columns:
    """Check messages, and bring them into columns, each with its whole body.

    Args:
        messages: At least one.
        message_bytes_max: Most bytes of content and metadata of one message, as JSON.

    Raises:
        BadUserInputError: A message is not acceptable; it is named by its
            index, with the field.
    """
    given = _Given(*zip(*map(astuple, messages), strict=True))
    _check(given)
    contents = _written("blocks", given.blocks, _json)
    if any(given.text):
        texts = _written("text", given.text, _utf8)
        contents = [text or content for text, content in zip(texts, contents, strict=True)]
    metadata = _written("metadata", given.metadata, _json)
    tokens = [(None, None, None, None) if usage is None else astuple(usage) for usage in given.usage]
    input_tokens, output_tokens, cache_read_tokens, cache_write_tokens = zip(*tokens, strict=True)
    columns = Columns(
        source_id=given.source_id,
        role=given.role,
        kind=given.kind,
        form=[_TEXT if blocks is None else _BLOCKS for blocks in given.blocks],
        tool_calls=given.tool_calls,
        model=[model or None for model in given.model],
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cache_read_tokens=cache_read_tokens,
        cache_write_tokens=cache_write_tokens,
        usage_id=given.usage_id,
        parent_source_id=given.parent_source_id,
        occurred_at=given.occurred_at,
        content_bytes=list(map(len, contents)),
        metadata_bytes=list(map(len, metadata)),
        body=list(map(add, contents, metadata)),
    )
    sizes = columns.sizes()
    if max(sizes) > message_bytes_max:
        index = next(index for index, size in enumerate(sizes) if size > message_bytes_max)
        problem = f"must have at most {message_bytes_max} bytes with its metadata, as JSON, not {sizes[index]}"
        raise _refusal(index, "content", problem)
    return columns


def _json(value: Any) -> bytes:
    return orjson.dumps(value)


def _utf8(value: str) -> bytes:
    return value.encode()


def _written(field: str, values: Sequence[Any], write: Callable[[Any], bytes]) -> list[bytes]:
    """Each value as bytes, none for those that are empty or absent."""
    try:
        return [write(value) if value else b"" for value in values]
    except (TypeError, UnicodeEncodeError):
        for index, value in enumerate(values):
            try:
                write(value)
            except (TypeError, UnicodeEncodeError) as error:
                raise _refusal(index, field, f"cannot be written as JSON: {error}") from error
        raise


def _refusal(index: int, field: str, problem: str) -> BadUserInputError:
    place = f"messages[{index}].{field}"
    return BadUserInputError(f"{place} {problem}.", details={"field": place})


def _check(given: _Given) -> None:
    """Refuse the batch if a value is not acceptable."""
    ids = f"must be a text of 1 to {SOURCE_ID_CHARACTERS_MAX} characters without NUL"
    _require("sourceId", given.source_id, _are_ids, ids)
    _require("role", given.role, _of_types(MessageRole), "must be a MessageRole")
    _require("kind", given.kind, _of_types(MessageKind), "must be a MessageKind")
    _require("text", given.text, _of_types(str, type(None)), "must be a text or null")
    _require("blocks", given.blocks, _of_types(list, tuple, type(None)), "must be a list or null")
    _require("metadata", given.metadata, _of_types(dict), "must be an object")
    _require("toolCallCount", given.tool_calls, _are_tool_calls, f"must be a whole number from 0 to {TOOL_CALLS_MAX}")
    _require(
        "model", given.model, _are_models, f"must be a text of up to {MODEL_CHARACTERS_MAX} characters without NUL"
    )
    _require("usage", given.usage, _are_usages, f"must hold whole numbers from 0 to {TOKENS_MAX}")
    _require("usageId", given.usage_id, _are_optional_ids, f"{ids}, or null")
    _require("parentSourceId", given.parent_source_id, _are_optional_ids, f"{ids}, or null")
    _require("occurredAt", given.occurred_at, _are_instants, "must lie between the years 1970 and 9999, or be null")
    for index, (text, blocks) in enumerate(zip(given.text, given.blocks, strict=True)):
        if text is not None and blocks is not None:
            raise _refusal(index, "blocks", "must not be given together with text")


def _require(field: str, values: Sequence[Any], acceptable: Callable[[Sequence[Any]], bool], problem: str) -> None:
    if not acceptable(values):
        raise _refusal(next(index for index, value in enumerate(values) if not acceptable([value])), field, problem)


def _of_types(*types: type[Any]) -> Callable[[Sequence[Any]], bool]:
    return lambda values: set(map(type, values)) <= set(types)


def _are_strings(values: Sequence[Any], characters_min: int, characters_max: int) -> bool:
    try:
        distinct: set[Any] = set(values)
        joined = "".join(distinct)
        joined.encode()
    except (TypeError, UnicodeEncodeError):
        return False
    lengths = set(map(len, distinct))
    return "\0" not in joined and (not lengths or (min(lengths) >= characters_min and max(lengths) <= characters_max))


def _are_whole_numbers(values: Collection[Any], maximum: int) -> bool:
    return set(map(type, values)) <= {int} and (not values or (min(values) >= 0 and max(values) <= maximum))


def _present(values: Sequence[Any]) -> list[Any]:
    return [value for value in values if value is not None]


def _are_ids(values: Sequence[Any]) -> bool:
    return _are_strings(values, 1, SOURCE_ID_CHARACTERS_MAX)


def _are_optional_ids(values: Sequence[Any]) -> bool:
    return _are_ids(_present(values))


def _are_models(values: Sequence[Any]) -> bool:
    return _are_strings(_present(values), 0, MODEL_CHARACTERS_MAX)


def _are_tool_calls(values: Sequence[Any]) -> bool:
    return _are_whole_numbers(values, TOOL_CALLS_MAX)


def _are_instants(values: Sequence[Any]) -> bool:
    return _are_whole_numbers(_present(values), INSTANT_MAX)


def _are_usages(values: Sequence[Any]) -> bool:
    usages = _present(values)
    if not _of_types(Usage)(usages):
        return False
    return _are_whole_numbers([number for usage in usages for number in astuple(usage)], TOKENS_MAX)
