"""The links between constructs: `construct_relationships`.

A link has no id and is never changed: it is what it links, and how. To say
something else of two constructs, unrelate them and relate them again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from synthetic import EACH, ConflictError, EventType, NotFoundError, Selection, Snapshot, Transaction, Value, bad_input
from synthetic_constructs.errors import RelationshipCycleError, RelationshipGraphTooLargeError
from synthetic_constructs.events import (
    RELATIONSHIP_DELETED,
    RELATIONSHIP_SAVED,
    relationship_id,
    relationship_payload,
)
from synthetic_constructs.model import (
    KINDS_WITHOUT_CYCLES,
    KINDS_WITHOUT_DIRECTION,
    Related,
    RelationshipDirection,
    RelationshipKind,
    RelationshipRecord,
    check_metadata,
)
from synthetic_constructs.settings import ConstructSettings
from synthetic_constructs.store.constructs import get_construct

COLUMNS = ", ".join(RelationshipRecord._fields)

_KEY = ("from_id", "kind", "to_id")

_SELECT = f"SELECT {COLUMNS} FROM construct_relationships"
_INSERT = f"INSERT INTO construct_relationships ({COLUMNS}) VALUES (:from_id, :kind, :to_id, :metadata, :created_at)"
_LINK = " WHERE from_id = :from_id AND kind = :kind AND to_id = :to_id"

# Walks from a construct against the direction of one kind, and stops when it
# has met more constructs than the limit. Upwards, because a construct has many
# below it more often than many above it.
_LEADING_TO = """
WITH RECURSIVE leading (id) AS (
    SELECT :from_id
    UNION
    SELECT link.from_id
    FROM leading JOIN construct_relationships AS link ON link.to_id = leading.id AND link.kind = :kind
    LIMIT :constructs_max + 1
)
SELECT count(*), coalesce(max(id = :to_id), 0) FROM leading
"""


class RelatedConstructs(NamedTuple):
    """What relating came to: the link as it is stored, and whether it was not there before."""

    relationship: RelationshipRecord
    created: bool


def relate_constructs(
    tx: Transaction,
    from_id: str,
    kind: RelationshipKind,
    to_id: str,
    metadata: Mapping[str, Any] | None = None,
) -> RelatedConstructs:
    """Link two constructs; the same link again changes nothing.

    Args:
        tx: To write in.
        from_id: The construct that the link begins at.
        kind: What it means.
        to_id: The construct that it leads to.
        metadata: What else is to be kept with it; None says nothing, and is nothing on a new link.

    Raises:
        BadUserInputError: Both ends are one construct, or the metadata is not acceptable.
        NotFoundError: One of the constructs does not exist.
        ConflictError: The link exists with other metadata.
        RelationshipCycleError: The kind forbids cycles, and this would be one.
        RelationshipGraphTooLargeError: That could not be ruled out.
    """
    settings = tx.settings(ConstructSettings)
    given = None if metadata is None else check_metadata(metadata, settings)
    if from_id == to_id:
        raise bad_input("toId", "must be another construct than fromId")
    get_construct(tx, from_id, field="fromId")
    get_construct(tx, to_id, field="toId")
    key = _key(from_id, kind, to_id)
    stored = _find(tx, key)
    if stored is not None:
        if given is not None and given != stored.metadata:
            raise ConflictError(
                "The two constructs are related like this already, with other metadata.",
                action="Unrelate them first, or leave the metadata out.",
                details={"field": "metadata"},
            )
        return RelatedConstructs(stored, created=False)
    if kind in KINDS_WITHOUT_CYCLES:
        _refuse_cycle(tx, key, settings.cycle_constructs)
    relationship = RelationshipRecord(**key, metadata=given or "{}", created_at=tx.now)
    tx.execute(_INSERT, relationship._asdict())
    _tell(tx, RELATIONSHIP_SAVED, relationship)
    return RelatedConstructs(relationship, created=True)


def unrelate_constructs(tx: Transaction, from_id: str, kind: RelationshipKind, to_id: str) -> RelationshipRecord:
    """Remove the link of this kind between two constructs.

    Returns:
        The link as it was.

    Raises:
        NotFoundError: There is no such link.
    """
    key = _key(from_id, kind, to_id)
    stored = _find(tx, key)
    if stored is None:
        raise NotFoundError(
            "The two constructs are not related like this.",
            action="Check the kind, and which construct is fromId.",
            details={"field": "kind"},
        )
    tx.execute("DELETE FROM construct_relationships" + _LINK, key)
    _tell(tx, RELATIONSHIP_DELETED, stored)
    return stored


def related_ids_sql(related: Related, prefix: str) -> tuple[str, dict[str, Value]]:
    """A subquery that yields the ids of the constructs at the other ends.

    Args:
        related: Whose links, of which kinds, in which direction.
        prefix: Begins the names of the parameters.

    Returns:
        SQL and its parameters.
    """
    params: dict[str, Value] = {f"{prefix}_id": related.construct_id}
    kinds = ""
    if related.kinds is not None:
        kinds = f" AND kind IN ({', '.join(_bind_kinds(params, f'{prefix}_kind', related.kinds))})"
    parts = [
        f"SELECT {far} FROM construct_relationships WHERE {near} = :{prefix}_id{kinds}"
        for near, far in _ends(related.direction)
    ]
    return " UNION ALL ".join(parts), params


def select_relationships(
    kinds: Sequence[RelationshipKind] | None = None, direction: RelationshipDirection = RelationshipDirection.BOTH
) -> Selection:
    """The links of each construct, for `pages`.

    Each direction and kind is a query of its own, so that each is walked in
    its index by `created_at` and what they yield is merged.

    Args:
        kinds: Kinds that count; None means all.
        direction: OUTGOING: the construct is `from`; INCOMING: it is `to`.
    """
    params: dict[str, Value] = {}
    names = _bind_kinds(params, "kind", tuple(RelationshipKind) if kinds is None else kinds)
    merged = [f"{near} = {EACH} AND kind = {name}" for near, _ in _ends(direction) for name in names]
    return Selection("construct_relationships", [], params, merged, _KEY)


def select_linked_constructs(kind: RelationshipKind, direction: RelationshipDirection) -> Selection:
    """The constructs at the other ends of each construct's links of a kind, for `pages`; `linked_at` is when they were.

    Args:
        kind: Of the links.
        direction: OUTGOING or INCOMING: the end that the one construct stands at.
    """
    ((near, far),) = _ends(direction)
    links = f"SELECT {near} AS near_id, {far} AS id, created_at AS linked_at FROM construct_relationships"
    return Selection(
        f"({links} WHERE kind = :kind) CROSS JOIN constructs USING (id)",
        [f"near_id = {EACH}"],
        {"kind": kind},
        keys=("near_id", "id"),
    )


def _ends(direction: RelationshipDirection) -> list[tuple[str, str]]:
    """The columns of the near and the far end, for each direction that counts."""
    ends = {
        RelationshipDirection.OUTGOING: ("from_id", "to_id"),
        RelationshipDirection.INCOMING: ("to_id", "from_id"),
    }
    return [pair for each, pair in ends.items() if direction in (each, RelationshipDirection.BOTH)]


def _bind_kinds(params: dict[str, Value], prefix: str, kinds: Sequence[RelationshipKind]) -> list[str]:
    """A placeholder for each of the kinds, which are added to `params`."""
    distinct = sorted(set(kinds))
    names = [f"{prefix}_{index}" for index in range(len(distinct))]
    params.update(zip(names, distinct, strict=True))
    return [f":{name}" for name in names]


def _key(from_id: str, kind: RelationshipKind, to_id: str) -> dict[str, str]:
    """The primary key; a kind without direction is stored from the smaller id."""
    if kind in KINDS_WITHOUT_DIRECTION and from_id > to_id:
        from_id, to_id = to_id, from_id
    return {"from_id": from_id, "kind": kind, "to_id": to_id}


def _tell(tx: Transaction, event_type: EventType, link: RelationshipRecord) -> None:
    tx.emit(event_type, relationship_id(link), construct_id=link.from_id, payload=relationship_payload(link))


def _find(snapshot: Snapshot, key: Mapping[str, str]) -> RelationshipRecord | None:
    return snapshot.record(RelationshipRecord, _SELECT + _LINK, key)


def _refuse_cycle(tx: Transaction, key: Mapping[str, str], constructs_max: int) -> None:
    counted = tx.row(_LEADING_TO, {**key, "constructs_max": constructs_max})
    constructs, meets = counted or (0, 0)
    details = {"field": "toId", "fromId": key["from_id"], "toId": key["to_id"], "kind": key["kind"]}
    if meets:
        raise RelationshipCycleError(details=details)
    if constructs > constructs_max:
        raise RelationshipGraphTooLargeError(details=details)
