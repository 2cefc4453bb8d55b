"""`LoadedKernel`: which kernel answers, and what it is made of, as a resource of its snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class LoadedTypes:
    """The GraphQL types that each plugin defines.

    Attributes:
        names: By plugin, in the order of the alphabet.
    """

    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """Without a schema there are none."""
        return cls()
