"""The fold `agents`: what each event does to runs, to their sums, and to what stands out. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from operator import add, sub

from synthetic import Event, FoldState, from_json, to_json
from synthetic_approvals.events import APPROVAL_DECIDED, APPROVAL_EXPIRED, APPROVAL_REQUESTED
from synthetic_jobs.events import JOB_CANCEL_REQUESTED, JOB_DELETED, JOB_STATUS_CHANGED
from synthetic_projections.agents import runs
from synthetic_projections.agents.judging import Rules, judge
from synthetic_projections.agents.model import (
    AgentCounts,
    AgentGroup,
    AgentMeasure,
    AgentMetric,
    AgentOutlier,
    AgentRun,
    AgentWindow,
    AgentWork,
    Grain,
)
from synthetic_projections.agents.sketches import bin_of, change_sketch
from synthetic_sessions.events import SESSION_DELETED, SESSION_SAVED
from synthetic_transcripts.events import MESSAGES_APPENDED, USAGE_APPENDED


def fold_agents(state: FoldState, event: Event) -> None:
    """Take in one event."""
    match event.type:
        case SESSION_SAVED.name:
            run = state.get(AgentRun, AgentWork.SESSION, event.entity_id)
            _become(state, event, run, runs.saved_session(run, event))
        case JOB_STATUS_CHANGED.name:
            run = state.get(AgentRun, AgentWork.JOB, event.entity_id)
            after = runs.changed_job(run, event)
            if after is not None:
                _become(state, event, run, after)
        case JOB_CANCEL_REQUESTED.name:
            _change(state, event, AgentWork.JOB, event.entity_id, runs.asked_to_cancel)
        case MESSAGES_APPENDED.name | USAGE_APPENDED.name:
            _change(state, event, AgentWork.SESSION, event.data()["sessionId"], runs.with_tokens)
        case APPROVAL_REQUESTED.name | APPROVAL_DECIDED.name | APPROVAL_EXPIRED.name:
            data = event.data()
            _change(state, event, AgentWork.SESSION, data["sessionId"], runs.with_approval)
            _change(state, event, AgentWork.JOB, data["jobId"], runs.with_approval)
        case SESSION_DELETED.name:
            _forget(state, event, AgentWork.SESSION)
        case JOB_DELETED.name:
            _forget(state, event, AgentWork.JOB)
        case _:
            raise ValueError(f"the fold is not made for {event.type}")


def _change(
    state: FoldState,
    event: Event,
    work: AgentWork,
    run_id: str | None,
    become: Callable[[AgentRun, Event], AgentRun],
) -> None:
    """Change a run; one that the log does not know of, or not any more, counts for nobody."""
    run = None if run_id is None else state.get(AgentRun, work, run_id)
    if run is not None:
        _become(state, event, run, become(run, event))


def _become(state: FoldState, event: Event, before: AgentRun | None, after: AgentRun) -> None:
    """Put a run in the place of what it was, with all that follows from it."""
    if after == before:
        return
    state.put(after)
    _count(state, before, after)
    if after.ended_at is None and (before is None or before.ended_at is None):
        return
    for measure in AgentMeasure:
        _compare(state, event, measure, before, after)


def _forget(state: FoldState, event: Event, work: AgentWork) -> None:
    """A run that is deleted stays in the sums: what was done was done."""
    run = state.get(AgentRun, work, event.entity_id)
    if run is None:
        return
    _count(state, run, runs.cut_off(run, event))
    state.delete(AgentRun, work, event.entity_id)
    for measure in AgentMeasure:
        state.delete(AgentOutlier, work, event.entity_id, measure)


def _count(state: FoldState, before: AgentRun | None, after: AgentRun) -> None:
    """Bring the sums in step with a run, in its new place where it has another."""
    if before is not None and _place(before) == _place(after):
        if (before.status, before.duration_ms) == (after.status, after.duration_ms):
            # As nearly all events have it: only what a run has counted itself is more than before.
            _add(state, after, AgentCounts(0, 0, 0, 0, 0, *map(sub, after.tallies, before.tallies)), Counter())
            return
        bins = _bins(after)
        bins.subtract(_bins(before))
        _add(state, after, AgentCounts(*map(sub, after.counts, before.counts)), bins)
        return
    if before is not None:
        gone = AgentCounts(*(-count for count in before.counts))
        _add(state, before, gone, Counter({key: -count for key, count in _bins(before).items()}))
    _add(state, after, after.counts, _bins(after))


def _place(run: AgentRun) -> tuple[str, str, str, int]:
    """Where a run counts; its day follows from the quarter of the hour."""
    return run.work, run.agent, run.kind, Grain.QUARTER.start(run.began_at)


def _bins(run: AgentRun) -> Counter[int]:
    return Counter() if run.duration_ms is None else Counter([bin_of(run.duration_ms)])


def _add(state: FoldState, run: AgentRun, change: AgentCounts, bins: Counter[int]) -> None:
    """Add something to the sums at the place of a run."""
    changed_bins = {key: count for key, count in bins.items() if count}
    if not any(change) and not changed_bins:
        return
    for grain in Grain:
        key = (run.work, run.agent, run.kind, grain, grain.start(run.began_at))
        row = state.get(AgentMetric, *key) or AgentMetric(*key)
        counts = list(map(add, row[5:-1], change))
        durations = change_sketch(row.durations, changed_bins) if changed_bins else row.durations
        if counts[0]:
            state.put(AgentMetric._make((*key, *counts, durations)))
        else:
            state.delete(AgentMetric, *key)
    if change.runs:
        group = state.get(AgentGroup, run.work, run.agent, run.kind) or AgentGroup(run.work, run.agent, run.kind)
        if group.runs + change.runs:
            state.put(group._replace(runs=group.runs + change.runs))
        else:
            state.delete(AgentGroup, run.work, run.agent, run.kind)


def _peers(run: AgentRun) -> tuple[str, str, str]:
    """The runs that one is compared with: sessions of the same agent, and jobs of the same kind by any worker."""
    return run.work, run.agent if run.work == AgentWork.SESSION else "", run.kind


def _compare(state: FoldState, event: Event, measure: AgentMeasure, before: AgentRun | None, after: AgentRun) -> None:
    """Judge a run when it has ended, and anew when its value changes after that."""
    known = None if before is None else before.measure(measure)
    value = after.measure(measure)
    if before is not None and known is not None and (value is None or _peers(before) != _peers(after)):
        window, others = _latest(state, before, measure)
        state.put(window._replace(latest=to_json(others)))
        state.delete(AgentOutlier, after.work, after.run_id, measure)
    if value is None or (value == known and _told(before) == _told(after)):
        return
    rules = state.input(Rules)
    window, others = _latest(state, after, measure)
    state.put(window._replace(latest=to_json([*others, (after.run_id, value)][-rules.window :])))
    judged = judge(value, [each for _, each in others]) if len(others) >= rules.least else None
    if judged is None or abs(judged.score) <= rules.score:
        state.delete(AgentOutlier, after.work, after.run_id, measure)
        return
    state.put(
        AgentOutlier(
            work=after.work,
            run_id=after.run_id,
            measure=measure,
            agent=after.agent,
            kind=after.kind,
            ended_at=after.ended_at or event.occurred_at_utc,
            position=event.position,
            value=value,
            median=judged.median,
            deviation=judged.deviation,
            score=judged.score,
            sample=to_json(others),
        )
    )


def _told(run: AgentRun | None) -> tuple[str, str, int | None] | None:
    """What is kept of a run beside its value."""
    return None if run is None else (run.agent, run.kind, run.ended_at)


def _latest(state: FoldState, run: AgentRun, measure: AgentMeasure) -> tuple[AgentWindow, list[tuple[str, int]]]:
    """The window of a run's peers, and what it holds without the run itself."""
    key = (*_peers(run), measure)
    window = state.get(AgentWindow, *key) or AgentWindow(*key)
    pairs: list[tuple[str, int]] = from_json(window.latest)
    return window, [(run_id, value) for run_id, value in pairs if run_id != run.run_id]
