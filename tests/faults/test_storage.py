"""What the machine does to a store: each fault has a clear answer, and nothing is damaged by it."""

from __future__ import annotations

import shutil
from pathlib import Path

import apsw
import pytest

from synthetic.errors import ExitCode
from synthetic.testing import copy_template, running_server
from synthetic.testing_commands import start_command

from .kit import COUNT, SAVE, Disk, ask, check_sound, code_of, command, lock_held, refused

IMPATIENT = ("--set", "kernel.database.busy_timeout_ms=100", "--set", "kernel.database.write_deadline_ms=300")


def ids(connection: apsw.Connection) -> set[str]:
    return {id for (id,) in connection.execute("SELECT id FROM constructs")}


def test_a_lock_held_past_the_time_out_is_busy_and_reads_go_on(data_dir):
    with running_server(data_dir, *IMPATIENT) as server:
        assert code_of(ask(server, SAVE, id="before")) == "OK"
        with lock_held(data_dir):
            answer = ask(server, SAVE, id="during")
            assert code_of(answer) == "DATABASE_BUSY"
            assert answer["errors"][0]["extensions"]["retryAfterMs"] > 0
            assert ask(server, COUNT)["data"] == {"constructs": {"totalCount": 1}}
            long = "{ " + " ".join(f"a{n}: constructs {{ totalCount }}" for n in range(60)) + " " * 4_000 + "}"
            assert code_of(ask(server, long)) == "OK"
            busy = refused("token", "create", "late", *IMPATIENT, data=data_dir)
            assert (busy["code"], busy["exit"]) == ("DATABASE_BUSY", ExitCode.TRY_AGAIN)
        assert code_of(ask(server, SAVE, id="during")) == "OK"
    with check_sound(data_dir) as connection:
        assert ids(connection) == {"before", "during"}


def test_a_stop_while_another_process_holds_the_lock_ends_well_with_the_usual_patience(data_dir):
    """With the settings that a server has by itself; `running_server` gives up after a minute."""
    with running_server(data_dir) as server:
        # It has used its token, and its services have leases: there are two things to write at the stop.
        assert code_of(ask(server, SAVE, id="before")) == "OK"
        with lock_held(data_dir):
            assert server.stop() == 0
    log = "".join(server.log)
    assert "stopping" in log
    assert "last use of tokens not stored" in log
    assert "the stop took too long" not in log
    with check_sound(data_dir) as connection:
        assert ids(connection) == {"before"}


def test_a_full_disk_refuses_writes_keeps_reads_and_loses_nothing(template, disk: Disk):
    data = copy_template(template, disk.path / "store")
    stored: set[str] = set()
    with running_server(data, "--set", "kernel.database.synchronous=FULL") as server:
        disk.fill(leave_bytes=2_000_000)
        for number in range(400):
            answer = ask(server, SAVE, id=f"c{number}", text="x" * 20_000)
            if code_of(answer) != "OK":
                break
            stored.add(f"c{number}")
        assert code_of(answer) == "STORAGE_FULL"
        assert answer["errors"][0]["extensions"]["recoverable"]
        assert stored
        assert ask(server, COUNT)["data"] == {"constructs": {"totalCount": len(stored)}}
        disk.free()
        assert code_of(ask(server, SAVE, id="after", text="x" * 20_000)) == "OK"
    with check_sound(data) as connection:
        assert ids(connection) == stored | {"after"}


def test_a_start_on_a_full_disk_is_refused(template, disk: Disk):
    data = copy_template(template, disk.path / "store")
    disk.fill(leave_bytes=0)
    full = refused("serve", "--port", "0", "--set", "kernel.database.free_disk_bytes=1000000", data=data)
    assert (full["code"], full["exit"]) == ("STORAGE_FULL", ExitCode.STORAGE)
    disk.free()
    check_sound(data).close()


def test_a_new_store_on_a_full_disk_is_refused_and_can_be_made_later(disk: Disk):
    disk.fill(leave_bytes=30_000)
    assert refused("migrate", data=disk.path / "store")["code"] == "STORAGE_FULL"
    disk.free()
    assert command("migrate", data=disk.path / "store").returncode == 0
    check_sound(disk.path / "store").close()


