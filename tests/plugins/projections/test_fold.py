"""The fold `activity`, event by event, on rows in memory: counts follow their transcripts and sessions."""

from __future__ import annotations

import pytest

from synthetic.contributions import Stamped
from synthetic.log.consumers.fold_state import FoldState, fold_tables
from synthetic.log.events import Event
from synthetic_projections.activity.folds import ACTIVITY
from synthetic_projections.activity.model import ConstructActivity, SessionActivity, TranscriptActivity, fold_activity
from synthetic_projections.plugin import register_tables


class Log:
    """A state that begins empty, and events for it."""

    def __init__(self, store) -> None:
        stamped = [Stamped("projections", table) for table in register_tables()]
        self._store = store
        self._tables = fold_tables(ACTIVITY.tables, stamped)
        self.position = 0

    def take_in(self, *events: tuple[str, str, str | None, str]) -> None:
        def work(tx) -> None:
            state = FoldState(self._tables, tx, str)
            for type_, entity_id, construct_id, payload in events:
                self.position += 1
                fold_activity(state, self._event(type_, entity_id, construct_id, payload))
            state.write_back(tx)

        self._store.write(work)

    def _event(self, type_: str, entity_id: str, construct_id: str | None, payload: str) -> Event:
        return Event(
            position=self.position, epoch="0000000000", id=f"e{self.position}", type=type_, module="test",
            construct_id=construct_id, entity_type=type_.partition(".")[0], entity_id=entity_id, payload=payload,
            actor="test", correlation_id="r", causation_id=None, occurred_at_utc=1_000 + self.position,
            ingested_at_utc=2_000 + self.position,
        )  # fmt: skip

    def construct(self, id: str = "c") -> tuple | None:
        return self._row("construct_activity", "construct_id", id)

    def rows(self) -> list[int]:
        names = ("construct_activity", "session_activity", "transcript_activity")
        return [self._store.read(lambda tx, name=name: tx.value(f"SELECT count(*) FROM {name}")) for name in names]

    def _row(self, table: str, key: str, id: str) -> tuple | None:
        columns = ", ".join(ConstructActivity._fields[1:])
        return self._store.read(lambda tx: tx.row(f"SELECT {columns} FROM {table} WHERE {key} = :id", {"id": id}))


def session(id: str = "s", construct_id: str | None = "c") -> tuple[str, str, str | None, str]:
    given = "null" if construct_id is None else f'"{construct_id}"'
    return "session.saved", id, construct_id, f'{{"constructId": {given}}}'


def created(id: str = "t", session_id: str = "s", construct_id: str | None = "c"):
    return "transcript.created", id, construct_id, f'{{"sessionId": "{session_id}"}}'


def appended(messages: int, *usage: tuple[int, int], id: str = "t", session_id: str = "s", construct_id="c"):
    rest = '"model": null, "cacheReadTokens": 0, "cacheWriteTokens": 0, "responses": 1'
    tokens = ", ".join(f'{{"inputTokens": {read}, "outputTokens": {written}, {rest}}}' for read, written in usage)
    payload = f'{{"sessionId": "{session_id}", "messages": {messages}, "toolCalls": 2, "usage": [{tokens}]}}'
    return "transcript.messages_appended", id, construct_id, payload


@pytest.fixture
def log(store):
    return Log(store)


SAVED = ("construct.saved", "c", "c", "{}")


def test_a_construct_has_no_counts_at_first_and_its_last_event(log):
    log.take_in(SAVED)
    assert log.construct() == (0, 0, 0, 0, 0, "construct.saved", 1_001, 1)


def test_sessions_messages_and_tokens_are_counted(log):
    log.take_in(SAVED, session(), created(), appended(3, (10, 4), (5, 1)), appended(2), session("s2"))
    assert log.construct() == (2, 5, 4, 15, 5, "session.saved", 1_006, 6)


