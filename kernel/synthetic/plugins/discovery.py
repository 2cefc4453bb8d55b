"""Which plugins are installed, and how their modules are imported.

The standard library's loader takes the first of two same-named distributions
on the path without a word; this one names both. Which of the installed ones
are wanted, and in what order, is not decided here (see
`synthetic.plugins.loader`).
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from synthetic.contributions import Plugin
from synthetic.errors import PluginClashError, PluginFailedError
from synthetic.setting_layers import did_you_mean

GROUP = "synthetic.plugins"
DISTRIBUTION = "synthetic-store"
NOT_OF_PLUGINS = {"synthetic", "pluggy", "packaging", "strawberry", "msgspec", "graphql", "dataclasses", "importlib"}
"""Packages between the code of plugins and whoever called it: what they raise is looked for where they were called."""


@dataclass(frozen=True, slots=True)
class InstalledPlugin:
    """An entry point in the group `synthetic.plugins`.

    Attributes:
        name: The plugin's name: the entry point's.
        module_name: Import name of its module.
        distribution: What is installed, as pip calls it.
        version: Version of the distribution.
        location: Folder on the import path that holds it.
    """

    name: str
    module_name: str
    distribution: str
    version: str
    location: str

    def __str__(self) -> str:
        return f"{self.distribution} {self.version} ({self.module_name}, in {self.location})"


@functools.cache
def kernel_version() -> str:
    """The version of the installed kernel; read once, since a start asks for it dozens of times."""
    return importlib.metadata.version(DISTRIBUTION)


def list_installed() -> tuple[InstalledPlugin, ...]:
    """Every plugin that is installed, in the order of the import path.

    A distribution that is on the path twice, at the same version and naming
    the same module, is one: an editable install and the folder that it points
    at look like that.
    """
    installed: dict[tuple[str, ...], InstalledPlugin] = {}
    for distribution in importlib.metadata.distributions():
        entries = [entry for entry in distribution.entry_points if entry.group == GROUP]
        if not entries:
            continue
        # Each look at the name or the version reads and parses the whole of the metadata.
        name, version = distribution.name, distribution.version
        for entry in entries:
            plugin = InstalledPlugin(
                name=entry.name,
                module_name=entry.value,
                distribution=name or "an unnamed distribution",
                version=version or "of no version",
                location=str(distribution.locate_file("")),
            )
            identity = (plugin.name, plugin.module_name, _normalized(plugin.distribution), plugin.version)
            installed.setdefault(identity, plugin)
    return tuple(installed.values())


def _normalized(distribution: str) -> str:
    return distribution.lower().replace("_", "-").replace(".", "-")


def get_installed(name: str, installed: Sequence[InstalledPlugin]) -> InstalledPlugin:
    """The one installed plugin of a name.

    Raises:
        PluginFailedError: None is installed, or its entry point names no
            module `<package>.plugin`.
        PluginClashError: Two are.
    """
    found = [plugin for plugin in installed if plugin.name == name]
    if not found:
        raise PluginFailedError(
            f"The plugin {name} is listed in plugins.toml, but not installed."
            + did_you_mean(name, [plugin.name for plugin in installed]),
            action=f"Install the package that brings it, or set `enabled = false` under [plugins.{name}].",
            details={"plugin": name},
        )
    if len(found) > 1:
        raise PluginClashError(
            f"The plugin {name} is installed twice: {' and '.join(str(plugin) for plugin in found)}.",
            action="Uninstall one of the two.",
            details={"plugin": name, "distributions": [str(plugin) for plugin in found]},
        )
    package, _, module = found[0].module_name.rpartition(".")
    if not package or module != "plugin" or not found[0].module_name.replace(".", "").isidentifier():
        raise PluginFailedError(
            f"The plugin {name}: its entry point is `{found[0].module_name}`, "
            "where a module called `plugin` in a package must stand.",
            action=f"Ask the makers of {found[0].distribution} for an entry point `<package>.plugin`.",
            details={"plugin": name},
        )
    return found[0]


def import_module(name: str, module_name: str) -> ModuleType:
    """Import a module of a plugin.

    Args:
        name: The plugin's name.
        module_name: What to import.

    Raises:
        PluginFailedError: The import raised anything, an exit included.
    """
    try:
        return importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise failure(name, f"importing {module_name} failed", error) from error


def failure(name: str, what: str, error: BaseException) -> PluginFailedError:
    """The error for an exception that came out of a plugin's code.

    Args:
        name: The plugin's name.
        what: What was being done, as a clause.
        error: What was raised.
    """
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - a stranger's exception may not even say what it is
        said = ""
    reason = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return PluginFailedError(
        f"The plugin {name}: {what}: {reason}",
        details={"plugin": name, "raised": type(error).__name__, "at": place_of(error)},
    )


def place_of(error: BaseException) -> str | None:
    """File and line of the plugin's that raised, or that called what did; None where none is the plugin's."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}"
    for frame, line in reversed([*traceback.walk_tb(error.__traceback__)]):
        module = frame.f_globals.get("__name__", "")
        if module.partition(".")[0] not in NOT_OF_PLUGINS:
            return f"{frame.f_code.co_filename}:{line}"
    return None


def check_kernel_version(name: str, record: Plugin) -> None:
    """Refuse a plugin that does not work with this kernel.

    Raises:
        PluginFailedError: The range is malformed or leaves this version out.
    """
    try:
        fits = SpecifierSet(record.kernel).contains(kernel_version(), prereleases=True)
    except InvalidSpecifier as error:
        raise failure(name, f"its range of kernel versions, {record.kernel!r}, is malformed", error) from error
    if not fits:
        raise PluginFailedError(
            f"The plugin {name} works with a kernel {record.kernel}; this one is {kernel_version()}.",
            action=f"Upgrade the kernel or the plugin, or set `enabled = false` under [plugins.{name}].",
            details={"plugin": name, "kernel": kernel_version(), "needs": record.kernel},
        )