@pytest.mark.parametrize("words", [("serve", "--port", "0"), ("migrate",), ("token", "create", "x")])
def test_a_read_only_data_directory_is_refused(template, disk: Disk, words):
    data = copy_template(template, disk.path / "store")
    disk.read_only()
    error = refused(*words, data=data)
    assert (error["code"], error["exit"]) == ("STORAGE_READ_ONLY", ExitCode.STORAGE)


@pytest.mark.parametrize("words", [("serve", "--port", "0"), ("migrate",), ("status",), ("token", "list")])
def test_a_file_of_garbage_is_refused_and_left_as_it_is(tmp_path, words):
    data = tmp_path / "store"
    data.mkdir()
    garbage = bytes(range(256)) * 64
    (data / "synthetic.db").write_bytes(garbage)
    error = refused(*words, data=data)
    assert (error["code"], error["exit"]) == ("NOT_A_STORE", ExitCode.CONFIGURATION)
    assert (data / "synthetic.db").read_bytes() == garbage


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (
            "INSERT INTO schema_migrations VALUES ('constructs', 99, 'later', printf('%064d', 0), 0, 'synthetic 99')",
            "STORE_NEWER",
        ),
        ("UPDATE schema_migrations SET checksum = printf('%064d', 0) WHERE plugin = 'sessions'", "MIGRATION_EDITED"),
    ],
    ids=["newer", "edited"],
)
def test_a_store_with_another_history_is_refused(data_dir, change, code):
    with running_server(data_dir) as server:
        assert code_of(ask(server, SAVE, id="before")) == "OK"
        other = apsw.Connection(str(data_dir / "synthetic.db"))
        other.set_busy_timeout(10_000)
        other.execute(change)
        other.close()
        # A running server notices, stops writing and goes on reading.
        answer = ask(server, SAVE, id="after")
        assert code_of(answer) == code
        assert "stopped writing" in answer["errors"][0]["message"]
        assert ask(server, COUNT)["data"] == {"constructs": {"totalCount": 1}}
    for words in (("serve", "--port", "0"), ("migrate",), ("status",)):
        error = refused(*words, data=data_dir)
        assert (error["code"], error["exit"]) == (code, ExitCode.CONFIGURATION)
    with check_sound(data_dir) as connection:
        assert ids(connection) == {"before"}


@pytest.mark.full
def test_two_starts_at_once_on_an_empty_directory_both_serve(tmp_path: Path):
    data = tmp_path / "store"
    with running_server(data, "--no-auth") as first, running_server(data, "--no-auth") as second:
        assert code_of(ask(first, SAVE, id="one")) == "OK"
        assert code_of(ask(second, SAVE, id="two")) == "OK"
        for server in (first, second):
            assert ask(server, COUNT)["data"] == {"constructs": {"totalCount": 2}}
    check_sound(data).close()


def test_many_commands_at_once_on_an_empty_directory_make_one_store(tmp_path: Path):
    data = tmp_path / "store"
    starts = [start_command(["migrate", "--data", str(data)]) for _ in range(4)]
    ended = [(start.communicate(), start.returncode) for start in starts]
    assert [code for _, code in ended] == [0, 0, 0, 0], ended
    with check_sound(data) as connection:
        assert (
            connection.execute("SELECT count(*), count(DISTINCT plugin || number) FROM schema_migrations").get[0] >= 5
        )


def test_a_server_killed_outright_loses_no_answered_write(data_dir):
    with running_server(data_dir, "--set", "kernel.database.synchronous=FULL") as server:
        for number in range(20):
            assert code_of(ask(server, SAVE, id=f"c{number}")) == "OK"
        server.process.kill()
        server.process.wait()
    with check_sound(data_dir) as connection:
        assert len(ids(connection)) == 20


@pytest.mark.full
def test_a_stores_directory_can_be_copied_away_and_opened(data_dir, tmp_path):
    with running_server(data_dir) as server:
        assert code_of(ask(server, SAVE, id="kept")) == "OK"
    shutil.copytree(data_dir, tmp_path / "copy")
    with running_server(tmp_path / "copy") as server:
        assert ask(server, COUNT)["data"] == {"constructs": {"totalCount": 1}}
