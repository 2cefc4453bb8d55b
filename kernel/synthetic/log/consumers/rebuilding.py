"""Beginning and ending a rebuild, and what makes one necessary when a consumer is started.

A fold is rebuilt into shadows from the log, a mirror in place by scanning. A
rebuild begins by itself when a consumer is new, when its code has changed, and
when it was left behind the end of the log.
"""

from __future__ import annotations

from typing import Any

from synthetic.consumer_contributions import Mirror
from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.json_text import to_json
from synthetic.log.consumers.declared import DeclaredConsumer
from synthetic.log.consumers.history import require_history
from synthetic.log.consumers.refused import tell_settled
from synthetic.log.consumers.shadows import give_up, make_shadow, shadow_of
from synthetic.log.consumers.store import (
    NO_FAILURE,
    NO_REBUILD,
    NO_REQUEST,
    ConsumerRecord,
    change_consumer,
    count_set_aside,
    find_consumer,
    find_next_position,
    get_consumer,
    list_consumers,
    needs_rebuild,
)
from synthetic.log.drift.store import clear_drift, forget_drift
from synthetic.log.errors import ArchiveDamagedError
from synthetic.log.positions import read_ends
from synthetic.log.sync.attempts import record_attempt
from synthetic.log.sync.publication import publish_status
from synthetic.refusal_contributions import Settlement


def reconcile(tx: Transaction, consumer: DeclaredConsumer) -> None:
    """Bring a consumer's row in step with the code that is about to run it, and begin a rebuild where it has to."""
    record = find_consumer(tx, consumer.name)
    fingerprint = consumer.fingerprint(tx)
    if record is None:
        _insert(tx, consumer)
        ends = read_ends(tx)
        if consumer.kind == "FOLD" and ends.horizon == 0 and find_next_position(tx, consumer.types, 0) is None:
            # Nothing has ever concerned it: empty tables are right.
            change_consumer(tx, consumer.name, fingerprint=fingerprint, position=ends.head)
        else:
            begin_rebuild(tx, consumer)
        return
    change_consumer(tx, consumer.name, kind=consumer.kind, types=consumer.types, tables=consumer.table_names)
    if _is_due(tx, record, fingerprint):
        begin_rebuild(tx, consumer)
    elif record.rebuild_fingerprint not in (None, fingerprint):
        # The code is again what made the tables that answer.
        _abandon(tx, consumer)
        change_consumer(tx, consumer.name, phase="FOLLOWING", **NO_FAILURE, **NO_REQUEST)


def begin_rebuild(tx: Transaction, consumer: DeclaredConsumer) -> None:
    """Begin a rebuild, in the place of one that may be under way.

    Where the events that it would be made from are not all kept, the consumer
    has failed; one that follows the log, and was only asked to, goes on.
    """
    record, head, fingerprint = get_consumer(tx, consumer.name), read_ends(tx).head, consumer.fingerprint(tx)
    _abandon(tx, consumer)
    try:
        if consumer.kind == "FOLD":
            require_history(tx)
    except ArchiveDamagedError as error:
        contract = error.to_contract(tx.origin.correlation_id, tx.now)
        if record.phase == "FOLLOWING" and not _is_due(tx, record, fingerprint):
            change_consumer(tx, consumer.name, last_attempt_at=tx.now, **NO_REQUEST)
            record_attempt(tx, consumer.name, started_at=tx.now, units=0, error=contract)
        else:
            fail(tx, consumer.name, None, contract, tx.now)
        return
    for table in consumer.tables:
        make_shadow(tx, table.name)
    if isinstance(consumer.record, Mirror) and consumer.record.begin is not None:
        consumer.record.begin(tx)
    change_consumer(
        tx,
        consumer.name,
        phase="REBUILDING",
        **NO_FAILURE,
        **NO_REQUEST,
        rebuild_fingerprint=fingerprint,
        rebuild_started_at=tx.now,
        # What a scan comes upon is as of later than this, whatever events say.
        rebuild_through=0 if consumer.kind == "FOLD" else head,
        rebuild_to=head,
        rebuild_cursor=None,
    )
    publish_status(tx, consumer.name)


def end_rebuild(tx: Transaction, name: str) -> None:
    """What was rebuilt is what is answered from, from now on."""
    record = get_consumer(tx, name)
    tx.execute(
        "DELETE FROM set_aside_events WHERE consumer = :name AND set_aside_at < :began AND position <= :through",
        {"name": name, "began": record.rebuild_started_at, "through": record.rebuild_through},
    )
    count_set_aside(tx, name)
    clear_drift(tx, name)
    change_consumer(
        tx,
        name,
        phase="FOLLOWING",
        **NO_FAILURE,
        position=record.rebuild_through,
        fingerprint=record.rebuild_fingerprint,
        **NO_REBUILD,
        rebuilt_at=tx.now,
    )
    tell_settled(tx, Settlement(name, refused_before=record.rebuild_started_at))
    publish_status(tx, name)


def fail(tx: Transaction, name: str, position: int | None, error: dict[str, Any], started_at: int) -> None:
    """Stop a consumer.

    Args:
        tx: To write in.
        name: The consumer.
        position: Of the event that it cannot take in; None: something else is in its way.
        error: In the shape of the contract.
        started_at: When it tried, Unix milliseconds.
    """
    change_consumer(
        tx,
        name,
        phase="FAILED",
        failed_position=position,
        error=to_json(error),
        failed_at=tx.now,
        last_attempt_at=tx.now,
        **NO_REQUEST,
    )
    record_attempt(tx, name, started_at=started_at, units=0, error=error)
    publish_status(tx, name)


def forget_consumer(tx: Transaction, name: str) -> None:
    """Forget a consumer that its plugin has given up; its tables are the plugin's affair, its shadows go.

    Another consumer may have taken over its tables, and be rebuilding them.
    """
    record = get_consumer(tx, name)
    kept = {table for other in list_consumers(tx) if other.name != name for table in other.table_names}
    for table in record.table_names:
        if table not in kept:
            give_up(tx, shadow_of(table), table)
    tx.execute("DELETE FROM set_aside_events WHERE consumer = :name", {"name": name})
    forget_drift(tx, name)
    tx.execute("DELETE FROM consumers WHERE name = :name", {"name": name})
    tell_settled(tx, Settlement(name, is_forgotten=True))


def _is_due(snapshot: Snapshot, record: ConsumerRecord, fingerprint: str) -> bool:
    if fingerprint == record.rebuild_fingerprint:
        return False
    return record.fingerprint != fingerprint or needs_rebuild(record, read_ends(snapshot))


def _abandon(tx: Transaction, consumer: DeclaredConsumer) -> None:
    """Give up the rebuild that is under way, if one is."""
    for table in consumer.tables:
        give_up(tx, shadow_of(table.name), table.name)
    tx.execute(
        "UPDATE consumers SET phase = iif(phase = 'REBUILDING', 'FOLLOWING', phase),"
        " rebuild_fingerprint = NULL, rebuild_started_at = NULL, rebuild_through = NULL, rebuild_to = NULL,"
        " rebuild_cursor = NULL WHERE name = :name",
        {"name": consumer.name},
    )


def _insert(tx: Transaction, consumer: DeclaredConsumer) -> None:
    tx.execute(
        "INSERT INTO consumers (name, kind, types, tables, fingerprint, position, phase, updated_at)"
        " VALUES (:name, :kind, :types, :tables, '', 0, 'FOLLOWING', :now)",
        {
            "name": consumer.name,
            "kind": consumer.kind,
            "types": consumer.types,
            "tables": consumer.table_names,
            "now": tx.now,
        },
    )
