"""What an ingest writes to the log: of the session, the transcript and the file, each no more often than it must."""

from __future__ import annotations

from dataclasses import replace

import pytest

from synthetic import Store
from synthetic.testing import ManualClock, expect_data, open_test_store
from synthetic_ingest.errors import IngestRaceError
from synthetic_ingest.events import PATH_CHARACTERS_MAX
from synthetic_ingest.store import store_batch
from tests.plugins.ingest.kit import file_at, ingest, rejects_of, texts_of
from tests.plugins.ingest.samples import (
    LONG_AGO,
    SESSION,
    CodingSession,
    append,
    jsonl,
    long_session,
    main_session,
    say,
    write,
)
from tests.plugins.ingest.test_store import TARGET, batch
from tests.plugins.logged import logged, payloads, told

READ, SAVED, APPENDED = "ingest_file.read", "session.saved", "transcript.messages_appended"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "logs" / "chat.jsonl"


def types(store: Store) -> list[str]:
    return [event.type for event in logged(store)]


def states(store: Store) -> list[tuple[str | None, str]]:
    """From what to what state the file came, by each of its events."""
    return [(event["previousState"], event["state"]) for event in payloads(store, READ)]


def test_a_new_file_is_told_as_session_transcript_messages_and_file_in_one_transaction(store, tmp_path):
    expect_data(store.graphql('mutation { saveConstruct(input: {id: "c", type: "plan", title: "C"}) { created } }'))
    path = write(tmp_path / f"{SESSION}.jsonl", main_session().bytes())
    ingest(store, path, construct="c")

    events = logged(store)[1:]
    record = file_at(store, path)
    assert [(event.type, event.module, event.entity_id) for event in events] == [
        (SAVED, "sessions", SESSION),
        ("transcript.created", "transcripts", record.transcript_id),
        (APPENDED, "transcripts", record.transcript_id),
        (READ, "ingest", record.id),
    ]
    assert {event.construct_id for event in events} == {"c"}
    assert {event.actor for event in events} == {"program"}
    assert len({event.ingested_at_utc for event in events}) == 1


def test_a_session_whose_file_rests_is_told_once_as_ended(store, tmp_path):
    ingest(store, write(tmp_path / f"{SESSION}.jsonl", main_session().bytes()))

    (saved,) = payloads(store, SAVED)
    assert (saved["created"], saved["version"], saved["previousStatus"], saved["status"]) == (True, 1, None, "ENDED")


def test_the_messages_are_told_as_they_are_counted(store, tmp_path):
    path = write(tmp_path / f"{SESSION}.jsonl", main_session().bytes())
    ingest(store, path)

    (appended,) = payloads(store, APPENDED)
    record = file_at(store, path)
    assert (appended["sessionId"], appended["firstSeq"], appended["lastSeq"]) == (SESSION, 1, record.message_count)
    assert appended["messages"] == sum(appended["kinds"].values()) == record.message_count
    assert appended["toolCalls"] == 2
    assert {usage["model"]: usage["outputTokens"] for usage in appended["usage"]} == {"large-1": 41, "small-1": 7}


def test_the_file_is_told_with_what_it_has_brought(store, path):
    ingest(store, write(path, say("one", "two") + b"{broken\n"))

    record = file_at(store, path)
    (event,) = logged(store, READ)
    assert (event.entity_type, event.entity_id) == ("ingest_file", record.id)
    assert event.data() == {
        "path": str(path),
        "format": "chat",
        "state": "READ",
        "previousState": None,
        "sessionId": record.session_id,
        "transcriptId": record.transcript_id,
        "messages": 2,
        "rejects": 1,
    }


def test_reading_again_what_has_not_changed_tells_nothing(store, path):
    ingest(store, write(path, say("one")))
    before = told(store)

    ingest(store, path)
    ingest(store, write(path, say("one"), LONG_AGO + 5))
    ingest(store, path, dry=True)

    assert told(store) == before


def test_what_was_added_is_told_alone(data_dir, path):
    clock = ManualClock(LONG_AGO * 1_000)
    with open_test_store(data_dir, clock=clock) as store:
        ingest(store, write(path, say("one", "two")))
        before = len(told(store))
        append(path, say("three"))
        ingest(store, path)

        assert types(store)[before:] == [APPENDED, READ]
        assert payloads(store, APPENDED)[1]["firstSeq"] == 3
        assert payloads(store, READ)[1] | {"path": ""} == {
            **payloads(store, READ)[0],
            "path": "",
            "previousState": "READ",
            "messages": 3,
        }


