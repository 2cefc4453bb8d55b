"""`synthetic agents` as an operator, or a script, runs it; and the fold at work in a server's background."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plugins.projections.agents.fleet import SETTINGS, Fleet
from synthetic import SystemClock
from synthetic.cli import main
from synthetic.log.consumers.store import find_consumer, has_reached
from synthetic.testing import ManualClock, copy_template, open_test_store, wait_until

NO_DISK_CHECK = ("--set", "kernel.database.free_disk_bytes=0")
FOLD = "projections.agents"
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def directory(template, tmp_path_factory):
    """A store of which all was folded by its background work, closed."""
    directory = copy_template(template, tmp_path_factory.mktemp("agents") / "store")
    clock = ManualClock(SystemClock().now_ms(), monotonic=SystemClock())
    with open_test_store(directory, clock=clock, settings=SETTINGS) as store:
        fleet = Fleet(store, clock)
        began = clock.now_ms() - 20 * HOUR_MS
        fleet.ended_all([(f"s{number}", "planner", 60_000 + number, "ENDED", began) for number in range(25)])
        fleet.ended("odd", "planner", 15 * HOUR_MS, "FAILED", began)
        fleet.run("j", "box-1", "build")
        until_followed(fleet)
    return directory


def until_followed(fleet: Fleet) -> None:
    """Let the background work of the store's process come to the end of the log, and stop it."""
    background = fleet.store.kernel.services()
    background.start()
    try:
        head = fleet.store.read(lambda snapshot: snapshot.position().number)
        wait_until(lambda: fleet.store.read(has_reached, FOLD, head), "the fold at the head")
    finally:
        background.stop()


@pytest.fixture
def line(directory, capsys):
    """Runs `synthetic agents`; what it answers."""

    def run(*words: str) -> str:
        code = main(["agents", *words, "--data", str(directory), *NO_DISK_CHECK])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return captured.out

    return run


def test_agents_are_listed_for_machines(line):
    told: dict[str, Any] = json.loads(line("list", "--json"))
    assert told["hasMore"] is False
    job, session = told["agents"]
    assert (job["work"], job["agent"], job["kind"], job["active"], job["p50Ms"]) == ("JOB", "box-1", "build", 1, None)
    assert (session["agent"], session["runs"], session["failed"]) == ("planner", 26, 1)
    assert session["p50Ms"] == pytest.approx(60_012, rel=0.01)
    told = json.loads(line("list", "--limit", "1", "--by", "kind", "--json"))
    assert (told["hasMore"], [(each["agent"], each["kind"]) for each in told["agents"]]) == (True, [(None, "build")])


def test_agents_are_listed_for_people(line):
    page = " ".join(line("list", "--since", "2d", "--agent", "planner").split())
    assert "session planner - 26 0 3.8%" in page
    assert "1 in all." in page


def test_outliers_are_listed(line):
    (found,) = json.loads(line("outliers", "--json"))["outliers"]
    assert (found["runId"], found["measure"], found["value"]) == ("odd", "DURATION_MS", 15 * HOUR_MS)
    page = " ".join(line("outliers", "--measure", "duration_ms").split())
    assert "session odd planner - duration" in page


def test_another_limit_in_the_settings_rebuilds_the_fold_by_itself(directory):
    clock = ManualClock(SystemClock().now_ms(), monotonic=SystemClock())
    count = "SELECT count(*) FROM agent_outliers"
    for score, expected in (("1000", 0), ("3.5", 1)):
        with open_test_store(directory, clock=clock, settings={"plugins.projections.outlier_score": score}) as store:
            before = store.read(find_consumer, FOLD)
            assert before is not None
            background = store.kernel.services()
            background.start()
            try:
                wait_until(
                    lambda store=store, before=before: is_remade(store, before.fingerprint), "the end of the rebuild"
                )
            finally:
                background.stop()
            assert store.read(lambda snapshot: snapshot.value(count)) == expected


def is_remade(store, fingerprint: str) -> bool:
    record = store.read(find_consumer, FOLD)
    return record.phase == "FOLLOWING" and record.fingerprint not in ("", fingerprint)
