"""The rows of `cost_events`: what somebody records, once and for good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from synthetic import ConflictError, NotFoundError, Selection, Snapshot, Transaction, bad_input, check_id, check_text
from synthetic_projections.costs.events import COST_RECORDED, recorded_payload
from synthetic_projections.costs.model import CostContent, CostEvent, SavedCost
from synthetic_projections.costs.prices import CURRENCY

TABLE = "cost_events"
COLUMNS = ", ".join(CostEvent._fields)

NOTE_CHARACTERS_MAX = 1_000
TOKENS_MAX = 100_000_000_000
"""Most tokens of a kind of one cost."""

MICROS_MAX = 1_000_000_000_000
"""Most micro-units of one cost: a million units of its currency."""

AHEAD_MS = 86_400_000
"""So far ahead of this machine's clock may be that of whoever records."""

FIELDS = {
    "session_id": "sessionId",
    "construct_id": "constructId",
    "project_id": "projectId",
    "input_tokens": "inputTokens",
    "output_tokens": "outputTokens",
    "cache_read_tokens": "cacheReadTokens",
    "cache_write_tokens": "cacheWriteTokens",
    "cost_micros": "costMicros",
    "occurred_at": "occurredAt",
}
"""Names of columns in the API, where it names them otherwise."""

_TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
_OWNERS = ("session_id", "construct_id", "project_id")


def find_cost(snapshot: Snapshot, cost_id: str) -> CostEvent | None:
    """The cost with this id, or None."""
    return snapshot.record(CostEvent, f"SELECT {COLUMNS} FROM {TABLE} WHERE id = :id", {"id": cost_id})


def select_cost_events(column: str, owner_id: str | None) -> Selection:
    """The costs that were recorded for an owner.

    Args:
        column: Which kind of owner: a name that stands in the code.
        owner_id: Its id; None: all costs.
    """
    if owner_id is None:
        return Selection(TABLE, [], {})
    return Selection(TABLE, [f"{column} = :owner"], {"owner": owner_id})


def record_cost(tx: Transaction, content: CostContent, *, cost_id: str | None = None) -> SavedCost:
    """Record a cost. The same one again, by its id, changes nothing.

    Args:
        tx: To write in.
        content: What was spent.
        cost_id: The caller's id; None: a new UUIDv7.

    Raises:
        BadUserInputError: A value is not acceptable.
        NotFoundError: There is no such session or construct.
        ConflictError: There is another cost with this id.
    """
    given = _checked(tx, content)
    stored = None if cost_id is None else find_cost(tx, check_id(cost_id, "id"))
    if stored is not None:
        _require_same(stored, given)
        return SavedCost(stored, created=False)
    construct_id = _construct_of(tx, given)
    cost = CostEvent(
        id=tx.new_id() if cost_id is None else cost_id,
        actor=tx.origin.actor,
        recorded_at=tx.now,
        **{**given, "occurred_at": tx.now if given["occurred_at"] is None else given["occurred_at"]},
    )
    tx.execute(
        f"INSERT INTO {TABLE} ({COLUMNS}) VALUES ({', '.join(f':{name}' for name in CostEvent._fields)})",
        cost._asdict(),
    )
    tx.emit(
        COST_RECORDED,
        cost.id,
        construct_id=construct_id,
        payload=recorded_payload(cost),
        occurred_at=cost.occurred_at,
    )
    return SavedCost(cost, created=True)


def _checked(tx: Transaction, content: CostContent) -> dict[str, Any]:
    """All columns that a sender gives, each acceptable.

    Raises:
        BadUserInputError: One is not.
    """
    given: dict[str, Any] = {"kind": check_id(content.get("kind"), "kind")}
    for name in (*_OWNERS, "agent", "model"):
        value = content.get(name)
        given[name] = None if value is None else check_id(value, FIELDS.get(name, name))
    named = [FIELDS[name] for name in _OWNERS if given[name] is not None]
    if len(named) > 1:
        raise bad_input(named[1], f"must not be given beside {named[0]}: name the nearest owner, the others follow")
    if given["session_id"] is not None and given["agent"] is not None:
        raise bad_input("agent", "must not be given beside sessionId: it is the session's")
    for name in _TOKENS:
        given[name] = _bounded(content.get(name) or 0, FIELDS[name], 0, TOKENS_MAX)
    _check_money(given, content)
    note = content.get("note")
    given["note"] = None if note is None else check_text(note, "note", characters_max=NOTE_CHARACTERS_MAX)
    occurred_at = content.get("occurred_at")
    if occurred_at is not None and not 0 <= occurred_at <= tx.now + AHEAD_MS:
        raise bad_input("occurredAt", "must lie between the year 1970 and tomorrow")
    given["occurred_at"] = occurred_at
    return given


def _check_money(given: dict[str, Any], content: CostContent) -> None:
    """Take over the amount and its currency; without one, there must be tokens that have a price.

    Raises:
        BadUserInputError: They do not fit together.
    """
    micros, currency = content.get("cost_micros"), content.get("currency")
    given["cost_micros"] = None if micros is None else _bounded(micros, "costMicros", -MICROS_MAX, MICROS_MAX)
    given["currency"] = currency
    if (micros is None) != (currency is None):
        raise bad_input("currency", "must be given with costMicros, and not without it")
    if currency is not None and not CURRENCY.fullmatch(currency):
        raise bad_input("currency", "must be a code of three capital letters, such as USD")
    if micros is None and (given["model"] is None or not any(given[name] for name in _TOKENS)):
        raise bad_input("costMicros", "is needed where there are no tokens of a model to be priced")


def _bounded(value: int, field: str, least: int, most: int) -> int:
    if not least <= value <= most:
        raise bad_input(field, f"must be from {least} to {most}")
    return value


def _require_same(stored: CostEvent, given: Mapping[str, Any]) -> None:
    differs = [
        FIELDS.get(name, name)
        for name, value in given.items()
        if getattr(stored, name) != value and not (name == "occurred_at" and value is None)
    ]
    if differs:
        raise ConflictError(
            f"There is another cost {stored.id!r}; a cost does not change.",
            action="Record the difference as a cost of its own, with another id; it may be negative.",
            details={"field": "id", "id": stored.id, "differs": differs},
        )


def _construct_of(tx: Transaction, given: Mapping[str, Any]) -> str | None:
    """The construct that a cost belongs to now, for its event.

    Raises:
        NotFoundError: Its session or construct is not there.
    """
    for name, table, column in (("session_id", "sessions", "construct_id"), ("construct_id", "constructs", "id")):
        if given[name] is None:
            continue
        row = tx.row(f"SELECT {column} FROM {table} WHERE id = :id", {"id": given[name]})
        if row is None:
            raise NotFoundError(
                f"There is no {name.removesuffix('_id')} {given[name]!r}.",
                details={"field": FIELDS[name], "id": given[name]},
            )
        return row[0]
    return None
