"""`FoldState`: what a fold sees of its rows, and what is written back."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from synthetic.log.consumers.fold_state import FoldState, FoldTable


class Total(NamedTuple):
    name: str
    day: int
    total: int


class Mark(NamedTuple):
    name: str


class Stranger(NamedTuple):
    name: str


TABLES = (FoldTable("totals", Total, ("name", "day")), FoldTable("marks", Mark, ("name",)))


@pytest.fixture
def tables(store):
    def make(tx) -> None:
        for suffix in ("", "__rebuild"):
            tx.execute(
                f"CREATE TABLE totals{suffix} (total INTEGER NOT NULL, name TEXT NOT NULL, day INTEGER NOT NULL,"
                " PRIMARY KEY (name, day)) STRICT, WITHOUT ROWID"
            )
            tx.execute(f"CREATE TABLE marks{suffix} (name TEXT NOT NULL PRIMARY KEY) STRICT")

    store.write(make)
    return store


def change(store, function, rename=str):
    def work(tx):
        state = FoldState(TABLES, tx, rename)
        result = function(state)
        return state.write_back(tx), result

    return store.write(work)


def rows(store, table="totals"):
    return store.read(lambda snapshot: snapshot.rows(f"SELECT * FROM {table} ORDER BY name"))


def test_a_row_that_is_not_there_is_none(tables):
    assert change(tables, lambda state: state.get(Total, "a", 1)) == (0, None)


def test_a_row_that_was_put_is_seen_at_once_and_stored_by_the_names_of_its_columns(tables):
    def fold(state):
        state.put(Total("a", 1, 5))
        return state.get(Total, "a", 1)

    assert change(tables, fold) == (1, Total("a", 1, 5))
    assert rows(tables) == [(5, "a", 1)]
    assert change(tables, lambda state: state.get(Total, "a", 1)) == (0, Total("a", 1, 5))


def test_a_row_that_is_changed_many_times_is_written_once(tables):
    def fold(state):
        for _ in range(10):
            found = state.get(Total, "a", 1) or Total("a", 1, 0)
            state.put(found._replace(total=found.total + 1))

    assert change(tables, fold)[0] == 1
    assert change(tables, fold)[0] == 1
    assert rows(tables) == [(20, "a", 1)]


def test_a_row_that_is_deleted_is_gone_and_may_come_again(tables):
    change(tables, lambda state: (state.put(Total("a", 1, 5)), state.put(Total("b", 1, 5))))

    def fold(state):
        state.delete(Total, "a", 1)
        state.delete(Total, "b", 1)
        assert state.get(Total, "a", 1) is None
        state.put(Total("b", 1, 1))

    change(tables, fold)
    assert rows(tables) == [(1, "b", 1)]


def test_a_row_of_a_key_alone_can_be_put_again(tables):
    for _ in range(2):
        change(tables, lambda state: state.put(Mark("a")))
    assert rows(tables, "marks") == [("a",)]


def test_a_rebuild_works_on_the_shadows_alone(tables):
    change(tables, lambda state: state.put(Total("a", 1, 5)))
    found = change(
        tables, lambda state: (state.get(Total, "a", 1), state.put(Total("b", 1, 1))), lambda name: f"{name}__rebuild"
    )
    assert found[1][0] is None
    assert (rows(tables), rows(tables, "totals__rebuild")) == ([(5, "a", 1)], [(1, "b", 1)])


@pytest.mark.parametrize(
    ("misuse", "message"),
    [
        (lambda state: state.get(Stranger, "a"), "Stranger is no record of this fold"),
        (lambda state: state.put(Stranger("a")), "Stranger is no record of this fold"),
        (lambda state: state.delete(Stranger, "a"), "Stranger is no record of this fold"),
        (lambda state: state.get(Total, "a"), r"a key of totals is \(name, day\)"),
        (lambda state: state.delete(Total, "a", 1, 2), r"a key of totals is \(name, day\)"),
        (lambda state: state.rows(Stranger), "Stranger is no record of this fold"),
        (lambda state: state.around(Stranger, "a"), "Stranger is no record of this fold"),
        (lambda state: state.around(Total, "a"), r"a key of totals is \(name, day\)"),
        (lambda state: state.rows(Total, "a", 1, 2), r"a key of totals is \(name, day\)"),
    ],
)
def test_what_is_not_of_the_fold_is_refused(tables, misuse, message):
    with pytest.raises(TypeError, match=message):
        change(tables, misuse)


def test_rows_below_a_prefix_are_in_the_order_of_keys_with_what_was_changed(tables):
    change(tables, lambda state: [state.put(Total(name, day, 1)) for name in "ab" for day in (3, 1, 2)])

    def fold(state):
        state.put(Total("a", 9, 1))
        state.put(Total("a", 1, 7))
        state.delete(Total, "a", 2)
        first = state.rows(Total, "a")
        state.put(Total("a", 0, 1))
        state.delete(Total, "a", 9)
        return first, state.rows(Total, "a"), [row[:2] for row in state.rows(Total)], state.rows(Total, "b", 2)

    written, (first, second, whole, one) = change(tables, fold)
    assert first == [Total("a", 1, 7), Total("a", 3, 1), Total("a", 9, 1)]
    assert second == [Total("a", 0, 1), Total("a", 1, 7), Total("a", 3, 1)]
    assert whole == [("a", 0), ("a", 1), ("a", 3), ("b", 1), ("b", 2), ("b", 3)]
    assert one == [Total("b", 2, 1)]
    assert written == 4
    assert rows(tables) == [(1, "a", 0), (7, "a", 1), (1, "a", 3), *((1, "b", day) for day in (1, 2, 3))]


def test_rows_that_were_listed_are_not_read_again(tables):
    change(tables, lambda state: state.put(Total("a", 1, 5)))

    def work(tx):
        state = FoldState(TABLES, tx, str)
        before = state.rows(Total, "a")
        tx.execute("DELETE FROM totals")
        return before, state.rows(Total, "a"), state.rows(Total, "a", 1)

    assert tables.write(work) == ([Total("a", 1, 5)],) * 3


def test_the_rows_around_a_key_are_the_nearest_that_are_there_and_begin_alike(tables):
    change(tables, lambda state: [state.put(Total(name, day, 1)) for name in "abc" for day in (2, 4, 6)])

    def fold(state):
        def days(day, name="b"):
            return tuple(row and row.day for row in state.around(Total, name, day))

        assert state.get(Total, "b", 3) is None
        state.delete(Total, "b", 2)
        assert [days(1), days(4), days(5), days(7)] == [(None, 4), (None, 6), (4, 6), (6, None)]
        state.put(Total("b", 5, 1))
        state.put(Total("b", 6, 8))
        state.delete(Total, "b", 4)
        state.delete(Total, "b", 4)
        assert [days(3), days(5), days(6)] == [(None, 5), (None, 6), (5, None)]
        state.put(Total("b", 3, 1))
        assert [days(4), days(0), days(1, "d")] == [(3, 5), (None, 3), (None, None)]
        return state.around(Total, "b", 5)

    assert change(tables, fold)[1] == (Total("b", 3, 1), Total("b", 6, 8))


def test_the_rows_around_many_keys_are_read_once(tables):
    change(tables, lambda state: [state.put(Total("a", day, 1)) for day in (1, 9)])

    def work(tx):
        state = FoldState(TABLES, tx, str)
        first = state.around(Total, "a", 5)
        tx.execute("DELETE FROM totals")
        return first, state.around(Total, "a", 4)

    assert tables.write(work) == ((Total("a", 1, 1), Total("a", 9, 1)),) * 2


def test_rows_of_a_rebuild_are_those_of_the_shadow(tables):
    change(tables, lambda state: state.put(Total("a", 1, 5)))
    assert change(tables, lambda state: state.rows(Total, "a"), lambda name: f"{name}__rebuild") == (0, [])


def test_the_inputs_are_handed_out_by_their_class(tables):
    def work(tx):
        state = FoldState(TABLES, tx, str, {"price": 3})
        with pytest.raises(TypeError, match="the inputs of this fold are no list"):
            state.input(list)
        with pytest.raises(TypeError, match="the inputs of this fold are no dict"):
            FoldState(TABLES, tx, str).input(dict)
        return state.input(dict)

    assert tables.write(work) == {"price": 3}


def test_rows_about_events_that_have_left_the_log_are_not_stored(tables):
    of_events = (FoldTable("totals", Total, ("name", "day"), position="day"),)

    def work(tx) -> int:
        state = FoldState(of_events, tx, str)
        for day in (1, 2, 3):
            state.put(Total("a", day, 5))
        return state.write_back(tx, horizon=2)

    assert tables.write(work) == 1
    assert [row[-1] for row in rows(tables)] == [3]
