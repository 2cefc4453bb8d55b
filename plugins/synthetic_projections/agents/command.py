"""`synthetic agents`: how agents fare, and which of their runs stand out."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from synthetic import Order, Snapshot, iso_from_ms, page
from synthetic.cli import DataOption, JsonOption, emit, instant_of, open_store, show, span_in_words, table_of
from synthetic_projections.agents.enums import AgentGrouping, AgentMeasure, AgentWork
from synthetic_projections.agents.model import AgentGroup, AgentOutlier
from synthetic_projections.agents.sketches import quantiles_of
from synthetic_projections.agents.store import Criteria, Sums, read_sums, select_groups, select_outliers
from synthetic_projections.buckets import Span, window_of
from synthetic_projections.settings import ProjectionSettings

WorkOption = Annotated[
    list[AgentWork] | None,
    typer.Option("--work", case_sensitive=False, help="Only sessions, or only jobs. May be repeated."),
]
AgentOption = Annotated[
    list[str] | None, typer.Option("--agent", metavar="NAME", help="Only runs of this agent. May be repeated.")
]
KindOption = Annotated[
    list[str] | None, typer.Option("--kind", metavar="KIND", help="Only jobs of this kind. May be repeated.")
]
ByOption = Annotated[
    AgentGrouping, typer.Option("--by", case_sensitive=False, help="Which runs are added up in one line.")
]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="WHEN", help="Only what lies behind: 7d (ago), or an instant.")
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="WHEN", help="Only what lies before: 1d (ago), or an instant.")
]
MeasureOption = Annotated[
    list[AgentMeasure] | None,
    typer.Option("--measure", case_sensitive=False, help="Only what stands out in this. May be repeated."),
]
LimitOption = Annotated[int, typer.Option("--limit", help="How many at most.", min=1, max=500)]

BY_GROUP = Order(("work", "agent", "kind"), (str, str, str))
LATEST_FIRST = Order(("ended_at", "work", "run_id", "measure"), (int, str, str, str), descending=True)
QUANTILES = (0.5, 0.95, 0.99)
HEADINGS = (
    "work", "agent", "kind", "runs", "active", "failed", "p50", "p95", "p99", "tokens out", "approvals", "retries",
    "cancels",
)  # fmt: skip
NUMBERS = HEADINGS[3:]


def list_(
    work: WorkOption = None,
    agent: AgentOption = None,
    kind: KindOption = None,
    by: ByOption = AgentGrouping.AGENT_AND_KIND,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = 100,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List how agents fare, by the runs that began in a window; without one, in the last 30 days."""
    from_at, to_at = instant_of(since, "--since"), instant_of(until, "--until")
    criteria = Criteria(works=work or None, agents=agent or None, kinds=kind or None)

    def read(snapshot: Snapshot) -> tuple[Span, list[tuple[AgentGroup, Sums]], bool]:
        window = window_of(from_at, to_at, snapshot.now, snapshot.settings(ProjectionSettings).agent_window_ms)
        sql = f"{select_groups(criteria, by, window).sql('work, agent, kind')} ORDER BY 1, 2, 3 LIMIT :rows"
        params = {**select_groups(criteria, by, window).params, "rows": limit + 1}
        groups = snapshot.records(AgentGroup, sql, params)
        sums = read_sums(snapshot, groups[:limit], criteria.question(by), [window])
        return window, [(group, each) for group, (each,) in zip(groups, sums, strict=False)], len(groups) > limit

    with open_store(data) as store:
        window, found, has_more = store.read(read)
    if as_json:
        lines = [_as_json(group, sums) for group, sums in found]
        told = {"from": iso_from_ms(window.from_at), "to": iso_from_ms(window.to_at)}
        emit({**told, "agents": lines, "hasMore": has_more}, as_json)
        return
    if found:
        show(table_of(HEADINGS, [_line(group, sums) for group, sums in found], numbers=NUMBERS), "")
    shown = f"the first {limit:,} are shown" if has_more else f"{len(found):,} in all"
    show(f"Runs that began from {iso_from_ms(window.from_at)} to {iso_from_ms(window.to_at)}; {shown}.")


def outliers(
    work: WorkOption = None,
    agent: AgentOption = None,
    kind: KindOption = None,
    measure: MeasureOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = 50,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List runs that took unusually long or short, or cost unusually many or few tokens; what ended last first."""
    from_at, to_at = instant_of(since, "--since"), instant_of(until, "--until")
    window = Span(-(2**62) if from_at is None else from_at, 2**62 if to_at is None else to_at)
    criteria = Criteria(works=work or None, agents=agent or None, kinds=kind or None)

    def read(snapshot: Snapshot) -> tuple[list[AgentOutlier], bool]:
        selection = select_outliers(criteria, measure or None, window)
        found = page(snapshot, AgentOutlier, selection, order=LATEST_FIRST, first=limit)
        return [edge.node for edge in found.edges], found.page_info.has_next_page

    with open_store(data) as store:
        found, has_more = store.read(read)
    if as_json:
        emit({"outliers": [_outlier_as_json(each) for each in found], "hasMore": has_more}, as_json)
        return
    if found:
        headings = ("ended", "work", "id", "agent", "kind", "measure", "value", "median", "score")
        rows = [_outlier_line(each) for each in found]
        show(table_of(headings, rows, numbers=("value", "median", "score")), "")
    show(f"The last {limit:,} are shown." if has_more else f"{len(found):,} in all.")


def _line(group: AgentGroup, sums: Sums) -> tuple[Any, ...]:
    counts = sums.counts
    ended = counts.completed + counts.failed
    return (
        group.work.lower(),
        group.agent or None,
        group.kind or None,
        counts.runs,
        counts.active,
        f"{counts.failed / ended:.1%}" if ended else None,
        *(None if each is None else span_in_words(each) for each in quantiles_of(sums.bins, QUANTILES)),
        counts.output_tokens,
        counts.approvals_requested,
        counts.retries,
        counts.cancels,
    )


def _as_json(group: AgentGroup, sums: Sums) -> dict[str, Any]:
    quantiles = zip(("p50Ms", "p95Ms", "p99Ms"), quantiles_of(sums.bins, QUANTILES), strict=True)
    counts = {_camel(name): value for name, value in sums.counts._asdict().items()}
    return {"work": group.work, "agent": group.agent or None, "kind": group.kind or None, **counts, **dict(quantiles)}


def _outlier_line(outlier: AgentOutlier) -> tuple[Any, ...]:
    is_duration = outlier.measure == AgentMeasure.DURATION_MS
    value, median = (
        span_in_words(round(each)) if is_duration else round(each) for each in (outlier.value, outlier.median)
    )
    return (
        iso_from_ms(outlier.ended_at),
        outlier.work.lower(),
        outlier.run_id,
        outlier.agent or None,
        outlier.kind or None,
        "duration" if is_duration else "tokens out",
        value,
        median,
        f"{outlier.score:+.1f}",
    )


def _outlier_as_json(outlier: AgentOutlier) -> dict[str, Any]:
    shown = {_camel(name): value for name, value in outlier._asdict().items() if name not in ("sample", "position")}
    return {
        **shown,
        "agent": outlier.agent or None,
        "kind": outlier.kind or None,
        "endedAt": iso_from_ms(outlier.ended_at),
    }


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
