"""Records: objects of an answer that nobody is going to look at, in the form that is written fastest.

Whoever executes an operation only to write its answer says by `RecordForm` what
that form is. Lists of objects that have nothing but leaves are then made of
records instead of dictionaries. All else of the answer is as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol


class RecordForm(Protocol):
    """How lists of records are made."""

    def class_of(self, keys: Sequence[str]) -> Callable[..., object]:
        """What makes a record of the values for these keys of the answer, in their order."""
        ...

    def list_of_json(self, text: str) -> object:
        """What stands in the answer for a list that is JSON already."""
        ...

    def list_of(self, records: list[Any]) -> object:
        """What stands in the answer for a list of records, among which may be None."""
        ...


class RecordList(list[Any]):
    """The completed objects of a level, all of them records."""

    __slots__ = ()
