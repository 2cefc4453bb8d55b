"""Records of an answer that is only to be written: objects with fixed keys, which cost half of what dictionaries cost.

A list of them stands among dictionaries and lists as `Records`. orjson, which
writes the answer, asks `write_records` for its bytes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import orjson

CLASSES_KEPT = 512
"""Classes that are remembered, one for each sequence of keys; clients choose these."""


def _plain(value: Any) -> Any:
    """The text or number of a value whose class is made of one, which scalars let through as it is."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__index__(value)
    raise TypeError(f"not JSON: {type(value).__name__}")


_encode = msgspec.json.Encoder(enc_hook=_plain).encode


class Records:
    """A list of records in an answer.

    Attributes:
        records: The records.
    """

    __slots__ = ("records",)

    def __init__(self, records: list[msgspec.Struct]) -> None:
        """Make it; the argument is the attribute."""
        self.records = records


class JsonRecordForm:
    """`synthetic.graphql.executor.records.RecordForm` for answers that become JSON."""

    list_of = Records

    def list_of_json(self, text: str) -> object:
        """A list that orjson copies as it is."""
        return orjson.Fragment(text)

    def class_of(self, keys: Sequence[str]) -> Callable[..., object]:
        """What makes a record of the values for these keys."""
        return _class_of(tuple(keys))


JSON_RECORDS = JsonRecordForm()


@functools.lru_cache(maxsize=CLASSES_KEPT)
def _class_of(keys: tuple[str, ...]) -> Callable[..., object]:
    # A key may be no name in Python. What a record holds cannot refer to it, so the collector need not know it.
    names = {f"v{place}": key for place, key in enumerate(keys)}
    return msgspec.defstruct("Record", [(name, Any) for name in names], rename=names, gc=False)


def write_records(value: object) -> orjson.Fragment:
    """The JSON of `Records`: what orjson asks of a value that it does not know.

    Raises:
        TypeError: It is something else, or a record holds what JSON has no form for.
    """
    if not isinstance(value, Records):
        raise TypeError(f"not JSON: {type(value).__name__}")
    return orjson.Fragment(_encode(value.records))


def size_of_records(records: list[msgspec.Struct]) -> int:
    """Bytes of the JSON of some of `Records.records`."""
    return len(_encode(records))