def test_half_a_line_is_told_by_the_state_of_its_file_alone(store, path):
    content = say("one", "two")
    ingest(store, write(path, content[:-9]))
    before = len(told(store))
    ingest(store, write(path, content[:-8], LONG_AGO + 1))
    assert len(told(store)) == before
    ingest(store, write(path, content, LONG_AGO + 2))

    assert states(store) == [(None, "PARTIAL"), ("PARTIAL", "READ")]


def test_a_file_of_many_batches_is_told_when_its_reading_begins_and_ends(data_dir, path):
    content = long_session(50).bytes()
    with open_test_store(data_dir, settings={"plugins.ingest.batch_lines": "20"}) as store:
        ingest(store, write(path, content))

        assert states(store) == [(None, "READING"), ("READING", "READ")]
        assert payloads(store, READ)[-1]["messages"] == 200
        appended = payloads(store, APPENDED)
        assert [(event["firstSeq"], event["messages"]) for event in appended] == [
            (first, 20) for first in range(1, 200, 20)
        ]
        # Told when it is made and when it ends; that it is active in between is told by its messages.
        assert [event["status"] for event in payloads(store, SAVED)] == ["ACTIVE", "ENDED"]


def test_a_batch_with_messages_that_cannot_be_kept_is_one_event_all_the_same(data_dir, path):
    with open_test_store(data_dir, settings={"plugins.transcripts.message_bytes": "1024"}) as store:
        ingest(store, write(path, say("one", "x" * 2_000, "two", "y" * 2_000, "three")))

        assert texts_of(store, path) == ["one", "two", "three"]
        assert [number for number, *_ in rejects_of(store, path)] == [2, 4]
        (appended,) = payloads(store, APPENDED)
        assert (appended["firstSeq"], appended["lastSeq"]) == (1, 3)
        assert payloads(store, READ)[0]["rejects"] == 2


def test_a_session_is_told_when_its_file_says_that_it_is_over_and_when_it_goes_on(data_dir, tmp_path):
    built = CodingSession()
    built.user("one")
    path = write(tmp_path / f"{SESSION}.jsonl", built.bytes())
    clock = ManualClock(LONG_AGO * 1_000 + 60_000)
    with open_test_store(data_dir, clock=clock) as store:
        ingest(store, path)
        clock.advance(1_800_000)
        for _ in range(2):
            ingest(store, path)
        append(path, jsonl(built.user("two")), clock.now_ms() // 1_000)
        ingest(store, path)

        assert [(event["previousStatus"], event["status"]) for event in payloads(store, SAVED)] == [
            (None, "ACTIVE"),
            ("ACTIVE", "ENDED"),
            ("ENDED", "ACTIVE"),
        ]
        assert types(store)[4:] == [SAVED, SAVED, APPENDED, READ]


def test_a_session_that_is_attached_later_is_told(store, path):
    expect_data(store.graphql('mutation { saveConstruct(input: {id: "c", type: "plan", title: "C"}) { created } }'))
    ingest(store, write(path, say("one")))
    before = len(told(store))
    for _ in range(2):
        ingest(store, path, construct="c")

    (event,) = logged(store)[before:]
    assert (event.type, event.construct_id, event.data()["changed"]) == (SAVED, "c", ["constructId"])


def test_a_file_that_another_takes_the_place_of_is_told_as_replaced(store, path):
    ingest(store, write(path, say("one")))
    first = file_at(store, path)
    write(path.with_name("other"), long_session(3).bytes()).replace(path)
    ingest(store, path)

    second = file_at(store, path)
    assert second.id != first.id
    assert [
        (event.entity_id, event.data()["previousState"], event.data()["state"]) for event in logged(store, READ)
    ] == [
        (first.id, None, "READ"),
        (first.id, "READ", "REPLACED"),
        (second.id, None, "READ"),
    ]


def test_a_document_that_cannot_be_read_is_told_once_as_failed(store, tmp_path):
    path = write(tmp_path / "run.traj", b'{"trajectory": 1')
    for _ in range(2):
        ingest(store, path, form="swe-agent")

    assert states(store) == [(None, "FAILED")]
    assert types(store) == ["dead_letter.saved", READ]


def test_a_path_of_any_length_is_told_in_short(store):
    path = "/" + "\x01" * 4_000
    store.write(store_batch, replace(TARGET, path=path), None, batch(1))

    (event,) = payloads(store, READ)
    assert event["path"] == path[:PATH_CHARACTERS_MAX]


def test_a_reader_that_was_overtaken_tells_nothing(store):
    first = store.write(store_batch, TARGET, None, batch(1))
    store.write(store_batch, TARGET, first, batch(2))
    before = told(store)

    for record in (first, None):
        with pytest.raises(IngestRaceError):
            store.write(store_batch, TARGET, record, batch(3))

    assert told(store) == before
