"""Plain Python enums as GraphQL enums, with what each value means."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar, cast

import strawberry

EnumT = TypeVar("EnumT", bound=Enum)


def describe_enum(
    enum_class: type[EnumT], description: str, meanings: Mapping[EnumT, str], *, name: str | None = None
) -> None:
    """Make a GraphQL enum of a plain one, which need not know of GraphQL.

    Args:
        enum_class: The enum; its names are the GraphQL values.
        description: What the enum is.
        meanings: What each of its values means.
        name: What GraphQL calls it; its own name otherwise.

    Raises:
        KeyError: A value has no meaning.
    """
    strawberry.enum(enum_class, name=name, description=description)
    values = cast("Any", enum_class).__strawberry_definition__.values
    for value, member in zip(values, enum_class, strict=True):
        value.description = meanings[member]
