"""Loading the plugins of one kernel: found, put in order, asked once for what they contribute.

A plugin is taken in whole or not at all. One that cannot be loaded stops the
start, unless its table in `plugins.toml` says `optional = true`; then it is
left out, and whatever requires it too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from synthetic.contributions import Plugin
from synthetic.errors import PluginClashError, PluginFailedError
from synthetic.plugins.accepted import Accepted, Candidate, Implementation, Returned, Room
from synthetic.plugins.clashes import Name, claim_names
from synthetic.plugins.discovery import (
    check_kernel_version,
    failure,
    get_installed,
    import_module,
    list_installed,
)
from synthetic.plugins.folds import check_folds
from synthetic.plugins.hooks import KERNEL, RUN_TIME, Hooks
from synthetic.plugins.listing import LeftOut, Listing, LoadedPlugin, NoSettings
from synthetic.plugins.order import PluginCycleError, order_plugins
from synthetic.plugins.pauses import check_pauses
from synthetic.plugins.rules import check_rules
from synthetic.setting_layers import SettingLayers, did_you_mean
from synthetic.settings import Section, SettingValue, load_section

AT_MOST_ONE = ("register_settings", "register_migrations", "register_demo")
"""Hooks of which a plugin returns no more than one record."""


class PluginLoader:
    """One load: `run` once, then ask for what came of it.

    Attributes:
        installed: All plugins that are installed, listed or not.
        listings: What `plugins.toml` says to the loader, by plugin.
        left_out: Optional plugins that could not be loaded, by name.
    """

    def __init__(self, layers: SettingLayers, taken: Mapping[Name, str], left_out: Mapping[str, LeftOut]) -> None:
        self._layers = layers
        self._taken = dict(taken)
        self._hooks = Hooks()
        self._candidates: dict[str, Candidate] = {}
        self._accepted: dict[str, Accepted] = {}
        self.installed = list_installed()
        self.listings: dict[str, Section[Listing]] = {}
        self.left_out = dict(left_out)

    def run(self) -> None:
        """Load what is listed.

        Raises:
            PluginFailedError: A plugin cannot be loaded and is not optional.
            PluginClashError: Two contribute the same name, and the one that
                comes second is not optional.
            SettingsInvalidError: A plugin's settings do not fit; `optional`
                does not excuse that, since it is the file that is wrong.
        """
        for name in self._layers.plugin_names():
            section = f"plugins.{name}"
            self.listings[name] = load_section(self._layers, section, Listing, also=[*self._layers.sections[section]])
        for name, listing in self.listings.items():
            if listing.settings.enabled and name not in self.left_out:
                self._or_leave_out(name, self._introduce)
        self._check_requirements()
        for name in self._order():
            self._or_leave_out(name, self._accept)
        self._drop_unmet()
        self._hooks.check_pending()

    def plugins(self) -> tuple[LoadedPlugin, ...]:
        """The plugins that were loaded, in load order."""
        return tuple(accepted.loaded for accepted in self._accepted.values())

    def setting_values(self) -> Iterator[SettingValue]:
        """What holds for each setting of the loader and of the loaded plugins."""
        for name, listing in self.listings.items():
            yield from listing.values
            if name in self._accepted:
                yield from self._accepted[name].setting_values

    def results(self, hook: str) -> list[tuple[str, tuple[Any, ...]]]:
        """What each loaded plugin returned from a hook, in load order; those without it are absent.

        Raises:
            KeyError: No loaded plugin offers such a hook.
        """
        if self._hooks.specs[hook].owner not in {KERNEL, *self._accepted}:
            raise KeyError(hook)
        found = {name: accepted.records_of(hook) for name, accepted in self._accepted.items()}
        return [(name, records) for name, records in found.items() if records]

    def records_of(self, plugin: str) -> list[tuple[str, tuple[Any, ...]]]:
        """What a loaded plugin returned, as (hook, its records), in the order of the hooks."""
        found = {hook: self._accepted[plugin].records_of(hook) for hook in self._hooks.specs}
        return [(hook, records) for hook, records in found.items() if records]

    def hooks_offered_by(self, plugin: str) -> tuple[str, ...]:
        """The hooks that a plugin offers to others."""
        return tuple(hook for hook, spec in self._hooks.specs.items() if spec.owner == plugin)

    def offered(self) -> dict[str, type[Any]]:
        """The hooks that loaded plugins offer, each with the class of its records."""
        return {hook: spec.record_class for hook, spec in self._hooks.specs.items() if spec.owner in self._accepted}

    def implementations(self, hook: str) -> list[tuple[str, Callable[..., Any]]]:
        """The functions with which plugins implement a hook that runs while a store is open, in load order."""
        return [
            (name, each.function)
            for name, accepted in self._accepted.items()
            for each in accepted.implementations
            if each.hook == hook
        ]

    def _or_leave_out(self, name: str, step: Callable[[str], None]) -> None:
        try:
            step(name)
        except (PluginFailedError, PluginClashError) as error:
            if not self.listings[name].settings.optional:
                raise
            self._leave_out(name, error.message, error.suggested_action, error.code)

    def _leave_out(self, name: str, reason: str, action: str, code: str = PluginFailedError.code) -> None:
        self.left_out[name] = LeftOut(name, reason, action, code)
        self._candidates.pop(name, None)
        self._hooks.unregister(name)

    def _introduce(self, name: str) -> None:
        """Import a plugin, let it say who it is, and take in the hooks that it offers."""
        installed = get_installed(name, self.installed)
        module = import_module(name, installed.module_name)
        self._hooks.register(name, module)
        records = self._hooks.call(name, "register_plugin", module)
        if not records:
            raise PluginFailedError(
                f"The plugin {name}: {installed.module_name} does not implement register_plugin.",
                action="Add the function, marked with @hookimpl; it returns one Plugin.",
                details={"plugin": name, "hook": "register_plugin"},
            )
        record: Plugin = records[0]
        check_kernel_version(name, record)
        if record.hooks is not None:
            self._hooks.offer(name, import_module(name, record.hooks))
        self._candidates[name] = Candidate(installed, module, record)

    def _check_requirements(self) -> None:
        """Refuse plugins whose requirements are not there, until none is left that lacks one."""
        before = -1
        while before != len(self._candidates):
            before = len(self._candidates)
            for name in tuple(self._candidates):
                self._or_leave_out(name, self._check_requires)

    def _check_requires(self, name: str) -> None:
        for other in self._candidates[name].record.requires:
            if other in self._candidates:
                continue
            if other in self.left_out:
                reason = f"The plugin {name} requires {other}, which is left out."
                self._leave_out(name, reason, f"Mend {other} first.")
                return
            raise self._missing(name, other)

    def _missing(self, name: str, other: str) -> PluginFailedError:
        known = [plugin.name for plugin in self.installed]
        if other in self.listings:
            problem, action = "disabled.", f"Remove `enabled = false` from [plugins.{other}], or disable {name} too."
        elif other in known:
            problem, action = "not listed in plugins.toml.", f"Add a table [plugins.{other}] to plugins.toml."
        else:
            problem = "not installed." + did_you_mean(other, known)
            action = f"Install {other} and list it, or set `enabled = false` under [plugins.{name}]."
        return PluginFailedError(
            f"The plugin {name} requires {other}, which is {problem}",
            action=action,
            details={"plugin": name, "requires": other},
        )

    def _order(self) -> tuple[str, ...]:
        while True:
            try:
                return order_plugins({name: candidate.record for name, candidate in self._candidates.items()})
            except PluginCycleError as circle:
                optional = [name for name in circle.cycle if self.listings[name].settings.optional]
                error = PluginFailedError(
                    f"Plugins wait for each other in a circle: {circle}.",
                    action="Take one of them out of plugins.toml, or mend `requires` and `after` in one of them.",
                    details={"plugins": list(circle.cycle)},
                )
                if not optional:
                    raise error from circle
                self._leave_out(optional[-1], error.message, error.suggested_action)
                self._check_requirements()

    def _accept(self, name: str) -> None:
        """Ask a plugin for everything that it contributes, and take all of it, or nothing."""
        self._check_requires(name)
        if name in self.left_out:
            return
        candidate = self._candidates[name]
        rooms = list(self._rooms(name, candidate))
        contributions = [each for room in rooms for each in self._ask(name, candidate, room)]
        for hook in AT_MOST_ONE:
            if sum(len(each.records) for each in contributions if each.hook == hook) > 1:
                raise PluginFailedError(f"The plugin {name}: its {hook} returns more than one record.")
        records = [record for each in contributions for record in each.records]
        check_folds(name, records)
        claimed = claim_names(name, records, self._taken)
        section = self._load_settings(name, contributions)
        check_rules(name, records, None if section is None else section.settings)
        check_pauses(name, records, None if section is None else section.settings)
        self._taken.update(claimed)
        loaded = LoadedPlugin(
            name=name,
            record=candidate.record,
            distribution=candidate.installed.distribution,
            version=candidate.installed.version,
            module=candidate.module,
            settings=None if section is None else section.settings,
            optional=self.listings[name].settings.optional,
        )
        values = () if section is None else section.values
        self._accepted[name] = Accepted(loaded, values, tuple(contributions), tuple(self._implemented(rooms)))

    def _rooms(self, name: str, candidate: Candidate) -> Iterator[Room]:
        yield Room(candidate.module, None)
        for other, module_name in candidate.record.with_.items():
            if other in self._candidates:
                module = import_module(name, module_name)
                self._hooks.register(name, module, only_with=other)
                yield Room(module, other)

    def _ask(self, name: str, candidate: Candidate, room: Room) -> Iterator[Returned]:
        owners = {name, room.only_with or name, *candidate.record.requires}
        self._hooks.check_known(name, room.module, owners)
        for hook in self._hooks.specs:
            if hook == "register_plugin":
                continue
            records = self._hooks.call(name, hook, room.module)
            if records:
                yield Returned(room, hook, records)

    def _implemented(self, rooms: Iterable[Room]) -> Iterator[Implementation]:
        for room in rooms:
            for hook in RUN_TIME:
                function = self._hooks.find_implementation(hook, room.module)
                if function is not None:
                    yield Implementation(room, hook, function)

    def _load_settings(self, name: str, contributions: list[Returned]) -> Section[Any] | None:
        records = [record for each in contributions if each.hook == "register_settings" for record in each.records]
        settings_class: type[Any] = records[0].settings_class if records else NoSettings
        own_keys = tuple(field.name for field in dataclasses.fields(Listing))
        taken = [field.name for field in dataclasses.fields(settings_class) if field.name in own_keys]
        if taken:
            raise PluginFailedError(
                f"The plugin {name}: its setting `{taken[0]}` has a name that the loader reads itself.",
                action=f"Rename the field of {settings_class.__name__}.",
            )
        try:
            section = load_section(self._layers, f"plugins.{name}", settings_class, also=own_keys)
        except (TypeError, NameError) as error:
            raise failure(name, f"its settings class {settings_class.__name__} cannot be used", error) from error
        return section if records else None

    def _drop_unmet(self) -> None:
        """Forget what plugins contributed to others that were left out after they were asked."""
        for name, accepted in self._accepted.items():
            kept = tuple(each for each in accepted.contributions if each.room.only_with not in self.left_out)
            running = tuple(each for each in accepted.implementations if each.room.only_with not in self.left_out)
            self._accepted[name] = dataclasses.replace(accepted, contributions=kept, implementations=running)
