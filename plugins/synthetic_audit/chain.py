"""Following the chain of hashes, and naming where it is broken: pure, no SQL.

Every row tells the hash of the row before it, and its own hash covers that. So
each row proves itself; a row that does not was changed by hand, or put there.
Between rows that prove themselves, the numbers say what is missing, and the
hash before tells whether anything stood there at all.

The hashes are no signatures: who can write to the file can also compute them,
and write the whole log anew, with its end. Against that, note a hash elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from synthetic import iso_from_ms
from synthetic_audit.model import Anchor, Entry, Text, hash_of

SUSPECTS_MAX = 200
"""So many rows in a row that do not prove themselves are judged before any that does."""

_NUMBERS_TRIED = 4
"""A row that does not prove itself is tried with so many other numbers, in case it was renumbered."""

_INSTANT_MAX = 253_402_300_799_999
"""The last millisecond of the year 9999: what is later was not written by a clock."""


class Damage(StrEnum):
    """What was done to rows by hand."""

    ALTERED = "ALTERED"
    INSERTED = "INSERTED"
    REMOVED = "REMOVED"
    RENUMBERED = "RENUMBERED"
    MISPLACED = "MISPLACED"
    """The beginning or end that the store keeps of the chain does not fit its rows."""


class Break(NamedTuple):
    """One thing that is not as it was written.

    Attributes:
        damage: What was done.
        first_seq: The first row that it was done to.
        last_seq: The last one; the same, unless a range was removed or renumbered.
        message: Which rows, what they recorded and when, in one sentence.
    """

    damage: Damage
    first_seq: int
    last_seq: int
    message: str


class ChainReader:
    """Follows the rows of a chain, in order, and yields where it is broken. It holds no more than a few rows."""

    def __init__(self, anchor: Anchor) -> None:
        """Begin before the first row.

        Args:
            anchor: Where the chain begins and ends.
        """
        self._anchor = anchor
        self._expected = anchor.first_seq
        self._previous: bytes | None = anchor.start_hash
        self._last: Entry | None = None
        self._shift = 0
        self._shifted: list[Entry] = []
        self._suspects: list[Entry] = []

    def follow(self, entry: Entry) -> Iterator[Break]:
        """Go on by one row.

        Args:
            entry: The row with the next larger number, its texts as bytes.
        """
        number = self._number_when_written(entry)
        if number is None:
            self._suspects.append(entry)
            if len(self._suspects) >= SUSPECTS_MAX:
                behind = max(self._expected, entry.seq - self._shift + 1)
                yield from self._settle(behind, None, entry)
                self._expected, self._previous = behind, None
            return
        if number < self._expected or number > self._anchor.last_seq:
            side = "before the beginning" if number < self._expected else "behind the end"
            yield _of_row(Damage.INSERTED, entry, f"was put in: it stands {side} of what was written there")
            return
        yield from self._settle(number, entry.previous_hash, entry)
        if entry.seq - number != self._shift:
            yield from self._end_of_shifted()
            self._shift = entry.seq - number
        if self._shift:
            self._shifted = [*self._shifted[:1], entry]
        self._expected, self._previous, self._last = number + 1, entry.hash, entry

    def finish(self) -> Iterator[Break]:
        """Say what is wrong with the end, once there are no more rows."""
        last_seq, last_hash = self._anchor.last_seq, self._anchor.last_hash
        if self._previous == last_hash and self._expected <= last_seq:
            words = "there is none" if self._last is None else f"the last is {_words(self._last)}"
            message = f"The chain says that its last row is {last_seq}, with a hash by which {words}."
            yield Break(Damage.MISPLACED, last_seq, last_seq, message)
        yield from self._settle(last_seq + 1, last_hash, None)
        yield from self._end_of_shifted()

    def _number_when_written(self, entry: Entry) -> int | None:
        """The number with which the row proves itself; None: with none."""
        for number in dict.fromkeys(
            (entry.seq, entry.seq - self._shift, *range(self._expected, self._expected + _NUMBERS_TRIED))
        ):
            if hash_of(entry.previous_hash, number, entry.occurred_at, entry[2:12]) == entry.hash:
                return number
        return None

    def _settle(self, number: int, previous_hash: bytes | None, entry: Entry | None) -> Iterator[Break]:
        """Judge what lies between the last row that proved itself and the next.

        Args:
            number: Of the next one, as it was written; behind the last row, that of the first that is not there.
            previous_hash: The hash of the row before it; None: that is not known.
            entry: The next one; None: there is none.
        """
        suspects, self._suspects = self._suspects, []
        follows = previous_hash is not None and previous_hash == self._previous
        if follows:
            # Nothing stood between the two when they were written, whatever the numbers say.
            for suspect in suspects:
                yield _of_row(Damage.INSERTED, suspect, "was put in: the rows before and behind it follow each other")
            return
        found: set[int] = set()
        for suspect in suspects:
            place = suspect.seq - self._shift
            if self._expected <= place < number:
                found.add(place)
                yield _of_row(Damage.ALTERED, suspect, "does not fit its hash: it was changed, or put in its place")
            else:
                yield _of_row(Damage.INSERTED, suspect, "was put in: it does not fit its hash, nor its place")
        for first, last in _gaps(self._expected, number, found):
            yield self._removed(first, last, entry)
        if not suspects and self._expected == number and self._previous is not None and previous_hash is not None:
            yield self._broken_link(previous_hash, entry)

    def _broken_link(self, previous_hash: bytes, entry: Entry | None) -> Break:
        """Two rows prove themselves, and follow each other by their numbers, but not by their hashes."""
        last = self._last
        if last is None:
            return Break(
                Damage.MISPLACED,
                self._expected,
                self._expected,
                f"The hash at which the chain begins does not fit {_words(entry)}."
                if entry is not None
                else "The hashes at which the chain begins and ends differ, and there is no row between them.",
            )
        if previous_hash == last.previous_hash:
            return _of_row(Damage.INSERTED, last, "was put in: the rows before and behind it follow each other")
        what = "the end of the chain tells" if entry is None else "the row behind it tells"
        return _of_row(Damage.ALTERED, last, f"was changed, and its hash made anew: it is not the one that {what}")

    def _removed(self, first: int, last: int, entry: Entry | None) -> Break:
        rows = f"Row {first} of the audit log was" if first == last else f"Rows {first} to {last} were"
        before = "the beginning" if self._last is None else _words(self._last)
        behind = "the end" if entry is None else _words(entry)
        return Break(Damage.REMOVED, first, last, f"{rows} removed, between {before} and {behind}.")

    def _end_of_shifted(self) -> Iterator[Break]:
        shifted, self._shifted = self._shifted, []
        if shifted:
            first, last = shifted[0], shifted[-1]
            yield Break(
                Damage.RENUMBERED,
                first.seq,
                last.seq,
                f"The rows from {_words(first)} to {_words(last)} were renumbered, by {self._shift:+d}.",
            )


def _gaps(first: int, end: int, found: set[int]) -> Iterator[tuple[int, int]]:
    """The numbers from `first` to before `end` that were not found, as ranges: the first and the last of each."""
    for place in sorted(found):
        if first < place:
            yield first, place - 1
        first = place + 1
    if first < end:
        yield first, end - 1


def _of_row(damage: Damage, entry: Entry, what: str) -> Break:
    words = _words(entry)
    return Break(damage, entry.seq, entry.seq, f"{words[0].upper()}{words[1:]} {what}.")


def _words(entry: Entry) -> str:
    """A row for a person: its number, what it records, and when."""
    at = entry.occurred_at
    when = iso_from_ms(at) if 0 <= at <= _INSTANT_MAX else f"the instant {at}"
    return f"row {entry.seq} ({_shown(entry.name)} by {_shown(entry.actor)} at {when})"


def _shown(text: Text) -> str:
    return text.decode(errors="replace") if isinstance(text, bytes) else str(text)
