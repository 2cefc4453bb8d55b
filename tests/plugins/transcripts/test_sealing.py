"""The service that seals tails: which ones, when, and how many at a time."""

from __future__ import annotations

import pytest

from plugins.transcripts.making import append, begin, everything, layout, plain_messages, seal, transcript_of
from synthetic_sessions.store import SessionStatus, save_session
from synthetic_transcripts.services import seal_tails
from synthetic_transcripts.store.sealing import TAILS_PER_STEP

MINUTE = 60_000
IDLE = 10 * MINUTE


def end_session(store, session_id: str = "s") -> None:
    def end(tx) -> None:
        save_session(tx, {"status": SessionStatus.ENDED}, session_id=session_id, if_version=1)

    store.write(end)


@pytest.mark.parametrize(("minutes", "sealed"), [(9, 0), (10, 1), (11, 1)])
def test_a_tail_is_sealed_when_it_was_idle_for_as_long_as_the_settings_say(store, clock, minutes, sealed) -> None:
    begin(store)
    append(store, plain_messages(5))
    clock.advance(minutes * MINUTE)

    assert store.write(seal_tails) == sealed

    assert layout(store) == (([5], 0) if sealed else ([], 5))
    assert store.write(seal_tails) == 0


def test_a_tail_that_was_appended_to_meanwhile_is_not_idle(store, clock) -> None:
    begin(store)
    append(store, plain_messages(5))
    clock.advance(IDLE - 1)
    append(store, plain_messages(6))
    clock.advance(1)

    assert store.write(seal_tails) == 0


def test_the_tails_of_a_session_that_is_over_are_sealed_at_once(store) -> None:
    for id, session_id in (("t1", "s"), ("t2", "s"), ("t3", "other")):
        append(store, plain_messages(5), begin(store, id, session_id))
    end_session(store)

    assert store.write(seal_tails) == 2

    assert [layout(store, id) for id in ("t1", "t2", "t3")] == [([5], 0), ([5], 0), ([], 5)]


def test_a_step_seals_a_bounded_number_and_the_next_goes_on(store, clock) -> None:
    count = TAILS_PER_STEP + 3
    for number in range(count):
        append(store, plain_messages(2), begin(store, f"t{number}"))
    clock.advance(IDLE)

    assert [store.write(seal_tails) for _ in range(3)] == [TAILS_PER_STEP, 3, 0]


def test_sealing_leaves_the_transcript_s_row_as_it_was_but_for_its_tail(store, clock) -> None:
    begin(store)
    append(store, plain_messages(5))
    before = transcript_of(store)
    clock.advance(IDLE)

    store.write(seal_tails)

    after = transcript_of(store)
    assert (after.tail_count, after.tail_bytes) == (0, 0)
    assert (after.updated_at, after.appended_at, after.counts) == (
        before.updated_at,
        before.appended_at,
        before.counts,
    )


def test_a_transcript_without_a_tail_has_nothing_to_seal(store) -> None:
    begin(store)

    assert seal(store) == 0
    assert layout(store) == ([], 0)


def test_a_tail_longer_than_stretches_are_now_is_sealed_as_several(data_dir, settings) -> None:
    from synthetic.testing import open_test_store

    with open_test_store(data_dir, settings={**settings, "plugins.transcripts.stretch_messages": "100"}) as store:
        append(store, plain_messages(30), begin(store))
    with open_test_store(data_dir, settings=settings) as store:
        append(store, plain_messages(31))
        assert layout(store) == ([8, 8, 8], 7)
        seal(store)
        assert layout(store) == ([8, 8, 8, 7], 0)
        assert len(everything(store)) == 31


def test_the_service_finds_tails_by_their_index(store) -> None:
    plans = {
        "SELECT t.key FROM transcripts t WHERE t.tail_count > 0 AND t.appended_at <= 5"
        " ORDER BY t.appended_at LIMIT 16": ["SEARCH t USING INDEX transcripts_by_tail (appended_at<?)"],
        "SELECT t.key FROM transcripts t JOIN sessions s ON s.id = t.session_id"
        " WHERE t.tail_count > 0 AND s.ended_at IS NOT NULL LIMIT 16": [
            "SCAN t USING INDEX transcripts_by_tail",
            "SEARCH s USING INDEX sqlite_autoindex_sessions_1 (id=?)",
        ],
    }
    for sql, expected in plans.items():
        plan = store.read(lambda snapshot, sql=sql: snapshot.rows(f"EXPLAIN QUERY PLAN {sql}"))
        assert [detail for _, _, _, detail in plan] == expected
