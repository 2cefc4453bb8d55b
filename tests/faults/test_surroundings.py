"""What others do to a store's files and to its clock: each has an outcome that docs/reliability.md states."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from synthetic import SyntheticError, SystemClock, Transaction
from synthetic.checks.declared import LoadedChecks
from synthetic.data_directory import DataDirectory
from synthetic.errors import StorageFailedError
from synthetic.kernel_parts import blueprint_of, inspection_of
from synthetic.registry import load_registry
from synthetic.testing import (
    FAST_SETTINGS,
    ManualClock,
    copy_template,
    make_template,
    open_test_store,
    running_server,
    wait_until,
)
from synthetic.testing_commands import start_command
from synthetic_artifacts.model import ArtifactContent
from synthetic_artifacts.store import create_artifact
from synthetic_constructs.store import save_construct

from .kit import COUNT, SAVE, ask, check_sound, code_of, lock_held
from .sweeps import make_seed

WRITING = Path(__file__).with_name("writing.py")
WRITES = 25
PAGE_BYTES = 4_096
DAMAGED = {"STORE_DAMAGED", "NOT_A_STORE", "STORAGE_FAILED", "MIGRATION_EDITED", "STORE_NEWER"}
"""What is said of a database that is not as it was written: the last two where it is the ledger of migrations."""

IN_A_VALUE = "one row is read otherwise"


@pytest.fixture(scope="module")
def killed(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose writer was killed: all that it has written is in the write-ahead log."""
    data = copy_template(template, tmp_path_factory.mktemp("killed") / "store")
    process = start_command([str(data), "w"], program=WRITING)
    assert process.stdout is not None
    for _ in range(WRITES):
        assert process.stdout.readline()
    process.kill()
    process.communicate()
    return data


def numbers(data: Path) -> list[int]:
    """The numbers of the writes that are there, in a database that is sound."""
    with check_sound(data) as connection:
        found = sorted(int(id.rpartition("-")[2]) for (id,) in connection.execute("SELECT id FROM constructs"))
        events = connection.execute("SELECT count(*) FROM domain_events WHERE type = 'construct.saved'").get
    assert events == len(found)
    return found


def test_a_log_that_is_cut_off_keeps_the_writes_before_the_cut_whole_and_in_order(killed, tmp_path):
    chance = random.Random(make_seed())
    size = (killed / "synthetic.db-wal").stat().st_size
    for cut in (0, 31, *(chance.randrange(size) for _ in range(2))):
        data = copy_template(killed, tmp_path / f"cut{cut}")
        os.truncate(data / "synthetic.db-wal", cut)
        found = numbers(data)
        assert found == list(range(len(found)))
        assert len(found) <= WRITES + 1


def test_a_log_with_a_flipped_bit_is_read_up_to_there(killed, tmp_path):
    chance = random.Random(make_seed())
    size = (killed / "synthetic.db-wal").stat().st_size
    for number in range(2):
        data, place = copy_template(killed, tmp_path / f"flip{number}"), chance.randrange(size)
        with (data / "synthetic.db-wal").open("r+b") as file:
            file.seek(place)
            (byte,) = file.read(1)
            file.seek(place)
            file.write(bytes([byte ^ 1 << chance.randrange(8)]))
        found = numbers(data)
        assert found == list(range(len(found))), f"flipped at {place}"


@pytest.mark.parametrize("content", [None, b"", bytes(range(256)) * 40], ids=["deleted", "empty", "garbage"])
def test_without_its_log_a_store_is_as_it_was_when_that_was_last_copied(killed, tmp_path, content):
    data = copy_template(killed, tmp_path / "store")
    (data / "synthetic.db-wal").unlink()
    if content is not None:
        (data / "synthetic.db-wal").write_bytes(content)
    assert numbers(data) == []


@pytest.mark.parametrize("content", [None, bytes(range(256)) * 128], ids=["missing", "garbage"])
def test_the_index_of_the_log_is_made_anew_where_nobody_has_the_store_open(killed, tmp_path, content):
    data = copy_template(killed, tmp_path / "store")
    (data / "synthetic.db-shm").unlink()
    if content is not None:
        (data / "synthetic.db-shm").write_bytes(content)
    with open_test_store(data):
        pass
    assert len(numbers(data)) >= WRITES


