"""Background work: saved searches are looked for in what was indexed since they were looked for last."""

from __future__ import annotations

from synthetic import BlockingStore, Service, Snapshot, logger_for, to_json
from synthetic_search.asking.answering import understand_kept
from synthetic_search.index.extent import last_row
from synthetic_search.index.retrieval import list_matches, which_match
from synthetic_search.language.model import Query
from synthetic_search.saved.model import SavedSearch
from synthetic_search.saved.store import list_behind, list_documents_of, note_hits

SEARCHES_MAX = 20
"""Most searches that are looked for in one step."""

MATCHES_MAX = 500
"""Most new rows that one search is told of at once: of more, the newest."""

log = logger_for(__name__)


def look_for_searches(store: BlockingStore) -> int:
    """One step: look for the searches that are furthest behind the index; how many those were.

    One that cannot be looked for is logged, and taken up again with what is
    indexed after that: the others do not wait for it.
    """
    searches, through = store.read(_behind)
    for search in searches:
        documents = store.read(_look_for, search, through)
        store.write(note_hits, search, documents, through)
    return len(searches)


def _behind(snapshot: Snapshot) -> tuple[list[SavedSearch], int]:
    through = last_row(snapshot)
    return list_behind(snapshot, through, SEARCHES_MAX), through


def _look_for(snapshot: Snapshot, search: SavedSearch, through: int) -> list[tuple[str, str, int]]:
    """What a search finds among the rows that were indexed since it was looked for last, the oldest first."""
    try:
        query = understand_kept(snapshot, search.query, search.filters)
        rows = [] if query is None else _list_new(snapshot, query, search.seen_through, through)
        return list_documents_of(snapshot, sorted(rows))
    except Exception:
        snapshot.position()  # Raises where it is the store that failed, or the process that stops.
        log.exception("saved search not looked for", search_id=search.id, through=through)
        return []


def _list_new(snapshot: Snapshot, query: Query, seen: int, through: int) -> list[int]:
    """Rows that match and say something new, from behind `seen` up to `through`: at most so many, the newest first."""
    new: list[int] = []
    is_complete = False
    while not is_complete and len(new) < MATCHES_MAX:
        rows, is_complete = list_matches(
            snapshot, query.expression, query.filters, MATCHES_MAX, after=seen, through=through
        )
        if rows:
            through = rows[-1] - 1
        # What was only indexed anew, as by a rebuild, has a new row and is nothing new.
        rows = _first_indexed_after(snapshot, rows, seen)
        if query.expression is None and query.unwanted is not None:
            unwanted = which_match(snapshot, query.unwanted, rows)
            rows = [row for row in rows if row not in unwanted]
        new += rows
    return new[:MATCHES_MAX]


def _first_indexed_after(snapshot: Snapshot, rows: list[int], seen: int) -> list[int]:
    found = snapshot.rows(
        "SELECT d.id FROM json_each(:rows) AS j CROSS JOIN search_documents AS d ON d.id = j.value"
        " WHERE d.first_id > :seen",
        {"rows": to_json(rows), "seen": seen},
    )
    return [id for (id,) in found]


SERVICES = (
    Service(
        name="saved_searches",
        purpose="Looks for saved searches in what was indexed, and tells of what they find.",
        work=look_for_searches,
        every_ms=1_000,
    ),
)
