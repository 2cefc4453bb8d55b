"""Redrives: many letters, at a rate, in order for each key, from where they were when a process died."""

from __future__ import annotations

from importlib.resources import files

import apsw
import pytest

from synthetic import BadUserInputError, ConflictError
from synthetic_dead_letters.store import Criteria, done, find_redrive, go_on_with_redrives, redrive_dead_letters


def begin(letters, rate: float = 1_000, id: str = "r", **criteria):
    return redrive_dead_letters(letters.store, Criteria(**criteria), rate_per_second=rate, redrive_id=id)


def state(letters, id: str = "r"):
    redrive = letters.store.read(find_redrive, id)
    return redrive.status, redrive.matched, redrive.retried, redrive.failed


def finish(letters, clock, turns: int = 50) -> None:
    for _ in range(turns):
        if state(letters)[0] != "RUNNING":
            return
        clock.jump(1_000)
        go_on_with_redrives(letters.store)
    raise AssertionError(state(letters))


def test_the_rate_is_kept_and_a_pause_is_made_up_for_by_no_more_than_a_second(letters, outbox_clock):
    for number in range(40):
        letters.save(f"{number:02d}")
    begin(letters, rate=4)
    retried: list[int] = []
    for pause_ms in (0, 250, 249, 1, 500, 60_000, 250):
        outbox_clock.jump(pause_ms)
        retried.append(go_on_with_redrives(letters.store))
    assert retried == [0, 1, 0, 1, 2, 4, 0]
    assert letters.calls == [f"{number:02d}" for number in range(8)]


def test_letters_of_a_key_go_in_order_and_stop_at_one_that_fails(letters, outbox_clock):
    for number in range(12):
        fate = "fail" if number == 4 else "done"
        letters.save(f"{number:02d}", payload=fate, key="even" if number % 2 == 0 else "odd")
    begin(letters)
    finish(letters, outbox_clock)
    assert letters.calls == ["00", "01", "02", "03", "04", "05", "07", "09", "11"]
    assert state(letters) == ("DONE", 12, 9, 1)
    assert letters.get("06").status == "PENDING"


def test_a_letter_waits_for_the_retry_of_an_earlier_one_that_goes_on_elsewhere(letters, outbox_clock):
    letters.save("a", payload="start", key="k")
    letters.save("b", key="k")
    begin(letters)
    for _ in range(3):
        outbox_clock.jump(1_000)
        go_on_with_redrives(letters.store)
    assert (letters.calls, state(letters)[0]) == (["a"], "RUNNING")
    letters.settle_retry_of("job", "job of a", done())
    finish(letters, outbox_clock)
    assert letters.calls == ["a", "b"]


def test_what_arrives_later_or_is_of_another_kind_is_left_alone(letters, outbox_clock):
    letters.save("a")
    letters.save("b", source="gateway")
    letters.save("c", source="elsewhere")
    letters.save("d")
    letters.discard_dead_letter("d")
    assert begin(letters, sources=["outbox", "elsewhere"]).matched == 1
    letters.save("e")
    finish(letters, outbox_clock)
    assert letters.calls == ["a"]


def test_a_cancelled_redrive_retries_nothing_more(letters, outbox_clock):
    letters.save("a")
    begin(letters)
    assert letters.cancel_redrive("r").status == "CANCELLED"
    outbox_clock.jump(1_000)
    assert (go_on_with_redrives(letters.store), letters.calls) == (0, [])
    assert letters.told() == ["saved", "dead_letter_redrive.started", "dead_letter_redrive.ended"]


def test_sent_again_a_redrive_is_what_is_there_and_another_under_its_id_a_conflict(letters):
    first = begin(letters, rate=5)
    assert begin(letters, rate=5) == first
    with pytest.raises(ConflictError):
        begin(letters, rate=6)
    with pytest.raises(BadUserInputError):
        begin(letters, rate=0, id="s")
    for number in range(9):
        begin(letters, id=f"{number}")
    with pytest.raises(ConflictError):
        begin(letters, id="one too many")


def test_a_clock_that_is_set_back_stops_no_redrive(letters, outbox_clock):
    letters.save("a")
    begin(letters)
    outbox_clock.jump(-60_000)
    go_on_with_redrives(letters.store)
    finish(letters, outbox_clock)
    assert letters.calls == ["a"]


def test_a_number_that_a_redrive_goes_by_is_not_given_to_a_later_letter(letters, outbox_clock):
    letters.save("a")
    assert begin(letters).through_seq == letters.get("a").seq
    letters.store.write(lambda tx: tx.execute("DELETE FROM dead_letters"))
    letters.save("later")
    finish(letters, outbox_clock)
    assert letters.calls == []


def test_letters_that_are_left_are_counted_and_the_end_of_a_pass_reads_none(letters, outbox_clock):
    letters.save("a", payload="start", key="k")
    letters.save("b", key="k")
    letters.save("c")
    begin(letters)
    outbox_clock.jump(1_000)
    go_on_with_redrives(letters.store)
    redrive = letters.store.read(find_redrive, "r")
    assert (redrive.cursor_seq, redrive.pass_retried, redrive.pass_left) == (0, 0, 0), "another pass begins"
    letters.settle_retry_of("job", "job of a", done())
    outbox_clock.jump(1_000)
    go_on_with_redrives(letters.store)
    assert (letters.calls, state(letters)) == (["a", "c", "b"], ("DONE", 3, 3, 0))


def test_what_a_broken_off_turn_has_left_is_not_forgotten(letters, outbox_clock):
    letters.save("a", payload="start", key="k")
    letters.save("b", key="k")
    letters.save("c")
    letters.save("d")
    begin(letters, rate=1)
    for _ in range(2):
        outbox_clock.jump(1_000)
        go_on_with_redrives(letters.store)
    redrive = letters.store.read(find_redrive, "r")
    assert (letters.calls, redrive.pass_retried, redrive.pass_left) == (["a", "c"], 2, 1)


def test_a_redrive_that_runs_during_an_upgrade_looks_again():
    steps = files("synthetic_dead_letters") / "migrations"
    connection = apsw.Connection(":memory:")
    connection.execute((steps / "0001_dead_letters.sql").read_text())
    for id, status, ended_at in (("r", "RUNNING", None), ("d", "DONE", 1)):
        connection.execute(
            "INSERT INTO dead_letter_redrives (id, filter, rate_per_second, status, ended_at, through_seq, cursor_seq,"
            " pass_retried, matched, retried, failed, paced_from_at, paced_from_count, created_at, created_by)"
            " VALUES (?, '{}', 1, ?, ?, 9, 5, 1, 9, 1, 0, 1, 0, 1, 'me')",
            (id, status, ended_at),
        )
    connection.execute((steps / "0002_settlements.sql").read_text())
    found = connection.execute("SELECT id, pass_left FROM dead_letter_redrives ORDER BY id").fetchall()
    assert found == [("d", 0), ("r", 1)]
