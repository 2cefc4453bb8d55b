"""What transcripts write to the log: one event for each append that brought something, with what it adds."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
from synthetic import BadUserInputError, NotFoundError, from_json
from synthetic_sessions.store import SessionFacts, merge_session_facts
from synthetic_transcripts.events import USAGE_MODELS_MAX
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


def test_a_later_word_on_a_response_is_told_as_the_difference(store) -> None:
    begin(store)
    append(store, [plain(1, model="large", usage=Usage(10, 20, 30, 40), usage_id="r")])
    append(store, [plain(2, model="large", usage=Usage(10, 25, 30, 40), usage_id="r")])
    append(store, [plain(3, model="small", usage=Usage(1, 2, 3, 4), usage_id="r"), plain(4, usage=Usage(0, 0, 0, 7))])

    def told_of(model: str | None, *sums: int) -> dict[str, object]:
        return {"model": model, **dict(zip(SUMS, sums, strict=True))}

    assert [event["usage"] for event in payloads(store, APPENDED)] == [
        [told_of("large", 10, 20, 30, 40, 1)],
        [told_of("large", 0, 5, 0, 0, 0)],
        [told_of("large", -10, -25, -30, -40, -1), told_of("small", 1, 2, 3, 4, 1), told_of(None, 0, 0, 0, 7, 1)],
    ]


def test_the_event_of_a_batch_with_very_many_models_is_short_and_loses_no_token(store) -> None:
    begin(store)
    models = [f"{number:03}" + "\x01" * 197 for number in range(300)]
    append(store, [plain(number, model=model, usage=Usage(1, 2, 3, 4)) for number, model in enumerate(models)])

    (event,) = payloads(store, APPENDED)
    assert len(event["usage"]) == USAGE_MODELS_MAX
    assert [usage["model"] for usage in event["usage"]] == [*models[: USAGE_MODELS_MAX - 1], None]
    assert [sum(usage[name] for usage in event["usage"]) for name in SUMS] == [300, 600, 900, 1_200, 300]


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


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
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
            "SELECT payload FROM domain_events WHERE entity_id = :id AND type = :type ORDER BY position",
            {"id": id, "type": APPENDED},
        )
    )
    events = [from_json(payload) for (payload,) in rows]
    transcript = transcript_of(store, id)
    kinds: Counter[str] = Counter()
    sums: dict[str | None, list[int]] = {}
    next_seq = 1
    for event in events:
        assert event["firstSeq"] == next_seq
        assert event["messages"] == event["lastSeq"] - event["firstSeq"] + 1 == sum(event["kinds"].values())
        next_seq = event["lastSeq"] + 1
        kinds.update(event["kinds"])
        for usage in event["usage"]:
            old = sums.setdefault(usage["model"], [0] * len(SUMS))
            sums[usage["model"]] = [before + usage[name] for before, name in zip(old, SUMS, strict=True)]
    assert len(events) == brought
    assert next_seq - 1 == transcript.message_count
    assert [kinds[kind] for kind in MessageKind] == list(transcript.counts)
    assert sum(event["toolCalls"] for event in events) == transcript.tool_call_count
    usage = store.read(list_usage, [transcript.key])[0]
    assert {model: tuple(told) for model, told in sums.items() if any(told)} == {each.model: each[1:] for each in usage}
