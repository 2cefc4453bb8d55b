"""Touches: what they say and do not say, and that they are coalesced; and what a wrong clock leaves."""

from __future__ import annotations

import pytest

from plugins.logged import logged
from plugins.sessions.documents import (
    CONTEXTS,
    SAVE_CONTEXT,
    SAVE_THREAD,
    THREADS,
    TOUCH_CONTEXT,
    TOUCH_SESSION,
    TOUCH_THREAD,
)
from synthetic import iso_from_ms
from synthetic.testing import expect_data, open_test_store
from synthetic_sessions.services import settle
from synthetic_sessions.store import find_session, touch_session

DAY_MS = 86_400_000
PLACE = {"channel": "C1", "ts": "1712345678.000100"}
STORED = """{
  session(id: "s") { lastActivityAt version }
  sessionContext(id: "x") { lastUsedAt version updatedAt }
  threadSession(channel: "C1", threadTs: "1712345678.000100") { lastMessageAt version updatedAt }
}"""
CONFIRM = "mutation { runRetention(input: {rules: [], confirmClock: true}) { __typename } }"


@pytest.fixture
def three(ask, save):
    """A session, a context and a thread that were saved a moment ago."""
    save(id="s")
    ask(SAVE_CONTEXT, input={"id": "x"})
    ask(SAVE_THREAD, input={"channel": "C1", "threadTs": PLACE["ts"], "sessionId": "s"})


def touch_all(ask) -> list[tuple[str, bool]]:
    """Touch each; the instant that each answer shows, and whether it is on the disk."""
    session = ask(TOUCH_SESSION, id="s")["touchSession"]
    context = ask(TOUCH_CONTEXT, id="x")["touchSessionContext"]
    thread = ask(TOUCH_THREAD, **PLACE)["touchThreadSession"]
    assert {session["session"]["version"], context["context"]["version"], thread["thread"]["version"]} == {1}
    return [
        (session["session"]["lastActivityAt"], session["durable"]),
        (context["context"]["lastUsedAt"], context["durable"]),
        (thread["thread"]["lastMessageAt"], thread["durable"]),
    ]


def stored(ask) -> list[str]:
    found = ask(STORED)
    names = (("session", "lastActivityAt"), ("sessionContext", "lastUsedAt"), ("threadSession", "lastMessageAt"))
    return [found[name][instant] for name, instant in names]


def test_a_touch_moves_the_instant_and_is_neither_a_change_nor_an_event(ask, store, three, clock) -> None:
    before, events = ask(STORED), len(logged(store))
    clock.advance(5_000)
    now = iso_from_ms(clock.now_ms())

    assert touch_all(ask) == [(now, True)] * 3

    assert stored(ask) == [now] * 3
    after = ask(STORED)
    for name in ("sessionContext", "threadSession"):
        assert after[name]["updatedAt"] == before[name]["updatedAt"]
    assert len(logged(store)) == events


def test_touches_that_follow_at_once_are_answered_as_they_will_be_written(ask, store, three, clock) -> None:
    touch_all(ask)
    first = stored(ask)
    for _ in range(3):
        clock.advance(10)
        answers = touch_all(ask)
    now = iso_from_ms(clock.now_ms())

    assert answers == [(now, False)] * 3
    assert stored(ask) == first
    store.kernel.database.coalesced.flush()
    assert stored(ask) == [now] * 3


def test_a_thousand_touches_are_few_commits(data_dir, clock) -> None:
    with open_test_store(data_dir, clock=clock, settings={"kernel.database.coalesce_ms": "60000"}) as store:
        expect_data(store.graphql('mutation { saveSession(input: {id: "s"}) { created } }'))

        def written() -> float:
            return store.kernel.metrics.registry.get_sample_value("synthetic_writes_total") or 0

        before = written()
        for _ in range(1_000):
            clock.advance(1)
            expect_data(store.graphql(TOUCH_SESSION, {"id": "s"}))
        assert written() == before + 1
    with open_test_store(data_dir, clock=clock) as store:
        session = store.read(find_session, "s")
        assert session is not None
        assert session.last_activity_at == clock.now_ms()


