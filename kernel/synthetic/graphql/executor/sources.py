"""Where the values of a field come from.

A schema of graphql-core knows one way only: a function that is called once for
each parent. Here a field may also be a plain attribute, which is copied by
generated code, or be resolved for all parents at once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from graphql import GraphQLField, GraphQLFieldResolver, GraphQLObjectType

from synthetic.graphql.executor.waiting import KINDS_KEPT

if TYPE_CHECKING:
    from synthetic.graphql.executor.arguments import Convert
    from synthetic.graphql.executor.asked import Asked


class Call(NamedTuple):
    """What a batched field is given.

    Attributes:
        context: The operation's context value.
        parents: The objects that the field is asked of, at least one.
        arguments: As the source wants them; not to be changed.
        asked: What is selected below the field.
    """

    context: Any
    parents: Sequence[Any]
    arguments: dict[str, Any]
    asked: Asked


class Attribute:
    """The parents' attribute of a name; their item, where they are dictionaries; the column, where they are rows.

    It may be read more than once, so reading it must have no effect.

    Attributes:
        name: Of the attribute.
        needs: Attributes that are read of the parents.
    """

    __slots__ = ("name", "needs")

    def __init__(self, name: str) -> None:
        self.name = name
        self.needs: tuple[str, ...] | None = (name,)


class Constant:
    """A value that is the same for every parent, such as `__typename`.

    Attributes:
        value: The value.
        needs: Nothing is read of the parents.
    """

    __slots__ = ("needs", "value")

    def __init__(self, value: str) -> None:
        self.value = value
        self.needs: tuple[str, ...] | None = ()


class Batched:
    """A function that is called once with all parents of a level.

    It returns one value for each parent, in order; an exception among them is
    the error of that parent's field.

    Attributes:
        call: The function.
        needs: Attributes that it reads of the parents; None: any of them.
        convert: From arguments as graphql-core coerces them to those of the call; without effects, since what it
            gives may be kept. None: they stay as they are.
        written: What tells the source of a list of rows how to write the field, as `unread.LeafField` passes it on;
            without effects, and what is written must be what the function would give. None: it cannot.
    """

    __slots__ = ("call", "convert", "needs", "written")

    def __init__(
        self,
        call: Callable[[Call], Sequence[Any]],
        needs: tuple[str, ...] | None = None,
        *,
        convert: Convert | None = None,
        written: object = None,
    ) -> None:
        self.call = call
        self.needs = needs
        self.convert = convert
        self.written = written


class PerParent:
    """A resolver as graphql-core has them: called once for each parent; what it returns may be awaitable.

    Attributes:
        resolve: The resolver.
        needs: None: nobody knows what it reads.
    """

    __slots__ = ("needs", "resolve")

    def __init__(self, resolve: GraphQLFieldResolver) -> None:
        self.resolve = resolve
        self.needs: tuple[str, ...] | None = None


class Default:
    """graphql-core's default resolver: an item or attribute of the field's name, None without one; called if callable.

    Attributes:
        name: The field's name.
        needs: None: what is called may read anything.
    """

    __slots__ = ("name", "needs")

    def __init__(self, name: str) -> None:
        self.name = name
        self.needs: tuple[str, ...] | None = None


Source: TypeAlias = Attribute | Constant | Batched | PerParent | Default

SourceOf: TypeAlias = Callable[[GraphQLObjectType, str, GraphQLField], Source]
"""Says where the values of a field come from, by its parent type, its name and its definition."""


def default_source(_parent: GraphQLObjectType, name: str, field: GraphQLField) -> Source:
    """Where values come from in a schema that says no more than graphql-core asks for."""
    return Default(name) if field.resolve is None else PerParent(field.resolve)


@functools.lru_cache(maxsize=KINDS_KEPT)
def is_mapping(kind: type[Any]) -> bool:
    """Whether parents of a class have items, and not attributes."""
    return issubclass(kind, Mapping)
