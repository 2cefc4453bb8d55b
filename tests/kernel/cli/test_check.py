"""`synthetic check`: on stores that are sound, open elsewhere, damaged, without their plugins, or not to be opened."""

from __future__ import annotations

import json
import shutil
import signal

import pytest

from kernel.checks.kit import PAGE_BYTES, page_of, spoil, zero_page
from synthetic.testing import expect_data, open_test_store, wait_until
from synthetic.testing_commands import start_command
from thirdparty.distributions import write_plugins_toml

SESSION = 'mutation {{ saveSession(input: {{id: "s{0}", agent: "planner"}}) {{ created }} }}'

SLOW = """
from synthetic import Check, Finding

def find(snapshot):
    yield Finding(message="Before it was stopped.")
    (START)
    while True:
        snapshot.value("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 99999) SELECT 1 FROM n")

@hookimpl
def register_checks():
    return (Check(name="slow", purpose="Takes its time.", find=find),)
"""


@pytest.fixture
def filled(line, template):
    """A command line on a store of the shipped plugins with a few sessions, closed."""
    shutil.rmtree(line.data_dir)
    shutil.copytree(template, line.data_dir)
    with open_test_store(line.data_dir) as store:
        for number in range(3):
            expect_data(store.graphql(SESSION.format(number)))
    return line


def by_name(output: str) -> dict[str, dict]:
    return {check["name"]: check for check in json.loads(output)["checks"]}


def test_a_sound_store_ends_well_and_says_so(filled):
    output = filled.run("check", "--deep")
    assert "Nothing was found." in output
    assert "kernel.contents" in output
    assert "jobs.attempts" in output


def test_only_deep_runs_the_deep_checks(filled):
    assert "kernel.contents" not in by_name(filled.run("check", "--json"))
    assert by_name(filled.run("check", "--deep", "--json"))["kernel.contents"]["effort"] == "deep"


def test_a_store_that_is_open_elsewhere_is_checked_and_what_was_found_ends_it_with_65(filled):
    with open_test_store(filled.data_dir) as store:
        spoil(store, "UPDATE sessions SET construct_id = 'gone', status = 'NOTHING' WHERE id = 's1'")
        output = filled.run("check", "--json", code=65)
        checks = by_name(output)
        (dangling,) = checks["kernel.keys"]["findings"]
        assert (dangling["code"], dangling["entityId"]) == ("CHECK_FAILED", "sessions")
        assert dangling["action"]
        assert dangling["correlationId"]
        # What its constraints forbid is seen too, though nothing can be written on the connection.
        assert [each["message"] for each in checks["kernel.pages"]["findings"]] == [
            "CHECK constraint failed in sessions."
        ]
        error = json.loads(filled.errors)
        assert (error["code"], error["message"]) == (
            "CHECK_FAILED",
            "2 findings of 2 checks: kernel.keys, kernel.pages.",
        )
        expect_data(store.graphql(SESSION.format(9)))
    assert "STORE_DAMAGED: CHECK constraint failed in sessions." in filled.run("check", code=65)


@pytest.mark.parametrize("name", ["sessions", "sessions_by_started_at", "domain_events", "schema_migrations"])
def test_pages_that_are_zeroed_are_findings_and_the_other_checks_go_on(filled, name):
    zero_page(filled.data_dir, page_of(filled.data_dir, name))
    checks = by_name(filled.run("check", "--deep", "--json", code=65))
    codes = {finding["code"] for check in checks.values() for finding in check["findings"]}
    assert "STORE_DAMAGED" in codes
    assert checks["kernel.pages"]["status"] == "FAILED"
    assert checks["jobs.attempts"]["status"] == "PASSED"
    assert "INTERNAL" not in codes | {check["reason"]["code"] for check in checks.values() if check["reason"]}


@pytest.mark.full
def test_every_page_of_a_store_zeroed_in_turn_is_found(filled):
    database = filled.data_dir / "synthetic.db"
    whole = database.read_bytes()
    for number in range(1, len(whole) // PAGE_BYTES + 1):
        if any(whole[(number - 1) * PAGE_BYTES : number * PAGE_BYTES]):
            zero_page(filled.data_dir, number)
            checks = by_name(filled.run("check", "--json", "--only", "kernel.pages", code=65))
            assert any(check["findings"] for check in checks.values()), number
            database.write_bytes(whole)


def test_a_file_without_its_header_is_said_once(filled):
    zero_page(filled.data_dir, 1)
    output = filled.run("check", code=65)
    assert "NOT_A_STORE: The database file is not a Synthetic store." in output
    assert output.count("Not completed: ") == 1


def test_tables_of_a_plugin_that_is_absent_are_checked_with_the_rest(filled):
    with open_test_store(filled.data_dir) as store:
        spoil(store, "UPDATE sessions SET construct_id = 'gone' WHERE id = 's1'")
    filled.list_plugins()
    checks = by_name(filled.run("check", "--json", code=65))
    assert {name.partition(".")[0] for name in checks} == {"kernel"}
    assert [each["entityId"] for each in checks["kernel.keys"]["findings"]] == ["sessions"]


def test_a_plugin_whose_migrations_are_pending_is_left_out_and_that_is_no_fault(site, things, filled):
    write_plugins_toml(filled.data_dir, {"alpha": ""}, shipped=True)
    checks = by_name(filled.run("check", "--json", code=78))
    assert checks["kernel.migrations"]["reason"]["code"] == "MIGRATION_PENDING"
    assert {check["status"] for name, check in checks.items() if name != "kernel.migrations"} == {"PASSED"}


def test_without_its_plugins_the_kernel_checks_are_run_before_their_failure_is_told(filled):
    write_plugins_toml(filled.data_dir, {"nowhere": ""}, shipped=True)
    checks = by_name(filled.run("check", "--json", code=78))
    assert checks["kernel.pages"]["status"] == "PASSED"
    assert json.loads(filled.errors)["code"] == "PLUGIN_FAILED"


def test_it_changes_nothing_of_a_damaged_store(filled):
    zero_page(filled.data_dir, page_of(filled.data_dir, "sessions"))
    before = {path.name: path.read_bytes() for path in filled.data_dir.iterdir() if path.suffix == ".db"}
    filled.run("check", "--deep", code=65)
    assert {path.name: path.read_bytes() for path in filled.data_dir.iterdir() if path.suffix == ".db"} == before


def test_the_checks_can_be_listed_and_chosen(filled):
    listed = {check["name"] for check in json.loads(filled.run("check", "--list", "--json"))["checks"]}
    assert listed == set(by_name(filled.run("check", "--deep", "--json")))
    assert set(by_name(filled.run("check", "--only", "jobs.running", "--json"))) == {"kernel.readable", "jobs.running"}
    assert filled.fail("check", "--only", "jobs.walking", code=65)["code"] == "NOT_FOUND"


def test_a_directory_without_a_store_is_refused(line):
    assert line.fail("check", code=78)["code"] == "NO_STORE"


def test_ctrl_c_ends_a_check_and_shows_what_was_found_so_far(site, filled, tmp_path):
    started = tmp_path / "started"
    site.install("slow", SLOW.replace("(START)", f"open({str(started)!r}, 'w').close()"))
    write_plugins_toml(filled.data_dir, {"slow": ""}, shipped=True)
    process = start_command(["check", "--json", "--data", str(filled.data_dir)])
    wait_until(started.exists, "the slow check")
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate()
    assert (process.returncode, errors) == (130, "")
    slow = by_name(output)["slow.slow"]
    assert [each["message"] for each in slow["findings"]] == ["Before it was stopped."]
    assert slow["reason"]["code"] == "CANCELLED"
