"""Repairs that lose nothing: what can be made anew from the rest of the store, and who may read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from synthetic.check_contributions import Finding, Repair
from synthetic.database.transaction import Transaction
from synthetic.durable_files import DIRECTORY_MODE, translate_system_error
from synthetic.log.consumers.store import find_consumer, request_action
from synthetic.store_folder import StoreFolder

ANEW = "Makes anew what was made from the log and from other tables."


def rebuilding(*consumers: str) -> Repair:
    """A repair that has consumers, named as `plugin.name`, make anew all that they have made."""
    return Repair(does=ANEW, apply=lambda tx, _findings: _rebuild(tx, consumers))


def _rebuilding_each(name_of: Callable[[Finding], str | None]) -> Repair:
    def apply(tx: Transaction, findings: Sequence[Finding]) -> int:
        return _rebuild(tx, dict.fromkeys(name for finding in findings if (name := name_of(finding))))

    return Repair(does=ANEW, apply=apply)


def _rebuild(tx: Transaction, names: Iterable[str]) -> int:
    """Ask for rebuilds, where none is under way already."""
    asked = 0
    for name in names:
        consumer = find_consumer(tx, name)
        if consumer is not None and "REBUILD" in consumer.actions():
            request_action(tx, name, "REBUILD")
            asked += 1
    return asked


def _reindex(tx: Transaction, findings: Sequence[Finding]) -> int:
    tx.execute("REINDEX")
    return len(findings)


def close_directory(path: Path, findings: Sequence[Finding]) -> int:
    """Close a data directory to other users; the database is not needed for it, so it may be damaged.

    Raises:
        StorageFailedError: It belongs to somebody else.
    """
    try:
        path.chmod(DIRECTORY_MODE)
    except OSError as error:
        raise translate_system_error(error, f"The data directory {path}") from error
    return len(findings)


def close_open_directory(tx: Transaction, findings: Sequence[Finding]) -> int:
    """The same, as a repair."""
    return close_directory(tx.resource(StoreFolder).path, findings)


REBUILD_CONSUMER = _rebuilding_each(lambda finding: finding.entity_id)
"""For findings about consumers."""

REBUILD_FOLD = _rebuilding_each(lambda finding: finding.details.get("module"))
"""For findings about rows of folds."""

REINDEX = Repair(does="Makes the indexes of all tables anew from their rows.", apply=_reindex)
