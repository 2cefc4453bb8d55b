"""Where settings come from: two files, the environment and flags, read but not yet typed.

A flag beats the environment, which beats the store's `plugins.toml`, which
beats the shipped one; a key is replaced whole. What the values mean, and
whether they fit, is `synthetic.settings`.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

from synthetic.errors import SettingsInvalidError
from synthetic.kernel_settings import KernelSettings

FILE_NAME = "plugins.toml"
PACKAGE = Path(__file__).resolve().parent
ENVIRONMENT_PREFIX = "SYNTHETIC_"
FLAG = "--set"

KERNEL_SECTIONS = tuple(field.name for field in fields(KernelSettings))


class SettingLayer(StrEnum):
    """What gives a setting its value; a later one beats those before."""

    DEFAULT = "default"
    SHIPPED = "shipped"
    STORE = "store"
    ENVIRONMENT = "environment"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class SettingSource:
    """Where a value came from.

    Attributes:
        layer: Which of the layers gave it.
        where: For a person: a file, the name of a variable, or the flag.
    """

    layer: SettingLayer
    where: str


@dataclass(frozen=True, slots=True)
class Given:
    """A value that a layer gives: typed as in TOML, or (`is_text`) text from a variable or a flag."""

    value: Any
    source: SettingSource
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class SettingLayers:
    """All layers of one start.

    Attributes:
        sections: What the files give: from a section (`kernel.database`,
            `plugins.ingest`) to its keys, with the store's values over the
            shipped ones, in the order of the files.
        environment: The variables whose names begin with `SYNTHETIC_`.
        flags: What flags give, by dotted name.
    """

    sections: Mapping[str, Mapping[str, Given]]
    environment: Mapping[str, str]
    flags: Mapping[str, str]

    def plugin_names(self) -> tuple[str, ...]:
        """The plugins that have a table, shipped ones first, in the order of the files."""
        return tuple(name.removeprefix("plugins.") for name in self.sections if name.startswith("plugins."))

    def find(self, section: str, key: str) -> Given | None:
        """What the strongest layer gives for a key, or None: then the default holds."""
        name = f"{section}.{key}"
        if name in self.flags:
            return Given(self.flags[name], SettingSource(SettingLayer.FLAG, FLAG), is_text=True)
        variable = environment_name(name)
        if variable in self.environment:
            return Given(self.environment[variable], SettingSource(SettingLayer.ENVIRONMENT, variable), is_text=True)
        return self.sections.get(section, {}).get(key)


def environment_name(name: str) -> str:
    """The variable of a dotted name: `kernel.database.readers` is `SYNTHETIC_DATABASE_READERS`."""
    return ENVIRONMENT_PREFIX + name.removeprefix("kernel.").replace(".", "_").upper()


def shipped_file(package: Path = PACKAGE) -> Path:
    """The `plugins.toml` that came with the kernel.

    It lies inside the package when that was installed from a wheel, and at the
    top of the repository when it was installed from there as editable.

    Args:
        package: The folder of the kernel's package.

    Raises:
        SettingsInvalidError: It is in neither place.
    """
    for folder in (package, package.parents[1]):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    raise SettingsInvalidError(
        f"The installation has lost its {FILE_NAME}: it is not in {package}.",
        action="Install Synthetic again.",
    )


def read_layers(
    data_dir: Path | None, overrides: Mapping[str, str], environ: Mapping[str, str], *, text: str | None = None
) -> SettingLayers:
    """Read the files and collect the variables and flags.

    Args:
        data_dir: The data directory, whose own `plugins.toml` may be absent;
            None reads the shipped file alone.
        overrides: Flags, by dotted name.
        environ: The process's environment.
        text: In place of what the data directory's file holds.

    Raises:
        SettingsInvalidError: A file cannot be read, is not of the shape
            `[kernel.SECTION]` and `[plugins.NAME]`, or names a section of the
            kernel that does not exist.
    """
    sections: dict[str, dict[str, Given]] = {}
    _add_file(sections, SettingSource(SettingLayer.SHIPPED, str(shipped_file())))
    if data_dir is not None and (text is not None or (data_dir / FILE_NAME).exists()):
        _add_file(sections, SettingSource(SettingLayer.STORE, str(data_dir / FILE_NAME)), text)
    environment = {name: value for name, value in environ.items() if name.startswith(ENVIRONMENT_PREFIX)}
    return SettingLayers(sections, environment, dict(overrides))


def _add_file(sections: dict[str, dict[str, Given]], source: SettingSource, text: str | None = None) -> None:
    document = _parse(Path(source.where), text)
    for group, tables in document.items():
        if group not in {"kernel", "plugins"}:
            raise SettingsInvalidError(
                f"{source.where}: unknown key `{group}`; the file holds tables [kernel.SECTION] and [plugins.NAME]."
                + did_you_mean(group, ("kernel", "plugins"))
            )
        for name, values in _table(tables, f"[{group}]", source).items():
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                raise SettingsInvalidError(
                    f"{source.where}: `{name}` in [{group}] must be a name in lower case with underscores."
                )
            if group == "kernel" and name not in KERNEL_SECTIONS:
                raise SettingsInvalidError(
                    f"{source.where}: unknown section [kernel.{name}]." + did_you_mean(name, KERNEL_SECTIONS)
                )
            section = sections.setdefault(f"{group}.{name}", {})
            for key, value in _table(values, f"[{group}.{name}]", source).items():
                section[key] = Given(value, source)


def read_settings_file(path: Path) -> str:
    """The text of a file of settings, with its line ends as they are.

    Raises:
        SettingsInvalidError: It cannot be read, or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise SettingsInvalidError(
            f"{path} is not UTF-8 (byte {error.start}).", action="Save the file in UTF-8."
        ) from error
    except OSError as error:
        raise SettingsInvalidError(
            f"{path} cannot be read: {error.strerror}.", action="Make the file readable for this user."
        ) from error


def _parse(path: Path, text: str | None) -> dict[str, Any]:
    try:
        return tomllib.loads(read_settings_file(path) if text is None else text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsInvalidError(
            f"{path} is not TOML: {error}.", action="Correct the line that the message names."
        ) from error


def _table(value: Any, name: str, source: SettingSource) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SettingsInvalidError(f"{source.where}: {name} must be a table, not {value!r}.")
    return cast("dict[str, Any]", value)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence, with a blank before it, that names the nearest known name; empty when none is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.65)
    return f" Did you mean `{near[0]}`?" if near else ""
