"""Documents that an embedder does not accept: which they are, and when they are tried again."""

from __future__ import annotations

from typing import NamedTuple

from synthetic import Snapshot, Transaction

FIRST_PAUSE_MS = 600_000
LONGEST_PAUSE_MS = 86_400_000


class Refused(NamedTuple):
    """A document that was set aside.

    Attributes:
        document_id: Its row in `search_documents`.
        tries: How often it was refused.
    """

    document_id: int
    tries: int


def find_due(snapshot: Snapshot, key: int) -> Refused | None:
    """The document that is to be tried again first, if its time has come."""
    sql = """
        SELECT document_id, tries FROM search_refused
        WHERE model_key = :key AND next_try_at <= :now ORDER BY next_try_at LIMIT 1
    """
    return snapshot.record(Refused, sql, {"key": key, "now": snapshot.now})


def set_aside(tx: Transaction, key: int, document_id: int, tries: int) -> int:
    """Note that a document was refused; it is tried again after a pause that doubles up to a day.

    Args:
        tx: To write in.
        key: Of the model whose embedder refused it.
        document_id: The document.
        tries: How often it was refused so far, this time included.
    """
    pause_ms = min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS << min(tries - 1, 16))
    return tx.execute(
        "INSERT INTO search_refused (model_key, document_id, tries, next_try_at)"
        " SELECT key, :id, :tries, :next FROM search_models WHERE key = :key AND state <> 'RETIRED'"
        " ON CONFLICT (model_key, document_id)"
        " DO UPDATE SET tries = excluded.tries, next_try_at = excluded.next_try_at",
        {"key": key, "id": document_id, "tries": tries, "next": tx.now + pause_ms},
    )


def take_back(tx: Transaction, key: int, document_id: int) -> int:
    """Forget that a document was refused: it was embedded, or has gone."""
    return tx.execute(
        "DELETE FROM search_refused WHERE model_key = :key AND document_id = :id", {"key": key, "id": document_id}
    )
