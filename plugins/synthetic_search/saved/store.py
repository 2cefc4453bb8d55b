"""The rows of `saved_searches` and `saved_search_hits`: saving, deleting, and noting what was found."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import (
    EACH,
    BlockingStore,
    NotFoundError,
    Selection,
    Snapshot,
    Transaction,
    bad_input,
    changed_fields,
    check_id,
    delete_owned,
    find_changes,
    to_json,
)
from synthetic_search.asking.answering import says_something
from synthetic_search.index.extent import last_row
from synthetic_search.saved.errors import SavedSearchLimitError
from synthetic_search.saved.events import HITS_MAX, SEARCH_MATCHED, SEARCH_SAVED, matched_payload
from synthetic_search.saved.model import SavedSearch, SavedSearchResult, SearchContent, check_content
from synthetic_search.settings import SearchSettings

TABLE = "saved_searches"
HITS_TABLE = "saved_search_hits"
COLUMNS = ", ".join(SavedSearch._fields)

_SELECT = f"SELECT {COLUMNS} FROM {TABLE}"
_INSERT = f"INSERT INTO {TABLE} ({COLUMNS}) VALUES ({', '.join(f':{name}' for name in SavedSearch._fields)})"
_UPDATE = (
    f"UPDATE {TABLE} SET name = :name, query = :query, filter = :filter, seen_through = :seen_through,"
    " version = :version, updated_at = :updated_at WHERE id = :id"
)

# One part of each of some documents, with the place of its document in the array.
_ROWS_OF = """
SELECT j.key, d.id FROM json_each(:documents) AS j
CROSS JOIN search_entities AS e ON e.kind = j.value ->> 0 AND e.entity_id = j.value ->> 1
CROSS JOIN search_documents AS d ON d.entity_key = e.key AND d.ordinal = j.value ->> 2
ORDER BY j.key, d.part
"""


def find_search(snapshot: Snapshot, id: str) -> SavedSearch | None:
    """The saved search with this id, or None."""
    return snapshot.record(SavedSearch, _SELECT + " WHERE id = :id", {"id": id})


def get_search(snapshot: Snapshot, id: str) -> SavedSearch:
    """The saved search with this id.

    Raises:
        BadUserInputError: It can be no id.
        NotFoundError: There is none.
    """
    found = find_search(snapshot, check_id(id, "id"))
    if found is None:
        raise NotFoundError(f"There is no saved search with the id {id!r}.", details={"field": "id", "id": id})
    return found


def save_search(
    tx: Transaction, content: SearchContent, *, id: str | None = None, if_version: int | None = None
) -> SavedSearchResult:
    """Save a search, or change one; what is there already as sent is returned as it is.

    From then on it is looked for in all that comes to be indexed. One whose
    query or filter is changed begins anew, and keeps what it has found.

    Raises:
        BadUserInputError: A value is not acceptable, one that a new search needs is absent, or nothing is asked for.
        ConflictError: There is one with this id and other content, and `if_version` is not its version.
        SavedSearchLimitError: There are as many as the settings allow.
    """
    settings = tx.settings(SearchSettings)
    given = check_content(content, settings)
    stored = None if id is None else find_search(tx, check_id(id, "id"))
    changes = find_changes(stored, given, entity="saved search", id=id, if_version=if_version, fields={})
    if changes is not None and stored is not None and not changes:
        return SavedSearchResult(stored, created=False, changed=False)
    through = last_row(tx)
    if stored is None or changes is None:
        for needed in ("name", "query"):
            if needed not in given:
                raise bad_input(needed, "is needed: the search is new")
        if count_searches(tx) >= settings.saved_searches:
            raise SavedSearchLimitError(details={"limit": settings.saved_searches})
        statement = _INSERT
        search = SavedSearch(
            id=tx.new_id() if id is None else id,
            name=given["name"],
            query=given["query"],
            filter=given.get("filter", "{}"),
            seen_through=through,
            created_by=tx.origin.actor,
            version=1,
            created_at=tx.now,
            updated_at=tx.now,
        )
    else:
        statement = _UPDATE
        seen = through if changes.keys() & {"query", "filter"} else stored.seen_through
        search = stored._replace(**changes, seen_through=seen, version=stored.version + 1, updated_at=tx.now)
    if not says_something(tx, search.query, search.filters):
        raise bad_input("query", "must have something to search for, or be empty beside a filter")
    tx.execute(statement, search._asdict())
    changed = [name for name in changed_fields(stored, search, {}) if name not in ("seen_through", "created_by")]
    tx.emit(SEARCH_SAVED, search.id, payload={"created": stored is None, "changed": changed})
    return SavedSearchResult(search, created=stored is None, changed=True)


def delete_search(store: BlockingStore, id: str) -> None:
    """Delete a saved search, and the list of what it has found.

    Raises:
        NotFoundError: There is none.
    """
    store.read(get_search, id)
    delete_owned(store, TABLE, id)


def count_searches(snapshot: Snapshot) -> int:
    """How many searches are saved."""
    return snapshot.value(f"SELECT count(*) FROM {TABLE}")


def list_behind(snapshot: Snapshot, through: int, most: int) -> list[SavedSearch]:
    """Searches that were not looked for up to a row of the index, those furthest behind first, at most so many."""
    return snapshot.records(
        SavedSearch,
        f"{_SELECT} WHERE seen_through < :through ORDER BY seen_through LIMIT :most",
        {"through": through, "most": most},
    )


def list_documents_of(snapshot: Snapshot, rows: Sequence[int]) -> list[tuple[str, str, int]]:
    """The documents that rows of the index belong to, each once: kind, entity and ordinal, in the order of the rows."""
    found = snapshot.rows(
        "SELECT DISTINCT e.kind, e.entity_id, d.ordinal FROM json_each(:rows) AS j"
        " CROSS JOIN search_documents AS d ON d.id = j.value CROSS JOIN search_entities AS e ON e.key = d.entity_key",
        {"rows": to_json(list(rows))},
    )
    return [(kind, entity_id, ordinal) for kind, entity_id, ordinal in found]


def list_rows_of(snapshot: Snapshot, documents: Sequence[tuple[str, str, int]]) -> list[list[int]]:
    """For each document the rows of the index that it has, part by part; none where it is gone."""
    found: list[list[int]] = [[] for _ in documents]
    for place, row in snapshot.rows(_ROWS_OF, {"documents": to_json([list(each) for each in documents])}):
        found[place].append(row)
    return found


def note_hits(tx: Transaction, search: SavedSearch, documents: Sequence[tuple[str, str, int]], through: int) -> int:
    """Keep what a search has found and had not found before, and tell of it; how much that is.

    Nothing is done where it was changed, or looked for by another, since it was read.

    Args:
        tx: To write in.
        search: As it was read.
        documents: What it has found among what was indexed since.
        through: Up to which row of the index it was looked for.
    """
    claimed = tx.execute(
        f"UPDATE {TABLE} SET seen_through = :through WHERE id = :id AND version = :version AND seen_through = :seen",
        {"through": through, "id": search.id, "version": search.version, "seen": search.seen_through},
    )
    if not claimed:
        return 0
    new = [
        (kind, entity_id, ordinal)
        for kind, entity_id, ordinal in documents
        if tx.execute(
            f"INSERT INTO {HITS_TABLE} (search_id, kind, entity_id, ordinal, hit_at)"
            " VALUES (:id, :kind, :entity_id, :ordinal, :now) ON CONFLICT DO NOTHING",
            {"id": search.id, "kind": kind, "entity_id": entity_id, "ordinal": ordinal, "now": tx.now},
        )
    ]
    for first in range(0, len(new), HITS_MAX):
        tx.emit(SEARCH_MATCHED, search.id, payload=matched_payload(new[first : first + HITS_MAX]))
    return len(new)


def select_hits() -> Selection:
    """What each search has found, for `pages`."""
    return Selection(HITS_TABLE, [f"search_id = {EACH}"], {})
