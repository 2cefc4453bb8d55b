"""Reads in place: what bounds them, and what is left when they fail half-way."""

from __future__ import annotations

import contextlib
import sys
import threading
from types import FrameType
from typing import Any

import apsw
import pytest

from synthetic.clock import SystemClock
from synthetic.database import in_place as in_place_module
from synthetic.database import in_place_connection, reading_connection
from synthetic.database.in_place import ROWS_BETWEEN_CHECKS
from synthetic.database.in_place_connection import (
    STEPS_BETWEEN_CHECKS,
    STEPS_BETWEEN_WRITTEN_ROWS,
    VALUE_BYTES_MAX,
    OverBudget,
)
from synthetic.database.interruption import Interruption
from synthetic.errors import CancelledError, DeadlineExceededError, SyntheticError
from synthetic.testing import ManualClock

from .conftest import open_database
from .in_place_kit import COUNT, COUNT_AT_ONCE, ENDLESS, PLENTY, SCAN, fill, in_place, pins_no_snapshot, steps_of


def count(snapshot) -> int:
    return snapshot.value(COUNT)


def cut_of(database, function, *args: Any, **options: Any) -> str:
    with pytest.raises(OverBudget) as raised:
        in_place(database, function, *args, **options)
    return raised.value.cut


def test_a_read_in_place_runs_in_the_calling_thread_on_one_snapshot(database):
    def read(snapshot, more: int):
        before = count(snapshot)
        database.write_blocking(fill, 3)
        return threading.current_thread(), before + more, count(snapshot) + more

    assert in_place(database, read, 10) == (threading.current_thread(), 10, 10)
    assert in_place(database, count) == 3


def test_it_cannot_write(database):
    with pytest.raises(SyntheticError):
        in_place(database, lambda snapshot: snapshot.rows("INSERT INTO t (n) VALUES (1)"))
    assert in_place(database, count) == 0


def test_the_budget_stops_a_statement_that_never_ends(database):
    assert cut_of(database, lambda snapshot: snapshot.value(ENDLESS), steps_max=20_000) == "over_budget"
    assert in_place(database, count) == 0


def test_the_budget_is_counted_in_steps(database, path):
    database.write_blocking(fill, 20_000)
    steps = steps_of(path, SCAN)
    assert steps > 50 * STEPS_BETWEEN_CHECKS
    enough, too_few = steps + STEPS_BETWEEN_CHECKS, steps - 2 * STEPS_BETWEEN_CHECKS
    assert cut_of(database, lambda snapshot: snapshot.value(SCAN), steps_max=too_few) == "over_budget"
    assert in_place(database, lambda snapshot: snapshot.value(SCAN), steps_max=enough) > 0


def test_all_statements_of_a_read_share_one_budget(database, path):
    database.write_blocking(fill, 1_000)
    steps = steps_of(path, SCAN)
    done: list[int] = []

    def scan_again_and_again(snapshot, times: int) -> None:
        done.clear()
        done.extend(snapshot.value(SCAN) for _ in range(times))

    in_place(database, scan_again_and_again, 10, steps_max=steps * 10 + STEPS_BETWEEN_CHECKS)
    assert len(done) == 10
    assert cut_of(database, scan_again_and_again, 30, steps_max=steps * 10) == "over_budget"
    assert 9 <= len(done) <= 11


