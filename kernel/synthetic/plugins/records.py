"""Whether what a hook returned is what its record's annotations say: dataclasses do not look.

So rubbish is reported with the plugin and the hook it came from, and not as
an exception of whatever uses it first.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any, Literal, Union, cast

from strawberry.types.base import has_object_definition
from strawberry.types.field import StrawberryField

from synthetic.contributions import Extension, GraphQL

SHOWN_CHARACTERS_MAX = 100


def find_misfit(record: object) -> str | None:
    """What does not fit in a record, as the end of a sentence about it; None: all does.

    Args:
        record: A dataclass, or anything else, of which nothing is known.
    """
    if not is_dataclass(record) or isinstance(record, type):
        return None
    hints = _hints_of(type(record))
    for field in fields(record):
        value = getattr(record, field.name)
        if not _fits(value, hints.get(field.name, Any)):
            return f"`{field.name}` must be {_in_words(field.type)}, not {in_short(value)}"
    return _find_misfit_in_schema(record) if isinstance(record, GraphQL | Extension) else None


def _find_misfit_in_schema(record: GraphQL | Extension) -> str | None:
    """What is no field or no type, where annotations can say no more than Any."""
    if isinstance(record, Extension):
        if not has_object_definition(record.type):
            return f"`type` must be a Strawberry type, not {in_short(record.type)}"
        found = {"fields": record.fields}
    else:
        for extension in record.extend:
            misfit = _find_misfit_in_schema(extension)
            if misfit is not None:
                return misfit
        found = {"queries": record.queries, "mutations": record.mutations, "subscriptions": record.subscriptions}
    for name, made in found.items():
        for each in made:
            if not isinstance(each, StrawberryField):
                return (
                    f"in `{name}` must be fields made with synthetic.query, mutation, subscription or batched;"
                    f" in it is {in_short(each)}"
                )
    return None


@lru_cache(maxsize=256)
def _hints_of(record_class: type[Any]) -> dict[str, Any]:
    """The types of the fields of a class; a name that its module imports for type checkers alone is of any type."""
    unknown: dict[str, Any] = {}
    while True:
        try:
            return typing.get_type_hints(record_class, localns=unknown)
        except NameError as error:
            if error.name is None or error.name in unknown:
                return {}
            unknown[error.name] = Any


def _fits(value: Any, hint: Any) -> bool:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or isinstance(hint, typing.TypeVar):
        fits = True
    elif origin in (Union, types.UnionType):
        fits = any(_fits(value, each) for each in arguments)
    elif origin is Literal:
        fits = isinstance(value, str | int) and value in arguments
    elif origin is typing.Annotated:
        fits = _fits(value, arguments[0])
    elif origin is Callable:
        fits = callable(value)
    elif origin is type:
        fits = isinstance(value, type)
    elif origin is tuple:
        fits = isinstance(value, tuple) and _items_fit(cast("tuple[Any, ...]", value), arguments)
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        fits = isinstance(value, Mapping) and all(
            _fits(key, arguments[0]) and _fits(each, arguments[1])
            for key, each in cast("Mapping[Any, Any]", value).items()
        )
    else:
        fits = _is_of(value, origin or hint)
    return fits


def _items_fit(value: tuple[Any, ...], arguments: tuple[Any, ...]) -> bool:
    if len(arguments) == 2 and arguments[1] is ...:
        return all(_fits(each, arguments[0]) for each in value)
    return len(value) == len(arguments) and all(_fits(*pair) for pair in zip(value, arguments, strict=True))


def _is_of(value: Any, expected: Any) -> bool:
    """Whether it is of a plain class, as type checkers see it: an int is a float, and True is no number."""
    if expected is None:
        expected = types.NoneType
    if not isinstance(expected, type) or getattr(expected, "_is_protocol", False):
        return True
    if isinstance(value, bool) and expected in (int, float):
        return False
    return isinstance(value, (int, float) if expected is float else expected)


def _in_words(annotation: object) -> str:
    return f"of the type {annotation if isinstance(annotation, str) else getattr(annotation, '__name__', annotation)}"


def in_short(value: object) -> str:
    """A value of whatever kind, for a message; it may be one that cannot even be shown."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - it is a stranger's code that raises
        return f"a {type(value).__name__}"
    return text if len(text) <= SHOWN_CHARACTERS_MAX else f"{text[:SHOWN_CHARACTERS_MAX]}..."
