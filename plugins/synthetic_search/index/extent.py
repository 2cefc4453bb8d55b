"""How far a search looks into the index, and what its scores are made of: the same for all pages of one list.

How rare a word is and how long a document is are judged against all documents.
That is measured once, for the first page; a page that follows is given what was
measured then, because with other numbers the same hits would have another order.
"""

from __future__ import annotations

from typing import NamedTuple

from synthetic import Snapshot

THOUSANDTHS = 1_000


class Extent(NamedTuple):
    """The index, as a search takes it.

    Attributes:
        through: Its last row, by the id of `search_documents`.
        documents: How many documents, and parts of long ones, it has.
        length: How many tokens a document has in the mean, in thousandths.
    """

    through: int
    documents: int
    length: int

    @property
    def mean_length(self) -> float:
        """How many tokens a document has in the mean; at least 1."""
        return max(1.0, self.length / THOUSANDTHS)


def last_row(snapshot: Snapshot) -> int:
    """The last row of the index; 0: it has none."""
    return snapshot.value("SELECT max(id) FROM search_documents") or 0


def count_documents(snapshot: Snapshot) -> int:
    """How many documents, and parts of long ones, the index has."""
    return snapshot.value("SELECT count(*) FROM search_documents")


def measure(snapshot: Snapshot) -> Extent:
    """All of the index, as it is now."""
    through = last_row(snapshot)
    # The length is of the whole table, and any of its rows tells it.
    length = snapshot.value(
        "SELECT search_length(search_text) FROM search_text WHERE rowid = :through", {"through": through}
    )
    return Extent(through, count_documents(snapshot), round(THOUSANDTHS * (length or 0.0)))
