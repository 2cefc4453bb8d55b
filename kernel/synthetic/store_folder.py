"""`StoreFolder`: where a plugin keeps what is too large for the database, as a resource of each transaction."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from synthetic.database.surroundings import SettingsLookup
from synthetic.errors import NoStoreError


@dataclass(frozen=True, slots=True)
class StoreFolder:
    """The data directory of the store that a transaction belongs to.

    A plugin keeps its files in a folder of its own there, which its docs name;
    whatever else lies in the data directory is the kernel's.

    Attributes:
        path: Absolute.
    """

    path: Path

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """Without a store there is none.

        Raises:
            NoStoreError: Nobody has lent the folder to the transaction.
        """
        raise NoStoreError("What is read here has no data directory.")
