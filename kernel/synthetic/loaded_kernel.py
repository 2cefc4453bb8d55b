"""`LoadedKernel`: which kernel answers, and what it is made of, as a resource of its snapshots."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

from synthetic.database.surroundings import SettingsLookup
from synthetic.registry import Registry


@dataclass(frozen=True, slots=True)
class LoadedKernel:
    """The kernel that answers.

    Attributes:
        version: Of Synthetic.
        registry: Its plugins, and all that they contribute.
        started_at: When it was made, Unix milliseconds.
    """

    version: str
    registry: Registry
    started_at: int

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """Never made on demand: each kernel provides its own.

        Raises:
            LookupError: Always.
        """
        raise LookupError("a kernel provides its LoadedKernel when it is opened")


class LoadedTypes:
    """The GraphQL types that each plugin defines, found when they are first asked for."""

    def __init__(self, find: Callable[[], Mapping[str, tuple[str, ...]]] = dict) -> None:
        """Make it.

        Args:
            find: Finds them; without it there are none.
        """
        self._find = find

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """Without a schema there are none."""
        return cls()

    @functools.cached_property
    def names(self) -> Mapping[str, tuple[str, ...]]:
        """By plugin, in the order of the alphabet."""
        return self._find()
