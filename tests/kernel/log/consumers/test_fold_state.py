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
    ],
)
def test_what_is_not_of_the_fold_is_refused(tables, misuse, message):
    with pytest.raises(TypeError, match=message):
        change(tables, misuse)
