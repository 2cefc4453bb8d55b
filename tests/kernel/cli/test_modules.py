"""`synthetic status` and the modules of a store: the same as the query, once or for as long as somebody looks."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from synthetic import ReportedError, SyncOutcome, report_sync
from synthetic.cli.stores import open_store
from synthetic.log.sync.answer import answer_as_json, read_answer
from synthetic.log.sync.requests import forget_module
from synthetic.testing_commands import ForkedProcess, start_command

PATIENCE_SECONDS = 60.0
DOWN = ReportedError(code="PEER_DOWN", message="No answer.")


@pytest.fixture
def store(line) -> Iterator:
    line.run("migrate")
    with open_store(line.data_dir) as opened:
        yield opened


def report(store, module: str, outcome: SyncOutcome, **fields) -> None:
    store.write(lambda tx: report_sync(tx, module, outcome, **fields))


def test_the_modules_are_those_of_the_query(line, store):
    report(store, "well", SyncOutcome.SUCCEEDED, cursor="p1")
    report(store, "broken", SyncOutcome.FAILED, error=DOWN)
    shown = line.run_json("status", "--quick")
    asked = store.read(lambda snapshot: answer_as_json(*read_answer(snapshot)))
    for module in (*shown["modules"], *asked["modules"]):
        module.pop("lagMs")
        module.pop("staleReasons")  # their messages say how long ago
    assert (shown["position"], shown["modules"]) == (asked["position"], asked["modules"])
    assert [module["status"] for module in shown["modules"]] == ["FAILED", "SYNCED"]


def test_the_page_for_people_says_what_is_wrong_and_what_can_be_asked(line, store):
    report(store, "broken", SyncOutcome.FAILED, error=DOWN)
    page = " ".join(line.run("status", "--quick").split())
    assert "broken FAILED" in page
    assert "LAST_ATTEMPT_FAILED: The last attempt failed" in page
    assert "PEER_DOWN: No answer. Look for the reason where the module runs." in page
    assert "RETRY, RESYNC" in page


def test_a_store_without_modules_has_no_table_of_them(line, store):
    assert "can be asked" not in line.run("status", "--quick")
    assert line.run_json("status", "--quick")["modules"] == []


def test_a_store_that_lacks_the_tables_says_that_nothing_is_known(line):
    (line.data_dir / "synthetic.db").touch()
    assert line.run_json("status")["modules"] is None
    assert line.fail("status", "--watch", code=78)["code"] == "MIGRATION_PENDING"


def watching(line, *words: str, terminal: int | None = None) -> subprocess.Popen[str] | ForkedProcess:
    return start_command(["status", "--watch", "--data", str(line.data_dir), *words], terminal=terminal)


def test_watching_as_json_writes_a_line_for_each_change_until_ctrl_c(line, store):
    report(store, "a", SyncOutcome.SUCCEEDED)
    process = watching(line, "--json")
    try:
        assert process.stdout is not None

        def read() -> tuple[str, str, list[str]]:
            module = json.loads(process.stdout.readline())
            return module["module"], module["status"], [each["reason"] for each in module["staleReasons"]]

        assert read() == ("a", "SYNCED", [])
        report(store, "a", SyncOutcome.SUCCEEDED)  # it fares as before
        report(store, "b", SyncOutcome.FAILED, error=DOWN)
        assert read() == ("b", "FAILED", ["LAST_ATTEMPT_FAILED", "NEVER_RAN"])
        store.write(forget_module, "b")
        assert read() == ("b", "DISABLED", ["FORGOTTEN"])
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_SECONDS) == 0
    finally:
        process.kill()
        process.communicate()


def read_until(descriptor: int, wanted: Callable[[str], bool]) -> str:
    """What appears on a terminal, until it is as wanted."""
    text, deadline = "", time.monotonic() + PATIENCE_SECONDS
    while not wanted(text):
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, text
        text += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", os.read(descriptor, 65_536).decode(errors="replace"))
    return text


def test_watching_on_a_terminal_draws_the_table_anew_until_ctrl_c(line, store):
    report(store, "a", SyncOutcome.SUCCEEDED)
    own, theirs = pty.openpty()
    process = watching(line, terminal=theirs)
    try:
        os.close(theirs)
        read_until(own, lambda text: "SYNCED" in text)
        report(store, "a", SyncOutcome.FAILED, error=DOWN)
        read_until(own, lambda text: "FAILED" in text)
        process.send_signal(signal.SIGINT)
        while process.poll() is None and select.select([own], [], [], PATIENCE_SECONDS)[0]:
            try:
                os.read(own, 65_536)
            except OSError:  # the other end is closed
                break
        assert process.wait(PATIENCE_SECONDS) == 0
    finally:
        process.kill()
        process.communicate()
        os.close(own)
