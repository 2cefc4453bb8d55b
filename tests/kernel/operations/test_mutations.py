"""Mutations are on record with what became of them: in their own transaction, or, where they fail, in another."""

from __future__ import annotations

import asyncio
import resource
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from synthetic.graphql.answers import GraphQLRequest
from synthetic.security.callers import ANONYMOUS
from synthetic.testing import expect_data, expect_error, wait_until
from thirdparty.ledger import Entry, ledger_module


def told(entry: Entry) -> tuple[str, str, str | None, str | None]:
    return entry.name, entry.outcome, entry.code, entry.entity


def test_a_mutation_is_recorded_with_what_it_was_done_to_and_by_whom(ledger):
    expect_data(ledger.run("saveNote", id="n1", body="secret words", tags=["a", "b"]))
    (entry,) = ledger.entries()
    assert told(entry) == ("saveNote", "DONE", None, "note:n1")
    assert (entry.kind, entry.actor, entry.message) == ("MUTATION", "anonymous", None)
    assert entry.details == {"fields": ["id", "body", "tags"], "counts": {"tags": 2}}
    event = "SELECT correlation_id, occurred_at_utc FROM domain_events WHERE type = 'note.saved'"
    assert ledger.store.read(lambda snapshot: snapshot.row(event)) == (entry.correlation_id, entry.occurred_at)


def test_what_an_input_does_not_say_the_first_event_says(ledger):
    expect_data(ledger.run("saveNote", body="x"))
    expect_data(ledger.run("saveNotes", tags=["x", "y"], dryRun=True))
    first, begun, second = ledger.entries()
    assert (first.entity, begun.entity, second.entity) == ("note:made", "note:made0", "note:made0")
    assert second.details == {"fields": ["tags", "dryRun"], "counts": {"tags": 2}, "dryRun": True}


@pytest.mark.parametrize(
    ("how", "outcome", "code", "message"),
    [
        ("conflict", "FAILED", "CONFLICT", "It is there."),
        ("forbidden", "REFUSED", "FORBIDDEN", "Not by you."),
        ("bug", "FAILED", "INTERNAL", "Something unexpected went wrong inside the store."),
    ],
)
def test_a_mutation_that_fails_is_recorded_and_leaves_nothing_else(ledger, how, outcome, code, message):
    expect_error(ledger.run("saveNote", id="n1", how=how), code)
    (entry,) = ledger.entries()
    # No event is left of it, so what kind of thing its id names is not known.
    assert told(entry) == ("saveNote", outcome, code, None)
    assert entry.message == message
    assert ledger.notes() == []


def test_a_mutation_of_many_transactions_is_recorded_with_its_first_change_and_at_its_end(ledger):
    expect_data(ledger.run("saveNotes", id="n", tags=["x", "y"]))
    expect_error(ledger.run("saveNotes", id="m", tags=["x", "conflict"]), "CONFLICT")
    entries = ledger.entries()
    assert [told(entry) for entry in entries] == [
        ("saveNotes", "BEGUN", None, "note:n"),
        ("saveNotes", "DONE", None, "note:n"),
        ("saveNotes", "BEGUN", None, "note:m"),
        ("saveNotes", "FAILED", "CONFLICT", "note:m"),
    ]
    assert entries[0].correlation_id == entries[1].correlation_id != entries[2].correlation_id
    assert ledger.notes() == ["m0", "n0", "n1"]


def test_a_mutation_of_many_transactions_changes_nothing_that_is_not_on_record(ledger):
    ledger.refuse("saveNotes BEGUN")
    expect_error(ledger.run("saveNotes", id="n", tags=["x"]), "INTERNAL")
    assert ledger.notes() == []
    # The end cannot be recorded, as where the process is killed before it: what was begun is told all the same.
    ledger.refuse("saveNotes DONE")
    ledger.store.write(lambda tx: tx.execute("DELETE FROM unwelcome WHERE name = 'saveNotes BEGUN'"))
    expect_data(ledger.run("saveNotes", id="n", tags=["x"]))
    assert ledger.notes() == ["n0"]
    assert [told(entry)[1] for entry in ledger.entries()] == ["FAILED", "BEGUN"]


def test_a_mutation_of_many_transactions_that_changes_nothing_is_recorded_once(ledger):
    expect_data(ledger.run("saveNotes", id="n", tags=[]))
    (entry,) = ledger.entries()
    assert (entry.outcome, entry.details["changed"]) == ("DONE", False)


def test_what_changes_nothing_is_told_apart_from_what_does(ledger):
    expect_data(ledger.run("dropNotes", id="n"))
    expect_data(ledger.run("saveNote", id="n1"))
    expect_data(ledger.run("dropNotes", id="n"))
    assert [entry.details.get("changed") for entry in ledger.entries()] == [False, None, None]


def test_a_null_that_is_given_is_one_of_the_fields(ledger):
    expect_data(ledger.run("saveNote", id="n1", color=None))
    expect_data(ledger.run("saveNote", id="n2", how=None))
    first, second = ledger.entries()
    assert first.details["fields"] == ["id", "color"]
    # Where leaving it out says the same, nothing says that it was given.
    assert second.details["fields"] == ["id"]


def test_what_the_function_says_of_the_operation_is_among_its_details(ledger):
    expect_data(ledger.run("saveNote", id="n1", color="red"))
    expect_data(ledger.run("saveNotes", id="n", tags=["x"], color="red"))
    assert [entry.details.get("color") for entry in ledger.entries()] == ["red", "red", "red"]


