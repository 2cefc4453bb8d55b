"""Generated functions that make objects of rows and of records: no dictionary, no loop, no call for a plain value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

NodeT = TypeVar("NodeT")

FILE = "<rows to objects>"


@dataclass(frozen=True, slots=True)
class Part:
    """An attribute of the objects of a type.

    Attributes:
        name: Its name.
        sources: What is selected for it: columns, or expressions in SQL.
        read: From the values of these to its value; None: there is one, and it is that. Of a single value that is
            None it is not called.
        in_record: Whether the sources are also fields of the record.
        is_written_raw: Whether the executor writes what stands in the column as it would the value that is read.
        is_exact: Whether what stands in the column has the type of the leaf, and is NULL only where it may be.
    """

    name: str
    sources: tuple[str, ...]
    read: Callable[..., Any] | None
    in_record: bool = True
    is_written_raw: bool = False
    is_exact: bool = False

    def computed(self, places: Mapping[str, int]) -> Callable[[tuple[Any, ...]], Any]:
        """A function from a whole row to the value."""
        names: dict[str, Any] = {"read": self.read}
        value = self.expression([f"row[{places[source]}]" for source in self.sources], "read")
        return _defined(f"def make(row):\n    return {value}\n", names)

    def expression(self, values: Sequence[str], reader: str) -> str:
        """The value in Python.

        Args:
            values: An expression for each source.
            reader: The name that `read` has there.
        """
        if self.read is None:
            return values[0]
        read = f"{reader}({', '.join(values)})"
        return read if len(values) > 1 else f"None if {values[0]} is None else {read}"


def make_from_row(
    node_class: type[NodeT], parts: Sequence[Part], places: Mapping[str, int], width: int
) -> Callable[[tuple[Any, ...]], NodeT]:
    """A function from a row to an object that has these attributes, and no others.

    Args:
        node_class: What is made; its `__init__` is not called.
        parts: The attributes.
        places: Where in a row each source is.
        width: How many values a row has.
    """
    lines = [f"    {', '.join(f'v{place}' for place in range(width))}, = row"]
    lines += _assignments(parts, lambda source: f"v{places[source]}")
    return _maker(node_class, "row", parts, lines)


def make_from_record(node_class: type[NodeT], parts: Sequence[Part]) -> Callable[..., NodeT]:
    """A function from a record to an object; attributes that do not follow from its fields are named arguments."""
    given = [part.name for part in parts if not part.in_record]
    taken = [part for part in parts if part.in_record]
    lines = [f"    made.{name} = {name}" for name in given]
    lines += _assignments(taken, lambda source: f"record.{source}")
    return _maker(node_class, f"record{', *' * bool(given)}{''.join(f', {name}' for name in given)}", taken, lines)


def _assignments(parts: Sequence[Part], value: Callable[[str], str]) -> list[str]:
    return [
        f"    made.{part.name} = {part.expression([value(source) for source in part.sources], f'read{number}')}"
        for number, part in enumerate(parts)
    ]


def _maker(node_class: type[NodeT], arguments: str, parts: Sequence[Part], lines: Sequence[str]) -> Callable[..., Any]:
    names: dict[str, Any] = {"new": object.__new__, "node_class": node_class}
    names |= {f"read{number}": part.read for number, part in enumerate(parts)}
    body = "\n".join(["    made = new(node_class)", *lines, "    return made"])
    return _defined(f"def make({arguments}):\n{body}\n", names)


def _defined(source: str, names: dict[str, Any]) -> Callable[..., Any]:
    # Made of names of attributes, which are identifiers, of names of fields of a record, and of numbers.
    exec(compile(source, FILE, "exec"), names)  # noqa: S102 - nothing of it comes from a client
    return names["make"]
