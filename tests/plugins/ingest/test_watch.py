"""`synthetic ingest --watch`: files are followed as they are written, and the watch is in sync status."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from synthetic.cli import main
from synthetic.testing import ManualClock, expect_data, open_test_store, running_server
from synthetic.testing_commands import ForkedProcess, start_command
from synthetic_ingest.ingest import Ingest, importers_of
from synthetic_ingest.plans import IngestOptions
from synthetic_ingest.walk import Found, find_changed
from synthetic_ingest.watch import Look, Watch
from tests.plugins.ingest.samples import append, fill_folder, jsonl, write
from tests.plugins.ingest.samples_of_runs import CHAT_LINES

PATIENCE_SECONDS = 60
SETTINGS = (
    "--set",
    "kernel.database.free_disk_bytes=0",
    "--set",
    "kernel.database.synchronous=OFF",
    "--set",
    "kernel.database.write_deadline_ms=200",
)


class Watching:
    """A watch that runs, and what it says."""

    def __init__(self, process: subprocess.Popen[str] | ForkedProcess) -> None:
        self.process = process
        self._timer = threading.Timer(PATIENCE_SECONDS, process.kill)
        self._timer.start()

    def hear(self) -> dict[str, Any]:
        """The next thing that it says."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the watch has ended, or says nothing"
        return json.loads(line)

    def hear_until_messages(self, count: int) -> None:
        """Wait until it has stored so many more messages."""
        while count > 0:
            count -= self.hear()["messages"]
        assert count == 0

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE_SECONDS)
        self._timer.cancel()
        return code


@contextlib.contextmanager
def watching(data_dir: Path, *paths: Path, settings: tuple[str, ...] = ()) -> Iterator[Watching]:
    command = ["ingest", *map(str, paths), "--watch", "--json"]
    process = start_command([*command, "--data", str(data_dir), *SETTINGS, *settings])
    watch = Watching(process)
    try:
        yield watch
    finally:
        process.kill()
        process.wait()
        watch._timer.cancel()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def module(data_dir: Path, name: str = "ingest") -> dict[str, Any]:
    """How the watch fares."""
    query = "query ($name: String!) { syncStatus(module: $name) { status lastSuccessAt error { code message } } }"
    with open_test_store(data_dir) as store:
        (status,) = expect_data(store.graphql(query, {"name": name}))["syncStatus"]
    return status


def count_messages(data_dir: Path) -> int:
    with open_test_store(data_dir) as store:
        return store.read(lambda snapshot: snapshot.value("SELECT sum(message_count) FROM transcripts")) or 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_there_is_read_and_then_what_is_written(data_dir, tmp_path, number):
    folder = fill_folder(tmp_path / "data")
    with watching(data_dir, folder) as watch:
        assert watch.hear()["messages"] == 47
        assert module(data_dir)["status"] == "SYNCED"
        path = write(folder / "new" / "deeper" / "chat.jsonl", jsonl(CHAT_LINES[0]))
        watch.hear_until_messages(1)
        for line in CHAT_LINES[1:]:
            append(path, jsonl(line))
        watch.hear_until_messages(len(CHAT_LINES) - 1)
        assert watch.stop(number) == 0
    assert module(data_dir)["status"] == "DISABLED", "who was stopped on purpose does not become stale"
    assert count_messages(data_dir) == 47 + len(CHAT_LINES)


def test_a_line_that_is_written_in_parts_is_stored_once_it_is_whole(data_dir, tmp_path):
    first, second = jsonl(CHAT_LINES[0]), jsonl(CHAT_LINES[1])
    path = write(tmp_path / "data" / "chat.jsonl", first)
    with watching(data_dir, path.parent) as watch:
        watch.hear_until_messages(1)
        append(path, second[:10])
        append(path, second[10:], 2_000_000_000)
        watch.hear_until_messages(1)
        assert watch.stop() == 0


