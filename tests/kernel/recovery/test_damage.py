"""A damaged database at start: it is left as it is, a copy is kept once, and the ways out are named."""

from __future__ import annotations

import shutil

import apsw
import pytest

from synthetic.data_directory import DataDirectory
from synthetic.errors import NotAStoreError, StoreDamagedError
from synthetic.kernel import Kernel
from synthetic.recovery.damage import COPIES_MAX, list_copies
from synthetic.testing import FAST_SETTINGS, expect_data, expect_error, open_test_store
from tests.kernel.backups.kit import take
from tests.kernel.checks.kit import page_of, spoil, zero_page

HEADER_MAGIC_BYTES = 16


def start(folder, *, migrate=True):
    Kernel.open(folder, overrides=FAST_SETTINGS, migrate=migrate).close()


def refused(folder, *, migrate=True):
    with pytest.raises(StoreDamagedError) as raised:
        start(folder, migrate=migrate)
    return raised.value


def database_of(folder):
    return (folder / "synthetic.db").read_bytes()


@pytest.mark.parametrize("migrate", [True, False])
def test_a_store_without_its_header_is_kept_in_quarantine_once_and_not_written_to(data_dir, migrate):
    content = b"\xff" * HEADER_MAGIC_BYTES + database_of(data_dir)[HEADER_MAGIC_BYTES:]
    (data_dir / "synthetic.db").write_bytes(content)
    error = refused(data_dir, migrate=migrate)
    assert "`synthetic recover`" in error.suggested_action
    assert error.suggested_action.startswith("No proven backup")
    refused(data_dir)
    (copy,) = list_copies(DataDirectory(data_dir))
    assert error.details["copy"] == str(copy)
    assert (copy / "synthetic.db").read_bytes() == content == database_of(data_dir)


def test_a_text_that_is_none_is_damage_and_no_riddle(data_dir):
    with open_test_store(data_dir) as store:
        expect_data(store.graphql('mutation { saveConstruct(input: {id: "a", type: "t", title: "t"}) { created } }'))
        spoil(store, "UPDATE constructs SET title = CAST(x'74f8' AS TEXT)")
        error = expect_error(store.graphql('{ construct(id: "a") { title } }'), "STORE_DAMAGED")
        assert "is no text" in error["message"]
        assert expect_data(store.graphql('{ construct(id: "a") { id } }')) == {"construct": {"id": "a"}}


def test_the_newest_proven_backup_is_named_first(data_dir):
    with open_test_store(data_dir) as store:
        take(store)
        backup = take(store)
    zero_page(data_dir, page_of(data_dir, "domain_events"))
    error = refused(data_dir)
    assert f"synthetic restore {backup.id}" in error.suggested_action
    assert error.details["backup"] == backup.id
    order = [error.suggested_action.index(way) for way in ("restore", "recover", "--read-only")]
    assert order == sorted(order)


def test_different_damages_are_kept_up_to_a_bound(data_dir):
    for number in range(COPIES_MAX + 2):
        (data_dir / "synthetic.db").write_bytes(b"\xff" * 16 + database_of(data_dir)[16:] + bytes([number]))
        refused(data_dir)
    assert len(list_copies(DataDirectory(data_dir))) == COPIES_MAX


def test_a_file_of_another_program_is_not_touched(tmp_path):
    tmp_path.chmod(0o700)
    (tmp_path / "synthetic.db").write_bytes(b"somebody's notes " * 1_000)
    with pytest.raises(NotAStoreError):
        start(tmp_path)
    assert not (tmp_path / "quarantine").exists()
    assert database_of(tmp_path) == b"somebody's notes " * 1_000


def test_nor_is_the_database_of_another_program_that_has_a_log(tmp_path):
    tmp_path.chmod(0o700)
    connection = apsw.Connection(str(tmp_path / "synthetic.db"))
    connection.pragma("journal_mode", "WAL")
    connection.execute("CREATE TABLE other (x); INSERT INTO other VALUES (1)")
    before = database_of(tmp_path)
    try:
        with pytest.raises(NotAStoreError):
            start(tmp_path)
        assert database_of(tmp_path) == before
        assert not (tmp_path / "quarantine").exists()
    finally:
        connection.close()


@pytest.mark.parametrize("is_empty", [True, False])
def test_no_database_is_made_beside_the_log_of_one_that_is_gone(data_dir, is_empty):
    with open_test_store(data_dir) as store:
        store.graphql('mutation { saveConstruct(input: {id: "a", type: "t", title: "t"}) { construct { id } } }')
        log = (data_dir / "synthetic.db-wal").read_bytes()
    assert log
    (data_dir / "synthetic.db-wal").write_bytes(log)
    (data_dir / "synthetic.db-shm").unlink(missing_ok=True)
    if is_empty:
        (data_dir / "synthetic.db").write_bytes(b"")
    else:
        (data_dir / "synthetic.db").unlink()
    refused(data_dir)
    assert (data_dir / "synthetic.db-wal").read_bytes() == log


def test_without_room_for_a_copy_the_start_is_refused_all_the_same(data_dir):
    (data_dir / "synthetic.db").write_bytes(b"\xff" * 16 + database_of(data_dir)[16:])
    shutil.rmtree(data_dir / "quarantine", ignore_errors=True)
    (data_dir / "quarantine").write_text("a file where the folder should be")
    assert refused(data_dir).details["copy"] is None
