"""Retention of contexts and threads: rows a minute each side of each line, and clocks that are wrong."""

from __future__ import annotations

import pytest

from plugins.logged import logged
from plugins.sessions.documents import SAVE_CONTEXT, SAVE_THREAD, TOUCH_CONTEXT, TOUCH_THREAD
from synthetic_sessions.settings import SessionSettings

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
RUN = """mutation ($rules: [String!]!) { runRetention(input: {rules: $rules}) { __typename } }"""
CONFIRM = """mutation { runRetention(input: {rules: ["sessions.contexts"], confirmClock: true}) { __typename } }"""
LEFT = "{ sessionContexts { nodes { id } } threadSessions { nodes { threadTs } } }"
RULES = ["sessions.contexts", "sessions.threads"]


@pytest.fixture
def add(ask, save):
    """Add a context and a thread of this name, of a session that stays."""
    save(id="s")

    def add(name: str) -> None:
        ask(SAVE_CONTEXT, input={"id": name, "sessionId": "s"})
        ask(SAVE_THREAD, input={"channel": "C", "threadTs": name, "sessionId": "s"})

    return add


def left(ask) -> tuple[list[str], list[str]]:
    found = ask(LEFT)
    contexts = sorted(node["id"] for node in found["sessionContexts"]["nodes"])
    return contexts, sorted(node["threadTs"] for node in found["threadSessions"]["nodes"])


def test_the_settings_are_a_day_and_a_week(store) -> None:
    settings = store.read(lambda snapshot: snapshot.settings(SessionSettings))

    assert (settings.keep_contexts_ms, settings.keep_threads_ms) == (DAY_MS, 7 * DAY_MS)


def test_rows_a_minute_each_side_of_the_lines(ask, store, add, clock) -> None:
    add("older")
    clock.advance(2 * MINUTE_MS)
    add("newer")
    clock.advance(DAY_MS - MINUTE_MS)
    ask(RUN, rules=RULES)
    assert left(ask) == (["newer"], ["newer", "older"])

    clock.advance(6 * DAY_MS)
    ask(RUN, rules=RULES)
    assert left(ask) == ([], ["newer"])
    gone = [event.type for event in logged(store) if event.type.endswith("deleted")]
    assert gone == ["session_context.deleted", "session_context.deleted", "thread_session.deleted"]
    assert ask("{ sessions { totalCount } }")["sessions"]["totalCount"] == 1


def test_a_touch_keeps_what_would_have_gone(ask, store, add, clock) -> None:
    for name in ("touched", "left"):
        add(name)
    clock.advance(DAY_MS - MINUTE_MS)
    ask(TOUCH_CONTEXT, id="touched")
    clock.advance(2 * MINUTE_MS)
    ask(RUN, rules=RULES)
    assert left(ask)[0] == ["touched"]

    clock.advance(6 * DAY_MS - 2 * MINUTE_MS)
    ask(TOUCH_THREAD, channel="C", ts="touched")
    clock.advance(2 * MINUTE_MS)
    ask(RUN, rules=RULES)
    assert left(ask)[1] == ["touched"]


def test_a_clock_set_back_an_hour_lets_nothing_go_early_nor_stay_for_ever(ask, add, clock) -> None:
    ask(CONFIRM)
    add("before")
    clock.jump(-HOUR_MS)
    add("after")
    ask(TOUCH_CONTEXT, id="before")
    clock.advance(DAY_MS - MINUTE_MS)
    ask(RUN, rules=RULES)
    assert left(ask)[0] == ["after", "before"]

    clock.advance(HOUR_MS + 2 * MINUTE_MS)
    ask(RUN, rules=RULES)
    assert left(ask)[0] == []


def test_a_clock_set_forward_a_year_lets_nothing_go(ask, refused, add, clock) -> None:
    ask(CONFIRM)
    add("x")
    clock.jump(365 * DAY_MS)
    refused("RETENTION_SUSPENDED", RUN, rules=RULES)
    assert left(ask) == (["x"], ["x"])
    clock.jump(-365 * DAY_MS)
    ask(CONFIRM)

    clock.advance(DAY_MS - MINUTE_MS)
    ask(RUN, rules=RULES)
    assert left(ask) == (["x"], ["x"])
    clock.advance(2 * MINUTE_MS)
    ask(RUN, rules=RULES)
    assert left(ask) == ([], ["x"])
