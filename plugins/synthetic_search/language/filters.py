"""What the filters of a query say: `kind:`, `construct:`, `session:`, `status:`, `before:` and `after:`."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from synthetic import BadUserInputError, check_id
from synthetic_search.index.filters import Filters
from synthetic_search.language.lexer import Filter, Word

VALUES_MAX = 100
"""Most values of one kind of filter; the others are left out."""

INSTANT_CHARACTERS_MAX = 40

_SPAN = re.compile(r"([0-9]{1,6})([smhdw])")
_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_MONTH = re.compile(r"[0-9]{4}(-[0-9]{2})?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

LISTS = frozenset({"kind", "status"})
"""Whose values may be several, joined by commas; ids may have commas in them."""


def read_instant(text: str, now: int) -> int | None:
    """The instant that a text names, as Unix milliseconds; None: it names none.

    Args:
        text: A span before now (`90m`, `7d`), or a year, a month, a day or an instant of ISO 8601; UTC, where it does
            not say otherwise, and the beginning of what it names.
        now: Unix milliseconds.
    """
    span = _SPAN.fullmatch(text)
    if span is not None:
        return now - int(span[1]) * _UNITS_MS[span[2]]
    if len(text) > INSTANT_CHARACTERS_MAX:
        return None
    if (month := _MONTH.fullmatch(text)) is not None:
        text = f"{text}-01" if month[1] else f"{text}-01-01"
    try:
        found = datetime.fromisoformat(text)
        aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        return (aware - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        return None


@dataclass(slots=True)
class FilterReader:
    """Gathers the filters of one query, wherever they stand in it.

    Attributes:
        now: Unix milliseconds, from which spans are counted.
        known_kinds: The kinds of documents that there are.
        remarks: For whoever asked.
    """

    now: int
    known_kinds: Collection[str]
    remarks: list[str] = field(default_factory=list[str])
    _values: dict[tuple[str, bool], dict[str, None]] = field(default_factory=dict[tuple[str, bool], dict[str, None]])
    _from: int | None = None
    _before: int | None = None

    def take(self, token: Filter) -> Word | None:
        """Take a filter in; the words that it is, where it is none."""
        problem = self._take_instant(token) if token.name in ("before", "after") else self._take_values(token)
        if problem is None:
            return None
        self.remarks.append(f"{token.name}:{token.value[:100]} is searched for as words: {problem}")
        return Word(f"{token.name}:{token.value}")

    def filters(self) -> Filters:
        """All that were taken in."""

        def values(name: str, *, is_unwanted: bool = False) -> tuple[str, ...] | None:
            found = self._values.get((name, is_unwanted))
            return None if found is None else tuple(found)

        return Filters(
            kinds=values("kind"),
            not_kinds=values("kind", is_unwanted=True),
            construct_ids=values("construct"),
            not_construct_ids=values("construct", is_unwanted=True),
            session_ids=values("session"),
            not_session_ids=values("session", is_unwanted=True),
            statuses=values("status"),
            not_statuses=values("status", is_unwanted=True),
            occurred_from=self._from,
            occurred_before=self._before,
        )

    def _take_instant(self, token: Filter) -> str | None:
        """Take in up to when, or from when; what is wrong with it, in a sentence, otherwise."""
        instant = read_instant(token.value, self.now)
        if instant is None:
            return "it names no instant; write 2026-11-21, 2026-11-21T14:00Z or 7d."
        # What does not lie before an instant lies at or after it.
        if (token.name == "after") != token.is_unwanted:
            self._from = instant if self._from is None else max(self._from, instant)
        else:
            self._before = instant if self._before is None else min(self._before, instant)
        return None

    def _take_values(self, token: Filter) -> str | None:
        """Take in which values are meant; what is wrong with them, in a sentence, otherwise."""
        is_list = token.name in LISTS and not token.is_quoted
        values = [value for value in token.value.split(",") if value] if is_list else [token.value]
        if token.name == "kind":
            values = [value.upper().replace("-", "_") for value in values]
            unknown = [value for value in values if value not in self.known_kinds]
            if unknown or not values:
                return f"the kinds of documents are {', '.join(sorted(self.known_kinds))}."
        elif token.name == "status":
            # A status is in the words of its own type, which are mostly upper-case.
            values = [form for value in values for form in (value, value.upper(), value.lower())]
        try:
            checked = [check_id(value, token.name) for value in values]
        except BadUserInputError as error:
            return error.message
        if not checked:
            return "it names nothing."
        found = self._values.setdefault((token.name, token.is_unwanted), {})
        found |= dict.fromkeys(checked[: max(0, VALUES_MAX - len(found))])
        return None
