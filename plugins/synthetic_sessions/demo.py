"""The plugin's part of the demo: the runs of the made-up fleet's agents, and of their sub-agents."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from synthetic import BlockingStore, Order, Transaction, from_json
from synthetic.demo import Fleet, FleetConstruct, FleetSession, Moment, read_first
from synthetic_constructs.store import ConstructRecord, ConstructStatus, select_constructs
from synthetic_constructs.store import Criteria as ConstructCriteria
from synthetic_sessions.model import Criteria, Session, SessionContent, SessionStatus
from synthetic_sessions.store import save_session, select_sessions

OLDEST_FIRST = Order(("started_at", "id"), (int, str))
NEWEST_FIRST = Order(("created_at", "id"), (int, str), descending=True)
ACTIVE_MAX = 24
"""The fleet of a live demo does not grow beyond so many agents at work, unless its history left more."""


def history(fleet: Fleet, construct: FleetConstruct) -> Iterator[Moment]:
    """Run by run: each session starts, and comes to an end."""
    for run in fleet.sessions(construct):
        yield from sorted((moment for session in run for moment in _life(session)), key=lambda moment: moment.at)


def live(store: BlockingStore, fleet: Fleet, random: Random) -> None:
    """A session starts or comes to an end."""
    store.write(_go_on, fleet, random)


def _life(session: FleetSession) -> Iterator[Moment]:
    content: SessionContent = {
        "construct_id": session.construct.id,
        "parent_session_id": session.parent_id,
        "agent": session.agent,
        "title": session.title,
        "user_id": f"team-{session.construct.team}",
        "project_id": session.construct.project,
        "metadata": {"model": session.model, "part": session.construct.part, "branch": f"agents/{session.agent}"},
    }
    end: SessionContent = {"status": SessionStatus(session.outcome)}
    yield Moment(session.started_at, lambda tx: save_session(tx, content, session_id=session.id))
    yield Moment(session.ended_at, lambda tx: save_session(tx, end, session_id=session.id, if_version=1), amount=0)


def _go_on(tx: Transaction, fleet: Fleet, random: Random) -> None:
    selection = select_sessions(Criteria(statuses=(SessionStatus.ACTIVE,)), "started_at")
    active = read_first(tx, Session, selection, OLDEST_FIRST, ACTIVE_MAX)
    if random.random() * ACTIVE_MAX < len(active):
        outcome = random.choices((SessionStatus.ENDED, SessionStatus.FAILED), (9, 1))[0]
        oldest = active[0]
        save_session(tx, {"status": outcome}, session_id=oldest.id, if_version=oldest.version)
    elif active and random.random() < 0.3:
        _start_sub_agent(tx, fleet, random, random.choice(active))
    else:
        _start(tx, fleet, random)


def _start(tx: Transaction, fleet: Fleet, random: Random) -> None:
    """An agent starts on something that is worked on; where nothing is, there is nothing to start."""
    selection = select_constructs(tx, ConstructCriteria(statuses=(ConstructStatus.ACTIVE,)), by_creation=True)
    constructs = read_first(tx, ConstructRecord, selection, NEWEST_FIRST, ACTIVE_MAX)
    if not constructs:
        return
    construct = random.choice(constructs)
    part = from_json(construct.metadata).get("part")
    content: SessionContent = {
        "construct_id": construct.id,
        "agent": fleet.agent(random, construct.type),
        "title": construct.title,
        "user_id": construct.user_id,
        "project_id": construct.project_id,
        "metadata": {"model": fleet.model(random), "part": part},
    }
    save_session(tx, content)


def _start_sub_agent(tx: Transaction, fleet: Fleet, random: Random, parent: Session) -> None:
    agent = fleet.agent(random, "sub-agent")
    part = from_json(parent.metadata).get("part")
    content: SessionContent = {
        "parent_session_id": parent.id,
        "agent": agent,
        "title": f"{agent.partition('-')[0].capitalize()} for {parent.agent}",
        "user_id": parent.user_id,
        "project_id": parent.project_id,
        "metadata": {"model": fleet.model(random), "part": part},
    }
    save_session(tx, content)
