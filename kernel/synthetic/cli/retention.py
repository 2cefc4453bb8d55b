"""`synthetic retention`: what the retention rules would delete, and deleting it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from synthetic.cli.invocation import DataOption, JsonOption
from synthetic.cli.output import emit, in_bytes, show, table_of
from synthetic.cli.progress import progress
from synthetic.cli.stopping import stop_requests
from synthetic.cli.stores import open_store
from synthetic.database.deletion import TablePlan
from synthetic.database.snapshot import Snapshot
from synthetic.errors import iso_from_ms
from synthetic.log.sync.spans import span_in_words
from synthetic.retention.batches import RetentionBatch, RetentionPreview, preview_rule
from synthetic.retention.clock_check import Suspension, confirm_clock, find_suspension
from synthetic.retention.rules import DeclaredRule
from synthetic.retention.runs import RunOutcome, choose_rules, run_retention
from synthetic.store import Store

CONFIRM = "`synthetic retention --confirm-clock` confirms the clock."


def retention(
    data: DataOption = None,
    as_json: JsonOption = False,
    rule: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this rule, as PLUGIN.NAME. May be repeated.", show_default="all"),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Delete nothing, only show; this is so without it, too, unless --run is given."),
    ] = False,
    run: Annotated[bool, typer.Option("--run", help="Delete it, in small transactions; Ctrl-C stops between two.")] = (
        False
    ),
    confirm: Annotated[
        bool,
        typer.Option("--confirm-clock", help="The clock is right: end the suspension that follows a jump of it."),
    ] = False,
) -> None:
    """Show what the retention rules would delete now; with --run, delete it.

    A server does the same by itself, every hour. When the clock has jumped by
    more than a day, nothing is deleted until it is confirmed.
    """
    if run and dry_run:
        raise typer.BadParameter("--run deletes and --dry-run does not: give one of them.")
    with open_store(data) as store:
        rules = choose_rules(store, rule)
        confirmed = _confirm(store, as_json) if confirm else {}
        if run:
            _run(store, rules, as_json, confirmed)
        else:
            _preview(store, rules, as_json, confirmed)


def suspension_as_json(suspension: Suspension | None) -> dict[str, str] | None:
    """A suspension for machines, with the names that GraphQL has for it."""
    if suspension is None:
        return None
    return {
        "since": iso_from_ms(suspension.since),
        "expectedAt": iso_from_ms(suspension.expected_at),
        "shownAt": iso_from_ms(suspension.shown_at),
    }


def suspension_in_words(suspension: Suspension) -> str:
    """A suspension for people: why, and what ends it."""
    return f"suspended. {suspension.reason} {CONFIRM}"


def _confirm(store: Store, as_json: bool) -> dict[str, Any]:
    """Confirm the clock, and tell people what that has ended; for machines, as a part of the answer."""
    operation = store.operation(details={"confirmClock": True})
    suspension, shown = operation.write(lambda tx: (confirm_clock(tx), iso_from_ms(tx.now)))
    if as_json:
        return {"confirmed": {"now": shown, "ended": suspension_as_json(suspension)}}
    if suspension is None:
        show(f"The clock was not in doubt: it shows {shown}.\n")
    else:
        show(f"The clock is taken to be right: it shows {shown}. Confirmed: {suspension.reason}\n")
    return {}


def _preview(store: Store, rules: Sequence[DeclaredRule], as_json: bool, confirmed: Mapping[str, Any]) -> None:
    def look(snapshot: Snapshot) -> tuple[list[RetentionPreview], Suspension | None]:
        return [preview_rule(snapshot, rule) for rule in rules], find_suspension(snapshot)

    previews, suspension = store.read(look)
    if as_json:
        shown = [_preview_as_json(preview) for preview in previews]
        emit({"deleted": False, **confirmed, "suspended": suspension_as_json(suspension), "rules": shown}, as_json)
        return
    rows = [
        (
            preview.rule.name,
            preview.rule.setting,
            _kept(preview.rule),
            _instant(preview.before),
            _rows(preview, preview.rule.record.table),
            _bytes(preview),
            _belongings(preview),
            preview.refused,
        )
        for preview in previews
    ]
    columns = ("rule", "setting", "kept for", "before", "rows", "size", "with them", "refused")
    show(table_of(columns, rows, numbers=("rows", "size", "refused")))
    _show_extents(previews)
    if suspension is not None:
        show(f"\nRetention is {suspension_in_words(suspension)}")


def _show_extents(previews: Sequence[RetentionPreview]) -> None:
    """Show of each table what goes, how large it is and how old, if anything goes."""
    rows = [
        (
            preview.rule.name,
            table,
            _rows(preview, table),
            in_bytes(extent.size_bytes),
            _instant(extent.oldest_at),
            _instant(extent.newest_at),
        )
        for preview in previews
        for table, extent in preview.extents.items()
    ]
    if rows:
        show("")
        show(table_of(("rule", "table", "rows", "size", "oldest", "newest"), rows, numbers=("rows", "size")))


def _run(store: Store, rules: Sequence[DeclaredRule], as_json: bool, confirmed: Mapping[str, Any]) -> None:
    """Delete, and show what was deleted.

    Raises:
        KeyboardInterrupt: A signal has stopped it before it was complete.
    """
    with stop_requests() as stop, progress("Deleting", as_json, unit="rows") as shown:

        def go_on(batch: RetentionBatch) -> bool:
            shown.advance(sum(batch.tables.values()), batch.rule)
            return not stop.is_set()

        names = [rule.name for rule in rules]
        with store.operation(details={"rules": names, "rows": 0}) as operation:
            outcome = run_retention(store, names, go_on)
            operation.details["rows"] = sum(sum(each.tables.values()) for each in outcome.rules)
            operation.details["complete"] = outcome.complete
    _show_outcome(outcome, as_json, confirmed)
    if not outcome.complete:
        raise KeyboardInterrupt


def _show_outcome(outcome: RunOutcome, as_json: bool, confirmed: Mapping[str, Any]) -> None:
    if as_json:
        rules = _outcome_as_json(outcome)
        emit({"deleted": True, **confirmed, "complete": outcome.complete, "rules": rules}, as_json)
        return
    rows = [
        (each.rule.name, _instant(each.before), table, count)
        for each in outcome.rules
        for table, count in each.tables.items()
    ]
    if rows:
        show(table_of(("rule", "before", "table", "rows deleted"), rows, numbers=("rows deleted",)))
    else:
        show("Nothing was to be deleted.")
    if not outcome.complete:
        show("\nStopped before all was deleted; running it again goes on.")


def _described(rule: DeclaredRule, before: int | None) -> dict[str, Any]:
    """What both answers say of a rule."""
    return {
        "rule": rule.name,
        "purpose": rule.record.purpose,
        "table": rule.record.table,
        "setting": rule.setting,
        "keepMs": rule.keep_ms,
        "before": _instant(before),
    }


def _preview_as_json(preview: RetentionPreview) -> dict[str, Any]:
    tables = [
        {
            "table": plan.table,
            "action": plan.action,
            "rows": plan.rows,
            "sampleKeys": list(plan.sample_keys),
            **_extent_as_json(preview, plan),
        }
        for plan in preview.tables
    ]
    rows = _rows(preview, preview.rule.record.table)
    return {**_described(preview.rule, preview.before), "rows": rows, "refusedRows": preview.refused, "tables": tables}


def _extent_as_json(preview: RetentionPreview, plan: TablePlan) -> dict[str, Any]:
    extent = preview.extents.get(plan.table) if plan.action == "delete" else None
    if extent is None:
        return {"bytes": None, "oldestAt": None, "newestAt": None}
    return {
        "bytes": extent.size_bytes,
        "oldestAt": _instant(extent.oldest_at),
        "newestAt": _instant(extent.newest_at),
    }


def _bytes(preview: RetentionPreview) -> str | None:
    """What goes, with all that goes with it."""
    size = sum(extent.size_bytes for extent in preview.extents.values())
    return in_bytes(size) if size else None


def _outcome_as_json(outcome: RunOutcome) -> list[Mapping[str, Any]]:
    return [
        {
            **_described(each.rule, each.before),
            "rows": each.tables.get(each.rule.record.table, 0),
            "tables": [{"table": table, "rows": rows} for table, rows in each.tables.items()],
        }
        for each in outcome.rules
    ]


def _rows(preview: RetentionPreview, table: str) -> int:
    return sum(plan.rows for plan in preview.tables if plan.table == table and plan.action == "delete")


def _belongings(preview: RetentionPreview) -> str | None:
    """What goes with the rows of the rule's own table, or loses what it points at."""
    own = preview.rule.record.table
    parts = [
        f"{plan.rows:,} {plan.table}" + ("" if plan.action == "delete" else " (cleared)")
        for plan in preview.tables
        if plan.table != own or plan.action != "delete"
    ]
    return ", ".join(parts) or None


def _kept(rule: DeclaredRule) -> str:
    return "ever" if rule.keep_ms is None else span_in_words(rule.keep_ms)


def _instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso_from_ms(at_ms)
