"""graphql-core's names whose types a strict checker cannot follow, given types that it can."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, cast

import graphql
from graphql import GraphQLAbstractType, GraphQLResolveInfo, GraphQLType, execution, pyutils

Info: TypeAlias = "GraphQLResolveInfo[Any]"
"""What a resolver is told of its field."""

TypeResolver: TypeAlias = Callable[[Any, Any, GraphQLAbstractType], Awaitable[str | None] | str | None]
"""Names the type of a value of an interface or a union."""

_core: Any = graphql
_execution: Any = execution
_pyutils: Any = pyutils

default_field_resolver: Any = _execution.default_field_resolver
default_type_resolver: TypeResolver = _execution.default_type_resolver


kind_of: Callable[[object], type[Any]] = type
"""The class of a value."""


def is_iterable(value: object) -> bool:
    """Whether graphql-core takes a value for a list."""
    return _pyutils.is_iterable(value)


def without_non_null(kind: GraphQLType) -> tuple[Any, bool]:
    """A type without its NonNull, and whether it had one."""
    is_non_null: bool = _core.is_non_null_type(kind)
    return (cast("Any", kind).of_type if is_non_null else kind), is_non_null


def find_item_type(kind: Any) -> Any | None:
    """The type of the items of a list; None of what is no list."""
    return kind.of_type if _core.is_list_type(kind) else None
