"""Deprecation: what goes with a later version says so where it is used, with the version and what to use instead.

A function or a class is marked with `deprecated`; a name that a module or package lends, such as a constant or a class
that was renamed, is given to `deprecated_names`. Hooks have pluggy's `warn_on_impl`, and the schema has `@deprecated`.
What stays as it is, and for how long, says docs/plugins/stability.md.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from typing_extensions import deprecated as _warning

DeprecatedT = TypeVar("DeprecatedT", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Deprecation:
    """When something goes, and what is used in its place.

    Attributes:
        since: The version that deprecates it.
        removed_in: The version that will not have it.
        instead: What to use, as an imperative without a full stop: `use find_rows`.
        value: For a name of a module: what it stands for until then.
    """

    since: str
    removed_in: str
    instead: str
    value: Any = None

    def message_for(self, name: str) -> str:
        """What whoever uses it is told."""
        return f"{name} is deprecated since {self.since} and goes with {self.removed_in}: {self.instead}."


def deprecated(*, since: str, removed_in: str, instead: str) -> Callable[[DeprecatedT], DeprecatedT]:
    """Mark a function or a class: who calls it, makes an object of it or inherits from it gets a DeprecationWarning.

    Args:
        since: The version that deprecates it.
        removed_in: The version that will not have it.
        instead: What to use, as an imperative without a full stop: `use find_rows`.
    """
    told = Deprecation(since=since, removed_in=removed_in, instead=instead)

    def mark(marked: DeprecatedT) -> DeprecatedT:
        message = told.message_for(f"{marked.__module__}.{marked.__qualname__}")
        # pyright asks for a literal here, which only whoever writes the name and the versions out could give.
        return _warning(message, category=DeprecationWarning)(marked)  # pyright: ignore[reportArgumentType]

    return mark


def deprecated_names(module: str, names: Mapping[str, Deprecation]) -> Callable[[str], Any]:
    """The `__getattr__` of a module that lends names for some time more: who imports one gets a DeprecationWarning.

    Args:
        module: Its name: `__name__`.
        names: What each stands for, and when it goes. None of them is in the module itself, nor in `__all__`.

    Raises:
        AttributeError: By what is returned: the module has no such name.
    """

    def find(name: str) -> Any:
        found = names.get(name)
        if found is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warnings.warn(found.message_for(f"{module}.{name}"), DeprecationWarning, stacklevel=_frames_to_user())
        return found.value

    return find


def _frames_to_user() -> int:
    """How many frames there are from the one that asks to the line that uses the name; importing is none's own."""
    level, frame = 1, inspect.currentframe()
    frame = None if frame is None else frame.f_back
    while frame is not None and (level == 1 or frame.f_globals.get("__name__", "").startswith("importlib.")):
        level, frame = level + 1, frame.f_back
    return level
