"""What the annotations of a type and of its record say about columns: their types, and how values are read."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from enum import Enum
from typing import Any, cast, get_type_hints

from synthetic.graphql.scalars import JSON, RawJSON


def stored_kinds(record_class: type[Any]) -> dict[str, tuple[Any, bool]]:
    """For each field of a record its type, and whether it may be None."""
    names: Any = getattr(record_class, "_fields", None) or getattr(record_class, "__struct_fields__", None)
    if names is None:
        names = [field.name for field in dataclasses.fields(cast("Any", record_class))]
    hints = get_type_hints(record_class)
    return {name: without_none(hints[name]) for name in names}


def without_none(annotation: Any) -> tuple[Any, bool]:
    """An annotation without `| None`, and whether it had it."""
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        kinds = [kind for kind in typing.get_args(annotation) if kind is not types.NoneType]
        if len(kinds) == 1:
            return kinds[0], len(typing.get_args(annotation)) > 1
    return annotation, False


def reader_of(kind: Any, where: str) -> Callable[[Any], Any] | None:
    """How the value of a column becomes one of this type; None: it is one.

    Raises:
        TypeError: That cannot be known.
    """
    if kind is JSON:
        return RawJSON
    if kind is bool:
        return bool
    if isinstance(kind, type) and issubclass(cast("type[Any]", kind), Enum):
        return {member.value: member for member in cast("type[Enum]", kind)}.__getitem__
    if getattr(kind, "__supertype__", kind) in (str, int, float, bytes):
        return None
    raise TypeError(f"say by Column(read=...) how a column becomes the value of {where}")
