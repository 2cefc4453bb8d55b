"""`InputValues`: from coerced input to what Python's functions take, decided once for each type.

Strawberry's own conversion asks of each value anew what its type is, and of each
field of an input object how it is named: for a mutation with a small input that
was half of its Python. What comes of it is the same. Types that make themselves of
their input, as those of pydantic, are left to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from typing import Any, TypeAlias, cast

from strawberry.relay import GlobalID
from strawberry.scalars import is_scalar
from strawberry.schema.config import StrawberryConfig
from strawberry.types.arguments import convert_argument
from strawberry.types.base import (
    StrawberryContainer,
    StrawberryList,
    StrawberryMaybe,
    StrawberryObjectDefinition,
    StrawberryOptional,
    has_object_definition,
)
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition
from strawberry.types.lazy_type import LazyType
from strawberry.types.maybe import Some
from strawberry.types.unset import UNSET

ConvertValue: TypeAlias = Callable[[Any], Any]


class InputValues:
    """Converts input values of one schema.

    What it makes shares no list and no input object with what it is given.
    """

    def __init__(self, scalars: Mapping[object, Any], config: StrawberryConfig) -> None:
        """Make it.

        Args:
            scalars: The schema's, by their Python types.
            config: The schema's.
        """
        self._scalars = scalars
        self._config = config
        self._objects: dict[type[Any], _InputObject] = {}

    def converter(self, kind: Any, name: str) -> ConvertValue | None:
        """What converts the values of an argument; None where they stay as they are.

        Args:
            kind: Its type, as Strawberry resolves the annotation.
            name: Its name, by which errors tell of it.
        """
        if _makes_itself(kind, set()):
            return lambda value: self._by_strawberry(value, kind, name)
        return self.converter_of(kind)

    def converter_of(self, kind: Any) -> ConvertValue | None:
        """What converts values of a type none of whose parts makes itself of its input."""
        # An optional one itself, so it is asked for first.
        if isinstance(kind, StrawberryMaybe):
            return self._maybe(kind)
        if isinstance(kind, StrawberryOptional):
            return self.converter_of(cast("Any", kind).of_type)
        if isinstance(kind, StrawberryList):
            return _list(self.converter_of(cast("Any", kind).of_type))
        if isinstance(kind, LazyType):
            return self.converter_of(cast("Any", kind).resolve_type())
        if kind is not GlobalID and (is_scalar(kind, self._scalars) or _is_enum(kind)):
            return None
        if has_object_definition(kind):
            found = self._objects.get(kind)
            if found is None:
                found = self._objects[kind] = _InputObject(kind, self, self._config)
            return found.convert
        return lambda value: self._by_strawberry(value, kind)

    def _maybe(self, kind: StrawberryMaybe) -> ConvertValue:
        of_type: Any = cast("Any", kind).of_type
        inner, may_be_null = self.converter_of(of_type), isinstance(of_type, StrawberryOptional)

        def convert(value: Any) -> Any:
            if value is None and not may_be_null:
                # It says what is wrong with that.
                return self._by_strawberry(value, kind)
            return Some(value if inner is None else inner(value))

        return convert

    def _by_strawberry(self, value: Any, kind: Any, *path: str) -> Any:
        return convert_argument(value, kind, scalar_registry=self._scalars, config=self._config, path=path)


class _InputObject:
    """Makes the objects of one class.

    It looks at the fields when the first is made, since one may be of the class itself.
    """

    __slots__ = ("_absent", "_config", "_fields", "_kind", "_values")

    def __init__(self, kind: type[Any], values: InputValues, config: StrawberryConfig) -> None:
        self._kind = kind
        self._values = values
        self._config = config
        self._absent: dict[str, Any] = {}
        self._fields: dict[str, tuple[str, ConvertValue | None]] | None = None

    def convert(self, value: Any) -> Any:
        if value is None or value is UNSET:
            return value
        fields = self._fields or self._look()
        arguments = self._absent.copy()
        for name, given in value.items():
            python_name, convert = fields[name]
            arguments[python_name] = given if convert is None else convert(given)
        return self._kind(**arguments)

    def _look(self) -> dict[str, tuple[str, ConvertValue | None]]:
        definition: StrawberryObjectDefinition = cast("Any", self._kind).__strawberry_definition__
        if definition.is_input:
            # Those that need not be given, and have no default in Python.
            self._absent = {each.python_name: None for each in definition.fields if not _has_default(each)}
        self._fields = {
            self._config.name_converter.from_field(each): (
                each.python_name,
                self._values.converter_of(each.resolve_type(type_definition=definition)),
            )
            for each in definition.fields
        }
        return self._fields


def _makes_itself(kind: Any, seen: set[Any]) -> bool:
    """Whether a type, or one that it is made of, makes itself of its input."""
    while isinstance(kind, StrawberryContainer | LazyType):
        kind = cast("Any", kind).resolve_type() if isinstance(kind, LazyType) else cast("Any", kind).of_type
    if not has_object_definition(kind) or kind in seen:
        return False
    seen.add(kind)
    definition: Any = kind.__strawberry_definition__
    return definition.from_input is not None or any(
        _makes_itself(each.resolve_type(type_definition=definition), seen) for each in definition.fields
    )


def _list(inner: ConvertValue | None) -> ConvertValue:
    def convert(value: Any) -> Any:
        if value is None or value is UNSET:
            return value
        # Also where its items stay as they are: graphql-core gives the same default to each request.
        return list(value) if inner is None else [inner(item) for item in value]

    return convert


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, StrawberryEnumDefinition) or has_enum_definition(kind)


def _has_default(field: Any) -> bool:
    return field.default_value is not MISSING or field.default_factory is not MISSING
