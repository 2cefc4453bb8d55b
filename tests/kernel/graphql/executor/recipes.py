"""What a made-up case consists of: the schema, where its values come from, and the data. Plain and printable.

A type is its text (`[[T0!]]!`). A value is a recipe too, since both executors
must be given data of their own: a generator can be read once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

Key: TypeAlias = tuple[str, int]
"""A node's type and number."""

Value: TypeAlias = tuple[Any, ...]
"""How a value is made; its first item says how, see `worlds.World.made`."""

LEAVES = ("Int", "String", "Color", "Upper", "Boolean", "Float", "ID", "Any")

PRELUDE = """
enum Color { RED GREEN BLUE }
scalar Upper
scalar Any
input In { n: Int = 3 c: Color many: [Int!] = [1, 2] deep: In }
input Either @oneOf { n: Int s: String }
"""


def unwrapped(type: str) -> str:
    """A type without its outer non-null."""
    return type.removesuffix("!")


def item_of(type: str) -> str:
    """What a list type is a list of."""
    return unwrapped(type)[1:-1]


def is_list(type: str) -> bool:
    return type.startswith("[")


def named(type: str) -> str:
    """The innermost type."""
    return type.strip("[]!")


@dataclass(frozen=True)
class Field:
    """A field; it has the same type and arguments wherever it appears, but for an outer non-null of an object's."""

    name: str
    type: str
    arguments: tuple[tuple[str, str], ...] = ()
    """Names, each with its type and default as text."""

    def sdl(self) -> str:
        arguments = ", ".join(f"{name}: {type}" for name, type in self.arguments)
        return f"{self.name}{f'({arguments})' if arguments else ''}: {self.type}"


@dataclass(frozen=True)
class Object:
    """An object type.

    Attributes:
        hows: For each field, where its values come from; see `worlds.World.source_of`.
        columns: For each field, how it is kept where the objects are rows: as it is, to be read, or computed.
    """

    name: str
    fields: dict[str, Field]
    interfaces: tuple[str, ...]
    hows: dict[str, str]
    columns: dict[str, str]


@dataclass(frozen=True)
class Node:
    """An object of the data.

    Attributes:
        said: Which type it says that it is; not always the truth, nor always text.
        shape: What it is in Python.
    """

    said: Any
    shape: str
    values: dict[str, Value]


@dataclass(frozen=True)
class Recipe:
    """A schema and its data.

    Attributes:
        root: The operation's root type.
        identity: How the type of an object is told.
        checked: Object types that have `is_type_of` in any case.
        knows_classes: Whether the executor under test is told which classes the objects of a type have.
        nested: Fields whose object is part of its parent's row, where the parents are rows.
    """

    root: str
    interfaces: dict[str, tuple[dict[str, Field], tuple[str, ...]]]
    objects: dict[str, Object]
    union: tuple[str, ...]
    identity: str
    checked: frozenset[str]
    knows_classes: bool
    nodes: dict[Key, Node] = field(default_factory=dict)
    nested: frozenset[tuple[str, str]] = frozenset()

    def sdl(self) -> str:
        """The schema in the schema definition language, without the prelude."""
        parts = [f"union U = {' | '.join(self.union)}"]
        for name, (fields, parents) in self.interfaces.items():
            parts.append(_type("interface", name, parents, fields))
        parts += [_type("type", each.name, each.interfaces, each.fields) for each in self.objects.values()]
        if self.root != "Query":
            parts.append("type Query { unused: Int }")
        return "\n".join(parts)

    def possible(self, name: str) -> tuple[str, ...]:
        """The object types that a type can be."""
        if name == "U":
            return self.union
        if name in self.interfaces:
            return tuple(each.name for each in self.objects.values() if name in each.interfaces)
        return (name,)

    def fields_of(self, name: str) -> dict[str, Field]:
        """The fields of a composite type."""
        if name in self.interfaces:
            return self.interfaces[name][0]
        return self.objects[name].fields if name in self.objects else {}


def _type(kind: str, name: str, interfaces: tuple[str, ...], fields: dict[str, Field]) -> str:
    implements = f" implements {' & '.join(interfaces)}" if interfaces else ""
    return f"{kind} {name}{implements} {{ {' '.join(each.sdl() for each in fields.values())} }}"
