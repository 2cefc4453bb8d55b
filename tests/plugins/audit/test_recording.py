"""What comes into the log, and what does not: for mutations, commands and tokens, done, failed and lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from plugins.audit.damaging import findings, operation, record
from synthetic import Store
from synthetic.testing import expect_data, expect_error, open_test_store
from synthetic_audit.model import DETAILS_CHARACTERS, TEXT_CHARACTERS

SAVE = 'mutation ($id: ID!) { saveConstruct(input: {id: $id, type: "plan", title: "A plan"}) { created } }'
JOB = 'mutation { saveJob(input: {id: "j", kind: "build"}) { created } }'
CLAIM = 'mutation { claimJob(input: {id: "j", worker: "worker-1"}) { job { leaseToken } } }'
HEARTBEAT = 'mutation { heartbeatJob(input: {id: "j", leaseToken: 1}) { job { id } } }'
LOG = """
{
  auditLog(orderBy: SEQ_ASC) {
    nodes { seq kind name actor entityType entityId outcome code message details correlationId occurredAt hash }
  }
}
"""


@pytest.fixture
def log(ask):
    """All entries, in the order in which they were written."""
    return lambda: ask(LOG)["auditLog"]["nodes"]


def test_a_mutation_is_recorded_with_what_it_was_done_to(ask, log, clock):
    ask(SAVE, id="a")

    (entry,) = log()
    assert (entry["kind"], entry["name"], entry["outcome"], entry["code"]) == (
        "MUTATION",
        "saveConstruct",
        "DONE",
        None,
    )
    assert (entry["entityType"], entry["entityId"]) == ("construct", "a")
    assert entry["details"] == {"fields": ["id", "type", "title"]}
    assert len(entry["hash"]) == 64


def test_it_bears_the_correlation_id_of_its_events(ask, log, store):
    ask(SAVE, id="a")

    ids = store.read(lambda snapshot: snapshot.rows("SELECT DISTINCT correlation_id FROM domain_events"))
    assert ids == [(log()[0]["correlationId"],)]


def test_a_mutation_that_failed_is_recorded_with_its_error(ask, refused, log):
    ask(SAVE, id="a")
    wrong = 'mutation { saveConstruct(input: {id: "a", type: "plan", title: "Another"}) { created } }'

    error = refused("CONFLICT", wrong)

    entry = log()[1]
    assert (entry["name"], entry["outcome"], entry["code"]) == ("saveConstruct", "FAILED", "CONFLICT")
    assert entry["message"] == error["message"]
    assert entry["entityId"] == "a"


def test_heartbeats_are_not_recorded(ask, log):
    ask(JOB)
    ask(CLAIM)
    before = [entry["name"] for entry in log()]
    ask(HEARTBEAT)

    assert [entry["name"] for entry in log()] == before
    assert "saveJob" in before


class Disk:
    """Refuses the next commits of a store, as a disk that is full does."""

    def __init__(self) -> None:
        self.refusals = self.skipped = 0

    def follow(self, connection: apsw.Connection) -> None:
        connection.set_commit_hook(self._refuse)

    def _refuse(self) -> bool:
        if self.skipped:
            self.skipped -= 1
            return False
        self.refusals -= 1
        if self.refusals >= 0:
            # What SQLite raises of its own is lost in a hook; this reaches whoever commits.
            raise apsw.FullError
        return False


@pytest.fixture
def failing(data_dir: Path) -> Iterator[tuple[Store, Disk]]:
    """A store on such a disk."""
    disk = Disk()
    apsw.connection_hooks.append(disk.follow)
    try:
        with open_test_store(data_dir) as store:
            yield store, disk
    finally:
        apsw.connection_hooks.remove(disk.follow)


def test_a_mutation_whose_commit_fails_leaves_no_row_of_success(failing: tuple[Store, Disk]):
    store, disk = failing
    # The commit after that is the one of the record of the failure.
    disk.refusals = 1
    error = expect_error(store.graphql(SAVE, {"id": "a"}), "STORAGE_FULL")

    entries = expect_data(store.graphql(LOG))["auditLog"]["nodes"]
    assert expect_data(store.graphql('{ construct(id: "a") { id } }'))["construct"] is None
    assert [(entry["name"], entry["outcome"], entry["code"]) for entry in entries] == [
        ("saveConstruct", "FAILED", "STORAGE_FULL")
    ]
    assert entries[0]["correlationId"] == error["extensions"]["correlationId"]
    assert findings(store) == []

    expect_data(store.graphql(SAVE, {"id": "a"}))
    assert len(expect_data(store.graphql(LOG))["auditLog"]["nodes"]) == 2


ODD: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    ({"actor": ""}, {"actor": "-"}),
    ({"actor": "\0"}, {"actor": "\N{REPLACEMENT CHARACTER}"}),
    ({"entity_id": "a\ud800b"}, {"entityId": "a?b"}),
    ({"entity_id": ""}, {"entityId": None}),
    ({"entity_type": "", "entity_id": "caf\N{LATIN SMALL LETTER E WITH ACUTE}"}, {"entityType": None}),
    ({"name": "x" * (TEXT_CHARACTERS + 1)}, {"name": "x" * (TEXT_CHARACTERS - 1) + "\N{HORIZONTAL ELLIPSIS}"}),
    ({"details": {"text": "x" * DETAILS_CHARACTERS}}, {"details": {"omittedCharacters": DETAILS_CHARACTERS + 11}}),
    ({"details": {}}, {"details": {}}),
)
"""What an operation may hold, and how it is stored."""


def test_nothing_that_is_recorded_refuses_the_change(store, log):
    record(store, *(operation(1, 5, **changes) for changes, _ in ODD))

    for entry, (_, stored) in zip(log(), ODD, strict=True):
        assert {name: entry[name] for name in stored} == stored
    assert findings(store) == []


def test_what_details_that_are_too_long_leave_out_is_not_who_it_was(store, log):
    record(store, operation(1, 5, details={"text": "x" * DETAILS_CHARACTERS, "tokenId": "t-1", "user": "operator"}))
    (entry,) = log()
    assert (entry["details"]["tokenId"], entry["details"]["user"]) == ("t-1", "operator")
    assert "text" not in entry["details"]


THREAD = '{channel: "c", threadTs: "1"}'


def test_what_takes_many_transactions_changes_nothing_without_an_entry(failing: tuple[Store, Disk]):
    store, disk = failing
    expect_data(store.graphql('mutation { saveSession(input: {id: "s"}) { created } }'))
    expect_data(
        store.graphql(
            'mutation { saveThreadSession(input: {channel: "c", threadTs: "1", sessionId: "s"}) { changed } }'
        )
    )
    before = len(expect_data(store.graphql(LOG))["auditLog"]["nodes"])
    # The first commit is that of the change; the end cannot be recorded.
    disk.skipped, disk.refusals = 1, 50
    store.graphql(f"mutation {{ deleteThreadSession(input: {THREAD}) {{ __typename }} }}")
    disk.refusals = 0
    gone = expect_data(store.graphql('{ threadSession(channel: "c", threadTs: "1") { id } }'))["threadSession"]
    entries = expect_data(store.graphql(LOG))["auditLog"]["nodes"][before:]
    assert gone is None
    assert [(entry["name"], entry["outcome"]) for entry in entries] == [("deleteThreadSession", "BEGUN")]


def test_a_decision_is_recorded_with_what_was_decided_and_about_which_arguments(ask, log):
    asked = 'mutation { requestApproval(input: {id: "a", tool: "t", arguments: {}}) { approval { argumentsSha256 } } }'
    shown = ask(asked)["requestApproval"]["approval"]["argumentsSha256"]
    decide = (
        'mutation ($sha: String!) { decideApproval(input: {id: "a", decision: REJECTED, argumentsSha256: $sha}) %s }'
    )
    ask(decide % "{ approval { id } }", sha=shown)
    details = log()[-1]["details"]
    assert (details["decision"], details["argumentsSha256"]) == ("REJECTED", shown)


def test_a_save_that_is_sent_again_is_told_apart_from_the_first(ask, log):
    for _ in range(2):
        ask(SAVE, id="a")
    assert [entry["details"].get("changed") for entry in log()] == [None, False]
