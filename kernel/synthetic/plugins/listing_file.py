"""The store's own `plugins.toml`: switching a plugin on or off in it, and changing nothing else.

Comments, order and formatting stay as their writer left them. The result is
read again before it is written: whatever the change would do to any other key
is refused.
"""

from __future__ import annotations

import copy
import re
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import tomlkit
from tomlkit.exceptions import TOMLKitError

from synthetic.durable_files import FILE_MODE, durable_path, translate_system_error
from synthetic.errors import ConflictError, SettingsInvalidError
from synthetic.setting_layers import FILE_NAME, read_settings_file


@dataclass(frozen=True, slots=True)
class ListingFile:
    """The file as it was read.

    Attributes:
        path: Where it is; it need not be there.
        text: What it holds.
    """

    path: Path
    text: str

    @classmethod
    def read(cls, data_dir: Path) -> ListingFile:
        """Read the file of a data directory; empty where there is none.

        Raises:
            SettingsInvalidError: It cannot be read, or is not UTF-8.
        """
        path = data_dir / FILE_NAME
        if data_dir.exists() and not data_dir.is_dir():
            raise SettingsInvalidError(f"{data_dir} is not a directory.", action="Name another directory with --data.")
        return cls(path, read_settings_file(path) if path.exists() else "")

    def switched(self, plugin: str, *, is_on: bool, is_listed: bool) -> ListingFile:
        """The file with a plugin switched on or off.

        Args:
            plugin: Its name.
            is_on: Whether it is to be loaded.
            is_listed: Whether the shipped file lists it, with `enabled` as it is by default.

        Raises:
            SettingsInvalidError: The file is not TOML, or is written in a way in which the change cannot be made.
        """
        before = self._parsed(self.text)
        table = self._table_of(before, plugin)
        if (table or {}).get("enabled", True) is is_on and (table is not None or is_listed):
            return self
        if table is None:
            text = self._with_table(plugin, is_on=is_on)
        elif "enabled" in table:
            text = self._with_value(plugin, is_on=is_on)
        else:
            text = self._with_key(plugin, is_on=is_on)
        wanted = copy.deepcopy(before)
        wanted.setdefault("plugins", {}).setdefault(plugin, {})
        if table is not None or not is_on:
            wanted["plugins"][plugin]["enabled"] = is_on
        if _is_toml_of(text, wanted):
            return ListingFile(self.path, text)
        raise SettingsInvalidError(
            f"{self.path} is written in a way in which `enabled` of {plugin} cannot be changed safely.",
            action=f"Write `enabled = {str(is_on).lower()}` under [plugins.{plugin}] by hand.",
        )

    def write(self, before: ListingFile) -> None:
        """Write the file, whole or not at all, with the mode that it had; a link stays one.

        Args:
            before: The file as it was read; what somebody has written since is not overwritten.

        Raises:
            ConflictError: Somebody has written it meanwhile.
            SyntheticError: It cannot be written.
        """
        target = self.path.resolve()
        if ListingFile.read(self.path.parent).text != before.text:
            raise ConflictError(f"{self.path} was changed meanwhile.", action="Look at it, and try again.")
        try:
            mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else FILE_MODE
            with durable_path(target) as partial:
                partial.write_bytes(self.text.encode("utf-8"))
                partial.chmod(mode)
        except OSError as error:
            raise translate_system_error(error, f"The file {self.path}") from error

    @property
    def _line_end(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def _parsed(self, text: str) -> dict[str, Any]:
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SettingsInvalidError(
                f"{self.path} is not TOML: {error}.", action="Correct the line that the message names."
            ) from error

    def _table_of(self, document: dict[str, Any], plugin: str) -> dict[str, Any] | None:
        plugins: Any = document.get("plugins", {})
        table: Any = cast("dict[str, Any]", plugins).get(plugin) if isinstance(plugins, dict) else plugins
        if table is not None and not isinstance(table, dict):
            raise SettingsInvalidError(f"{self.path}: [plugins.{plugin}] must be a table, not {table!r}.")
        return cast("dict[str, Any] | None", table)

    def _with_table(self, plugin: str, *, is_on: bool) -> str:
        """The text with a table more, at its end: the loader takes what nothing else orders as the file has it."""
        end = self._line_end
        text = self.text if not self.text or self.text.endswith("\n") else self.text + end
        lines = [*([""] if text else []), f"[plugins.{plugin}]", *([] if is_on else ["enabled = false"])]
        return text + "".join(line + end for line in lines)

    def _with_value(self, plugin: str, *, is_on: bool) -> str:
        """The text with another value of a key that is there, however it is written."""
        try:
            document = cast("Any", tomlkit.parse(self.text))
            document["plugins"][plugin]["enabled"] = is_on
            return tomlkit.dumps(document)
        except TOMLKitError as error:
            raise SettingsInvalidError(
                f"{self.path} cannot be changed: {error}", action="Change `enabled` in it by hand."
            ) from error

    def _with_key(self, plugin: str, *, is_on: bool) -> str:
        """The text with a key more, right below the heading: comments at the table's end may be about the next one."""
        heading = re.compile(rf"^[ \t]*\[[ \t]*plugins[ \t]*\.[ \t]*{plugin}[ \t]*\][ \t]*(#.*)?\r?$", re.MULTILINE)
        found = heading.search(self.text)
        if found is None:
            return self._with_value(plugin, is_on=is_on)
        end = self._line_end
        head, rest = self.text[: found.end()].rstrip("\r"), self.text[found.end() :].removeprefix("\n")
        return f"{head}{end}enabled = {str(is_on).lower()}{end}{rest}"


def _is_toml_of(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False
