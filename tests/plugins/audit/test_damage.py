"""Rows that are changed, removed, put in, swapped and renumbered by hand: each is named, and no other."""

from __future__ import annotations

import pytest

from plugins.audit.conftest import ROWS
from plugins.audit.damaging import (
    INSERT,
    by_hand,
    findings,
    found_after,
    hashed,
    messages,
    operation,
    record,
    record_many,
    row,
)
from synthetic.log.event_types import RETENTION_RAN
from synthetic.testing import copy_template, open_test_store
from synthetic_audit.model import NO_HASH, Entry
from synthetic_audit.store import verification

OTHER = {
    column: f"{column} = {value}"
    for column, value in {
        "occurred_at": "1", "kind": "'COMMAND'", "name": "'other'", "actor": "'other'", "entity_type": "NULL",
        "entity_id": "'other'", "message": "'other'", "details": "'{}'", "correlation_id": "'other'",
        "previous_hash": "randomblob(32)", "hash": "zeroblob(32)",
    }.items()
} | {"outcome, code": "outcome = 'FAILED', code = 'OTHER'"}  # fmt: skip
"""For each column another value, so that every column is seen to be covered."""


MANY = 2 * verification.RECENT_ROWS


@pytest.fixture(scope="module")
def nine(written_template, tmp_path_factory):
    """An open store with the rows 1 to 9."""
    with open_test_store(copy_template(written_template, tmp_path_factory.mktemp("nine") / "store")) as store:
        yield store


@pytest.fixture(scope="module")
def many(template, tmp_path_factory):
    """An open store with so many rows that not all of them are recent."""
    with open_test_store(copy_template(template, tmp_path_factory.mktemp("many") / "store")) as store:
        record_many(store, MANY)
        yield store


def test_a_log_that_nobody_touched_has_nothing_wrong(nine):
    assert findings(nine) == []


@pytest.mark.parametrize(("first", "last"), [(1, 1), (2, 2), (5, 5), (4, 6), (ROWS, ROWS), (ROWS - 2, ROWS), (1, ROWS)])
def test_rows_that_were_removed_are_named(nine, first, last):
    removed = f"DELETE FROM audit_log WHERE seq BETWEEN {first} AND {last}"

    assert found_after(nine, removed) == [("REMOVED", first, last)]


def test_each_of_several_gaps_is_named(nine):
    assert found_after(nine, "DELETE FROM audit_log WHERE seq IN (1, 4, 6, 7, 9)") == [
        ("REMOVED", 1, 1),
        ("REMOVED", 4, 4),
        ("REMOVED", 6, 7),
        ("REMOVED", 9, 9),
    ]


@pytest.mark.parametrize("column", OTHER)
def test_a_row_that_was_changed_is_named_whatever_column_it_was(nine, column):
    for seq in (1, 5, ROWS):
        change = f"UPDATE audit_log SET {OTHER[column]} WHERE seq = {seq}"

        assert found_after(nine, change) == [("ALTERED", seq, seq)]


def test_every_column_is_changed_by_these_tests():
    columns = {name for column in OTHER for name in column.split(", ")}

    assert columns == set(Entry._fields) - {"seq"}


def test_text_that_is_none_is_a_change_and_no_failure(nine):
    assert found_after(nine, "UPDATE audit_log SET actor = CAST(x'ff00fe' AS TEXT) WHERE seq = 4") == [
        ("ALTERED", 4, 4)
    ]


def test_rows_that_were_changed_and_removed_side_by_side_are_told_apart(nine):
    found = found_after(
        nine,
        "UPDATE audit_log SET name = 'other' WHERE seq IN (3, 4)",
        "DELETE FROM audit_log WHERE seq IN (5, 6)",
        "UPDATE audit_log SET name = 'other' WHERE seq = 7",
    )

    assert found == [("ALTERED", 3, 3), ("ALTERED", 4, 4), ("ALTERED", 7, 7), ("REMOVED", 5, 6)]


@pytest.mark.parametrize("seq", [1, 5, ROWS])
def test_a_row_that_was_changed_and_hashed_anew_is_named(nine, seq):
    forged = hashed(row(nine, seq)._replace(actor="other"))

    found = found_after(
        nine,
        ("UPDATE audit_log SET actor = :value_0, hash = :value_1 WHERE seq = :value_2", ("other", forged.hash, seq)),
    )

    assert found == [("ALTERED", seq, seq)]


