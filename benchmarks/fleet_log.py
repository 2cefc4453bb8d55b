"""A log as a fleet writes it, of any length and always as dense: what read models are measured on."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from synthetic import EventType, Transaction, iso_from_ms
from synthetic.store import Store
from synthetic_constructs.events import CONSTRUCT_SAVED
from synthetic_jobs.events import JOB_SAVED, JOB_STATUS_CHANGED
from synthetic_projections.costs.events import COST_RECORDED
from synthetic_projections.workflows.events import WORKFLOW_TRANSITIONED
from synthetic_sessions.events import SESSION_SAVED
from synthetic_transcripts.events import MESSAGES_APPENDED, TRANSCRIPT_CREATED, quarter_of

EVENTS_OF_SESSION = 25
SESSIONS_IN_A_WRITE = 40
APART_MS = 864_000
"""A hundred sessions begin in a day."""

AGENTS = tuple(f"agent-{number}" for number in range(12))
WORKERS = tuple(f"worker-{number}" for number in range(8))
KINDS = ("build", "test", "index", "review", "export")
MODELS = ("model-large", "model-small")
APPENDS = 16


class Told(NamedTuple):
    """An event that is to be written."""

    type: EventType
    entity_id: str
    construct_id: str
    payload: dict[str, Any]
    occurred_at: int


def write_log(store: Store, events: int, end_at: int) -> None:
    """Write so many events, about, the last of which happen at an instant (Unix milliseconds)."""
    sessions = events // EVENTS_OF_SESSION
    for start in range(0, sessions, SESSIONS_IN_A_WRITE):
        numbers = range(start, min(start + SESSIONS_IN_A_WRITE, sessions))
        told = [each for number in numbers for each in session_told(number, end_at - (sessions - number) * APART_MS)]
        store.write(_emit, told)


def _emit(tx: Transaction, told: list[Told]) -> None:
    for each in told:
        tx.emit(
            each.type,
            each.entity_id,
            construct_id=each.construct_id,
            payload=each.payload,
            occurred_at=each.occurred_at,
        )


def session_told(number: int, began: int) -> Iterator[Told]:
    """What a session and its job tell, one of four of a construct."""
    random = Random(number)
    construct, session, job = f"c{number // 4}", f"s{number}", f"j{number}"
    agent, project = random.choice(AGENTS), f"p{number % 10}"
    took = int(random.lognormvariate(14, 1))
    created = number % 4 == 0
    saved = {"created": created, "version": 1, "status": "ACTIVE", "changed": ["status"], "projectId": project}
    yield Told(CONSTRUCT_SAVED, construct, construct, saved, began)
    yield Told(SESSION_SAVED, session, construct, _session(agent, construct, project, began, None, "ACTIVE"), began)
    yield Told(TRANSCRIPT_CREATED, f"t{number}", construct, {"sessionId": session, "source": None}, began)
    for place in range(APPENDS):
        at = began + took * place // APPENDS
        usage = {
            "quarterAt": quarter_of(at), "model": random.choice(MODELS), "inputTokens": random.randrange(3_000),
            "outputTokens": random.randrange(900), "cacheReadTokens": random.randrange(30_000),
            "cacheWriteTokens": random.randrange(3_000), "responses": 2,
        }  # fmt: skip
        appended = {
            "sessionId": session, "firstSeq": place * 4 + 1, "lastSeq": place * 4 + 4, "messages": 4, "toolCalls": 1,
            "kinds": {"TEXT": 2, "TOOL_CALL": 1, "TOOL_RESULT": 1}, "usage": [usage],
        }  # fmt: skip
        yield Told(MESSAGES_APPENDED, f"t{number}", construct, appended, at)
    yield from _job_told(random, job, construct, project, began, took)
    cost = {
        "kind": "tool", "sessionId": session, "constructId": construct, "projectId": project, "agent": agent,
        "model": None, "inputTokens": 0, "outputTokens": 0, "cacheReadTokens": 0, "cacheWriteTokens": 0,
        "costMicros": 1_500, "currency": "USD",
    }  # fmt: skip
    yield Told(COST_RECORDED, f"x{number}", construct, cost, began + took)
    step = number % 4
    moved = {
        "transitionId": f"m{number}", "number": step + 1, "from": f"step-{step - 1}" if step else None,
        "to": f"step-{step}", "status": "OPEN", "machine": None, "machineVersion": None, "projectId": project,
        "storyId": f"y{number // 8}", "actor": agent, "isLate": False,
    }  # fmt: skip
    yield Told(WORKFLOW_TRANSITIONED, f"w{number // 4}", construct, moved, began + took)
    status = "FAILED" if random.random() < 0.07 else "ENDED"
    ended = _session(agent, construct, project, began, began + took, status)
    yield Told(SESSION_SAVED, session, construct, ended, began + took)


def _session(agent: str, construct: str, project: str, began: int, ended: int | None, status: str) -> dict[str, Any]:
    return {
        "created": ended is None, "version": 1 if ended is None else 2, "status": status,
        "previousStatus": None if ended is None else "ACTIVE", "constructId": construct,
        "previousConstructId": None if ended is None else construct, "parentSessionId": None, "agent": agent,
        "projectId": project, "startedAt": iso_from_ms(began), "endedAt": None if ended is None else iso_from_ms(ended),
        "changed": ["status"],
    }  # fmt: skip


def _job_told(random: Random, job: str, construct: str, project: str, began: int, took: int) -> Iterator[Told]:
    common = {"kind": random.choice(KINDS), "userId": None, "projectId": project, "parentId": None}
    worker = random.choice(WORKERS)
    saved = {**common, "status": "PENDING", "created": True, "version": 1, "changed": ["kind"]}
    running = {
        **common,
        "status": "RUNNING",
        "previousStatus": "PENDING",
        "worker": worker,
        "attempt": 1,
        "progress": 0,
    }
    ended = {**running, "status": "COMPLETED", "previousStatus": "RUNNING", "outcome": "COMPLETED", "progress": 100}
    yield Told(JOB_SAVED, job, construct, saved, began)
    yield Told(JOB_STATUS_CHANGED, job, construct, running, began + took // 4)
    yield Told(JOB_STATUS_CHANGED, job, construct, ended, began + took // 2)
