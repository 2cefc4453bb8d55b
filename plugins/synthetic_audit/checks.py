"""What must hold of the audit log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from synthetic import Check, Finding, Snapshot
from synthetic_audit.chain import Break
from synthetic_audit.errors import AuditChainBrokenError
from synthetic_audit.store import verify_chain, verify_recent


def find_breaks(snapshot: Snapshot) -> Iterator[Finding]:
    """Rows that were changed, removed or put in by hand, but for the newest."""
    return _findings(verify_chain(snapshot))


def find_recent_breaks(snapshot: Snapshot) -> Iterator[Finding]:
    """The newest of them, and an end that is missing."""
    return _findings(verify_recent(snapshot))


def _findings(breaks: Iterable[Break]) -> Iterator[Finding]:
    for found in breaks:
        is_one = found.first_seq == found.last_seq
        yield Finding(
            message=found.message,
            entity_type="audit_entry",
            entity_id=str(found.first_seq) if is_one and found.first_seq > 0 else None,
            details={"damage": found.damage.value, "firstSeq": found.first_seq, "lastSeq": found.last_seq},
        )


CHECKS = (
    Check(
        name="chain",
        purpose="Every row of the audit log but the newest is as it was written, and none is missing.",
        find=find_breaks,
        error_class=AuditChainBrokenError,
    ),
    Check(
        name="recent",
        purpose="The newest rows of the audit log are as they were written, and none is missing at its end.",
        find=find_recent_breaks,
        error_class=AuditChainBrokenError,
        effort="light",
    ),
)
