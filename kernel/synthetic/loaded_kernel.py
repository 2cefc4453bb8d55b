"""`LoadedKernel`: what the fields of the kernel itself know of the process that answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from synthetic.database.surroundings import SettingsLookup
from synthetic.registry import Registry


@dataclass(frozen=True, slots=True)
class LoadedKernel:
    """The kernel that answers, as a resource of its snapshots."""

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