@pytest.mark.parametrize("is_hashed", [True, False])
@pytest.mark.parametrize("seq", [ROWS + 1, ROWS + 100])
def test_a_row_that_was_put_in_at_an_end_is_named(nine, seq, is_hashed):
    # Nothing comes before row 1, so a row must first make room there.
    entry = row(nine, ROWS)
    forged = entry._replace(seq=seq, previous_hash=entry.hash)

    found = found_after(nine, (INSERT, hashed(forged) if is_hashed else forged))

    assert found == [("INSERTED", seq, seq)]


def test_a_row_that_was_put_in_before_the_beginning_is_named(nine):
    begins_later = "UPDATE audit_chain SET first_seq = 2, start_hash = (SELECT hash FROM audit_log WHERE seq = 1)"

    assert found_after(nine, begins_later) == [("INSERTED", 1, 1)]


@pytest.mark.parametrize("is_hashed", [True, False])
def test_a_row_that_was_put_in_before_operations_were_recorded_behind_it_is_named(written, is_hashed):
    with open_test_store(written) as store:
        entry = row(store, ROWS)
    forged = entry._replace(seq=ROWS + 1, previous_hash=entry.hash)
    by_hand(written, (INSERT, hashed(forged) if is_hashed else forged))
    with open_test_store(written) as store:
        record_many(store, 3, ROWS)

        assert findings(store) == [("INSERTED", ROWS + 1, ROWS + 1)]


def test_a_row_that_was_put_in_for_one_that_was_removed_is_named(nine):
    other = hashed(row(nine, 5)._replace(name="other", previous_hash=NO_HASH))

    found = found_after(nine, "DELETE FROM audit_log WHERE seq = 5", (INSERT, other))

    assert {seq for _, seq, _ in found} <= {4, 5}
    assert ("ALTERED", 5, 5) in found


def shift_from(seq: int, by: int) -> list[str]:
    return [
        f"UPDATE audit_log SET seq = 1000000 + (seq + {by}) WHERE seq >= {seq}",
        "UPDATE audit_log SET seq = seq - 1000000 WHERE seq > 1000000",
    ]


def test_a_row_for_which_the_others_made_room_is_named(nine):
    other = row(nine, 5)._replace(name="other")

    found = found_after(nine, *shift_from(5, 1), (INSERT, other))

    assert found == [("INSERTED", 5, 5), ("RENUMBERED", 6, ROWS + 1)]


def test_a_gap_that_was_closed_is_named(nine):
    found = found_after(nine, "DELETE FROM audit_log WHERE seq = 5", *shift_from(6, -1))

    assert found == [("REMOVED", 5, 5), ("RENUMBERED", 5, ROWS - 1)]


def test_a_row_that_was_given_another_number_is_named(nine):
    found = found_after(nine, "UPDATE audit_log SET seq = 77 WHERE seq = 5")

    assert found == [("REMOVED", 5, 5), ("INSERTED", 77, 77)]


@pytest.mark.parametrize(("one", "other"), [(2, 7), (1, ROWS), (4, 5)])
def test_two_rows_that_were_swapped_are_both_named(nine, one, other):
    found = found_after(
        nine,
        f"UPDATE audit_log SET seq = 1000 WHERE seq = {one}",
        f"UPDATE audit_log SET seq = {one} WHERE seq = {other}",
        f"UPDATE audit_log SET seq = {other} WHERE seq = 1000",
    )

    assert {seq for _, seq, _ in found} == {one, other}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_chain SET last_seq = last_seq - 1",
        "UPDATE audit_chain SET last_seq = last_seq + 1",
        "UPDATE audit_chain SET last_hash = zeroblob(32)",
        "UPDATE audit_chain SET first_seq = 2",
        "UPDATE audit_chain SET start_hash = randomblob(32)",
        "DELETE FROM audit_chain",
    ],
)
def test_ends_of_the_chain_that_were_changed_are_found(nine, change):
    assert found_after(nine, change)


def test_all_that_can_be_removed_at_once_is_found(nine):
    assert found_after(nine, "DELETE FROM audit_log", "DELETE FROM audit_chain") == [("MISPLACED", 0, 0)]


def test_damage_keeps_nothing_from_being_recorded_and_stays_named(written):
    by_hand(
        written,
        "DELETE FROM audit_log WHERE seq = 9",
        "UPDATE audit_log SET name = 'other' WHERE seq = 4",
    )
    with open_test_store(written) as store:
        record_many(store, 4, ROWS)

        assert findings(store) == [("ALTERED", 4, 4), ("REMOVED", ROWS, ROWS)]