def test_a_later_word_on_a_response_corrects_the_tokens(log):
    log.take_in(SAVED, session(), created(), appended(1, (10, 4)), appended(1, (-3, 2)))
    assert log.construct()[:5] == (1, 2, 4, 7, 6)


def test_usage_that_follows_in_an_event_of_its_own_is_counted_and_brings_no_messages(log):
    log.take_in(SAVED, session(), created(), appended(3, (10, 4)))
    _, id, construct_id, payload = appended(0, (100, 40), (1, 1))
    rest = payload.partition('"usage"')[2]
    log.take_in(("transcript.usage_appended", id, construct_id, f'{{"sessionId": "s", "usage"{rest}'))
    assert log.construct()[:5] == (1, 3, 2, 111, 45)


def test_a_session_that_is_attached_later_takes_its_counts_along(log):
    log.take_in(SAVED, session(construct_id=None), created(construct_id=None), appended(4, (7, 2), construct_id=None))
    assert log.construct()[:5] == (0, 0, 0, 0, 0)
    log.take_in(session())
    assert log.construct()[:5] == (1, 4, 2, 7, 2)
    log.take_in(("construct.saved", "d", "d", "{}"), session(construct_id="d"))
    assert log.construct()[:5] == (0, 0, 0, 0, 0)
    assert log.construct("d")[:5] == (1, 4, 2, 7, 2)


def test_what_is_deleted_is_subtracted(log):
    log.take_in(SAVED, session(), session("s2"), created(), created("t2", "s2"))
    log.take_in(appended(4, (7, 2)), appended(1, (1, 1), id="t2", session_id="s2"))
    assert log.construct()[:5] == (2, 5, 4, 8, 3)
    log.take_in(("transcript.deleted", "t", "c", "{}"))
    assert log.construct()[:5] == (2, 1, 2, 1, 1)
    log.take_in(("session.deleted", "s", "c", "{}"))
    assert log.construct()[:6] == (1, 1, 2, 1, 1, "session.deleted")
    # Without a word on its transcript before.
    log.take_in(("session.deleted", "s2", "c", "{}"), ("transcript.deleted", "t2", "c", "{}"))
    assert log.construct()[:5] == (0, 0, 0, 0, 0)
    log.take_in(("construct.deleted", "c", "c", "{}"))
    assert log.rows() == [0, 0, 0]


def test_what_goes_leaves_no_trace_of_a_construct_that_is_gone(log):
    log.take_in(
        ("construct.deleted", "c", "c", "{}"),
        ("session.deleted", "s", "c", "{}"),
        ("transcript.deleted", "t", "c", "{}"),
        ("construct_relationship.deleted", "c/PARENT/d", "c", "{}"),
    )
    assert log.rows() == [0, 0, 0]


def test_relationships_are_events_of_the_construct_that_they_begin_at(log):
    log.take_in(SAVED, ("construct_relationship.saved", "c/PARENT/d", "c", "{}"))
    assert log.construct()[5:] == ("construct_relationship.saved", 1_002, 2)


def test_a_session_that_is_older_than_the_log_is_counted_from_its_first_event_on(log):
    log.take_in(appended(2, (3, 1)))
    assert log.construct()[:5] == (1, 2, 2, 3, 1)


def test_one_batch_or_many_come_to_the_same(log, store):
    events = [SAVED, session(), created(), appended(4, (7, 2)), session(construct_id=None), session(), appended(1)]
    log.take_in(*events)
    whole = log.construct()
    store.write(lambda tx: [tx.execute(f"DELETE FROM {name}") for name in ACTIVITY.tables])
    log.position = 0
    for event in events:
        log.take_in(event)
    assert log.construct() == whole


def test_an_event_that_it_is_not_made_for_is_refused(log):
    with pytest.raises(ValueError, match="not made for"):
        log.take_in(("job.saved", "j", None, "{}"))


def test_the_records_are_those_of_the_tables():
    assert list(ACTIVITY.tables.values()) == [ConstructActivity, SessionActivity, TranscriptActivity]
