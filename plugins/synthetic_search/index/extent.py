"""How far a search looks into the index, and what its scores are made of: the same for all pages of one list.

How rare a word is and how long a document is are judged against all documents.
That is measured once, for the first page; a page that follows is given what was
measured then, because with other numbers the same hits would have another order.
"""

from __future__ import annotations

from typing import NamedTuple

from synthetic import Snapshot, from_json

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
    return measure(snapshot).documents


def measure(snapshot: Snapshot) -> Extent:
    """All of the index, as it is now; FTS5 keeps the sums, so that nothing is counted."""
    through = last_row(snapshot)
    # The sizes are of the whole table, and any of its rows tells them.
    sizes = snapshot.value(
        "SELECT search_size(search_text) FROM search_text WHERE rowid = :through", {"through": through}
    )
    documents, tokens = (0, 0) if sizes is None else from_json(sizes)
    return Extent(through, documents, round(THOUSANDTHS * tokens / max(1, documents)))
