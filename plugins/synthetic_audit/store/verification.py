"""Following the chain through the store, in pieces.

The newest rows are followed apart from the others, so that they can be looked
at often; together the two see every row, and every gap, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from synthetic import Snapshot
from synthetic_audit.chain import Break, ChainReader, Damage
from synthetic_audit.model import Anchor, Entry, hash_of
from synthetic_audit.store.entries import find_anchor, list_entries

RECENT_ROWS = 500
"""So many of the newest rows are the recent ones."""

PIECE_ROWS = 500
"""So many rows are held in memory."""

RETENTION_RULE = "audit.old"

_HAS_RUN = """
    SELECT EXISTS (
        SELECT 1 FROM domain_events AS event, json_each(event.payload, '$.rules') AS rule
        WHERE event.type = 'retention.ran' AND rule.key = :rule
    ) OR EXISTS (
        SELECT 1 FROM meta, json_each(meta.value) AS rule WHERE meta.key = 'retention_tally' AND rule.key = :rule
    )
"""
"""What retention has deleted is told by an event a run, and until then by the count that the store keeps of it."""

_LEAST_SEQ = -(2**63)


def verify_chain(snapshot: Snapshot) -> Iterator[Break]:
    """Where the chain is broken, in all rows but the recent ones."""
    anchor = find_anchor(snapshot)
    if anchor is None:
        yield Break(Damage.MISPLACED, 0, 0, "Where the chain of the audit log begins and ends is lost.")
        return
    if anchor.first_seq > 1 and _was_never_shortened(snapshot):
        yield Break(
            Damage.MISPLACED,
            anchor.first_seq,
            anchor.first_seq,
            f"The chain begins at row {anchor.first_seq}, but retention has never deleted one of its rows.",
        )
    recent = _first_recent(snapshot, anchor)
    if recent is not None:
        before = Anchor(anchor.first_seq, anchor.start_hash, recent.seq - 1, recent.previous_hash)
        yield from _follow(before, _older(snapshot, recent.seq))


def verify_recent(snapshot: Snapshot) -> Iterator[Break]:
    """Where the chain is broken in the recent rows, or at the end."""
    anchor = find_anchor(snapshot)
    if anchor is None:
        return
    recent = _first_recent(snapshot, anchor)
    if recent is None:
        yield from _follow(anchor, _pieces(snapshot, _LEAST_SEQ))
    else:
        onward = Anchor(recent.seq, recent.previous_hash, anchor.last_seq, anchor.last_hash)
        yield from _follow(onward, _pieces(snapshot, recent.seq - 1))


def _was_never_shortened(snapshot: Snapshot) -> bool:
    """Whether the log of events proves that retention has deleted no row: it is whole, and does not say so.

    Where the log's own beginning was archived, or the store was restored or recovered since, it proves nothing.
    """
    epoch = snapshot.value("SELECT epoch FROM domain_events WHERE position = 1")
    if epoch is None or epoch != snapshot.position().epoch:
        return False
    return not snapshot.value(_HAS_RUN, {"rule": RETENTION_RULE})


def _first_recent(snapshot: Snapshot, anchor: Anchor) -> Entry | None:
    """The first of the recent rows, which proves itself; None: there are no others before them."""
    newest = snapshot.value(
        "SELECT seq FROM audit_log WHERE seq <= :last ORDER BY seq DESC LIMIT 1 OFFSET :rows",
        {"last": anchor.last_seq, "rows": RECENT_ROWS},
    )
    if newest is None or newest < anchor.first_seq:
        return None
    for entry in list_entries(snapshot, after=newest, most=RECENT_ROWS):
        if hash_of(entry.previous_hash, entry.seq, entry.occurred_at, entry[2:12]) == entry.hash:
            return entry
    return None


def _older(snapshot: Snapshot, end: int) -> Iterator[Entry]:
    for entry in _pieces(snapshot, _LEAST_SEQ):
        if entry.seq >= end:
            return
        yield entry


def _pieces(snapshot: Snapshot, after: int) -> Iterator[Entry]:
    while entries := list_entries(snapshot, after=after, most=PIECE_ROWS):
        snapshot.spend(sum(len(text) for entry in entries for text in entry[2:12] if text is not None))
        yield from entries
        after = entries[-1].seq


def _follow(anchor: Anchor, entries: Iterable[Entry]) -> Iterator[Break]:
    reader = ChainReader(anchor)
    for entry in entries:
        yield from reader.follow(entry)
    yield from reader.finish()