def test_rows_that_are_read_one_by_one_are_on_the_budget_too(database, path):
    database.write_blocking(fill, 20_000)
    sql = "SELECT n, label FROM t"
    seen: list[int] = []

    def walk(snapshot) -> None:
        seen.extend(n for n, _label in snapshot.iterate(sql))

    assert cut_of(database, walk, steps_max=steps_of(path, sql) // 2) == "over_budget"
    assert 8_000 < len(seen) < 12_000


def test_a_read_that_has_taken_its_time_is_stopped_between_its_rows_and_between_its_steps(path):
    clock = ManualClock()
    with open_database(path, clock=clock) as database:
        database.write_blocking(fill, 100)
        seen: list[int] = []

        def slow(snapshot) -> None:
            for (n,) in snapshot.iterate("SELECT n FROM t"):
                clock.advance(1)
                seen.append(n)

        def late(snapshot, sql: str) -> list[Any]:
            clock.advance(5)
            return snapshot.rows(sql)

        assert cut_of(database, slow, hold_seconds_max=0.005) == "late"
        assert len(seen) == ROWS_BETWEEN_CHECKS
        assert cut_of(database, late, "SELECT n FROM t", hold_seconds_max=0.005) == "late"
        assert cut_of(database, late, ENDLESS, hold_seconds_max=0.005) == "late"
        assert in_place(database, late, COUNT, hold_seconds_max=0.005) == [(100,)]
        assert len(in_place(database, late, "SELECT n FROM t", hold_seconds_max=0.006)) == 100


class Looks(ManualClock):
    """Counts how often it is looked at."""

    count = 0

    def monotonic(self) -> float:
        self.count += 1
        return super().monotonic()


def test_a_statement_that_makes_one_text_of_many_rows_is_looked_at_after_a_few_of_them_and_no_other_is(path):
    clock = Looks()
    with open_database(path, clock=clock) as database:
        database.write_blocking(fill, 200)

        def looks(read: str, sql: str = "SELECT group_concat(label) FROM t") -> int:
            before = clock.count
            with contextlib.suppress(SyntheticError, OverBudget):
                in_place(database, lambda snapshot: getattr(snapshot, read)(sql), bytes_max=1_000_000)
            return clock.count - before

        # What looks at the clock beside SQLite is the same each time, once the connection is open.
        looks("rows"), looks("rows_of_json")
        plain, often = looks("rows"), looks("rows_of_json")
        assert often >= plain + steps_of(path, "SELECT group_concat(label) FROM t") // STEPS_BETWEEN_WRITTEN_ROWS - 2
        looks("rows_of_json", "SELECT abs(-9223372036854775808) FROM t")
        assert abs(looks("rows") - plain) <= 1, "also after a failure"


@pytest.mark.parametrize("read", [lambda snapshot, sql: snapshot.rows(sql), lambda s, sql: list(s.iterate(sql))])
def test_a_long_value_is_not_read_in_place_though_its_length_is(database, read):
    def put(tx, size: int) -> None:
        tx.execute("DELETE FROM t")
        tx.execute("INSERT INTO t (n, label) VALUES (1, :label)", {"label": "x" * size})

    database.write_blocking(put, VALUE_BYTES_MAX)
    assert len(in_place(database, read, "SELECT label FROM t")[0][0]) == VALUE_BYTES_MAX
    database.write_blocking(put, VALUE_BYTES_MAX + 1)
    assert cut_of(database, read, "SELECT label FROM t") == "over_budget"
    assert in_place(database, read, "SELECT n, octet_length(label) FROM t") == [(1, VALUE_BYTES_MAX + 1)]
    assert len(database.read_blocking(read, "SELECT label FROM t")[0][0]) == VALUE_BYTES_MAX + 1


def test_what_is_decoded_is_bounded_in_bytes_over_the_whole_read_and_only_in_place(database):
    spent: list[int] = []

    def decode(snapshot, *sizes: int) -> str:
        spent.clear()
        for size in sizes:
            snapshot.spend(size)
            spent.append(size)
        return "decoded"

    assert in_place(database, decode, 600, 400, bytes_max=1_000) == "decoded"
    assert cut_of(database, decode, 600, 400, 1, bytes_max=1_000) == "over_budget"
    assert spent == [600, 400]
    assert in_place(database, decode, 10**12) == "decoded"
    assert database.read_blocking(decode, 10**12) == "decoded"


def test_a_read_that_has_taken_its_time_decodes_nothing_more(path):
    clock = ManualClock()
    with open_database(path, clock=clock) as database:

        def decode(snapshot) -> None:
            snapshot.spend(1)
            clock.advance(5)
            snapshot.spend(1)

        assert cut_of(database, decode, hold_seconds_max=0.005) == "late"


def test_what_is_decoded_in_the_pool_is_not_begun_after_the_deadline(path):
    clock = ManualClock()
    with open_database(path, clock=clock) as database:

        def decode(snapshot) -> None:
            snapshot.spend(1)
            clock.advance(1_000)
            snapshot.spend(1)

        with pytest.raises(DeadlineExceededError):
            database.read_blocking(decode, interruption=Interruption(clock, clock.monotonic() + 1))


@pytest.mark.parametrize(
    "sql", [COUNT_AT_ONCE, "SELECT 1, (SELECT count() FROM (SELECT n FROM t))", "SELECT COUNT (*) FROM t"]
)
def test_a_whole_table_is_not_counted_in_place_in_the_one_step_that_it_takes(database, sql: str):
    database.write_blocking(fill, 3)
    for _ in range(2):
        assert cut_of(database, lambda snapshot: snapshot.rows(sql)) == "over_budget"
        assert cut_of(database, lambda snapshot: list(snapshot.iterate(sql))) == "over_budget"
    assert database.read_blocking(lambda snapshot: snapshot.rows(sql))[0][-1] == 3


def test_what_goes_from_row_to_row_is_counted_in_place(database):
    database.write_blocking(fill, 3)
    assert in_place(database, lambda snapshot: snapshot.value(COUNT)) == 3
    assert in_place(database, lambda snapshot: snapshot.value(f"{COUNT_AT_ONCE} WHERE n > :n", {"n": 1})) == 2


def test_a_connection_forgets_statements_before_they_are_too_many(database, monkeypatch):
    monkeypatch.setattr(in_place_connection, "STATEMENTS_KNOWN_MAX", 2)
    sqls = [f"{COUNT_AT_ONCE} WHERE n > {n}" for n in range(5)]
    assert in_place(database, lambda snapshot: [snapshot.value(sql) for sql in sqls]) == [0] * 5
    assert cut_of(database, lambda snapshot: snapshot.value(COUNT_AT_ONCE)) == "over_budget"


@pytest.mark.parametrize("rows", [0, 1, *(ROWS_BETWEEN_CHECKS * k + d for k in (1, 2, 12) for d in (-1, 0, 1))])
def test_every_row_is_read_wherever_the_clock_is_looked_at(database, rows: int):
    database.write_blocking(fill, rows or 1)
    sql = f"SELECT n FROM t WHERE n <= {rows} ORDER BY n"
    expected = [(n,) for n in range(1, rows + 1)]
    assert in_place(database, lambda snapshot: snapshot.rows(sql)) == expected
    assert in_place(database, lambda snapshot: list(snapshot.iterate(sql))) == expected


def test_what_was_cut_short_does_not_count_whatever_the_function_makes_of_it(database):
    later: list[str] = []

    def swallow(snapshot) -> str:
        try:
            snapshot.value(ENDLESS)
        except BaseException:  # noqa: BLE001 - the widest there is
            with pytest.raises(OverBudget) as again:
                snapshot.value("SELECT 1")
            later.append(again.value.cut)
        return "made up"

    def turn(snapshot) -> None:
        try:
            snapshot.value(ENDLESS)
        except BaseException as error:
            raise ValueError("something else") from error

    assert cut_of(database, swallow, steps_max=5_000) == "over_budget"
    assert later == ["over_budget"]
    assert cut_of(database, turn, steps_max=5_000) == "over_budget"


def test_what_handles_failures_does_not_take_a_cut_for_one():
    assert not issubclass(OverBudget, Exception)


def test_an_error_of_the_function_reaches_the_caller_and_the_snapshot_is_ended(database, path):
    database.write_blocking(fill, 2)

    def fail(snapshot) -> None:
        count(snapshot)
        raise KeyError("of the function")

    with pytest.raises(KeyError, match="of the function"):
        in_place(database, fail)
    assert pins_no_snapshot(path)
    assert in_place(database, count) == 3


def test_a_snapshot_that_is_kept_is_dead(database):
    kept: list[Any] = []
    in_place(database, kept.append)
    with pytest.raises(RuntimeError, match="after the function"):
        kept[0].rows("SELECT 1")
    with pytest.raises(RuntimeError, match="after the function"):
        kept[0].position()
    assert cut_of(database, lambda snapshot: (kept.append(snapshot), snapshot.value(ENDLESS)), steps_max=1) is not None
    with pytest.raises(RuntimeError, match="after the function"):
        kept[1].rows("SELECT 1")


@pytest.mark.parametrize("where", ["in place", "pool"])
def test_a_half_read_iterator_that_is_kept_pins_no_snapshot(database, path, where: str):
    database.write_blocking(fill, 100)
    read = database.read_blocking if where == "pool" else lambda function: in_place(database, function)

    def keep(snapshot):
        rows = snapshot.iterate("SELECT n FROM t ORDER BY n")
        return next(rows), rows

    first, rows = read(keep)
    assert first == (1,)
    assert pins_no_snapshot(path)
    assert read(count) == 101
    with pytest.raises(RuntimeError, match="after the function"):
        next(rows)
    assert read(count) == 101


def test_a_read_that_nobody_waits_for_is_not_begun_and_not_ended(database):
    clock = SystemClock()
    cancelled, late = Interruption(clock), Interruption(clock, clock.monotonic() - 1)
    cancelled.cancel()
    for interruption, error in ((cancelled, CancelledError), (late, DeadlineExceededError)):
        with pytest.raises(error):
            database.read_in_place(
                lambda _snapshot: pytest.fail("it was begun"), interruption=interruption, steps_max=PLENTY
            )

    leaving = Interruption(clock)

    def leave(snapshot) -> None:
        leaving.cancel()
        snapshot.value("SELECT 1")

    def leave_during(snapshot) -> None:
        threading.Thread(target=leaving.cancel).start()
        snapshot.value(ENDLESS)

    for function in (leave, leave_during):
        leaving = Interruption(clock)
        with pytest.raises(CancelledError):
            database.read_in_place(function, interruption=leaving, steps_max=2**40)
    assert in_place(database, count) == 0


def test_a_read_within_a_read_in_place_is_turned_away_and_leaves_the_outer_one_alone(database):
    database.write_blocking(fill, 5)

    def outer(snapshot) -> tuple[str, int]:
        return cut_of(database, count), count(snapshot)

    assert in_place(database, outer) == ("in_use", 5)
    assert cut_of(database, lambda _snapshot: in_place(database, count)) == "in_use"
    assert in_place(database, count) == 5


def test_two_threads_never_read_in_place_at_once(database):
    entered, release = threading.Event(), threading.Event()
    answers: list[int] = []

    def hold(snapshot) -> int:
        entered.set()
        assert release.wait(30)
        return count(snapshot)

    thread = threading.Thread(target=lambda: answers.append(in_place(database, hold)))
    thread.start()
    assert entered.wait(30)
    assert cut_of(database, count) == "in_use"
    release.set()
    thread.join()
    assert answers == [0]
    assert in_place(database, count) == 0


def test_closing_waits_for_the_read_that_runs_and_leaves_no_connection(path):
    entered, release = threading.Event(), threading.Event()
    answers: list[int] = []
    with open_database(path) as database:

        def hold(snapshot) -> int:
            entered.set()
            assert release.wait(30)
            return count(snapshot)

        thread = threading.Thread(target=lambda: answers.append(in_place(database, hold)))
        thread.start()
        assert entered.wait(30)
        closing = threading.Thread(target=database._in_place.close)
        closing.start()
        # Nothing else shows that the closing has come so far.
        while database._in_place._closed is False:
            closing.join(0.001)
        release.set()
        thread.join()
        closing.join()
        assert answers == [0]
        assert cut_of(database, count) == "in_use"
    assert cut_of(database, count) == "in_use"
    assert [each for each in apsw.connections() if each.filename == str(path)] == []


def test_a_store_that_is_closed_from_within_a_read_in_place_lets_go_of_the_connection(path, monkeypatch):
    monkeypatch.setattr(in_place_module, "CLOSE_PATIENCE_SECONDS", 0.01)
    with open_database(path) as database:
        in_place(database, lambda _snapshot: database._in_place.close())
    assert [each for each in apsw.connections() if each.filename == str(path)] == []


def test_an_interrupt_from_the_keyboard_is_let_through_wherever_it_strikes(database, path):
    """It is raised at each line of the modules in turn, until a read has no line left to raise it at."""
    files = {in_place_module.__file__, in_place_connection.__file__, reading_connection.__file__}
    database.write_blocking(fill, 10)
    long = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 300) SELECT count(*) FROM c"
    steps = steps_of(path, long)
    struck, line = True, 0
    while struck:
        line += 1
        left, struck = line, False

        def trace(frame: FrameType, event: str, _arg: object):
            nonlocal left, struck
            if frame.f_code.co_filename not in files:
                return None
            if event == "line":
                left -= 1
                if left == 0:
                    struck = True
                    raise KeyboardInterrupt
            return trace

        def read(snapshot) -> None:
            snapshot.rows("SELECT n FROM t")
            count(snapshot)
            snapshot.rows_of_json("SELECT json_array(n) FROM t LIMIT 2")

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            in_place(database, read)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        assert in_place(database, count) == 10 + line - 1
        assert in_place(database, lambda snapshot: snapshot.value(long), steps_max=2 * steps) == 300
        assert pins_no_snapshot(path)
    assert line > 30


def test_an_interrupt_during_a_statement_leaves_the_connection_usable(database):
    class Watched(Interruption):
        is_asked_by_sqlite = False

        def check(self):
            self.is_asked_by_sqlite = True

        @property
        def cancelled(self):
            if self.is_asked_by_sqlite:
                raise KeyboardInterrupt
            return False

        @cancelled.setter
        def cancelled(self, value):
            assert not value

    with pytest.raises(KeyboardInterrupt):
        database.read_in_place(
            lambda snapshot: snapshot.value(ENDLESS), interruption=Watched(SystemClock()), steps_max=PLENTY
        )
    assert in_place(database, count) == 0
