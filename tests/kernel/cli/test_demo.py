"""`synthetic demo`: served at once, alive, stopped by Ctrl-C, served again; and what it refuses."""

from __future__ import annotations

import json
import signal

import httpx
import pytest

from synthetic.testing import expect_data, running_server, wait_until
from synthetic.testing_commands import start_command

DEADLINE_SECONDS = 60.0
COUNT = "{ constructs { totalCount } sessions { totalCount } transcripts { totalCount } jobs { totalCount } }"
NEWS = "query($after: String) { events(first: 500, after: $after) { nodes { type } pageInfo { endCursor } } }"


def ask(server, query, **variables):
    answer = httpx.post(server.url, json={"query": query, "variables": variables}, headers=server.headers, timeout=30)
    return expect_data(answer.json())


def wait_for_events(server, types):
    """Wait until events of all these types were written since the first question."""
    cursor = ask(server, "{ events(last: 1) { pageInfo { endCursor } } }")["events"]["pageInfo"]["endCursor"]
    missing = set(types)

    def all_were_seen() -> bool:
        nonlocal cursor
        page = ask(server, NEWS, after=cursor)["events"]
        missing.difference_update(node["type"] for node in page["nodes"])
        cursor = page["pageInfo"]["endCursor"] or cursor
        return not missing

    wait_until(all_were_seen, f"an event of each of {types}", seconds=DEADLINE_SECONDS)


def test_a_demo_is_served_alive_stopped_and_served_again(tmp_path):
    path = tmp_path / "demo"
    with running_server(path, verb="demo") as server:
        counts = {name: count["totalCount"] for name, count in ask(server, COUNT).items()}
        assert min(counts.values()) >= 15
        wait_for_events(server, {"job.progressed", "transcript.messages_appended"})
        assert server.stop(signal.SIGINT) == 0
        assert not [line for line in server.log if "failed" in line]
    with running_server(path, verb="demo") as server:
        again = {name: count["totalCount"] for name, count in ask(server, COUNT).items()}
        assert all(counts[name] <= again[name] < 1.5 * counts[name] for name in counts)
        wait_for_events(server, {"job.progressed"})


def test_ctrl_c_ends_the_making_and_the_next_run_goes_on(tmp_path):
    path = tmp_path / "demo"
    words = ["demo", "--no-serve", "--json", "--data", str(path), "--set", "kernel.database.free_disk_bytes=0"]
    process = start_command([*words, "--scale", "50"])
    try:
        log = path / "synthetic.db-wal"
        wait_until(lambda: log.exists() and log.stat().st_size > 4_000_000, "a part of it", seconds=DEADLINE_SECONDS)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE_SECONDS) == 130
    finally:
        process.kill()
        process.communicate()
    assert json.loads((path / "demo.json").read_text())["is_filled"] is False


def test_without_a_server_it_says_what_it_has_made(line):
    made = line.run_json("demo", "--no-serve", "--seed", "7", "--now", "2026-01-01T00:00:00Z")
    assert made["directory"] == str(line.data_dir)
    assert (made["seed"], made["scale"], made["written"]) == (7, 1, {})
    assert made["now"] == "2026-01-01T00:00:00.000Z"
    again = line.run("demo", "--no-serve")
    assert "there already: --seed 7 --scale 1 --now 2026-01-01T00:00:00.000Z" in again
    error = line.fail("demo", "--no-serve", "--now", "2026-02-01T00:00:00Z", code=65)
    assert "--now 2026-01-01T00:00:00.000Z, not 2026-02-01T00:00:00.000Z" in error["message"]


def test_it_refuses_a_store_that_it_has_not_made(line):
    line.run("migrate")
    assert line.fail("demo", "--no-serve", code=78)["code"] == "NOT_A_DEMO"


def test_it_refuses_another_fleet_than_the_one_that_is_there(line):
    line.run("demo", "--no-serve", "--seed", "7")
    assert line.fail("demo", "--no-serve", "--seed", "8", code=65)["details"] == {"field": "seed"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--json"], "--no-serve"),
        (["--now", "2999-01-01T00:00:00Z", "--no-serve"], "the present"),
        (["--now", "1969-07-20T20:17:00Z", "--no-serve"], "1971"),
        (["--scale", "0"], "--scale"),
        (["--scale", "2001"], "--scale"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(line, words, said):
    line.run("demo", *words, code=64)
    assert said in line.errors


def test_an_instant_that_is_none_is_an_error(line):
    line.run("demo", "--now", "yesterday", code=65)
    assert "BAD_USER_INPUT" in line.errors
