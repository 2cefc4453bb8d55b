"""What transcripts write to the log: one event for each append that brought something, with what it adds."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from example_counts import examples
from plugins.logged import logged, payloads, told
from plugins.transcripts.making import (
    PlainTranscript,
    append,
    begin,
    messages,
    plain,
    plain_messages,
    seal,
    transcript_of,
)
from synthetic import BadUserInputError, NotFoundError, from_json, to_json
from synthetic_sessions.store import SessionFacts, merge_session_facts
from synthetic_transcripts.events import QUARTER_MS, USAGE_CHARACTERS_MAX, quarter_of
from synthetic_transcripts.services import seal_tails
from synthetic_transcripts.store import (
    MessageKind,
    NewTranscript,
    Usage,
    append_messages,
    ensure_transcript,
    list_usage,
)

APPEND = "mutation ($input: AppendMessagesInput!) { appendMessages(input: $input) { appended } }"
DELETE = "mutation ($id: ID!) { deleteConstruct(input: {id: $id}) { rows } }"
OURS = ("transcript.created", "transcript.described", "transcript.messages_appended", "transcript.deleted")
APPENDED = "transcript.messages_appended"
FURTHER = "transcript.usage_appended"
SUMS = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens", "responses")


@pytest.fixture
def attached(ask, store) -> None:
    """A session `s` of a construct `c`."""
    ask('mutation { saveConstruct(input: {id: "c", type: "plan", title: "C"}) { created } }')
    store.write(merge_session_facts, "s", SessionFacts(started_at=0, construct_id="c"))


def sent(*numbers: int, **fields):
    batch = [{"sourceId": str(number), "role": "USER", "kind": "TEXT", "text": "x"} for number in numbers]
    return {"transcriptId": "t", "sessionId": "s", "messages": batch, **fields}


@pytest.mark.usefixtures("attached")
def test_the_mutation_tells_of_the_transcript_and_of_the_messages(store, ask) -> None:
    ask(APPEND, input=sent(1, 2, source="by hand"))

    created, appended = logged(store, *OURS)
    assert {(event.module, event.entity_type, event.entity_id) for event in (created, appended)} == {
        ("transcripts", "transcript", "t")
    }
    assert {(event.construct_id, event.actor) for event in (created, appended)} == {("c", "anonymous")}
    assert (created.type, created.data()) == ("transcript.created", {"sessionId": "s", "source": "by hand"})
    assert (appended.type, appended.data()) == (
        APPENDED,
        {
            "sessionId": "s",
            "firstSeq": 1,
            "lastSeq": 2,
            "messages": 2,
            "toolCalls": 0,
            "kinds": {"TEXT": 2},
            "usage": [],
        },
    )
    assert len(told(store)) == 4  # construct, session, transcript, messages: activity is no change of the session


@pytest.mark.usefixtures("attached")
def test_messages_that_are_known_tell_nothing(store, ask) -> None:
    ask(APPEND, input=sent(1, 2))
    before = told(store)
    ask(APPEND, input=sent(2, 1, 2))

    assert told(store) == before
    ask(APPEND, input=sent(2, 3))
    assert payloads(store, APPENDED)[1] | {"kinds": None} == {
        "sessionId": "s",
        "firstSeq": 3,
        "lastSeq": 3,
        "messages": 1,
        "toolCalls": 0,
        "kinds": None,
        "usage": [],
    }


def test_an_append_that_is_refused_tells_nothing(store, refused) -> None:
    begin(store)
    before = told(store)

    with pytest.raises(BadUserInputError):
        append(store, [plain(1), plain(2, tool_calls=-1)])
    with pytest.raises(NotFoundError):
        store.write(append_messages, "nowhere", plain_messages(1))
    refused("NOT_FOUND", APPEND, input=sent(1, transcriptId="u", sessionId="nowhere"))

    assert told(store) == before


def test_a_label_that_was_lacking_is_told_when_it_is_filled_in(store) -> None:
    begin(store)
    for title in ("First", "Second"):
        store.write(ensure_transcript, NewTranscript(id="t", session_id="s", title=title))
    store.write(ensure_transcript, NewTranscript(id="t", session_id="s", source="chat", title="Third"))

    assert told(store, *OURS) == [("transcript.created", "t")] + [("transcript.described", "t")] * 2
    assert payloads(store, "transcript.described") == [
        {"sessionId": "s", "source": None, "changed": ["title"]},
        {"sessionId": "s", "source": "chat", "changed": ["source"]},
    ]


def test_sealing_tells_nothing(store, clock) -> None:
    begin(store)
    append(store, plain_messages(20))
    before = told(store)

    seal(store)
    append(store, plain_messages(2, start=30))
    clock.advance(10_000_000)
    assert store.write(seal_tails) == 1

    assert told(store) == [*before, (APPENDED, "t")]


def test_messages_that_fill_stretches_and_stand_apart_are_one_event(store) -> None:
    begin(store)
    append(store, [plain(1, text="x" * 5_000), *plain_messages(30, start=2), plain(99, kind=MessageKind.TOOL_CALL)])

    (event,) = payloads(store, APPENDED)
    assert (event["firstSeq"], event["lastSeq"], event["messages"]) == (1, 32, 32)
    assert event["kinds"] == {"TEXT": 31, "TOOL_CALL": 1}


@pytest.mark.parametrize(
    ("instants", "occurred"), [([5, 9, 7], 9), ([None, None], "now"), ([5, 253_402_300_799_999], "now")]
)
def test_it_occurred_when_the_last_message_was_written_and_never_in_the_future(
    store, clock, instants, occurred
) -> None:
    begin(store)
    append(store, [plain(number, occurred_at=at) for number, at in enumerate(instants)])

    (event,) = logged(store, APPENDED)
    assert event.occurred_at_utc == (clock.now_ms() if occurred == "now" else occurred)
    assert event.ingested_at_utc == clock.now_ms()


def told_of(quarter_at: int, model: str | None, *sums: int) -> dict[str, object]:
    return {"quarterAt": quarter_at, "model": model, **dict(zip(SUMS, sums, strict=True))}


def test_a_later_word_on_a_response_is_told_as_the_difference(store, clock) -> None:
    begin(store)
    now = quarter_of(clock.now_ms())
    append(store, [plain(1, model="large", usage=Usage(10, 20, 30, 40), usage_id="r")])
    append(store, [plain(2, model="large", usage=Usage(10, 25, 30, 40), usage_id="r")])
    append(store, [plain(3, model="small", usage=Usage(1, 2, 3, 4), usage_id="r"), plain(4, usage=Usage(0, 0, 0, 7))])

    assert [event["usage"] for event in payloads(store, APPENDED)] == [
        [told_of(now, "large", 10, 20, 30, 40, 1)],
        [told_of(now, "large", 0, 5, 0, 0, 0)],
        [
            told_of(now, "large", -10, -25, -30, -40, -1),
            told_of(now, "small", 1, 2, 3, 4, 1),
            told_of(now, None, 0, 0, 0, 7, 1),
        ],
    ]


def test_usage_is_told_in_the_quarter_in_which_the_response_was_first_told_of(store, clock) -> None:
    begin(store)
    now = clock.now_ms()
    late = {"model": "large", "usage_id": "r"}
    append(
        store,
        [
            plain(1, usage=Usage(1), occurred_at=0, **late),
            plain(2, usage=Usage(2), occurred_at=QUARTER_MS, **late),
            plain(3, usage=Usage(4), occurred_at=QUARTER_MS - 1),
            plain(4, usage=Usage(8), occurred_at=QUARTER_MS),
            plain(5, usage=Usage(16), occurred_at=now + 10 * QUARTER_MS),
            plain(6, usage=Usage(32)),
        ],
    )
    append(store, [plain(7, usage=Usage(100), occurred_at=5 * QUARTER_MS, **late)])

    assert [event["usage"] for event in payloads(store, APPENDED)] == [
        [
            told_of(0, "large", 2, 0, 0, 0, 1),
            told_of(0, None, 4, 0, 0, 0, 1),
            told_of(QUARTER_MS, None, 8, 0, 0, 0, 1),
            told_of(quarter_of(now), None, 48, 0, 0, 0, 2),
        ],
        [told_of(0, "large", 98, 0, 0, 0, 0)],
    ]


def test_a_response_of_before_quarters_were_kept_is_corrected_where_the_correction_stands(store) -> None:
    begin(store)
    append(store, [plain(1, model="large", usage=Usage(10), usage_id="r", occurred_at=0)])
    store.write(lambda tx: tx.execute("UPDATE transcript_responses SET quarter_at = NULL"))
    append(store, [plain(2, model="large", usage=Usage(15), usage_id="r", occurred_at=2 * QUARTER_MS)])
    append(store, [plain(3, model="large", usage=Usage(16), usage_id="r", occurred_at=9 * QUARTER_MS)])

    assert [event["usage"] for event in payloads(store, APPENDED)[1:]] == [
        [told_of(2 * QUARTER_MS, "large", 5, 0, 0, 0, 0)],
        [told_of(2 * QUARTER_MS, "large", 1, 0, 0, 0, 0)],
    ]


def test_the_usage_that_one_event_has_no_room_for_goes_on_in_further_ones(store) -> None:
    begin(store)
    models = [f"{number:03}" + "\x01" * 197 for number in range(300)]
    append(store, [plain(number, model=model, usage=Usage(1, 2, 3, 4)) for number, model in enumerate(models)])

    events = logged(store, APPENDED, FURTHER)
    usage = [event.data()["usage"] for event in events]
    assert [event.type for event in events] == [APPENDED, *[FURTHER] * (len(events) - 1)]
    assert len(events) > 2
    assert len({(event.construct_id, event.entity_id, event.occurred_at_utc) for event in events}) == 1
    assert {event.data()["sessionId"] for event in events} == {"s"}
    assert all(len(to_json(page)) <= USAGE_CHARACTERS_MAX + 1 for page in usage)
    assert sorted(each["model"] for page in usage for each in page) == models
    assert [sum(each[name] for page in usage for each in page) for name in SUMS] == [300, 600, 900, 1_200, 300]


@pytest.mark.usefixtures("attached")
def test_a_transcript_is_told_before_its_session_and_construct_when_it_goes(store, ask) -> None:
    ask(APPEND, input=sent(*range(40)))
    before = len(logged(store))

    ask(DELETE, id="c")

    assert [(event.type, event.entity_id, event.construct_id) for event in logged(store)[before:]] == [
        ("transcript.deleted", "t", "c"),
        ("session.deleted", "s", "c"),
        ("construct.deleted", "c", "c"),
    ]


@settings(deadline=None, max_examples=examples(60), suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(messages(), max_size=12), max_size=6))
def test_the_events_of_a_transcript_add_up_to_what_it_holds(shared_store, batches) -> None:
    store, expected = shared_store, PlainTranscript()
    id = store.write(lambda tx: tx.new_id())
    begin(store, id)
    brought = 0
    for batch in batches:
        append(store, batch, id)
        brought += expected.append(batch) > 0

    rows = store.read(
        lambda snapshot: snapshot.rows(
            "SELECT type, payload FROM domain_events WHERE entity_id = :id AND type IN (:type, :further)"
            " ORDER BY position",
            {"id": id, "type": APPENDED, "further": FURTHER},
        )
    )
    events = [from_json(payload) for type, payload in rows if type == APPENDED]
    transcript = transcript_of(store, id)
    kinds: Counter[str] = Counter()
    sums: dict[str | None, list[int]] = {}
    next_seq = 1
    for event in events:
        assert event["firstSeq"] == next_seq
        assert event["messages"] == event["lastSeq"] - event["firstSeq"] + 1 == sum(event["kinds"].values())
        next_seq = event["lastSeq"] + 1
        kinds.update(event["kinds"])
    for usage in [usage for _, payload in rows for usage in from_json(payload)["usage"]]:
        old = sums.setdefault(usage["model"], [0] * len(SUMS))
        sums[usage["model"]] = [before + usage[name] for before, name in zip(old, SUMS, strict=True)]
    assert len(events) == brought
    assert next_seq - 1 == transcript.message_count
    assert [kinds[kind] for kind in MessageKind] == list(transcript.counts)
    assert sum(event["toolCalls"] for event in events) == transcript.tool_call_count
    usage = store.read(list_usage, [transcript.key])[0]
    assert {model: tuple(told) for model, told in sums.items() if any(told)} == {each.model: each[1:] for each in usage}
