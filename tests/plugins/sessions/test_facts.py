"""What importers merge: in any order, any number of times, the same comes out."""

from __future__ import annotations

from itertools import permutations

import pytest

from synthetic import BadUserInputError, NotFoundError
from synthetic_sessions.store import (
    SessionFacts,
    SessionStatus,
    find_session,
    get_session,
    merge_session_facts,
    record_activity,
    save_session,
)

NOW = 1_800_000_000_000


def test_facts_about_a_session_that_is_not_there_make_it(store) -> None:
    session = store.write(
        merge_session_facts,
        "a",
        SessionFacts(agent="coder", started_at=5, last_activity_at=9, metadata={"b": 1, "a": 2}),
    )

    assert session == store.read(get_session, "a")
    assert (session.agent, session.status, session.started_at, session.last_activity_at) == ("coder", "ACTIVE", 5, 9)
    assert session.metadata == '{"a":2,"b":1}'


def test_a_session_of_which_no_instant_is_known_starts_now(store) -> None:
    session = store.write(merge_session_facts, "a", SessionFacts())

    assert (session.started_at, session.last_activity_at, session.ended_at) == (NOW, NOW, None)


@pytest.mark.parametrize(
    ("facts", "instants"),
    [
        (SessionFacts(started_at=5), (5, 5, None)),
        (SessionFacts(last_activity_at=5), (5, 5, None)),
        (SessionFacts(ended_at=5), (5, 5, 5)),
        (SessionFacts(started_at=9, last_activity_at=5), (5, 9, None)),
        (SessionFacts(started_at=9, ended_at=5), (5, 9, 5)),
    ],
)
def test_instants_that_are_not_known_are_taken_from_those_that_are(store, facts, instants) -> None:
    session = store.write(merge_session_facts, "a", facts)

    assert (session.started_at, session.last_activity_at, session.ended_at) == instants


def test_facts_that_say_nothing_new_write_nothing(store, clock) -> None:
    facts = SessionFacts(
        agent="coder",
        title="First",
        parent_session_id="p",
        user_id="ada",
        project_id="x",
        started_at=5,
        last_activity_at=9,
        ended_at=8,
        metadata={"a": {"b": 1.0}},
    )
    first = store.write(merge_session_facts, "a", facts)
    clock.advance(1_000)

    assert store.write(merge_session_facts, "a", facts) == first
    assert store.read(get_session, "a") == first


def test_what_is_known_stays_and_what_is_null_is_filled_in(store, clock) -> None:
    store.write(lambda tx: save_session(tx, {"title": "By hand", "metadata": {"a": 1}}, session_id="a"))
    clock.advance(1_000)

    session = store.write(
        merge_session_facts, "a", SessionFacts(title="By machine", agent="coder", metadata={"a": 2, "b": 3})
    )

    assert (session.title, session.agent, session.metadata) == ("By hand", "coder", '{"a":1,"b":3}')
    assert (session.version, session.updated_at) == (2, NOW + 1_000)


def test_facts_may_come_in_any_order(store) -> None:
    facts = [
        SessionFacts(started_at=5, last_activity_at=7, metadata={"a": 1}),
        SessionFacts(started_at=3, ended_at=6, agent="coder"),
        SessionFacts(last_activity_at=9, title="First"),
    ]
    outcomes = set()
    for number, order in enumerate(permutations(facts)):
        for each in order:
            session = store.write(merge_session_facts, str(number), each)
        outcomes.add(session._replace(id="", version=0))

    (outcome,) = outcomes
    assert (outcome.started_at, outcome.last_activity_at, outcome.ended_at) == (3, 9, 6)
    assert (outcome.status, outcome.agent, outcome.title) == (SessionStatus.ENDED, "coder", "First")


def test_an_end_does_not_change_what_a_person_said_of_it(store) -> None:
    store.write(lambda tx: save_session(tx, {"status": SessionStatus.FAILED, "started_at": 5}, session_id="a"))

    session = store.write(merge_session_facts, "a", SessionFacts(ended_at=9))

    assert (session.status, session.ended_at) == (SessionStatus.FAILED, NOW)


def test_activity_alone_is_no_new_version(store) -> None:
    store.write(merge_session_facts, "a", SessionFacts(started_at=5))

    session = store.write(merge_session_facts, "a", SessionFacts(last_activity_at=9))

    assert (session.last_activity_at, session.version) == (9, 1)


def test_activity_moves_forward_only(store) -> None:
    store.write(merge_session_facts, "a", SessionFacts(started_at=5, last_activity_at=9))

    for at, expected in ((8, 9), (9, 9), (10, 10)):
        store.write(record_activity, "a", at)
        assert store.read(get_session, "a").last_activity_at == expected


def test_activity_of_a_session_that_is_not_there_is_no_error(store) -> None:
    store.write(record_activity, "a", 5)

    assert store.read(find_session, "a") is None


def test_a_construct_that_is_not_there_is_not_found_and_nothing_is_stored(store) -> None:
    with pytest.raises(NotFoundError):
        store.write(merge_session_facts, "a", SessionFacts(construct_id="c"))

    assert store.read(find_session, "a") is None


@pytest.mark.parametrize(
    ("session_id", "facts"),
    [
        ("", SessionFacts()),
        ("a", SessionFacts(agent="")),
        ("a", SessionFacts(title="x" * 1_001)),
        ("a", SessionFacts(metadata={"n": 10**30})),
    ],
)
def test_facts_that_are_not_acceptable_are_refused(store, session_id, facts) -> None:
    with pytest.raises(BadUserInputError):
        store.write(merge_session_facts, session_id, facts)
