"""`synthetic audit`: who did what to the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from synthetic import EVERYTHING, OperationKind, OperationOutcome, Snapshot, from_json, iso_from_ms, page
from synthetic.cli import DataOption, JsonOption, emit, instant_of, open_store, show, table_of
from synthetic_audit.enums import AuditOrder
from synthetic_audit.model import Criteria, Entry
from synthetic_audit.store import select_entries
from synthetic_audit.types import order_of

ActorOption = Annotated[
    list[str] | None, typer.Option("--actor", metavar="NAME", help="Only what was done in this name. May be repeated.")
]
NameOption = Annotated[
    list[str] | None,
    typer.Option("--name", metavar="NAME", help="Only this mutation, command or access. May be repeated."),
]
KindOption = Annotated[
    list[OperationKind] | None, typer.Option("--kind", case_sensitive=False, help="Only this kind. May be repeated.")
]
OutcomeOption = Annotated[
    list[OperationOutcome] | None,
    typer.Option("--outcome", case_sensitive=False, help="Only what came to this. May be repeated."),
]
CodeOption = Annotated[
    list[str] | None, typer.Option("--code", metavar="CODE", help="Only this error. May be repeated.")
]
TypeOption = Annotated[
    str | None,
    typer.Option("--entity-type", metavar="TYPE", help="With --entity: only where that is this kind of thing."),
]
EntityOption = Annotated[
    str | None, typer.Option("--entity", metavar="ID", help="Only what was done to the thing with this id.")
]
CorrelationOption = Annotated[
    str | None, typer.Option("--correlation", metavar="ID", help="Only what one request or command did.")
]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="WHEN", help="Done since: 2h (ago), or an instant in ISO 8601.")
]
BeforeOption = Annotated[
    str | None, typer.Option("--before", metavar="WHEN", help="Done before: 7d (ago), or an instant.")
]
LimitOption = Annotated[int, typer.Option("--limit", help="How many at most.", min=1, max=1_000)]
CursorOption = Annotated[
    str | None, typer.Option("--cursor", metavar="CURSOR", help="Only what comes behind, as the last answer gave it.")
]


def audit(
    actor: ActorOption = None,
    name: NameOption = None,
    kind: KindOption = None,
    outcome: OutcomeOption = None,
    code: CodeOption = None,
    entity_type: TypeOption = None,
    entity: EntityOption = None,
    correlation: CorrelationOption = None,
    since: SinceOption = None,
    before: BeforeOption = None,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List who did what to the store, the last first. Whether the log is whole, `synthetic check` says."""
    occurred_from, occurred_before = instant_of(since, "--since"), instant_of(before, "--before")
    if occurred_from is not None and occurred_before is not None and occurred_from >= occurred_before:
        raise typer.BadParameter("It is not after --since: nothing lies between them.", param_hint="--before")
    criteria = Criteria(
        actors=actor or None,
        names=name or None,
        kinds=kind or None,
        outcomes=outcome or None,
        codes=code or None,
        entity_type=entity_type,
        entity_id=entity,
        correlation_id=correlation,
        occurred_from=occurred_from,
        occurred_before=occurred_before,
    )

    def read(snapshot: Snapshot) -> tuple[list[Entry], str | None]:
        found = page(
            snapshot,
            Entry,
            select_entries(snapshot, criteria, by_time=True),
            order=order_of(AuditOrder.OCCURRED_AT_DESC),
            asked=EVERYTHING,
            first=limit,
            after=cursor,
        )
        end = found.page_info.end_cursor if found.page_info.has_next_page else None
        return [edge.node for edge in found.edges], end

    with open_store(data) as store:
        entries, end = store.read(read)
    if as_json:
        emit({"entries": [_as_json(entry) for entry in entries], "hasMore": end is not None, "cursor": end}, as_json)
        return
    if entries:
        show(table_of(("seq", "when", "actor", "what", "on", "outcome", "why"), _rows(entries)), "")
    words = f"{len(entries):,} entries" if len(entries) != 1 else "1 entry"
    show(words if end is None else f"{words} shown; there are more: --cursor {end}")


def _rows(entries: Sequence[Entry]) -> list[tuple[Any, ...]]:
    return [
        (
            entry.seq,
            iso_from_ms(entry.occurred_at),
            entry.actor,
            entry.name,
            " ".join(str(part) for part in (entry.entity_type, entry.entity_id) if part is not None),
            " ".join(str(part) for part in (entry.outcome, entry.code) if part is not None),
            _why(entry),
        )
        for entry in entries
    ]


def _why(entry: Entry) -> str:
    """What was wanted, where that is known, and why it was not done."""
    wanted = from_json(entry.details or "{}").get("wanted")
    return ": ".join(str(part) for part in (wanted, entry.message) if part)


def _as_json(entry: Entry) -> dict[str, Any]:
    """An entry with the fields of the GraphQL type `AuditEntry`."""
    return {
        "seq": entry.seq,
        "occurredAt": iso_from_ms(entry.occurred_at),
        "kind": entry.kind,
        "name": entry.name,
        "actor": entry.actor,
        "entityType": entry.entity_type,
        "entityId": entry.entity_id,
        "outcome": entry.outcome,
        "code": entry.code,
        "message": entry.message,
        "details": from_json(entry.details or "{}"),
        "correlationId": entry.correlation_id,
        "previousHash": entry.previous_hash.hex(),
        "hash": entry.hash.hex(),
    }
