"""`RefusingWriter`: in the place of the writer, where a store is only read."""

from __future__ import annotations

from typing import NoReturn

from synthetic.database.work_in_line import Upkeep, Write
from synthetic.recovery.errors import StoreReadOnlyError


class RefusingWriter:
    """Takes no write."""

    def start(self) -> None:
        """Nothing is to be started."""

    def hurry(self, seconds: float) -> None:
        """Nothing waits."""

    def submit(self, write: Write | Upkeep) -> NoReturn:  # noqa: ARG002 - as of the writer
        """Refuse it.

        Raises:
            StoreReadOnlyError: Always.
        """
        raise StoreReadOnlyError

    def run(self, write: Write) -> NoReturn:
        """Refuse it.

        Raises:
            StoreReadOnlyError: Always.
        """
        self.submit(write)

    def stop(self) -> None:
        """Nothing is in line."""

    def close(self) -> None:
        """Nothing is open."""