def test_hidden_files_are_left_alone_and_renamed_ones_are_read(data_dir, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    with watching(data_dir, folder) as watch:
        hidden = write(folder / ".chat.jsonl.tmp", jsonl(*CHAT_LINES))
        hidden.rename(folder / "chat.jsonl")
        watch.hear_until_messages(len(CHAT_LINES))
        assert watch.stop() == 0


def test_a_file_that_cannot_be_read_is_told_and_mended(data_dir, tmp_path):
    folder = tmp_path / "data"
    path = write(folder / "chat.jsonl.gz", b"\x1f\x8b\x08 this is no gzip")
    write(folder / "other.jsonl", jsonl(*CHAT_LINES))
    with watching(data_dir, folder) as watch:
        assert watch.hear()["files"]["failed"] == 1
        status = module(data_dir)
        assert (status["status"], status["error"]["code"]) == ("FAILED", "INGEST_INCOMPLETE")
        assert "chat.jsonl.gz" in status["error"]["message"]
        path.unlink()
        write(folder / "third.jsonl", jsonl(CHAT_LINES[0]))
        watch.hear_until_messages(1)
        assert module(data_dir)["status"] == "SYNCED"
        assert watch.stop() == 0


def test_a_store_that_is_locked_for_a_while_loses_nothing(data_dir, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    with watching(data_dir, folder) as watch:
        write(folder / "first.jsonl", jsonl(CHAT_LINES[0]))
        watch.hear_until_messages(1)
        lock = apsw.Connection(str(data_dir / "synthetic.db"))
        lock.set_busy_timeout(10_000)
        lock.execute("BEGIN IMMEDIATE")
        write(folder / "second.jsonl", jsonl(CHAT_LINES[0]))
        assert watch.hear()["error"]["code"] == "DATABASE_BUSY"
        lock.execute("ROLLBACK")
        lock.close()
        heard = watch.hear()
        while heard["messages"] == 0:
            heard = watch.hear()
        assert heard["messages"] == 1
        assert watch.stop() == 0


def test_a_folder_that_is_taken_away_and_made_again_is_followed_again(data_dir, tmp_path):
    folder = tmp_path / "data"
    write(folder / "first.jsonl", jsonl(CHAT_LINES[0]))
    with watching(data_dir, folder, settings=("--set", "plugins.ingest.watch_rescan_ms=1000")) as watch:
        watch.hear_until_messages(1)
        shutil.rmtree(folder)
        assert watch.hear()["files"]["failed"] == 1
        assert module(data_dir)["status"] == "FAILED"
        write(folder / "second.jsonl", jsonl(*CHAT_LINES[1:]))
        heard = watch.hear()
        while heard["files"]["failed"]:
            heard = watch.hear()
        assert heard["messages"] == len(CHAT_LINES) - 1
        assert module(data_dir)["status"] == "SYNCED"
        assert watch.stop() == 0


NEVER_AGAIN = ("--set", "plugins.ingest.watch_rescan_ms=3600000")
"""Only what the operating system tells of is seen."""


def test_paths_that_go_up_and_links_are_followed(data_dir, tmp_path):
    path = write(tmp_path / "data" / "chat.jsonl", jsonl(CHAT_LINES[0]))
    linked = write(tmp_path / "elsewhere" / "other.jsonl", jsonl(CHAT_LINES[0]))
    (tmp_path / "link").symlink_to(linked.parent)
    roots = (tmp_path / "elsewhere" / ".." / "data", tmp_path / "link")
    with watching(data_dir, *roots, settings=NEVER_AGAIN) as watch:
        watch.hear_until_messages(2)
        # Once more, since what is written before the watch begins is found by the look that begins it.
        for line in CHAT_LINES[1:3]:
            append(path, jsonl(line))
            watch.hear_until_messages(1)
            append(linked, jsonl(line))
            watch.hear_until_messages(1)
        assert watch.stop() == 0


def test_what_is_told_by_another_name_of_a_folder_is_read_under_the_name_that_was_given(tmp_path):
    write(tmp_path / "real" / "deep" / "chat.jsonl", b"")
    write(tmp_path / "real" / ".hidden.jsonl", b"")
    write(tmp_path / "beside.jsonl", b"")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    told = [path.resolve() for path in (tmp_path / "real").rglob("*.jsonl")] + [tmp_path / "beside.jsonl"]
    found = list(find_changed(told, [tmp_path / "link"]))
    assert [each.path for each in found] == [tmp_path / "link" / "deep" / "chat.jsonl"]


def test_a_named_file_that_another_takes_the_place_of_is_followed_on(data_dir, tmp_path):
    path = write(tmp_path / "chat.jsonl", jsonl(CHAT_LINES[0]))
    with watching(data_dir, path, settings=NEVER_AGAIN) as watch:
        watch.hear_until_messages(1)
        append(path, jsonl(CHAT_LINES[1]))
        watch.hear_until_messages(1)
        write(tmp_path / "new", jsonl({"role": "user", "content": "something else"})).replace(path)
        watch.hear_until_messages(1)
        for line in CHAT_LINES[:2]:
            append(path, jsonl(line))
            watch.hear_until_messages(1)
        assert watch.stop() == 0


def test_a_named_file_that_goes_is_missed_however_it_was_named(data_dir, tmp_path):
    path = write(tmp_path / "data" / "chat.jsonl", jsonl(CHAT_LINES[0]))
    with watching(data_dir, tmp_path / "data" / ".." / "data" / "chat.jsonl") as watch:
        watch.hear_until_messages(1)
        path.unlink()
        assert watch.hear()["files"]["failed"] == 1
        assert module(data_dir)["status"] == "FAILED"
        assert watch.stop() == 0


def test_a_watch_that_breaks_does_not_say_that_it_was_switched_off(data_dir, tmp_path):
    write(tmp_path / "data" / "chat.jsonl", jsonl(CHAT_LINES[0]))

    def fail(_look: Look) -> None:
        raise RuntimeError("a planted fault")

    with open_test_store(data_dir) as store:
        run = Ingest(store, importers_of(store), IngestOptions())
        with pytest.raises(RuntimeError, match="planted"):
            Watch(store, run, [tmp_path / "data"], "ingest", threading.Event()).follow(fail)
    assert module(data_dir)["status"] == "SYNCED"


def test_a_watch_is_syncing_for_as_long_as_it_reads_what_is_there(data_dir, tmp_path):
    for number in range(4):
        write(tmp_path / "data" / f"{number}.jsonl", jsonl(CHAT_LINES[0]))
    query = '{ syncStatus(module: "agents") { status attempts { outcome } staleReasons { reason } } }'
    clock, seen = ManualClock(), []
    with open_test_store(data_dir, clock=clock) as store:

        def look() -> tuple[str, list[str], list[str]]:
            (status,) = expect_data(store.graphql(query))["syncStatus"]
            reasons, attempts = status["staleReasons"], status["attempts"]
            return status["status"], [each["outcome"] for each in attempts], [each["reason"] for each in reasons]

        class Slow(Ingest):
            def take(self, found: Found) -> None:
                seen.append(look())
                clock.advance(400_000)
                super().take(found)

        run, stop = Slow(store, importers_of(store), IngestOptions()), threading.Event()
        watch = Watch(store, run, [tmp_path / "data"], "agents", stop)

        def say(_look: Look) -> None:
            seen.append(look())
            stop.set()

        watch.follow(say)
    running = ("SYNCING", ["RUNNING"], ["NEVER_RAN"])
    assert seen == [running, running, running, running, ("SYNCED", ["SUCCEEDED"], [])]


def test_a_file_that_stays_unreadable_is_one_failure_however_much_others_grow(data_dir, tmp_path):
    folder = tmp_path / "data"
    write(folder / "broken.jsonl.gz", b"\x1f\x8b\x08 this is no gzip")
    path = write(folder / "chat.jsonl", jsonl(CHAT_LINES[0]))
    lines = iter(CHAT_LINES[1:])
    clock, stop = ManualClock(), threading.Event()

    def go_on(_look: Look) -> None:
        if (line := next(lines, None)) is None:
            stop.set()
        else:
            append(path, jsonl(line))

    query = '{ syncStatus(module: "agents") { failures attempts { outcome } } }'
    with open_test_store(data_dir, clock=clock) as store:
        run = Ingest(store, importers_of(store), IngestOptions())
        Watch(store, run, [folder], "agents", stop).follow(go_on)
        (status,) = expect_data(store.graphql(query))["syncStatus"]
    assert status == {"failures": 1, "attempts": [{"outcome": "FAILED"}]}


def test_a_name_that_is_not_free_is_refused_before_anything_is_read(data_dir, tmp_path, capsys):
    path = write(tmp_path / "chat.jsonl", jsonl(CHAT_LINES[0]))
    flags = ("--watch", "--module", "projections.activity", "--data", str(data_dir), *SETTINGS[:2])
    with running_server(data_dir):
        pass  # The store knows its consumers from then on.
    assert main(["ingest", str(path), *flags]) == 65
    assert "projections.activity is a consumer" in capsys.readouterr().err
    assert count_messages(data_dir) == 0


@pytest.mark.parametrize("flags", [("--dry-run",), ()])
def test_what_cannot_be_watched_is_refused(data_dir, tmp_path, capsys, flags):
    path = tmp_path / "nothing" if not flags else tmp_path
    assert main(["ingest", str(path), "--watch", *flags, "--data", str(data_dir), *SETTINGS[:2]]) == 64
    assert "--watch" in capsys.readouterr().err or not flags