def test_a_chain_whose_ends_were_lost_begins_anew_and_the_rows_before_are_named(written):
    by_hand(written, "DELETE FROM audit_chain")
    with open_test_store(written) as store:
        record_many(store, 2, ROWS)

        assert findings(store) == [("INSERTED", seq, seq) for seq in range(1, ROWS + 1)]


def test_findings_say_what_was_recorded_and_when(written):
    by_hand(
        written,
        "UPDATE audit_log SET actor = 'other' WHERE seq = 2",
        "DELETE FROM audit_log WHERE seq IN (5, 6)",
    )
    at = "at 2027-01-15T08:00:"
    row_7 = f"row 7 (saveJob by worker-0 {at}06.000Z)"
    with open_test_store(written) as store:
        assert messages(store) == [
            f"Row 2 (saveConstruct by other {at}01.000Z) does not fit its hash: it was changed, or put in its place.",
            f"Rows 5 to 6 were removed, between row 4 (saveJob by worker-1 {at}03.000Z) and {row_7}.",
        ]


def test_each_row_of_a_log_that_was_changed_throughout_is_named(many):
    found = found_after(many, "UPDATE audit_log SET actor = 'other'")

    assert sorted(found) == [("ALTERED", seq, seq) for seq in range(1, MANY + 1)]


@pytest.mark.parametrize("distance", [-1, 0, 1, 2])
@pytest.mark.parametrize("damage", ["REMOVED", "ALTERED"])
def test_damage_where_the_recent_rows_begin_is_named_once(many, distance, damage):
    change = "DELETE FROM audit_log" if damage == "REMOVED" else "UPDATE audit_log SET name = 'other'"
    seq = MANY - verification.RECENT_ROWS + distance

    assert found_after(many, f"{change} WHERE seq = {seq}") == [(damage, seq, seq)]


CLOSED = {
    "the first removed": ("DELETE FROM audit_log WHERE seq = 1", ("REMOVED", 1, 1)),
    "the last removed": (f"DELETE FROM audit_log WHERE seq = {ROWS}", ("REMOVED", ROWS, ROWS)),
    "one changed": ("UPDATE audit_log SET entity_id = 'job-7' WHERE seq = 5", ("ALTERED", 5, 5)),
}


@pytest.mark.parametrize(("change", "found"), CLOSED.values(), ids=CLOSED)
def test_what_is_done_to_the_file_of_a_closed_store_is_found(written, change, found):
    by_hand(written, change)
    with open_test_store(written) as store:
        assert findings(store) == [found]


def test_rows_are_numbered_and_hashed_one_behind_the_other(store):
    first, second = record(store, operation(0, 5), operation(1, 4))
    (third,) = record(store, operation(2, 3))

    assert [first.seq, second.seq, third.seq] == [1, 2, 3]
    assert (first.previous_hash, second.previous_hash, third.previous_hash) == (NO_HASH, first.hash, second.hash)
    assert findings(store) == []


def test_a_row_with_the_last_number_there_is_keeps_nothing_from_being_recorded(store):
    record_many(store, 3)
    last = row(store, 3)
    forged = [last._replace(seq=seq, occurred_at=0) for seq in (4, 5, 2**63 - 1)]
    values = [{f"value_{place}": value for place, value in enumerate(each)} for each in forged]
    store.write(lambda tx: [tx.execute(INSERT, each) for each in values])
    (entry,) = record(store, operation(9, 1_800_000_009_000))
    assert entry.seq == 6
    assert ("INSERTED", 2**63 - 1, 2**63 - 1) in findings(store)


def test_a_beginning_that_was_moved_by_hand_is_named_where_retention_never_ran(store):
    record_many(store, 9)
    other = {"rows": 1, "rules": {"other": {}}}
    store.write(lambda tx: tx.emit_as("kernel", RETENTION_RAN, "retention", payload=other))
    moved = (
        "DELETE FROM audit_log WHERE seq < 4",
        "UPDATE audit_chain SET first_seq = 4, start_hash = (SELECT previous_hash FROM audit_log WHERE seq = 4)",
    )
    assert found_after(store, *moved) == [("MISPLACED", 4, 4)]
    payload = {"rows": 3, "rules": {"audit.old": {"audit_log": 3}}}
    store.write(lambda tx: tx.emit_as("kernel", RETENTION_RAN, "retention", payload=payload))
    assert found_after(store, *moved) == []