def test_what_is_not_there_or_no_id_is_refused_also_right_after_it_went(ask, refused, three) -> None:
    for document, variables in (
        (TOUCH_SESSION, {"id": "nowhere"}),
        (TOUCH_CONTEXT, {"id": "nowhere"}),
        (TOUCH_THREAD, PLACE | {"ts": "1712345678.0001"}),
    ):
        refused("NOT_FOUND", document, **variables)
    for document in (TOUCH_SESSION, TOUCH_CONTEXT):
        refused("BAD_USER_INPUT", document, id=" ")
    refused("BAD_USER_INPUT", TOUCH_THREAD, channel="C\n1", ts="1")

    touch_all(ask)
    ask('mutation { deleteSessionContext(input: {id: "x"}) { context { id } } }')
    refused("NOT_FOUND", TOUCH_CONTEXT, id="x")


def test_what_went_while_its_touch_waited_is_passed_over(ask, store, three) -> None:
    for _ in range(2):
        touch_all(ask)
    ask('mutation { deleteSessionContext(input: {id: "x"}) { context { id } } }')
    store.kernel.database.coalesced.flush()

    assert ask(CONTEXTS)["sessionContexts"]["nodes"] == []
    lost = store.kernel.metrics.registry.get_sample_value("synthetic_coalesced_values_total", {"outcome": "lost"})
    assert lost == 0


def test_the_clock_set_back_an_hour_moves_no_instant_back(ask, three, clock) -> None:
    touched = stored(ask)
    clock.jump(-3_600_000)

    assert [instant for instant, _ in touch_all(ask)] == touched
    assert stored(ask) == touched


def test_a_session_that_is_over_can_be_touched_and_saved_with_the_version_that_was_read(save, store, clock) -> None:
    save(id="s", status="ENDED")
    clock.advance(60_000)
    touched = touch_session(store, "s").record
    assert touched == store.read(find_session, "s")
    assert (touched.last_activity_at, touched.version) == (clock.now_ms(), 1)

    assert save(id="s", title="Done", ifVersion=1)["changed"]


def test_what_was_touched_by_a_clock_a_year_ahead_is_set_right_once_it_is_believed(ask, store, three, clock) -> None:
    assert settle(store) == 0
    clock.jump(365 * DAY_MS)
    ahead = [instant for instant, _ in touch_all(ask)]
    assert ahead == [iso_from_ms(clock.now_ms())] * 3
    ask("mutation { runRetention(input: {dryRun: true}) { __typename } }")
    clock.jump(-365 * DAY_MS)
    store.kernel.database.coalesced.flush()

    ask(CONFIRM)
    assert settle(store) == 3
    assert stored(ask) == [iso_from_ms(clock.now_ms())] * 3
    assert settle(store) == 0


def test_instants_up_to_a_day_ahead_are_left_alone(ask, store, three, clock) -> None:
    clock.jump(-DAY_MS)
    before = stored(ask)

    assert settle(store) == 0
    assert stored(ask) == before


def test_nothing_is_set_right_by_a_clock_that_is_not_believed(ask, store, three, clock) -> None:
    ask(CONFIRM)
    before = stored(ask)
    clock.jump(-365 * DAY_MS)

    assert settle(store) == 0
    assert stored(ask) == before


def test_the_start_of_a_session_that_begins_in_the_future_stays(save, ask, store, clock) -> None:
    start = iso_from_ms(clock.now_ms() + 9 * DAY_MS)
    save(id="s", startedAt=start)

    assert settle(store) == 0
    assert ask('{ session(id: "s") { lastActivityAt } }')["session"]["lastActivityAt"] == start


def test_lists_by_use_follow_the_touches(ask, three, clock) -> None:
    clock.advance(1_000)
    ask(SAVE_CONTEXT, input={"id": "y"})
    ask(SAVE_THREAD, input={"channel": "C1", "threadTs": "2", "sessionId": "s"})
    assert [node["id"] for node in ask(CONTEXTS)["sessionContexts"]["nodes"]] == ["y", "x"]
    clock.advance(1_000)

    touch_all(ask)

    assert [node["id"] for node in ask(CONTEXTS)["sessionContexts"]["nodes"]] == ["x", "y"]
    assert [node["threadTs"] for node in ask(THREADS)["threadSessions"]["nodes"]] == [PLACE["ts"], "2"]
