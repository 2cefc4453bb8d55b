"""Salvaging is tried on real damage: pages of zeros, flipped bits, a torn log; and compared with what was there."""

from __future__ import annotations

import random
import shutil
import sys

import apsw
import pytest

from synthetic.kernel import Kernel
from synthetic.recovery.errors import NothingRecoveredError

from .kit import PAGE_BYTES, Bench, Rows, rows_in

SAMPLE = 2
LONG = [pytest.mark.full, pytest.mark.timeout(3_600)]
DERIVED = ("registered_tables", "meta", "audit_chain")
"""Made anew where their rows are gone: by the loaded code, by migrations, or from other rows."""


def differences(before: Rows, after: Rows) -> tuple[Rows, Rows]:
    """The rows that are gone, and those that were not there before."""
    tables = [table for table in after if table not in DERIVED]
    lost = {table: before[table] - after[table] for table in tables if before[table] - after[table]}
    return lost, {table: after[table] - before[table] for table in tables if after[table] - before[table]}


def page_with(bench: Bench, table: str, *, leaf: bool = True) -> int:
    """A page of a table, by SQLite's own account."""
    connection = apsw.Connection(str(bench.whole), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return connection.execute(
            "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = ? ORDER BY ncell DESC LIMIT 1",
            (table, "leaf" if leaf else "internal"),
        ).get
    finally:
        connection.close()


def rows_on(bench: Bench, page: int) -> int:
    connection = apsw.Connection(str(bench.whole), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return connection.execute("SELECT ncell FROM dbstat WHERE pageno = ?", (page,)).get
    finally:
        connection.close()


def test_a_sound_database_is_salvaged_row_for_row(bench):
    salvaged, rows = bench.salvage(bench.whole.read_bytes())
    assert differences(rows_in(bench.whole), rows) == ({}, {})
    assert [each for each in salvaged.tables if each.damaged or each.set_aside or each.lost] == []
    assert (salvaged.strays, salvaged.failed) == (0, [])


def test_a_page_of_rows_that_is_gone_takes_these_alone_and_they_are_counted_by_an_index(bench):
    page = page_with(bench, "constructs")
    gone = rows_on(bench, page)
    salvaged, rows = bench.salvage(bench.without_page(page))
    lost, invented = differences(rows_in(bench.whole), rows)
    assert invented == {}
    assert len(lost["constructs"]) == gone
    (report,) = [each for each in salvaged.tables if each.table == "constructs"]
    assert (report.lost, report.is_lost_exact, report.damaged) == (gone, True, 1)
    # Their sessions name constructs that are not there: they are set aside, and not lost.
    (sessions,) = [each for each in salvaged.tables if each.table == "sessions"]
    assert (sessions.set_aside, len(lost["sessions"])) == (gone, gone)


def test_rows_below_an_inner_page_that_is_gone_are_found_all_the_same(bench):
    for table in ("audit_log", "absent_words"):
        salvaged, rows = bench.salvage(bench.without_page(page_with(bench, table, leaf=False)))
        assert differences(rows_in(bench.whole), rows) == ({}, {}), table
        assert [each.table for each in salvaged.tables if each.damaged] == [table]


def test_rows_that_a_table_has_lost_are_put_together_from_its_indexes(bench):
    page = page_with(bench, "absent_words")
    gone = rows_on(bench, page)
    salvaged, rows = bench.salvage(bench.without_page(page))
    assert differences(rows_in(bench.whole), rows) == ({}, {})
    (report,) = [each for each in salvaged.tables if each.table == "absent_words"]
    assert (report.rebuilt, report.lost, report.is_lost_exact) == (gone, 0, True)


def test_a_table_of_which_no_row_is_left_is_put_together_from_its_indexes(bench):
    salvaged, rows = bench.salvage(bench.without_table("absent_words"))
    assert differences(rows_in(bench.whole), rows) == ({}, {})
    (report,) = [each for each in salvaged.tables if each.table == "absent_words"]
    assert (report.kept, report.rebuilt, report.lost, report.is_lost_exact) == (300, 300, 0, True)
    assert not list(bench.folder.glob("*-missing")), "what was known of them is no longer kept"


def test_a_database_without_its_header_and_the_top_of_its_schema_loses_nothing(bench):
    salvaged, rows = bench.salvage(bench.without_page(1))
    assert differences(rows_in(bench.whole), rows) == ({}, {})
    assert (salvaged.strays, salvaged.failed) == (0, [])


def test_tables_whose_names_are_gone_are_known_by_their_rows(bench):
    salvaged, rows = bench.salvage(bench.without_table("sqlite_schema"))
    before = rows_in(bench.whole)
    assert all(rows[table] == before[table] for table in ("constructs", "sessions", "domain_events", "audit_log"))
    # What no table of the loaded code takes is set aside.
    assert salvaged.strays >= len(before["absent_words"])


def test_the_end_of_the_audit_chain_is_made_from_its_rows_where_it_is_gone(bench):
    _, rows = bench.salvage(bench.without_page(page_with(bench, "audit_chain")))
    assert rows["audit_chain"] == rows_in(bench.whole)["audit_chain"]


def test_nothing_but_zeros_is_nothing_to_recover(bench):
    with pytest.raises(NothingRecoveredError):
        bench.salvage(bytes(10 * PAGE_BYTES))


def test_what_the_log_holds_is_salvaged_up_to_its_first_damage(bench, tmp_path):
    database = shutil.copyfile(bench.whole, tmp_path / "synthetic.db")
    connection = apsw.Connection(str(database))
    connection.wal_autocheckpoint(0)
    for number in (1, 2):
        connection.execute("INSERT INTO absent_words (id, word) VALUES (?, 'late')", (1_000 + number,))
    data, log = database.read_bytes(), bytearray((tmp_path / "synthetic.db-wal").read_bytes())
    connection.close()
    copy = tmp_path / "copy-wal"
    copy.write_bytes(log)
    salvaged, rows = bench.salvage(data, copy)
    assert {row[0] for row in rows["absent_words"]} >= {1_001, 1_002}
    assert salvaged.unusable_frames == 0
    log[-100] ^= 1
    copy.write_bytes(log)
    salvaged, rows = bench.salvage(data, copy)
    kept = {row[0] for row in rows["absent_words"]}
    assert (1_001 in kept, 1_002 in kept) == (True, False)
    assert salvaged.unusable_frames >= 1
    log[-100] ^= 1
    log[32 + 8] ^= 1
    copy.write_bytes(log)
    salvaged, rows = bench.salvage(data, copy)
    assert not {1_001, 1_002} & {row[0] for row in rows["absent_words"]}
    assert salvaged.unusable_frames == (len(log) - 32) // (24 + PAGE_BYTES), "a frame whose salt is damaged"


def test_an_older_store_is_salvaged_as_it_is_and_migrated_afterwards(bench, tmp_path):
    database = shutil.copyfile(bench.whole, tmp_path / "older.db")
    connection = apsw.Connection(str(database))
    connection.pragma("journal_mode", "DELETE")
    number, name = connection.execute(
        "SELECT number, name FROM schema_migrations WHERE plugin = 'search' ORDER BY number DESC"
    ).fetchone()
    assert (number, name) == (4, "larger_segments")
    made = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'saved_search*'")
    for (table,) in made.fetchall():
        connection.execute(f'DROP TABLE "{table}"')
    connection.execute("DELETE FROM schema_migrations WHERE plugin = 'search' AND number >= 3")
    connection.close()
    salvaged, rows = bench.salvage(database.read_bytes())
    assert salvaged.failed == []
    assert len(rows["constructs"]) == 30
    store = tmp_path / "store"
    store.mkdir(0o700)
    shutil.move(bench.folder / "target.db", store / "synthetic.db")
    kernel = Kernel.open(store, registry=bench.registry, migrate=True)
    kernel.close()
    assert [str(each) for each in kernel.applied] == [
        "search 0003_saved_searches",
        "search 0004_larger_segments",
    ]


@pytest.mark.parametrize("every", [pytest.param(True, marks=LONG), False])
def test_wherever_a_page_is_zeroed_only_what_stood_on_it_is_missing(bench, every):
    """A page is gone, and its rows with it; what names these rows is set aside, and nothing else is missing."""
    before = rows_in(bench.whole)
    count = bench.whole.stat().st_size // PAGE_BYTES
    seed = random.SystemRandom().getrandbits(32)
    sys.stdout.write(f"seed {seed}\n")
    pages = range(1, count + 1) if every else random.Random(seed).sample(range(1, count + 1), SAMPLE)
    for page in pages:
        salvaged, rows = bench.salvage(bench.without_page(page))
        lost, invented = differences(before, rows)
        assert invented == {}, page
        by_table = {each.table: each for each in salvaged.tables}
        for table, missing in lost.items():
            report = by_table[table]
            accounted = report.set_aside + (report.lost or 0)
            assert accounted == len(missing) or report.lost is None, (page, table)
            assert len(missing) - report.set_aside <= rows_on(bench, page) or report.damaged, (page, table)


@pytest.mark.parametrize("every", [pytest.param(True, marks=LONG), False])
def test_of_a_file_that_was_cut_short_every_table_that_lacks_rows_says_so(bench, every):
    before, whole = rows_in(bench.whole), bench.whole.read_bytes()
    count = len(whole) // PAGE_BYTES
    for kept in range(10, count, 10) if every else (count // 3, count - 5):
        salvaged, rows = bench.salvage(whole[: kept * PAGE_BYTES])
        assert salvaged.missing_pages == count - kept
        lost, invented = differences(before, rows)
        # Where the only row of a table is gone, the one that its migration puts there takes its place.
        silent = {each.table for each in salvaged.tables if not (each.damaged or each.set_aside)}
        assert not silent & {*lost, *invented}, kept


def root_of(bench: Bench, name: str) -> int:
    connection = apsw.Connection(str(bench.whole), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)).get
    finally:
        connection.close()


def place_of_root(bench: Bench, name: str) -> tuple[int, int]:
    """Where in the file the schema names the root of a table, and in how many bytes."""
    root = root_of(bench, name)
    width = 1 if root < 128 else 2
    words = f"table{name}{name}".encode()
    return bench.whole.read_bytes().index(words + root.to_bytes(width, "big")) + len(words), width


@pytest.mark.parametrize("how", ["negative", "of another table", "of an index", "of a part of one", "of no page"])
def test_a_table_whose_root_is_named_wrongly_is_known_by_its_rows(bench, how):
    at, width = place_of_root(bench, "audit_log")
    assert width == 2
    wrong = {
        "negative": root_of(bench, "audit_log") | 0x8000,
        "of another table": root_of(bench, "constructs"),
        "of an index": root_of(bench, "constructs_by_type"),
        "of a part of one": page_with(bench, "constructs"),
        "of no page": 0x7FFF,
    }[how]
    data = bytearray(bench.whole.read_bytes())
    data[at : at + width] = wrong.to_bytes(width, "big")
    _, rows = bench.salvage(bytes(data))
    before = rows_in(bench.whole)
    assert rows["audit_log"] == before["audit_log"]
    assert rows["constructs"] == before["constructs"]


@pytest.mark.parametrize("every", [pytest.param(True, marks=LONG), False])
def test_a_bit_of_the_header_costs_no_row(bench, every):
    """Each bit is flipped alone, and last of all the header says that there are no pointer maps."""
    before, whole = rows_in(bench.whole), bench.whole.read_bytes()
    bits = range(800) if every else (16 * 8 + 4, 28 * 8 + 7)
    for bit in (*bits, None):
        data = bytearray(whole)
        if bit is None:
            data[52:56] = bytes(4)
        else:
            data[bit // 8] ^= 1 << bit % 8
        salvaged, rows = bench.salvage(bytes(data))
        assert differences(before, rows) == ({}, {}), bit
        assert (salvaged.strays, salvaged.failed) == (0, []), bit


@pytest.mark.parametrize("tries", [pytest.param(1_000, marks=LONG), SAMPLE])
def test_wherever_a_bit_is_flipped_no_more_than_one_page_is_the_worse_for_it(bench, tries):
    """A flipped bit in a value cannot be seen; a row can change then, but never can a row come that was not there."""
    before = rows_in(bench.whole)
    whole = bench.whole.read_bytes()
    seed = random.SystemRandom().getrandbits(32)
    sys.stdout.write(f"seed {seed}\n")
    draw = random.Random(seed)
    for number in range(tries):
        at = draw.randrange(len(whole)) if number % 2 else draw.randrange(len(whole) // PAGE_BYTES) * PAGE_BYTES
        at += 0 if number % 2 else draw.randrange(16)
        data = bytearray(whole)
        data[at] ^= 1 << draw.randrange(8)
        salvaged, rows = bench.salvage(bytes(data))
        lost, invented = differences(before, rows)
        for table, new in invented.items():
            assert len(new) <= len(lost[table]), (at, table)
        # A page of a long value counts no rows, and holds a part of one.
        on_page = max(1, rows_on(bench, at // PAGE_BYTES + 1) or 0)
        aside = sum(each.set_aside for each in salvaged.tables) + salvaged.strays
        for table, missing in lost.items():
            assert len(missing) <= on_page + aside, (at, table)
