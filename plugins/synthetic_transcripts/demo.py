"""The plugin's part of the demo: what the made-up fleet's agents said and did."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from synthetic import BlockingStore, Order, Transaction, from_json
from synthetic.demo import Fleet, FleetConstruct, FleetSession, Moment, read_first
from synthetic_sessions.store import Criteria, Session, SessionStatus, record_activity, select_sessions
from synthetic_transcripts.demo_messages import Conversation, compose
from synthetic_transcripts.model import NewTranscript
from synthetic_transcripts.store import append_messages, ensure_transcript, get_transcript, seal_tail

SOURCE = "demo"
BATCH_MESSAGES = 32
"""An agent sends what it has said and done in batches of at most so many."""

LATEST_FIRST = Order(("last_activity_at", "id"), (int, str), descending=True)
LOOKED_AT = 20
"""Of the active sessions, a step looks at so many, those that were active last."""


def history(fleet: Fleet, construct: FleetConstruct) -> Iterator[Moment]:
    """Run by run: each transcript begins, grows batch by batch, and is sealed when its session has ended."""
    for run in fleet.sessions(construct):
        moments = (moment for session in run for moment in _growth(fleet, session))
        yield from sorted(moments, key=lambda moment: moment.at)


def live(store: BlockingStore, fleet: Fleet, random: Random) -> None:
    """An agent that is at work says or does something."""
    store.write(_go_on, fleet, random)


def _growth(fleet: Fleet, session: FleetSession) -> Iterator[Moment]:
    batches = -(-session.messages // BATCH_MESSAGES)
    length = session.ended_at - session.started_at

    def batch(number: int) -> Moment:
        first, last = (session.messages * place // batches for place in (number, number + 1))
        begin, end = (session.started_at + length * place // batches for place in (number, number + 1))
        return Moment(end, lambda tx: _append(tx, fleet, session, (first, last), (begin, end)), amount=last - first)

    for number in range(batches):
        yield batch(number)
    yield Moment(session.ended_at, lambda tx: seal_tail(tx, get_transcript(tx, session.id)), amount=0)


def _append(
    tx: Transaction, fleet: Fleet, session: FleetSession, place: tuple[int, int], span: tuple[int, int]
) -> None:
    """The messages from one place to another, spread over a span of time; the transcript begins with the first."""
    first, last = place
    if first == 0:
        ensure_transcript(tx, NewTranscript(id=session.id, session_id=session.id, source=SOURCE, title=session.title))
    conversation = Conversation(session.agent, session.construct.goal, session.construct.part, session.model)
    draw = fleet.random("messages", session.id, first)
    append_messages(tx, session.id, compose(draw, conversation, first, last - first, span))
    record_activity(tx, session.id, tx.now)


def _go_on(tx: Transaction, fleet: Fleet, random: Random) -> None:
    selection = select_sessions(Criteria(statuses=(SessionStatus.ACTIVE,)), "last_activity_at")
    sessions = read_first(tx, Session, selection, LATEST_FIRST, LOOKED_AT)
    if not sessions:
        return
    session = random.choice(sessions)
    transcript = ensure_transcript(
        tx, NewTranscript(id=session.id, session_id=session.id, source=SOURCE, title=session.title)
    )
    about = from_json(session.metadata)
    part = str(about.get("part") or fleet.goal(fleet.random("topic", session.id))[1])
    model = str(about.get("model") or fleet.model(fleet.random("model", session.id)))
    conversation = Conversation(session.agent or "agent", f"go on with the {part}", part, model)
    span = (max(tx.now - 400, transcript.last_at or 0), tx.now)
    messages = compose(random, conversation, transcript.message_count, random.randint(1, 3), span)
    append_messages(tx, session.id, messages)
    record_activity(tx, session.id, tx.now)
