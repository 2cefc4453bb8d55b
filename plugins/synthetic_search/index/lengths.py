"""How long documents are, in memory: what every score needs, and what takes FTS5 longer to look up than to score.

A process learns it from the index bit by bit, with each search that scores
many documents a stretch of ids, the newest first; of the others FTS5 is asked.
What is known stays true: ids are never used again, and a row of the index is
never changed.
"""

from __future__ import annotations

import itertools
import threading
from array import array
from collections.abc import Sequence
from typing import Final, Self
from weakref import WeakValueDictionary

from synthetic import SettingsLookup, Snapshot, Transaction
from synthetic_search.index.extent import last_row

LEARNT_AT_ONCE = 50_000
"""So many ids are learnt with a search: it takes about as long again, until all are known."""

WORTH_LEARNING = 1_000
"""A search that scores fewer documents is quick without."""

LENGTH_MAX = 65_535
"""Longer documents are not remembered."""


class DocumentLengths:
    """How many tokens documents have, by their ids, for any number of threads: two bytes for each.

    Attributes:
        number: Names it in SQL, which takes no objects.
        by_id: The lengths; 0, or beyond its end: not known.
    """

    def __init__(self) -> None:
        self.number: Final = next(_NUMBERS)
        self.by_id = array("H")
        self._first = 0
        self._last = 0
        self._lock = threading.Lock()
        _LENT[self.number] = self

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """Those of a kernel."""
        return cls()

    def learn(self, snapshot: Snapshot, through: int, scored: int) -> None:
        """Get to know more documents; nothing where all are known, another thread does so, or it is not worth it.

        Args:
            snapshot: To read in.
            through: Up to this id.
            scored: How many documents the search has scored.
        """
        # What is not committed yet may be another document later.
        if scored < WORTH_LEARNING or isinstance(snapshot, Transaction) or not self._lock.acquire(blocking=False):
            return
        try:
            if through > self._last:
                # A cursor may name any row.
                through = min(through, last_row(snapshot))
            if through > self._last:
                first = max(self._last + 1, through - LEARNT_AT_ONCE + 1)
                if first > self._last + 1 and self._last:
                    # So many have come that it begins anew with the newest.
                    self._first = self._last = 0
                self._take(snapshot, first, through)
                self._first, self._last = self._first or first, through
            elif self._first > 1:
                first = max(1, self._first - LEARNT_AT_ONCE)
                self._take(snapshot, first, self._first - 1)
                self._first = first
        finally:
            self._lock.release()

    def _take(self, snapshot: Snapshot, first: int, last: int) -> None:
        rows: Sequence[tuple[int, bytes]] = snapshot.rows(
            "SELECT id, sz FROM search_text_docsize WHERE id BETWEEN :first AND :last", {"first": first, "last": last}
        )
        by_id = self.by_id
        by_id.frombytes(bytes(by_id.itemsize * max(0, last + 1 - len(by_id))))
        lengths: dict[bytes, int] = {}
        for id, sizes in rows:
            length = lengths.get(sizes)
            if length is None:
                tokens = tokens_of(sizes)
                length = lengths[sizes] = tokens if tokens <= LENGTH_MAX else 0
            by_id[id] = length


def lent(number: int) -> array[int]:
    """The lengths that a number names; empty where there are none any more."""
    found = _LENT.get(number)
    return array("H") if found is None else found.by_id


def tokens_of(sizes: bytes) -> int:
    """How many tokens a row has, by what FTS5 keeps of it: the number of each column, in groups of seven bits."""
    total = number = 0
    for byte in sizes:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            total, number = total + number, 0
    return total


_NUMBERS = itertools.count(1)
_LENT: WeakValueDictionary[int, DocumentLengths] = WeakValueDictionary()