def test_a_server_whose_database_was_exchanged_writes_to_neither_and_its_successor_has_the_new_one(template, tmp_path):
    data = copy_template(template, tmp_path / "store")
    other = copy_template(template, tmp_path / "other")
    with open_test_store(other) as store:
        store.write(lambda tx: save_construct(tx, {"type": "task", "title": "new"}, id="new"))
    with running_server(data) as server:
        assert code_of(ask(server, SAVE, id="old")) == "OK"
        (other / "synthetic.db").replace(data / "synthetic.db")
        assert code_of(ask(server, SAVE, id="lost")) == "STORAGE_FAILED"
        assert ask(server, COUNT)["data"] == {"constructs": {"totalCount": 1}}
        server.stop()
    for path in data.glob("synthetic.db-*"):
        path.unlink()
    with open_test_store(data) as store:
        assert store.read(lambda snapshot: snapshot.rows("SELECT id FROM constructs")) == [("new",)]
    check_sound(data).close()


def test_a_write_during_which_the_database_is_exchanged_is_not_acknowledged(template, tmp_path):
    data = copy_template(template, tmp_path / "store")
    other = copy_template(template, tmp_path / "other")

    def exchange(tx: Transaction) -> None:
        save_construct(tx, {"type": "task", "title": "lost"}, id="lost")
        (other / "synthetic.db").replace(data / "synthetic.db")

    with open_test_store(data) as store, pytest.raises(StorageFailedError, match="moved, removed or replaced"):
        store.write(exchange)


def test_positions_and_leases_do_not_follow_a_clock_that_goes_back_and_forth(data_dir):
    clock = ManualClock(SystemClock().now_ms(), monotonic=SystemClock())
    with open_test_store(data_dir, clock=clock) as store:
        for number, jump_ms in enumerate((0, -86_400_000, 40 * 86_400_000, -365 * 86_400_000, 1)):
            clock.jump(jump_ms)
            store.write(lambda tx, id=f"c{number}": save_construct(tx, {"type": "task", "title": id}, id=id))
        order = store.read(
            lambda snapshot: snapshot.rows(
                "SELECT entity_id FROM domain_events WHERE type = 'construct.saved' ORDER BY position"
            )
        )
    assert [id for (id,) in order] == [f"c{number}" for number in range(5)]


def test_a_file_that_has_the_place_of_another_artifact_is_found_by_the_deep_check(data_dir):
    with open_test_store(data_dir) as store:
        store.write(lambda tx: save_construct(tx, {"type": "task", "title": "x"}, id="c"))
        paths = []
        for name in ("first", "other"):
            content = ArtifactContent(
                id=name, construct_id="c", type="log", name=f"{name}.bin", content_type="application/octet-stream"
            )
            saved = create_artifact(store, content, [name.encode() * 1_000])
            paths.append(data_dir / "artifacts" / saved.artifact.path)
        aside = paths[0].with_name("aside")
        for source, target in ((paths[0], aside), (paths[1], paths[0]), (aside, paths[1])):
            source.rename(target)
    problems = find_problems(data_dir)
    assert len(problems) == 2
    assert all("first" in each or "other" in each for each in problems)


