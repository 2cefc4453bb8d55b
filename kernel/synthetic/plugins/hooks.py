"""Calling hooks: what plugins implement, checked before and after each call.

pluggy ignores functions without the marker, drops results that are None, calls
the last registered first and does not look at types. All of that is met here,
so that every mistake is reported with the plugin and the hook. One `Hooks`
belongs to one registry; nothing is kept at module level.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import FunctionType, MethodType, ModuleType
from typing import Any, cast

import pluggy

from synthetic import hookspecs
from synthetic.errors import PluginClashError, PluginFailedError
from synthetic.plugins.discovery import failure
from synthetic.plugins.records import find_misfit, in_short
from synthetic.setting_layers import did_you_mean

KERNEL = "kernel"


@dataclass(frozen=True, slots=True)
class HookSpec:
    """A hook that plugins may implement.

    Attributes:
        owner: The plugin that offers it, or "kernel".
        record_class: What it returns a tuple of, or one of.
        is_one: Whether it returns one record instead of a tuple.
    """

    owner: str
    record_class: type[Any]
    is_one: bool


RUN_TIME: Mapping[str, tuple[str, ...]] = {
    "prepare_connection": ("connection", "role"),
    "record_operation": ("tx", "operation"),
}
"""The kernel's hooks that are called while a store is open, each with the names of its parameters."""


