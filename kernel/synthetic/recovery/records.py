"""Decoding rows as SQLite stores them (https://sqlite.org/fileformat2.html#record_format)."""

from __future__ import annotations

import struct

from synthetic.database.snapshot import Value

INTEGER_BYTES = (0, 1, 2, 3, 4, 6, 8)
_REAL, _ZERO, _ONE = 7, 8, 9


class MalformedError(Exception):
    """Bytes that are not what they should be."""


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """An integer of variable length, and where what follows it begins.

    Raises:
        MalformedError: The data ends within it.
    """
    value = 0
    for place in range(9):
        if at + place >= len(data):
            raise MalformedError("a number is cut off")
        byte = data[at + place]
        if place == 8:
            return _signed((value << 8) | byte), at + 9
        value = (value << 7) | (byte & 0x7F)
        if not byte & 0x80:
            return value, at + place + 1
    raise MalformedError("a number has no end")


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def decode_record(payload: bytes) -> tuple[Value, ...]:
    """The values of a row, which must take up the payload to its last byte.

    Raises:
        MalformedError: It is no record.
    """
    size, at = read_varint(payload, 0)
    if not 1 <= size <= len(payload):
        raise MalformedError("the head of a row is longer than the row")
    kinds: list[int] = []
    while at < size:
        kind, at = read_varint(payload, at)
        if kind < 0 or kind in (10, 11):
            raise MalformedError("a value is of a type that there is not")
        kinds.append(kind)
    if at != size:
        raise MalformedError("the head of a row ends within a number")
    values: list[Value] = []
    for kind in kinds:
        width = width_of(kind)
        if at + width > len(payload):
            raise MalformedError("a row ends within a value")
        values.append(_value(kind, payload[at : at + width]))
        at += width
    if at != len(payload):
        raise MalformedError("a row is longer than its values")
    return tuple(values)


def width_of(kind: int) -> int:
    """How many bytes a value of a serial type takes."""
    if kind < _REAL:
        return INTEGER_BYTES[kind]
    if kind < 12:
        return 8 if kind == _REAL else 0
    return (kind - 12) // 2


def _value(kind: int, data: bytes) -> Value:
    if kind == 0:
        return None
    if kind < _REAL:
        return int.from_bytes(data, "big", signed=True)
    if kind == _REAL:
        return struct.unpack(">d", data)[0]
    if kind in (_ZERO, _ONE):
        return kind - _ZERO
    if kind % 2 == 0:
        return data
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise MalformedError("a text is no text") from error
