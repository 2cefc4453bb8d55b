"""Open letters by what they have in common, and how many there are."""

from __future__ import annotations

from synthetic import Snapshot, check_id
from synthetic_dead_letters.model import DeadLetterStatus, LetterGroup

GROUPS_MAX = 500


def count_by_status(snapshot: Snapshot) -> dict[DeadLetterStatus, int]:
    """How many letters have each status, counted from an index alone; none are left out."""
    counted: dict[str, int] = dict(snapshot.rows("SELECT status, count(*) FROM dead_letters GROUP BY status"))
    return {status: counted.get(status, 0) for status in DeadLetterStatus}


def list_groups(snapshot: Snapshot, *, source: str | None = None, limit: int = 50) -> list[LetterGroup]:
    """Groups of open letters that failed alike, the largest first.

    Args:
        snapshot: To read in.
        source: Only those of this source; None: of all.
        limit: How many groups.

    Raises:
        BadUserInputError: The source can be none.
    """
    wanted = "" if source is None else " AND source = :source"
    params = {"limit": limit} if source is None else {"limit": limit, "source": check_id(source, "source")}
    return snapshot.records(
        LetterGroup,
        "SELECT g.fingerprint, l.source, l.code, g.letters, g.first_failed_at, g.last_failed_at, l.id FROM"
        " (SELECT fingerprint, count(*) AS letters, min(first_failed_at) AS first_failed_at,"
        " max(last_failed_at) AS last_failed_at, max(seq) AS sample FROM dead_letters"
        f" WHERE status IN ('PENDING', 'RETRYING'){wanted} GROUP BY fingerprint"
        " ORDER BY letters DESC, fingerprint LIMIT :limit) g JOIN dead_letters l ON l.seq = g.sample"
        " ORDER BY g.letters DESC, g.fingerprint",
        params,
    )
