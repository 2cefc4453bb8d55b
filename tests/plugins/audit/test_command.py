"""`synthetic audit` and `synthetic check` as an operator, or a script, runs them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from plugins.audit.conftest import ROWS
from plugins.audit.damaging import by_hand, operation, record
from synthetic import OperationOutcome
from synthetic.cli import main
from synthetic.errors import ExitCode
from synthetic.testing import open_test_store

NO_DISK_CHECK = ("--set", "kernel.database.free_disk_bytes=0")
Run = Callable[..., str]


@pytest.fixture
def run(written, capsys) -> Run:
    """Run a command on a store with the rows 1 to 9; what it answered."""

    def run(*words: str, code: int = 0) -> str:
        found = main([*words, "--data", str(written), *NO_DISK_CHECK])
        captured = capsys.readouterr()
        assert found == code, captured.err
        return captured.out

    return run


def seqs(answer: str) -> list[int]:
    return [entry["seq"] for entry in json.loads(answer)["entries"]]


def test_the_last_entries_are_listed_first(run):
    answer = json.loads(run("audit", "--limit", "2", "--json"))

    assert [entry["seq"] for entry in answer["entries"]] == [ROWS, ROWS - 1]
    assert answer["hasMore"] is True
    first = answer["entries"][0]
    assert (first["name"], first["actor"], first["entityId"]) == ("deleteConstruct", "worker-0", "job-8")
    assert first["occurredAt"] == "2027-01-15T08:00:08.000Z"
    assert first["previousHash"] == answer["entries"][1]["hash"]


def test_people_see_a_table(run):
    page = run("audit", "--name", "saveJob", "--limit", "2")

    assert "saveJob" in page
    assert "job job-6" in page
    assert "2 entries shown; there are more" in page


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--actor", "worker-1"), [8, 6, 4, 2]),
        (("--name", "saveJob", "--name", "saveConstruct"), [8, 7, 5, 4, 2, 1]),
        (("--kind", "command"), []),
        (("--outcome", "failed"), []),
        (("--code", "CONFLICT"), []),
        (("--entity", "job-3", "--entity-type", "job"), [4]),
        (("--correlation", "request-0"), [1]),
        (("--since", "2027-01-15T08:00:03Z", "--before", "2027-01-15T08:00:05Z"), [5, 4]),
        (("--before", "9w"), []),
    ],
)
def test_options_say_which_entries(run, words, expected):
    assert seqs(run("audit", *words, "--json")) == expected


def test_an_instant_that_cannot_be_understood_is_refused(run):
    run("audit", "--since", "yesterday", code=ExitCode.USAGE)


def test_a_command_that_changes_something_is_in_the_log(run):
    run("token", "create", "builder", "--scope", "read")

    (entry,) = json.loads(run("audit", "--kind", "command", "--json"))["entries"]
    assert (entry["name"], entry["outcome"]) == ("token create", "DONE")


def test_a_check_names_what_was_done_by_hand(run, written):
    with open_test_store(written) as store:
        record(store, operation(9, 5))
    run("check")
    by_hand(
        written,
        "UPDATE audit_log SET actor = 'nobody' WHERE seq = 3",
        "DELETE FROM audit_log WHERE seq = 6",
        "UPDATE audit_log SET seq = 40 WHERE seq = 10",
    )

    answer: dict[str, Any] = json.loads(run("check", "--json", code=ExitCode.DATA))

    found = [finding for check in answer["checks"] for finding in check["findings"]]
    assert {finding["code"] for finding in found} == {"AUDIT_CHAIN_BROKEN"}
    assert [(each["details"]["damage"], each["details"]["firstSeq"]) for each in found] == [
        ("ALTERED", 3),
        ("REMOVED", 6),
        ("RENUMBERED", 40),
    ]


def test_pages_go_on_where_the_last_one_ended_also_within_a_millisecond(run, written):
    with open_test_store(written) as store:
        record(store, *(operation(number, 1_800_000_009_000) for number in range(4)))
    found, words = [], []
    while True:
        answer = json.loads(run("audit", "--limit", "3", "--json", *words))
        found += [entry["seq"] for entry in answer["entries"]]
        if not answer["hasMore"]:
            break
        words = ["--cursor", answer["cursor"]]
    assert found == list(range(ROWS + 4, 0, -1))
    assert answer["cursor"] is None
    run("audit", "--cursor", "none", code=ExitCode.DATA)


def test_a_period_that_ends_before_it_begins_is_refused(run):
    run("audit", "--since", "2h", "--before", "3h", code=ExitCode.USAGE)


def test_people_see_what_was_wanted_and_why_it_was_not_done(run, written):
    with open_test_store(written) as store:
        refused = {"outcome": OperationOutcome.REFUSED, "code": "FORBIDDEN", "message": "Not by you."}
        record(store, operation(9, 1_800_000_009_000, details={"wanted": "deleteJob"}, **refused))
    page = " ".join(run("audit", "--outcome", "refused").split())
    assert "deleteJob: Not by you." in page
