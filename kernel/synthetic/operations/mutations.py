"""What is recorded of a mutation: which one it was, what it was done to, and which fields its input had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Any, NamedTuple, cast

from strawberry import UNSET
from strawberry.utils.str_converters import to_camel_case

from synthetic.operations.recorder import Subject

INPUT = "input"
"""The one argument of a mutation."""

DRY_RUN = "dry_run"
ID_LENGTH_MAX = 200
"""What is longer is no id, and is not recorded as one: it may have been refused for that."""


@dataclass(frozen=True, slots=True)
class RecordedMutation:
    """How one mutation is recorded.

    Attributes:
        name: Its field of GraphQL.
        entity: What it is done to; None: what the first event of its transaction is about.
        entity_id: The attribute of the input with the id.
        is_change_only: Whether it is recorded where it changes something alone, in the transaction that does.
    """

    name: str
    entity: str | None
    entity_id: str
    is_change_only: bool = False

    def subject(self, arguments: Mapping[str, Any]) -> Subject:
        """What the input says that it is done to."""
        id = getattr(arguments.get(INPUT), self.entity_id, None)
        return Subject(self.entity, str(id) if isinstance(id, str) and len(id) <= ID_LENGTH_MAX else None)


class _InputField(NamedTuple):
    python_name: str
    name: str
    default: Any


def details_of(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Which fields of the input were given (other than as they are without being given), and how long its lists are."""
    given = arguments.get(INPUT)
    if given is None:
        return {}
    named: list[str] = []
    counts: dict[str, int] = {}
    details: dict[str, Any] = {"fields": named}
    for python_name, name, default in _fields_of(cast("type[Any]", type(given))):
        value = getattr(given, python_name)
        # Null is a change where leaving a field out is none.
        if value is UNSET or value is default:
            continue
        named.append(name)
        if isinstance(value, list):
            counts[name] = len(cast("list[Any]", value))
        elif python_name == DRY_RUN:
            details[name] = True
    if counts:
        details["counts"] = counts
    return details


@cache
def _fields_of(input_class: type[Any]) -> tuple[_InputField, ...]:
    definition: Any = getattr(input_class, "__strawberry_definition__", None)
    if definition is None:
        return ()
    names = {each.python_name: each.graphql_name or to_camel_case(each.python_name) for each in definition.fields}
    return tuple(
        _InputField(each.name, names[each.name], None if each.default is MISSING else each.default)
        for each in fields(input_class)
        if each.name in names
    )
