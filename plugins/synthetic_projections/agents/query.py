"""Root query fields: `agentMetrics` and `agentOutliers`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from dataclasses import replace
from typing import Annotated

import strawberry

from synthetic import After, Asked, Before, Connection, DateTime, First, Last, Order, Snapshot, page, query, to_json
from synthetic_projections.agents.enums import AgentGrouping, AgentOutlierOrder
from synthetic_projections.agents.inputs import AgentMetricsFilter, AgentOutlierFilter
from synthetic_projections.agents.store import Criteria, select_groups, select_outliers
from synthetic_projections.agents.types import AgentMetrics, AgentOutlier
from synthetic_projections.buckets import Span, TimeZone, read_zone, window_of
from synthetic_projections.settings import ProjectionSettings

BY_GROUP = Order(("work", "agent", "kind"), (str, str, str))
EVER = Span(-(2**62), 2**62)


@query(reads=("projections.agents",))
def agent_metrics(
    snapshot: Snapshot,
    asked: Asked,
    filter: Annotated[AgentMetricsFilter | None, strawberry.argument(description="Which; all without it.")] = None,
    group_by: Annotated[
        AgentGrouping, strawberry.argument(description="Which runs are added up in one node.")
    ] = AgentGrouping.AGENT_AND_KIND,
    from_at: Annotated[
        DateTime | None,
        strawberry.argument(
            name="from",
            description="The begin of the window, which is widened to whole quarters of an hour; without it,"
            " `plugins.projections.agent_window_ms` before its end.",
        ),
    ] = None,
    to_at: Annotated[
        DateTime | None, strawberry.argument(name="to", description="The first instant behind it; without it, now.")
    ] = None,
    time_zone: TimeZone = "UTC",
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[AgentMetrics]:
    """How agents fare, by the runs that began in a window: counts, durations, failures, tokens and interventions."""
    default_ms = snapshot.settings(ProjectionSettings).agent_window_ms
    window = window_of(from_at, to_at, snapshot.now, default_ms)
    read_zone(time_zone)
    criteria = Criteria() if filter is None else filter.criteria()
    selection = select_groups(criteria, group_by, window)
    question = criteria.question(group_by, time_zone)
    return page(
        snapshot,
        AgentMetrics,
        replace(selection, params={**selection.params, "question": to_json(list(question))}),
        order=BY_GROUP,
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )


@query(reads=("projections.agents",))
def agent_outliers(
    snapshot: Snapshot,
    asked: Asked,
    filter: Annotated[AgentOutlierFilter | None, strawberry.argument(description="Which; all without it.")] = None,
    from_at: Annotated[
        DateTime | None, strawberry.argument(name="from", description="Only those that ended then or later.")
    ] = None,
    to_at: Annotated[
        DateTime | None, strawberry.argument(name="to", description="Only those that ended before.")
    ] = None,
    order_by: Annotated[
        AgentOutlierOrder, strawberry.argument(description="In which order.")
    ] = AgentOutlierOrder.ENDED_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[AgentOutlier]:
    """Runs that took unusually long or short, or cost unusually many or few tokens, each with its evidence."""
    criteria = Criteria() if filter is None else filter.criteria()
    measures = None if filter is None else filter.measures
    window = None
    if from_at is not None or to_at is not None:
        window = Span(EVER.from_at if from_at is None else from_at, EVER.to_at if to_at is None else to_at)
    return page(
        snapshot,
        AgentOutlier,
        select_outliers(criteria, measures, window),
        order=Order(
            ("ended_at", "work", "run_id", "measure"),
            (int, str, str, str),
            descending=order_by is AgentOutlierOrder.ENDED_AT_DESC,
        ),
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )
