"""kill -9, again and again: the store ends as if nothing had happened.

A reading is killed when it has come to a random place, a random moment later;
then it is started again, until it has run through. What is stored then is
compared, row for row, with a store that was filled without interruption.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import apsw
import pytest
import zstandard

from synthetic.testing import copy_template, open_test_store
from synthetic.testing_commands import ForkedProcess, run_command, start_command
from synthetic_ingest.model import IngestFile
from tests.plugins.ingest.kit import dump
from tests.plugins.ingest.samples import AGENT, OTHER_SESSION, fill_folder, jsonl, long_session, sub_session
from tests.plugins.ingest.samples import write as write_file
from tests.plugins.ingest.samples_of_runs import trajectory

SETTINGS = {"plugins.ingest.batch_lines": "20", "kernel.database.free_disk_bytes": "0"}

Reading = subprocess.Popen[str] | ForkedProcess


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Files of every format, some of them in many batches, some with broken lines."""
    folder = fill_folder(tmp_path_factory.mktemp("data"))
    built = long_session(250)
    write_file(folder / f"{OTHER_SESSION}.jsonl", built.bytes())
    sub_agent = sub_session(OTHER_SESSION, AGENT).bytes()
    write_file(folder / OTHER_SESSION / "subagents" / f"agent-{AGENT}.jsonl", sub_agent)
    chat = b"".join(
        jsonl({"role": "user", "content": f"{number}"}) + b"{broken\n" * (number % 2) for number in range(400)
    )
    write_file(folder / "chats" / "long.jsonl", chat)
    half = len(chat) // 2
    write_file(folder / "chats" / "long.jsonl.gz", gzip.compress(chat[:half]) + gzip.compress(b"\n" + chat[half:]))
    write_file(
        folder / "chats" / "long.jsonl.zst",
        zstandard.ZstdCompressor().compress(chat[::-1].replace(b"\n", b"") + b"\n" + chat),
    )
    write_file(folder / "runs" / "long.traj", json.dumps(trajectory(60)).encode())
    return folder


@pytest.fixture(scope="module")
def expected(template, folder, tmp_path_factory):
    """What an uninterrupted reading stores."""
    data_dir = copy_template(template, tmp_path_factory.mktemp("whole") / "store")
    assert run_through(data_dir, folder) == 0
    return contents(data_dir)


def contents(data_dir: Path):
    with open_test_store(data_dir) as store:
        return dump(store)


def command_on(data_dir: Path, folder: Path) -> list[str]:
    """`synthetic ingest`."""
    flags = [flag for name, value in SETTINGS.items() for flag in ("--set", f"{name}={value}")]
    return ["ingest", str(folder), "--data", str(data_dir), "--json", *flags]


@contextlib.contextmanager
def reading(data_dir: Path, folder: Path) -> Iterator[Reading]:
    """The command, as a process."""
    process = start_command(command_on(data_dir, folder))
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout, process.stderr:
        yield process
        process.kill()
        process.wait()


def run_through(data_dir: Path, folder: Path) -> int:
    ended = run_command(command_on(data_dir, folder), timeout=120)
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.returncode


def bytes_read(data_dir: Path) -> int:
    """How far a reading has come, looked at from outside."""
    connection = apsw.Connection(str(data_dir / "synthetic.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.set_busy_timeout(10_000)
        return connection.execute("SELECT coalesce(sum(offset_bytes), 0) FROM ingest_files").get
    finally:
        connection.close()


def bytes_in(dumped) -> int:
    """How far a reading has come when it is through, by its dump."""
    column = [field.name for field in fields(IngestFile)].index("offset_bytes")
    return sum(row[column] for row in dumped["ingest_files"])


def wait_for(process: Reading, condition: Callable[[], bool]) -> bool:
    """Wait until something holds; False if the process ended first."""
    while not condition():
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.002)
            return False
    return True


def strike(data_dir: Path, folder: Path, chance: random.Random, total: int, number: int) -> bool:
    """Start a reading and stop it by a signal at a random moment; False if it was through before."""
    goal = chance.randint(bytes_read(data_dir) + 1, total)
    with reading(data_dir, folder) as process:
        if not wait_for(process, lambda: bytes_read(data_dir) >= goal):
            return False
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0, 0.02))
            return False
        process.send_signal(number)
        assert process.wait(60) == (130 if number == signal.SIGINT else -number)
    return True


def kill_again_and_again(template: Path, folder: Path, expected, tmp_path: Path, kills: int) -> None:
    chance = random.Random()
    total = bytes_in(expected)
    done = stores = 0
    while done < kills:
        data_dir = copy_template(template, tmp_path / f"store{stores}")
        stores += 1
        while done < kills and bytes_read(data_dir) < total:
            if not strike(data_dir, folder, chance, total, signal.SIGKILL):
                break
            done += 1
        assert run_through(data_dir, folder) == 0
        assert contents(data_dir) == expected
        connection = apsw.Connection(str(data_dir / "synthetic.db"))
        assert connection.pragma("integrity_check") == "ok"
        assert connection.pragma("foreign_key_check") is None
        connection.close()


def test_a_killed_reading_ends_as_if_it_had_not_been(template, folder, expected, tmp_path):
    kill_again_and_again(template, folder, expected, tmp_path, kills=5)


@pytest.mark.full
@pytest.mark.timeout(1_800)
def test_a_reading_that_is_killed_fifty_times_ends_as_if_it_had_not_been(template, folder, expected, tmp_path):
    kill_again_and_again(template, folder, expected, tmp_path, kills=50)


def test_an_interrupted_reading_leaves_a_store_that_is_whole(data_dir, folder, expected):
    chance = random.Random()
    total = bytes_in(expected)
    assert strike(data_dir, folder, chance, total // 2, signal.SIGINT)
    assert bytes_read(data_dir) > 0
    assert run_through(data_dir, folder) == 0
    assert contents(data_dir) == expected


def test_two_readings_at_once_store_everything_once(data_dir, folder, expected):
    with reading(data_dir, folder) as first, reading(data_dir, folder) as second:
        for process in (first, second):
            _, errors = process.communicate()
            assert "Traceback" not in errors, errors
            # What the other one was faster at is a failure of this one, and said so.
            assert process.returncode in (0, 65)
    assert run_through(data_dir, folder) == 0
    found = contents(data_dir)
    tables = ("ingest_files", "sessions", "transcript_usage", "transcript_responses")
    # Two readers take turns at the files, so transcripts may be numbered in another order.
    assert [len(found[table]) for table in tables] == [len(expected[table]) for table in tables]
    assert found["ingest_files"] == expected["ingest_files"]
    assert found["sessions"] == expected["sessions"]