@pytest.mark.parametrize(("field", "many"), [("takeNote", False), ("takeNotes", True)])
def test_what_is_recorded_with_its_changes_alone_is_not_recorded_without_any(ledger, field, many):
    expect_data(ledger.run(field, id="n1"))
    expect_data(ledger.run(field, id="n1"))
    expect_error(ledger.run(field, id="n2", how="conflict"), "CONFLICT")
    assert [told(entry) for entry in ledger.entries()] == [(field, "DONE", None, "note:n1")]
    assert ledger.notes() == ["n1"]


def test_a_mutation_that_is_exempt_is_not_recorded(ledger):
    expect_data(ledger.run("touchNote", id="n1"))
    assert ledger.entries() == []


def test_each_field_of_a_document_is_recorded_by_itself_under_one_correlation_id(ledger):
    answer = ledger.store.graphql(
        'mutation { a: saveNote(input: {id: "a"}) b: saveNote(input: {id: "a"}) c: saveNote(input: {id: "c"}) }'
    )
    assert [error["path"] for error in answer["errors"]] == [["b"]]
    assert [entry.outcome for entry in ledger.entries()] == ["DONE", "FAILED", "DONE"]
    assert len({entry.correlation_id for entry in ledger.entries()}) == 1


def test_a_document_that_is_refused_before_it_runs_is_no_operation(ledger):
    expect_error(ledger.run("saveNote", unknown="x"), "BAD_USER_INPUT")
    assert ledger.entries() == []


@pytest.mark.anyio
async def test_a_mutation_whose_client_leaves_is_recorded_as_cancelled(ledger):
    module = ledger_module()
    module.BEGUN.clear()
    request = GraphQLRequest(query='mutation { saveNote(input: {id: "n1", how: "stall"}) }', variables={})
    running = asyncio.create_task(ledger.store.kernel.engine.run(request, ANONYMOUS, "given-id"))
    await asyncio.to_thread(module.BEGUN.wait, 30)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    (entry,) = await asyncio.to_thread(wait_until, ledger.entries, "the record")
    assert (entry.outcome, entry.code, entry.correlation_id) == ("FAILED", "CANCELLED", "given-id")
    assert ledger.notes() == []


@contextmanager
def no_file_larger_than(size_bytes: int) -> Iterator[None]:
    """Let the system refuse writes past a size, as a quota would; what is flushed at a commit is refused there."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_mutation_whose_commit_fails_leaves_no_record_of_success(ledger):
    expect_data(ledger.run("saveNote", id="before"))
    log_of_writes = ledger.store.kernel.directory.database.with_name("synthetic.db-wal")
    with no_file_larger_than(log_of_writes.stat().st_size + 60_000):
        answer = ledger.run("saveNote", id="lost", body="x" * 300_000)
    error = expect_error(answer, "STORAGE_FAILED")
    assert [told(entry) for entry in ledger.entries()] == [
        ("saveNote", "DONE", None, "note:before"),
        ("saveNote", "FAILED", "STORAGE_FAILED", None),
    ]
    assert ledger.entries()[1].correlation_id == error["extensions"]["correlationId"]
    assert ledger.notes() == ["before"]


def test_a_failure_that_cannot_be_recorded_is_counted_and_keeps_its_own_error(ledger):
    expect_data(ledger.run("saveNote", id="before"))
    log_of_writes = ledger.store.kernel.directory.database.with_name("synthetic.db-wal")
    with no_file_larger_than(log_of_writes.stat().st_size):
        expect_error(ledger.run("saveNote", id="lost"), "STORAGE_FAILED")
    assert [entry.entity for entry in ledger.entries()] == ["note:before"]
    assert ledger.unrecorded() == 1
    expect_data(ledger.run("saveNote", id="after"))
    assert ledger.notes() == ["after", "before"]


def test_mutations_that_share_a_commit_are_recorded_each_under_its_own_savepoint(ledger):
    store = ledger.store
    begun, go_on = threading.Event(), threading.Event()

    def hold(tx) -> None:
        begun.set()
        go_on.wait(30)

    counted = store.kernel.metrics.registry
    with ThreadPoolExecutor(8) as threads:
        holding = threads.submit(store.write, hold)
        begun.wait(30)
        sent = [threads.submit(ledger.run, "saveNote", id=f"n{number}") for number in range(3)]
        sent.append(threads.submit(ledger.run, "saveNote", id="failed", how="conflict"))
        # The writer's own thread has one of the four in its hand.
        wait_until(lambda: counted.get_sample_value("synthetic_writer_queue") == 3, "three writes in line")
        go_on.set()
        holding.result()
        answers = [each.result() for each in sent]
    assert ["errors" in answer for answer in answers] == [False, False, False, True]
    # The one that was held and three of these are one commit; the fourth and the record of the failure follow.
    assert counted.get_sample_value("synthetic_commit_group_size_sum") == 6
    assert counted.get_sample_value("synthetic_commit_group_size_count") <= 3
    entries = ledger.entries()
    assert {(entry.entity, entry.outcome) for entry in entries} == {
        ("note:n0", "DONE"),
        ("note:n1", "DONE"),
        ("note:n2", "DONE"),
        (None, "FAILED"),
    }
    assert len(entries) == 4
