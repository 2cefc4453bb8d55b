"""Settings as typed, frozen objects: each value checked, and remembered with where it came from.

A section is one frozen dataclass: the kernel's own are in
`synthetic.kernel_settings`, a plugin's is the class that it registers. The
files, variables and flags behind them are read by `synthetic.setting_layers`.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import re
import tomllib
import typing
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
import msgspec.inspect

from synthetic.errors import SettingsInvalidError
from synthetic.kernel_settings import KernelSettings
from synthetic.setting_layers import (
    FLAG,
    Given,
    SettingLayer,
    SettingLayers,
    SettingSource,
    did_you_mean,
    environment_name,
)

SettingsT = TypeVar("SettingsT")

DEFAULT = SettingSource(SettingLayer.DEFAULT, "the default")

HIDDEN = "(hidden)"
"""What is shown in place of a secret."""

_USER_INFO = re.compile(r"(?<=://)[^/?#@\s]+@")
"""The name and password in a URL."""


@dataclass(frozen=True, slots=True)
class SettingValue:
    """One setting as it holds, for display.

    Attributes:
        name: Dotted name, as flags write it.
        value: What holds.
        default: What would hold if no layer gave a value.
        source: The layer that gave it.
        is_secret: Whether nobody is shown the value.
    """

    name: str
    value: Any
    default: Any
    source: SettingSource
    is_secret: bool = False

    @property
    def shown_value(self) -> Any:
        """The value as people and programs may be shown it: `HIDDEN` for a secret, and passwords in URLs replaced."""
        return _shown(self.value, is_secret=self.is_secret)

    @property
    def shown_default(self) -> Any:
        """The default, likewise."""
        return _shown(self.default, is_secret=self.is_secret)


@dataclass(frozen=True, slots=True)
class Section(Generic[SettingsT]):
    """A section that was loaded: the settings object, and each of its values with its source."""

    settings: SettingsT
    values: tuple[SettingValue, ...]


def load_section(
    layers: SettingLayers, section: str, settings_class: type[SettingsT], *, also: Sequence[str] = ()
) -> Section[SettingsT]:
    """Make one settings object from all layers.

    Args:
        layers: What was read.
        section: Dotted name of the section, for instance `kernel.database`.
        settings_class: A frozen dataclass whose fields all have defaults.
        also: Keys of the section that another class reads.

    Raises:
        SettingsInvalidError: A key is unknown, or a value does not fit; the
            message names the file, variable or flag, the key and what fits.
        TypeError: The class is no dataclass of types that TOML can express.
        NameError: An annotation of the class names what does not exist.
    """
    hints = _hints_of(settings_class)
    _check_defaults(settings_class)
    fields = dataclasses.fields(typing.cast("Any", settings_class))
    known = [field.name for field in fields]
    for key, given in layers.sections.get(section, {}).items():
        if key not in known and key not in also:
            raise SettingsInvalidError(
                f"{given.source.where}: unknown key `{key}` in [{section}]." + did_you_mean(key, (*known, *also)),
                details={"file": given.source.where, "key": f"{section}.{key}"},
            )
    chosen: dict[str, Any] = {}
    values: list[SettingValue] = []
    for field in fields:
        default = _default(settings_class, field)
        given = layers.find(section, field.name)
        value = default if given is None else _convert(given, hints[field.name], f"{section}.{field.name}")
        chosen[field.name] = value
        source = DEFAULT if given is None else given.source
        secret = _is_secret(hints[field.name])
        values.append(SettingValue(f"{section}.{field.name}", value, default, source, secret))
    try:
        settings = settings_class(**chosen)
    except ValueError as error:
        given_in = sorted({value.source.where for value in values if value.source is not DEFAULT})
        raise SettingsInvalidError(f"{', '.join(given_in)}: [{section}]: {error}") from error
    return Section(settings, tuple(values))


@functools.cache
def _hints_of(settings_class: type[Any]) -> dict[str, Any]:
    """The types of its fields; a class is read once, since its text has to be compiled for that."""
    return typing.get_type_hints(settings_class, include_extras=True)


def _is_secret(hint: Any) -> bool:
    """Whether a setting is annotated with `Meta(extra={"secret": True})`."""
    metadata = getattr(hint, "__metadata__", ())
    return any(isinstance(each, msgspec.Meta) and (each.extra or {}).get("secret") is True for each in metadata)


def _shown(value: Any, *, is_secret: bool) -> Any:
    if is_secret:
        return HIDDEN if value else value
    if isinstance(value, str):
        return _USER_INFO.sub("...@", value)
    if isinstance(value, Mapping):
        items = typing.cast("Mapping[Any, Any]", value).items()
        return {str(key): _shown(each, is_secret=False) for key, each in items}
    if isinstance(value, Collection):
        return [_shown(each, is_secret=False) for each in typing.cast("Collection[Any]", value)]
    return value


def load_kernel_settings(layers: SettingLayers) -> tuple[KernelSettings, tuple[SettingValue, ...]]:
    """Make the kernel's settings from all layers.

    Raises:
        SettingsInvalidError: A key is unknown, or a value does not fit.
    """
    classes: dict[str, type[Any]] = typing.get_type_hints(KernelSettings)
    sections = {name: load_section(layers, f"kernel.{name}", cls) for name, cls in classes.items()}
    settings = KernelSettings(**{name: section.settings for name, section in sections.items()})
    return settings, tuple(value for section in sections.values() for value in section.values)


def check_names(layers: SettingLayers, names: Iterable[str], *, unloaded: Iterable[str]) -> None:
    """Refuse flags and variables that no setting has taken: they are mistyped.

    A variable is taken for a mistyped setting when it begins like those of a
    section that exists, or differs little from one; others that begin with
    `SYNTHETIC_` belong to someone else.

    Args:
        layers: What was read.
        names: Dotted names of all settings that exist.
        unloaded: Plugins that are listed but not loaded, so that their
            settings are not known.

    Raises:
        SettingsInvalidError: One is unknown.
    """
    known = list(names)
    skipped = tuple(f"plugins.{plugin}." for plugin in unloaded)
    for name in layers.flags:
        if name not in known and not name.startswith(skipped):
            raise SettingsInvalidError(
                f"{FLAG}: there is no setting `{name}`." + did_you_mean(name, known),
                action="Correct the name; `[kernel.database] readers` in a file is `kernel.database.readers` here.",
                details={"key": name},
            )
    taken = [environment_name(name) for name in known]
    prefixes = tuple({environment_name(name.rpartition(".")[0]) + "_" for name in known})
    skipped_prefixes = tuple(environment_name(prefix) for prefix in skipped)
    for variable in layers.environment:
        if variable in taken or variable.startswith(skipped_prefixes):
            continue
        if variable.startswith(prefixes) or difflib.get_close_matches(variable, taken, n=1, cutoff=0.9):
            raise SettingsInvalidError(
                f"The environment variable {variable} is no setting." + did_you_mean(variable, taken),
                action="Correct its name, or unset it.",
                details={"key": variable},
            )


def _default(settings_class: type[Any], field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    raise TypeError(f"the field {field.name} of {settings_class.__name__} has no default")


@functools.cache
def _check_defaults(settings_class: type[Any]) -> None:
    """Refuse a class with a default that an operator could not write."""
    for field in dataclasses.fields(settings_class):
        hint, default = _hints_of(settings_class)[field.name], _default(settings_class, field)
        try:
            msgspec.convert(default, hint, from_attributes=True)
        except msgspec.ValidationError as error:
            raise TypeError(f"the default of {field.name} must be {describe_type(hint)}, not {default!r}") from error


def _convert(given: Given, hint: Any, name: str) -> Any:
    value = _from_text(given.value, hint) if given.is_text else given.value
    try:
        return msgspec.convert(value, hint, strict=not given.is_text)
    except msgspec.ValidationError as error:
        fits = describe_type(hint)
        shown = "what is there" if _is_secret(hint) else repr(given.value)
        raise SettingsInvalidError(
            f"{given.source.where}: {name} must be {fits}, not {shown}.",
            details={"file": given.source.where, "key": name, "expected": fits, "reason": str(error)},
        ) from error


def _from_text(text: str, hint: Any) -> Any:
    """What a variable or flag says, as far as its text must be taken apart: a list is `a,b` or as in TOML."""
    kind = _without_metadata(msgspec.inspect.type_info(hint))
    if isinstance(kind, msgspec.inspect.CollectionType | msgspec.inspect.DictType):
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            if isinstance(kind, msgspec.inspect.CollectionType):
                return [item.strip() for item in text.split(",") if item.strip()]
    return text


def _without_metadata(kind: msgspec.inspect.Type) -> msgspec.inspect.Type:
    while isinstance(kind, msgspec.inspect.Metadata):
        kind = kind.type
    return kind


def describe_type(hint: Any) -> str:
    """What fits a type, in words that end the sentence "The value must be ..."."""
    return _in_words(msgspec.inspect.type_info(hint))


def _in_words(kind: msgspec.inspect.Type) -> str:
    match _without_metadata(kind):
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.NoneType():
            return "empty"
        case msgspec.inspect.IntType() as number:
            return "a whole number" + _bounds(number)
        case msgspec.inspect.FloatType() as number:
            return "a number" + _bounds(number)
        case msgspec.inspect.StrType(pattern=str(pattern)):
            return f"a text that matches {pattern}"
        case msgspec.inspect.StrType():
            return "a text"
        case msgspec.inspect.LiteralType(values=values):
            return "one of " + ", ".join(f'"{value}"' for value in values)
        case msgspec.inspect.VarTupleType(item_type=item) | msgspec.inspect.ListType(item_type=item):
            return f"a list in which each item is {_in_words(item)}"
        case msgspec.inspect.SetType(item_type=item) | msgspec.inspect.FrozenSetType(item_type=item):
            return f"a list in which each item is {_in_words(item)}"
        case msgspec.inspect.DictType(value_type=value):
            return f"a table in which each value is {_in_words(value)}"
        case msgspec.inspect.UnionType(types=kinds):
            return " or ".join(_in_words(kind) for kind in kinds if not isinstance(kind, msgspec.inspect.NoneType))
        case other:
            return f"of the type {type(other).__name__.removesuffix('Type').lower()}"


def _bounds(number: msgspec.inspect.IntType | msgspec.inspect.FloatType) -> str:
    limits = (("above", number.gt), ("at least", number.ge), ("below", number.lt), ("at most", number.le))
    words = [f"{word} {limit}" for word, limit in limits if limit is not None]
    return f", {' and '.join(words)}" if words else ""