def find_problems(data: Path) -> tuple[str, ...]:
    """What `synthetic check --deep` finds."""
    registry = load_registry(data, overrides=FAST_SETTINGS)
    inspection = inspection_of(registry, blueprint_of(registry))
    thorough = replace(inspection, checks=LoadedChecks.of(registry.checks).chosen("deep"))
    return thorough.find_problems(DataDirectory(data), lambda _bytes: None)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with some rows, closed: all of it is in the database file."""
    data = make_template(tmp_path_factory.mktemp("filled") / "store")
    with open_test_store(data) as store:
        for number in range(40):
            content = {"type": "task", "title": f"task {number}", "description": "x" * 300}
            store.write(lambda tx, content=content, id=f"c{number}": save_construct(tx, content, id=id))
    return data


def read_all(data: Path) -> list[tuple[object, ...]]:
    """All constructs, by way of the kernel."""
    sql = "SELECT id, title, description, status, version FROM constructs ORDER BY id"
    with open_test_store(data) as store:
        return store.read(lambda snapshot: [tuple(row) for row in snapshot.rows(sql)])


def damage_page(path: Path, number: int, change: Callable[[bytes], bytes]) -> None:
    with path.open("r+b") as file:
        file.seek(number * PAGE_BYTES)
        page = file.read(PAGE_BYTES)
        file.seek(number * PAGE_BYTES)
        file.write(change(page))


def outcome_of(error: SyntheticError, outcome: str) -> str:
    return outcome if error.code in DAMAGED else f"answered {error.code}"


def look_at_damage(filled: Path, tmp_path: Path, number: int, change: Callable[[bytes], bytes], whole: list) -> str:
    """Damage a page, and use the store; what became of that."""
    data = copy_template(filled, tmp_path / "damaged")
    try:
        damage_page(data / "synthetic.db", number, change)
        try:
            rows = read_all(data)
        except SyntheticError as error:
            return outcome_of(error, "refused")
        if rows == whole:
            return "untouched"
        # What SQLite read without noticing is found by whoever looks: never taken for sound.
        try:
            if find_problems(data):
                return "found"
            is_value = len(rows) == len(whole) and len(set(rows) - set(whole)) == 1
            return IN_A_VALUE if is_value else f"page {number} is read otherwise, and nothing is found"
        except SyntheticError as error:
            return outcome_of(error, "found")
    finally:
        shutil.rmtree(data)


def zeroed(page: bytes) -> bytes:
    return bytes(len(page))


def in_other_order(page: bytes) -> bytes:
    """Its second half first, as a disk does that mixes up its sectors."""
    return page[len(page) // 2 :] + page[: len(page) // 2]


def with_a_bit_flipped(page: bytes) -> bytes:
    """As a cell of the disk does that has lost its charge; which one is always the same for the same page."""
    place = random.Random(page).randrange(len(page) * 8)
    return page[: place // 8] + bytes([page[place // 8] ^ 1 << place % 8]) + page[place // 8 + 1 :]


@pytest.mark.parametrize("change", [zeroed, in_other_order, with_a_bit_flipped])
@pytest.mark.parametrize("most", [1, pytest.param(0, marks=[pytest.mark.full, pytest.mark.timeout(1_800)])])
def test_pages_that_are_damaged_are_refused_or_found_and_nothing_false_is_taken_for_sound(
    filled, tmp_path, change, most
):
    whole = read_all(filled)
    pages = range((filled / "synthetic.db").stat().st_size // PAGE_BYTES)
    chosen = random.Random(make_seed()).sample(pages, most) if most else pages
    outcomes = [look_at_damage(filled, tmp_path, number, change, whole) for number in chosen]
    # Within a value SQLite has no way to see it, and neither has a check: one row is read as it stands then.
    unseen = {IN_A_VALUE} if change is with_a_bit_flipped else set()
    assert set(outcomes) <= {"refused", "untouched", "found", *unseen}, outcomes


@pytest.mark.full
def test_a_lock_that_is_held_for_minutes_is_busy_all_the_while_and_then_all_goes_on(data_dir):
    patience = ("--set", "kernel.database.write_deadline_ms=2000", "--set", "kernel.database.busy_timeout_ms=500")
    with running_server(data_dir, *patience) as server:
        assert code_of(ask(server, SAVE, id="before")) == "OK"
        with lock_held(data_dir):
            end, codes = time.monotonic() + 150, set()
            while time.monotonic() < end:
                codes.add(code_of(ask(server, SAVE, id="during")))
                assert ask(server, COUNT)["data"] == {"constructs": {"totalCount": 1}}
        assert codes == {"DATABASE_BUSY"}
        wait_until(lambda: code_of(ask(server, SAVE, id="after")) == "OK", "a write")
    check_sound(data_dir).close()
