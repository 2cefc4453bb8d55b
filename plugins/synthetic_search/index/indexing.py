"""Indexing: what waits is read and prepared outside of any write, and written in short transactions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

from synthetic import BlockingStore, Service, Snapshot, SyntheticError, logger_for
from synthetic_search.documents import Follow, SearchDocument, SearchDocuments
from synthetic_search.index.model import Change, Due, Held, Indexed, fingerprint_of, fingerprint_of_stretch, group_of
from synthetic_search.index.parts import cut
from synthetic_search.index.pending import list_due
from synthetic_search.index.sources import sources_of
from synthetic_search.index.store import apply, find_indexed
from synthetic_search.index.words import prepare
from synthetic_search.settings import SearchSettings

DUE_AT_ONCE = 100
READ_AT_ONCE = 20
STRETCH_DOCUMENTS = 1_000
"""Of an entity that has many, so many are read at once."""

DOCUMENTS_AT_ONCE = 2_000
CHARACTERS_AT_ONCE = 750_000
"""About so much goes into one transaction, whichever is reached first: some tens of milliseconds. With half of it,
twice as many segments would be merged."""

READ_AHEAD = 10
"""So often what comes next is read in one go; then the service says how far it has come."""

PAUSE_MS = 250

_Key: TypeAlias = tuple[str, str]
"""Kind and id of an entity."""

log = logger_for(__name__)


def index_pending(store: BlockingStore) -> int:
    """Index some of what waits: while some of it is written, what comes next is read.

    SQLite writes without the interpreter's lock, so that both go on at once.

    Returns:
        How many entities were looked at.
    """
    looked_at = 0
    changes = store.read(read_changes)
    with ThreadPoolExecutor(1, "synthetic-indexing") as aside:
        for _ in range(READ_AHEAD):
            if not changes:
                return looked_at
            writing = aside.submit(_write, store, changes)
            following = store.read(read_changes, frozenset(_key(change.due) for change in changes))
            writing.result()
            looked_at += len(changes)
            changes = following
    _write(store, changes)
    return looked_at + len(changes)


def read_changes(snapshot: Snapshot, under_way: frozenset[_Key] = frozenset()) -> list[Change]:
    """What becomes of the entities whose turn it is, up to a bound; those that are being written are passed over."""
    sources = sources_of(snapshot).by_kind
    by_kind: defaultdict[str, list[Due]] = defaultdict(list)
    for due in list_due(snapshot, DUE_AT_ONCE + len(under_way)):
        if _key(due) not in under_way:
            by_kind[due.kind].append(due)
    changes: list[Change] = []
    for kind, dues in by_kind.items():
        source = sources.get(kind)
        if source is None:
            changes += [Change(due) for due in dues]
        elif source.follow is None:
            changes += _read_each(snapshot, source, dues)
        else:
            changes += _follow_each(snapshot, source, source.follow, dues)
    return changes


def _read_each(snapshot: Snapshot, source: SearchDocuments, dues: Sequence[Due]) -> list[Change]:
    """Entities that have one document, some at a time, until there is enough for now."""
    changes: list[Change] = []
    characters = 0
    at_once = min(READ_AT_ONCE, source.read_at_once)
    for begun in range(0, len(dues), at_once):
        if characters >= CHARACTERS_AT_ONCE:
            break
        some = _read_single(snapshot, source, dues[begun : begun + at_once])
        characters += sum(len(document.body) for change in some for document in change.documents)
        changes += some
    return changes


def _read_single(snapshot: Snapshot, source: SearchDocuments, dues: Sequence[Due]) -> list[Change]:
    """Entities that have one document, all at once; one by one if one of them cannot be read."""
    try:
        documents = source.read(snapshot, [due.entity_id for due in dues])
        held = find_indexed(snapshot, dues)
        return [_single_change(snapshot, source, *each) for each in zip(dues, documents, held, strict=True)]
    except Exception as error:  # noqa: BLE001 - it is logged, and tried again later
        snapshot.position()  # Raises where it is the store that failed, or the process that stops.
        if len(dues) > 1:
            return [change for due in dues for change in _read_single(snapshot, source, [due])]
        return [_refused(dues[0], error)]


def _single_change(
    snapshot: Snapshot, source: SearchDocuments, due: Due, document: SearchDocument | None, held: Held | None
) -> Change:
    if document is None:
        return Change(due)
    fingerprint = fingerprint_of(document)
    seen = None if held is None else held.fingerprint
    if seen == fingerprint:
        return Change(due, fingerprint, seen)
    parts = indexed_parts(snapshot.settings(SearchSettings), source.kind, [document])
    return Change(due, fingerprint, seen, documents=parts, is_new=True)


def _follow_each(snapshot: Snapshot, source: SearchDocuments, follow: Follow, dues: Sequence[Due]) -> list[Change]:
    """Entities that have many documents, until there are enough for now."""
    changes: list[Change] = []
    documents = 0
    for due in dues:
        if documents >= DOCUMENTS_AT_ONCE:
            break
        try:
            change = _follow(snapshot, source, follow, due)
        except Exception as error:  # noqa: BLE001 - as above
            snapshot.position()
            change = _refused(due, error)
        changes.append(change)
        documents += len(change.documents)
    return changes


def _follow(snapshot: Snapshot, source: SearchDocuments, follow: Follow, due: Due) -> Change:
    (held,) = find_indexed(snapshot, [due])
    after = 0 if held is None or not held.fingerprint else held.through
    stretch = follow(snapshot, due.entity_id, after, STRETCH_DOCUMENTS)
    if stretch is not None and after and held is not None and fingerprint_of_stretch(stretch) != held.fingerprint:
        after = 0
        stretch = follow(snapshot, due.entity_id, after, STRETCH_DOCUMENTS)
    if stretch is None:
        return Change(due)
    return Change(
        due,
        fingerprint_of_stretch(stretch),
        None if held is None else held.fingerprint,
        stretch.incarnation,
        indexed_parts(snapshot.settings(SearchSettings), source.kind, stretch.documents),
        # What is made anew is replaced stretch by stretch, so that it is found meanwhile; what was deleted is not.
        is_new=held is None or held.incarnation != stretch.incarnation,
        after=after,
        through=stretch.through,
        is_done=not stretch.has_more,
    )


def indexed_parts(settings: SearchSettings, kind: str, documents: Sequence[SearchDocument]) -> list[Indexed]:
    """Documents as they go into the index: in parts, where they are long."""
    parts: list[Indexed] = []
    size = settings.part_characters
    for document in documents:
        group, title, body = group_of(kind, document), document.title, document.body
        if title:
            title = prepare(title)
        if len(body) <= size:
            parts.append(Indexed(document.ordinal, 0, group, document.occurred_at, title, prepare(body)))
            continue
        for part, text in enumerate(cut(body[: settings.body_characters], size)):
            parts.append(Indexed(document.ordinal, part, group, document.occurred_at, title, prepare(text)))
    return parts


def _refused(due: Due, error: Exception) -> Change:
    log.error("document not indexed", kind=due.kind, entity_id=due.entity_id, exc_info=error)
    return Change(due, error=error.code if isinstance(error, SyntheticError) else type(error).__name__)


def _key(due: Due) -> _Key:
    return due.kind, due.entity_id


def _write(store: BlockingStore, changes: Sequence[Change]) -> None:
    for batch in _batches(changes):
        store.write(apply, batch)


def _batches(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Changes as they go together into one transaction."""
    batch: list[Change] = []
    documents = characters = 0
    for change in changes:
        batch.append(change)
        documents += 1 + len(change.documents)
        characters += sum(len(document.body) for document in change.documents)
        if documents >= DOCUMENTS_AT_ONCE or characters >= CHARACTERS_AT_ONCE:
            yield batch
            batch, documents, characters = [], 0, 0
    if batch:
        yield batch


INDEXER = Service(
    name="index",
    purpose="Indexes what the mirror has noted, a little at a time.",
    work=index_pending,
    every_ms=PAUSE_MS,
)
