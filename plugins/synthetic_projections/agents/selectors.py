"""How the rows of the fold `agents` and the events that they are made from find one another. Pure.

Sums, groups and windows are made of runs: those whose events name the agent, or
the kind, are looked for first, and then all events of each of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from synthetic import Event, EventFilter, FoldState, RowKey, Selector
from synthetic_approvals.events import APPROVAL_DECIDED, APPROVAL_EXPIRED, APPROVAL_REQUESTED
from synthetic_jobs.events import JOB_STATUS_CHANGED
from synthetic_projections.agents.model import AgentMeasure, AgentRun, AgentWork, Grain
from synthetic_sessions.events import SESSION_SAVED
from synthetic_transcripts.events import MESSAGES_APPENDED, USAGE_EVENTS

APPROVALS = frozenset({APPROVAL_REQUESTED.name, APPROVAL_DECIDED.name, APPROVAL_EXPIRED.name})
SESSION, JOB, TRANSCRIPT = SESSION_SAVED.entity, JOB_STATUS_CHANGED.entity, MESSAGES_APPENDED.entity
SAVED = frozenset({SESSION_SAVED.name})
CHANGED = frozenset({JOB_STATUS_CHANGED.name})
USED = frozenset(each.name for each in USAGE_EVENTS)


def _filters_of_run(work: str, run_id: str, found: Sequence[Event]) -> Iterator[EventFilter]:
    """All events of a session or job, of its transcripts, and of what it asked to be approved."""
    yield EventFilter(entity_type=JOB if work == AgentWork.JOB else SESSION, entity_id=run_id)
    yield EventFilter(types=APPROVALS, payload=(("jobId" if work == AgentWork.JOB else "sessionId", run_id),))
    if work == AgentWork.SESSION:
        # Its messages are among the events of its constructs; of one without, among all that were appended.
        for construct_id in _constructs_of(found).get(run_id, ()):
            yield EventFilter(types=USED, construct_id=construct_id, payload=(("sessionId", run_id),))


def _filters_of_peers(work: str, agent: str, kind: str, found: Sequence[Event]) -> Iterator[EventFilter]:
    """All events of the runs that an agent has had, or of all jobs of a kind where no agent is named.

    What no index finds by the run is looked for once for all of the runs that are known.
    """
    if work == AgentWork.JOB:
        yield EventFilter(types=CHANGED, payload=(("worker", agent),) if agent else (("kind", kind),))
        jobs = frozenset(each.entity_id for each in found if each.type in CHANGED and each.data()["kind"] == kind)
        yield from (EventFilter(entity_type=JOB, entity_id=job_id) for job_id in sorted(jobs))
        if jobs:
            yield EventFilter(types=APPROVALS, payload=(("jobId", jobs),))
        return
    yield EventFilter(types=SAVED, payload=(("agent", agent or None),))
    sessions = frozenset(
        each.entity_id for each in found if each.type in SAVED and (each.data()["agent"] or "") == agent
    )
    yield from (EventFilter(entity_type=SESSION, entity_id=session_id) for session_id in sorted(sessions))
    if sessions:
        yield EventFilter(types=APPROVALS, payload=(("sessionId", sessions),))
    working = defaultdict[str | None, set[str]](set)
    constructs = _constructs_of(found)
    for session_id in sessions:
        for construct_id in constructs[session_id]:
            working[construct_id].add(session_id)
    for construct_id, of_construct in working.items():
        yield EventFilter(types=USED, construct_id=construct_id, payload=(("sessionId", frozenset(of_construct)),))


def _constructs_of(found: Sequence[Event]) -> dict[str, set[str | None]]:
    """For each session the constructs that it has worked on; None among them: at some time on none."""
    constructs: dict[str, set[str | None]] = {}
    for event in found:
        if event.entity_type == SESSION:
            constructs.setdefault(event.entity_id, set()).add(event.construct_id)
    return constructs


def _behind_run(key: RowKey, found: Sequence[Event]) -> Iterable[EventFilter]:
    work, run_id = key
    return _filters_of_run(work, run_id, found)


def _behind_sums(key: RowKey, found: Sequence[Event]) -> Iterable[EventFilter]:
    work, agent, kind, *_ = key
    return _filters_of_peers(work, agent, kind, found)


def _behind_outlier(key: RowKey, found: Sequence[Event]) -> Iterable[EventFilter]:
    """Those of the run, and of all that it could be compared with."""
    work, run_id, _ = key
    yield from _filters_of_run(work, run_id, found)
    own = [event for event in found if event.entity_id == run_id]
    if work == AgentWork.SESSION:
        for agent in sorted({event.data()["agent"] or "" for event in own if event.type in SAVED}):
            yield from _filters_of_peers(work, agent, "", found)
    else:
        for kind in sorted({event.data()["kind"] for event in own if event.type in CHANGED}):
            yield from _filters_of_peers(work, "", kind, found)


def _runs_in(event: Event) -> list[tuple[str, str]]:
    """The runs that an event is about."""
    if event.entity_type == SESSION:
        return [(AgentWork.SESSION, event.entity_id)]
    if event.entity_type == JOB:
        return [(AgentWork.JOB, event.entity_id)]
    if event.entity_type == TRANSCRIPT:
        return [(AgentWork.SESSION, event.data()["sessionId"])]
    data = event.data()
    named = ((AgentWork.SESSION, data["sessionId"]), (AgentWork.JOB, data["jobId"]))
    return [(work, run_id) for work, run_id in named if run_id is not None]


def _kept_runs(state: FoldState, event: Event) -> list[AgentRun]:
    found = [state.get(AgentRun, *key) for key in _runs_in(event)]
    return [run for run in found if run is not None]


def _touched_runs(_state: FoldState, event: Event) -> Iterable[RowKey]:
    return _runs_in(event)


def _touched_groups(state: FoldState, event: Event) -> Iterable[RowKey]:
    return [(run.work, run.agent, run.kind) for run in _kept_runs(state, event)]


def _touched_metrics(state: FoldState, event: Event) -> Iterable[RowKey]:
    return [
        (run.work, run.agent, run.kind, grain, grain.start(run.began_at))
        for run in _kept_runs(state, event)
        for grain in Grain
    ]


def _touched_windows(state: FoldState, event: Event) -> Iterable[RowKey]:
    return [
        (run.work, run.agent if run.work == AgentWork.SESSION else "", run.kind, measure)
        for run in _kept_runs(state, event)
        for measure in AgentMeasure
    ]


def _touched_outliers(_state: FoldState, event: Event) -> Iterable[RowKey]:
    return [(*key, measure) for key in _runs_in(event) for measure in AgentMeasure]


SELECTORS = {
    "agent_runs": Selector(behind=_behind_run, touched=_touched_runs),
    "agent_groups": Selector(behind=_behind_sums, touched=_touched_groups),
    "agent_metrics": Selector(behind=_behind_sums, touched=_touched_metrics),
    "agent_windows": Selector(behind=_behind_sums, touched=_touched_windows),
    "agent_outliers": Selector(behind=_behind_outlier, touched=_touched_outliers),
}