class _Manager(pluggy.PluginManager):
    """pluggy's, quicker with modules: most of what they hold is no function, and needs no careful look."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        if _is_function(plugin, name):
            return super().parse_hookimpl_opts(plugin, name)
        return None

    def parse_hookspec_opts(self, module_or_class: Any, name: str) -> pluggy.HookspecOpts | None:
        if _is_function(module_or_class, name):
            return super().parse_hookspec_opts(module_or_class, name)
        return None


def _is_function(module: object, name: str) -> bool:
    return isinstance(vars(module).get(name), (FunctionType, MethodType, classmethod, staticmethod))


class Hooks:
    """The hooks of one registry and the modules that implement them.

    Attributes:
        specs: The contribution hooks, by name; those that run while a store is open are in `RUN_TIME`.
    """

    def __init__(self) -> None:
        self._manager = _Manager(hookspecs.PROJECT)
        self._rooms: dict[ModuleType, tuple[str, str | None]] = {}
        self.specs: dict[str, HookSpec] = {}
        self.offer(KERNEL, hookspecs)

    def offer(self, owner: str, module: ModuleType) -> None:
        """Add the hooks that a module specifies.

        Raises:
            PluginClashError: A hook of that name exists.
            PluginFailedError: A hook is not of the shape of a contribution
                hook: `register_*`, without arguments, annotated with what it
                returns.
        """
        offered: dict[str, HookSpec] = {}
        for name in tuple(vars(module)):  # in the order in which they are written
            if self._manager.parse_hookspec_opts(module, name) is None or (owner == KERNEL and name in RUN_TIME):
                continue
            if name in self.specs:
                raise PluginClashError(
                    f"The plugins {self.specs[name].owner} and {owner} both offer the hook {name}.",
                    details={"hook": name, "plugins": [self.specs[name].owner, owner]},
                )
            offered[name] = _read_spec(owner, name, getattr(module, name))
        if not offered:
            raise PluginFailedError(
                f"The plugin {owner}: its module of hooks, {module.__name__}, holds no function marked @hookspec.",
                details={"plugin": owner},
            )
        self._manager.add_hookspecs(module)
        self.specs.update(offered)

    def register(self, plugin: str, module: ModuleType, *, only_with: str | None = None) -> None:
        """Take in a module that implements hooks, after checking each implementation by itself.

        Args:
            plugin: The plugin it belongs to.
            module: The plugin's module, or one of its `with_` modules.
            only_with: For a `with_` module, the other plugin.

        Raises:
            PluginFailedError: A function looks like a hook but is not marked,
                or is marked but not a plain function of the hook's arguments.
            PluginClashError: The module is registered for another plugin.
        """
        if module in self._rooms:
            taken = self._rooms[module][0]
            raise PluginClashError(
                f"The plugins {taken} and {plugin} are the same module, {module.__name__}.",
                details={"plugins": [taken, plugin]},
            )
        seen: set[str] = set()
        for attribute in dir(module):
            options = self._manager.parse_hookimpl_opts(module, attribute)
            if options is None:
                self._check_unmarked(plugin, module, attribute)
                continue
            hook = options.get("specname") or attribute
            _check_implementation(plugin, hook, getattr(module, attribute), cast("dict[str, Any]", options))
            if hook in seen or (only_with is not None and hook == "register_plugin"):
                raise _wrong(plugin, hook, "is implemented twice", "Keep one of the two.")
            seen.add(hook)
        self._manager.register(module, name=plugin if only_with is None else f"{plugin}.with_{only_with}")
        self._rooms[module] = (plugin, only_with)

    def unregister(self, left_out: str) -> None:
        """Forget the modules of a plugin that is left out, and what others have only for it."""
        for module, owners in tuple(self._rooms.items()):
            if left_out in owners:
                self._manager.unregister(module)
                del self._rooms[module]

    def check_known(self, plugin: str, module: ModuleType, owners: Collection[str]) -> None:
        """Refuse implementations of hooks that nobody offers, or that the plugin cannot count on.

        Args:
            plugin: The plugin the module belongs to.
            module: A registered module.
            owners: Plugins whose hooks it may implement, beside the kernel's.

        Raises:
            PluginFailedError: There is one.
        """
        for caller in self._manager.get_hookcallers(module) or ():
            spec = self.specs.get(caller.name)
            if caller.name in RUN_TIME:
                continue
            if spec is None:
                near = did_you_mean(caller.name, [*self.specs, *RUN_TIME])
                raise _wrong(
                    plugin, caller.name, f"is offered by no loaded plugin.{near}", "Correct its name, or remove it."
                )
            if spec.owner not in owners and spec.owner != KERNEL:
                way_out = f"Name {spec.owner} in `requires`, or move the function to a module with_{spec.owner}.py."
                raise _wrong(plugin, caller.name, f"belongs to {spec.owner}, which it does not require", way_out)

    def check_pending(self) -> None:
        """Let pluggy see for itself that every implementation has its specification."""
        self._manager.check_pending()

    def call(self, plugin: str, hook: str, module: ModuleType) -> tuple[Any, ...]:
        """Call one hook of one module alone.

        Returns:
            Its records; none if the module does not implement the hook.

        Raises:
            PluginFailedError: It raised, or returned what the hook does not allow.
        """
        caller = self._caller(hook, module)
        if not caller.get_hookimpls():
            return ()
        try:
            results = cast("list[Any]", caller())
        except (Exception, SystemExit) as error:
            raise failure(plugin, f"its {hook} failed", error) from error
        return _check_result(plugin, hook, results[0] if results else None, self.specs[hook])

    def find_implementation(self, hook: str, module: ModuleType) -> Callable[..., Any] | None:
        """The function with which a module implements a hook of `RUN_TIME`, if it does."""
        return next((each.function for each in self._caller(hook, module).get_hookimpls()), None)

    def _caller(self, hook: str, module: ModuleType) -> pluggy.HookCaller:
        others = [other for other in self._manager.get_plugins() if other is not module]
        return self._manager.subset_hook_caller(hook, remove_plugins=others)

    def _check_unmarked(self, plugin: str, module: ModuleType, attribute: str) -> None:
        value = getattr(module, attribute)
        if not inspect.isfunction(value):
            return
        is_own = value.__module__ == module.__name__
        if attribute in self.specs or attribute in RUN_TIME or (is_own and attribute.startswith("register_")):
            way_out = "Put @hookimpl above it, or, if it is no hook, give it a name that does not look like one."
            raise _wrong(plugin, attribute, "is not marked with @hookimpl, so it would never be called", way_out)


def _wrong(plugin: str, hook: str, problem: str, action: str | None = None) -> PluginFailedError:
    return PluginFailedError(
        f"The plugin {plugin}: its {hook} {problem.rstrip('.')}{'' if problem.endswith('?') else '.'}",
        action=action,
        details={"plugin": plugin, "hook": hook},
    )


def _read_spec(owner: str, name: str, function: Callable[..., Any]) -> HookSpec:
    way_out = "Specify it as `def register_x() -> tuple[Record, ...]`, with a Record that is a class."
    if not name.startswith("register_") or inspect.signature(function).parameters:
        raise _wrong(owner, name, "is no contribution hook: register_* without arguments", way_out)
    try:
        returned = typing.get_type_hints(function).get("return")
    except (NameError, TypeError) as error:
        raise failure(owner, f"the annotation of its hook {name} cannot be read", error) from error
    if isinstance(returned, type) and owner == KERNEL:
        return HookSpec(owner, returned, is_one=True)
    match typing.get_origin(returned), typing.get_args(returned):
        case origin, (type() as record_class, end) if origin is tuple and end is ...:
            return HookSpec(owner, record_class, is_one=False)
        case _:
            raise _wrong(owner, name, "does not say what it returns a tuple of", way_out)


def _check_implementation(plugin: str, hook: str, function: Callable[..., Any], options: dict[str, Any]) -> None:
    expected = RUN_TIME.get(hook, ())
    plain = f"Make it a plain function of ({', '.join(expected)})."
    if not expected:
        plain = "Make it a plain function without arguments that returns a tuple."
    if options.get("wrapper") or options.get("hookwrapper"):
        raise _wrong(plugin, hook, "is a wrapper; contribution hooks are not wrapped", plain)
    if options.get("optionalhook"):
        raise _wrong(plugin, hook, "is marked optional", "Move it to a module with_OTHER.py, and name that in `with_`.")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise _wrong(plugin, hook, "is a generator", plain)
    if inspect.iscoroutinefunction(function):
        raise _wrong(plugin, hook, "is async", plain)
    taken = tuple(inspect.signature(function).parameters)
    if taken != expected and (expected or hook.startswith("register_")):
        raise _wrong(plugin, hook, f"takes {', '.join(taken) or 'nothing'}" if expected else "takes arguments", plain)


def _check_result(plugin: str, hook: str, result: Any, spec: HookSpec) -> tuple[Any, ...]:
    expected = spec.record_class.__name__
    if spec.is_one:
        if not isinstance(result, spec.record_class):
            raise _wrong(plugin, hook, f"must return one {expected}, not {in_short(result)}")
        check_record(plugin, hook, result)
        return (result,)
    if not isinstance(result, tuple):
        raise _wrong(plugin, hook, f"must return a tuple of {expected}, not {in_short(result)}")
    records = cast("tuple[Any, ...]", result)
    for record in records:
        if not isinstance(record, spec.record_class):
            raise _wrong(plugin, hook, f"must return a tuple of {expected}; in it is {in_short(record)}")
        check_record(plugin, hook, record)
    return records


def check_record(plugin: str, hook: str, record: object) -> None:
    """Refuse a record whose fields are not what they are annotated with.

    Raises:
        PluginFailedError: One is not.
    """
    misfit = find_misfit(record)
    if misfit is not None:
        raise _wrong(plugin, hook, f"returns a {type(record).__name__} that cannot be used: {misfit}")
