"""JSON as agents write it: decoding that takes every line that can be kept, and says why it refuses one."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

import orjson

from synthetic_ingest.importer import LineRejectedError

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def decode(content: bytes) -> Any:
    """The JSON value of a line or document.

    Strict JSON is read by orjson. What it refuses is tried once more, because
    agents that cut text at a fixed length write halves of surrogate pairs;
    these are replaced by U+FFFD, as every UTF-8 writer does.

    Raises:
        LineRejectedError: It is not JSON.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        return _decode_with_lone_surrogates(content, str(error))


def decode_object(content: bytes) -> dict[str, Any]:
    """The JSON object of a line.

    Raises:
        LineRejectedError: As `decode`, or it is another JSON value.
    """
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        value = _decode_with_lone_surrogates(content, str(error))
    if type(value) is dict:
        return value
    raise LineRejectedError(f"It is {_NAMES[type(value)]}, not a JSON object.")


def is_object(content: bytes) -> bool:
    """Whether this is a complete JSON object: one to which nothing could be added."""
    try:
        decode_object(content)
    except LineRejectedError:
        return False
    return True


def check_writable(value: Any) -> None:
    """Refuse a value that can be read but not be written again: orjson writes 254 levels, and reads 1,024.

    Transcripts refuse it too; but there it costs a second look at every line
    of its batch.

    Raises:
        LineRejectedError: It is nested deeper.
    """
    try:
        orjson.dumps(value)
    except TypeError as error:
        raise LineRejectedError("It is nested too deep.") from error


def source_id_of(content: bytes, offset: int) -> str:
    """A source id for a line that carries none: the same whenever the same line is met at the same place."""
    return f"{offset}-{blake2b(content, digest_size=8).hexdigest()}"


_NAMES: dict[type[Any], str] = {
    list: "a JSON list",
    str: "a JSON text",
    int: "a JSON number",
    float: "a JSON number",
    bool: "a JSON boolean",
    type(None): "a JSON null",
}


def _decode_with_lone_surrogates(content: bytes, problem: str) -> Any:
    content = content.removeprefix(BYTE_ORDER_MARK)
    try:
        text = json.dumps(json.loads(content.decode()), ensure_ascii=False, allow_nan=False)
        whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return orjson.loads(whole)
    except UnicodeDecodeError as error:
        raise LineRejectedError(f"It is not valid UTF-8 (byte {error.start}).") from error
    except RecursionError as error:
        raise LineRejectedError("It is nested too deep.") from error
    except ValueError as error:
        raise LineRejectedError(f"It is not valid JSON: {problem}.") from error
