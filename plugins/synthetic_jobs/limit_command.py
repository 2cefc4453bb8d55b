"""`synthetic jobs limit`: how many jobs of a kind may run at once; none of them pauses the kind."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from synthetic import Transaction, iso_from_ms
from synthetic.cli import DataOption, JsonOption, emit, open_store, show, table_of
from synthetic_jobs.model import JobLimit
from synthetic_jobs.store import list_limits, save_limit

KindArgument = Annotated[
    str | None, typer.Argument(metavar="[KIND]", help="Of which jobs; without it, all limits are shown.")
]
RunningOption = Annotated[
    int | None, typer.Option("--running", metavar="N", help="How many may run at once; 0 pauses the kind.", min=0)
]
PerKeyOption = Annotated[
    int | None, typer.Option("--per-key", metavar="N", help="How many with the same key may run at once.", min=1)
]
NoneOption = Annotated[bool, typer.Option("--none", help="Take the limits of the kind away.")]


def limit(
    kind: KindArgument = None,
    running: RunningOption = None,
    per_key: PerKeyOption = None,
    none: NoneOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how many jobs of each kind may run at once, or set it for one kind.

    Jobs that run already go on. What is not said of a kind stays as it is.
    """
    says_how_many = running is not None or per_key is not None
    if (kind is not None) != (says_how_many or none) or (says_how_many and none):
        raise typer.BadParameter("Name a kind, and either --none or --running, --per-key or both.", param_hint="KIND")
    with open_store(data) as store:
        if kind is not None:
            operation = store.operation(entity_type="job_limit", entity_id=kind, details={"none": none})
            operation.write(_set_limit, kind, running, per_key, none)
        limits = store.read(list_limits)
    if as_json:
        emit([_as_json(each) for each in limits], as_json)
    elif limits:
        rows = [(each.kind, each.running_max, each.running_per_key_max, _meaning(each)) for each in limits]
        show(table_of(("kind", "running", "per key", ""), rows, numbers=("running", "per key")))
    else:
        show("No kind has a limit.")


def _set_limit(tx: Transaction, kind: str, running: int | None, per_key: int | None, none: bool) -> None:
    stored = next((each for each in list_limits(tx) if each.kind == kind), None)
    if stored is not None and not none:
        running = stored.running_max if running is None else running
        per_key = stored.running_per_key_max if per_key is None else per_key
    save_limit(tx, kind, running, per_key)


def _meaning(limit: JobLimit) -> str:
    return "paused" if limit.running_max == 0 else ""


def _as_json(limit: JobLimit) -> dict[str, Any]:
    """A limit with the names of the GraphQL type `JobLimit`."""
    return {
        "kind": limit.kind,
        "runningMax": limit.running_max,
        "runningPerKeyMax": limit.running_per_key_max,
        "updatedAt": iso_from_ms(limit.updated_at),
    }
