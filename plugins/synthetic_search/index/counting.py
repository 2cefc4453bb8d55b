"""In how many documents a phrase occurs: exactly in a small index, else judged by the newest that have it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from synthetic import Snapshot, Value, to_json
from synthetic_search.index.extent import Extent, measure
from synthetic_search.index.matching import Form, Matcher
from synthetic_search.index.prefixes import forms_of_prefix

COUNTED = 1_000
"""So many documents of a word are counted; the number of all is judged by how densely these lie."""

LOOKED_AT = 500
"""So many ids are looked at to tell how densely documents lie among them."""

GOLDEN = (5**0.5 - 1) / 2


class WordCounts:
    """How common phrases are, for the length of one search.

    Attributes:
        extent: What they are counted in.
        all_documents: How many documents, and parts of long ones, it has.
        are_exact: Whether there are so few that all are counted.
    """

    def __init__(self, snapshot: Snapshot, exact_up_to: int, extent: Extent | None = None) -> None:
        """Prepare to count.

        Args:
            snapshot: To count in.
            exact_up_to: With so many documents at most, every one is counted.
            extent: What to count in; None: all that there is now.
        """
        self.extent = measure(snapshot) if extent is None else extent
        self.all_documents = self.extent.documents
        self.are_exact = self.all_documents <= exact_up_to
        self._snapshot = snapshot
        self._counted = self.all_documents + 1 if self.are_exact else COUNTED
        self._forms: dict[Form, int] = {}

    def count(self, form: Form) -> int:
        """In about how many documents a phrase occurs.

        The newest are counted, up to a bound; where there are more, they are
        taken to lie as densely among the rest as among the documents in between.
        """
        if form not in self._forms:
            self._forms[form] = self._count(form)
        return self._forms[form]

    def _count(self, form: Form) -> int:
        params: dict[str, Value] = {"query": form.query, "counted": self._counted, "through": self.extent.through}
        found, oldest = self._snapshot.rows(
            "SELECT count(*), min(rowid) FROM (SELECT rowid FROM search_text"
            " WHERE search_text MATCH :query AND rowid <= :through ORDER BY rowid DESC LIMIT :counted)",
            params,
        )[0]
        return self._estimate(found, oldest)

    def learn(self, form: Form, ids: Sequence[int]) -> int:
        """As `count`, of a phrase whose documents have been listed, the newest first: at least as many as are counted.

        Returns:
            What `count` would have returned.
        """
        found = min(len(ids), self._counted)
        self._forms[form] = self._estimate(found, ids[found - 1] if found else 0)
        return self._forms[form]

    def _estimate(self, found: int, oldest: int) -> int:
        """In about how many documents a phrase occurs of which so many were found, down to this row."""
        if found < self._counted:
            return found
        among = max(found, self._count_from(oldest))
        return max(found, round(found * self.all_documents / among))

    def _count_from(self, row: int) -> int:
        """About how many documents there are from a row on.

        Ids are used up, so that their distance alone says little: of some of them it is looked how many are there.
        """
        distance = self.extent.through - row + 1
        if self.extent.documents >= self.extent.through:
            # Every id is in use.
            return distance
        if distance <= LOOKED_AT:
            ids = list(range(row, row + distance))
        else:
            # Multiples of the golden ratio lie evenly and never fall into step with what was deleted.
            ids = [row + int(distance * (number * GOLDEN % 1)) for number in range(LOOKED_AT)]
        there = self._snapshot.value(
            "SELECT count(*) FROM json_each(:ids) AS j CROSS JOIN search_documents AS d ON d.id = j.value",
            {"ids": to_json(ids)},
        )
        return round(distance * there / max(1, len(ids)))


def make_matcher(
    snapshot: Snapshot, counts: WordCounts | None = None, rare_enough: int | None = None, *, wants_all: bool = False
) -> Matcher:
    """What puts a query together.

    Args:
        snapshot: To look words up in.
        counts: How common they are; None: nothing is given a score.
        rare_enough: See `Matcher`.
        wants_all: See `Matcher`.
    """
    count = None if counts is None else counts.count
    return Matcher(partial(forms_of_prefix, snapshot), count, rare_enough, wants_all)
