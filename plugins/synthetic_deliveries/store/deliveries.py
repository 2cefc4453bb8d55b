"""The rows of `deliveries`: how they are read, made and brought to an end."""

from __future__ import annotations

from typing import NamedTuple

from synthetic import NotFoundError, Snapshot, Transaction, check_id
from synthetic_deliveries.model import Delivery, DeliveryStatus
from synthetic_deliveries.reactions import react_to

COLUMNS = ", ".join(Delivery._fields)

SELECT = f"SELECT {COLUMNS} FROM deliveries"
_INSERT = f"INSERT INTO deliveries ({COLUMNS}) VALUES ({', '.join(f':{name}' for name in Delivery._fields)})"
_UPDATE = (
    "UPDATE deliveries SET status = :status, attempts = :attempts, next_attempt_at = :next_attempt_at,"
    " last_attempt_at = :last_attempt_at, last_status_code = :last_status_code, last_error = :last_error,"
    " ended_at = :ended_at WHERE id = :id"
)
_OF_ENTITY = "target_id = :target_id AND entity_type = :entity_type AND entity_id = :entity_id AND status = 'PENDING'"


class Message(NamedTuple):
    """What is to be posted; the attributes are those of a `Delivery`."""

    target_id: str
    webhook_id: str
    event_id: str
    event_type: str
    construct_id: str | None
    entity_type: str
    entity_id: str
    body: str


def new_delivery(tx: Transaction, message: Message, position: int, *, resend_of: str | None = None) -> Delivery:
    """A delivery to be inserted; without a webhook id, its own id is it.

    Args:
        tx: To write in.
        message: What is to be posted, and where.
        position: Its place among those of its entity.
        resend_of: Id of the delivery that it repeats.
    """
    delivery_id = tx.new_id()
    values = {**message._asdict(), "webhook_id": message.webhook_id or delivery_id}
    return Delivery(
        **values,
        id=delivery_id,
        position=position,
        status=DeliveryStatus.PENDING.value,
        attempts=0,
        next_attempt_at=None,
        last_attempt_at=None,
        last_status_code=None,
        last_error=None,
        resend_of=resend_of,
        dead_letter_id=None,
        created_at=tx.now,
        ended_at=None,
        arrived_as=None,
    )


def find_delivery(snapshot: Snapshot, delivery_id: str) -> Delivery | None:
    """The delivery with this id, or None."""
    return snapshot.record(Delivery, SELECT + " WHERE id = :id", {"id": delivery_id})


def get_delivery(snapshot: Snapshot, delivery_id: str) -> Delivery:
    """The delivery with this id.

    Raises:
        BadUserInputError: It can be no id.
        NotFoundError: There is none.
    """
    found = find_delivery(snapshot, check_id(delivery_id, "id"))
    if found is None:
        raise NotFoundError(
            f"There is no delivery with the id {delivery_id!r}.", details={"field": "id", "id": delivery_id}
        )
    return found


def message_of(delivery: Delivery) -> Message:
    """What a delivery posts."""
    return Message(*(getattr(delivery, name) for name in Message._fields))


def find_pending_of(snapshot: Snapshot, message: Message) -> Delivery | None:
    """The delivery that is to send this very message to its target, or None."""
    return snapshot.record(
        Delivery,
        SELECT + f" WHERE {_OF_ENTITY} AND webhook_id = :webhook_id ORDER BY position, id LIMIT 1",
        {**_entity_of(message), "webhook_id": message.webhook_id},
    )


def start_waiting(tx: Transaction, target_id: str) -> None:
    """Let the first delivery of each entity be due that waits for a target, where none of that entity is.

    That is so only where somebody has changed the store by other means.
    """
    tx.execute(
        "UPDATE deliveries SET next_attempt_at = :now WHERE id IN (SELECT d.id FROM deliveries d"
        " WHERE d.target_id = :target_id AND d.status = 'PENDING' AND NOT EXISTS (SELECT 1 FROM deliveries f"
        " WHERE f.target_id = d.target_id AND f.entity_type = d.entity_type AND f.entity_id = d.entity_id"
        " AND f.status = 'PENDING' AND (f.next_attempt_at IS NOT NULL OR (f.position, f.id) < (d.position, d.id))))",
        {"target_id": target_id, "now": tx.now},
    )


def insert_delivery(tx: Transaction, delivery: Delivery) -> Delivery:
    """Store a new delivery; it is due at once, unless others of its entity wait for the same target.

    Returns:
        The delivery as it is stored.
    """
    waits = tx.row(f"SELECT 1 FROM deliveries WHERE {_OF_ENTITY} LIMIT 1", _entity_of(delivery))
    placed = delivery._replace(next_attempt_at=None if waits else tx.now)
    tx.execute(_INSERT, placed._asdict())
    return placed


def write_attempt(tx: Transaction, delivery: Delivery) -> None:
    """Write what an attempt came to; where the delivery has ended, the next of its entity is due."""
    tx.execute(_UPDATE, delivery._asdict())
    if delivery.ended_at is not None:
        react_to(tx, delivery)
        tx.execute(
            "UPDATE deliveries SET next_attempt_at = :now WHERE id = (SELECT id FROM deliveries"
            f" WHERE {_OF_ENTITY} ORDER BY position, id LIMIT 1) AND next_attempt_at IS NULL",
            {**_entity_of(delivery), "now": tx.now},
        )


def note_dead_letter(tx: Transaction, delivery_id: str, letter_id: str) -> None:
    """Write which dead letter a failed delivery has become."""
    tx.execute(
        "UPDATE deliveries SET dead_letter_id = :letter_id WHERE id = :id", {"id": delivery_id, "letter_id": letter_id}
    )


def count_by_status(snapshot: Snapshot) -> dict[str, int]:
    """How many deliveries have each status, counted from an index alone."""
    counted: dict[str, int] = dict(snapshot.rows("SELECT status, count(*) FROM deliveries GROUP BY status"))
    return {str(status): counted.get(status, 0) for status in DeliveryStatus}


def count_pending(snapshot: Snapshot, target_id: str, most: int) -> int:
    """How many deliveries wait for a target, counted up to a number."""
    return snapshot.value(
        "SELECT count(*) FROM"
        " (SELECT 1 FROM deliveries WHERE target_id = :target_id AND status = 'PENDING' LIMIT :most)",
        {"target_id": target_id, "most": most},
    )


def _entity_of(delivery: Delivery | Message) -> dict[str, str]:
    return {
        "target_id": delivery.target_id,
        "entity_type": delivery.entity_type,
        "entity_id": delivery.entity_id,
    }
