"""`appendMessages`: what it makes, what it answers, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.transcripts.documents import APPEND, SESSION
from plugins.transcripts.making import everything
from synthetic import iso_from_ms

MESSAGE = {"sourceId": "m1", "role": "USER", "kind": "TEXT", "text": "Hello."}


@pytest.fixture(autouse=True)
def session(ask) -> None:
    ask(SESSION, id="s")


def sent(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"transcriptId": "t", "sessionId": "s", "messages": list(messages), **fields}


FULL = {
    "sourceId": "m2",
    "role": "ASSISTANT",
    "kind": "TOOL_CALL",
    "blocks": [{"type": "text", "text": "I look."}, {"type": "tool_use", "input": {"z": 1, "a": 1.0}}],
    "toolCallCount": 2,
    "model": "large",
    "usage": {"inputTokens": 1, "outputTokens": 2, "cacheReadTokens": 3, "cacheWriteTokens": 4},
    "usageId": "r",
    "parentSourceId": "m1",
    "occurredAt": "2026-01-01T10:00:00.000Z",
    "metadata": {"b": [None], "a": "\0"},
}


def test_it_makes_the_transcript_and_says_what_is_in_it(ask, clock) -> None:
    answer = ask(APPEND, input=sent(MESSAGE, FULL, source="test", title="First"))["appendMessages"]

    now = iso_from_ms(clock.now_ms())
    size = answer["transcript"].pop("sizeBytes")
    assert answer == {
        "firstSeq": 1,
        "lastSeq": 2,
        "appended": 2,
        "duplicates": 0,
        "transcript": {
            "id": "t",
            "sessionId": "s",
            "source": "test",
            "title": "First",
            "messageCount": 2,
            "toolCallCount": 2,
            "firstAt": "2026-01-01T10:00:00.000Z",
            "lastAt": "2026-01-01T10:00:00.000Z",
            "appendedAt": now,
            "createdAt": now,
            "updatedAt": now,
            "messageCounts": {"text": 1, "thinking": 0, "toolCall": 1, "toolResult": 0, "system": 0, "other": 0},
            "usage": [
                {
                    "model": "large",
                    "responses": 1,
                    "inputTokens": 1,
                    "outputTokens": 2,
                    "cacheReadTokens": 3,
                    "cacheWriteTokens": 4,
                }
            ],
        },
    }
    assert size > len("Hello.")


def test_what_was_sent_is_kept_as_it_came(ask, store) -> None:
    ask(APPEND, input=sent(MESSAGE, FULL))

    plain, full = everything(store)

    assert (plain["text"], plain["blocks"], plain["metadata"], plain["tool_calls"]) == ("Hello.", None, {}, 0)
    assert (full["blocks"], full["metadata"]) == (FULL["blocks"], FULL["metadata"])
    assert list(full["blocks"][1]["input"]) == ["z", "a"]
    assert (full["model"], full["usage_id"], full["parent_source_id"]) == ("large", "r", "m1")


def test_sending_it_again_changes_nothing(ask, clock) -> None:
    first = ask(APPEND, input=sent(MESSAGE, FULL))["appendMessages"]
    clock.advance(1_000)

    again = ask(APPEND, input=sent(MESSAGE, FULL))["appendMessages"]

    assert again == {**first, "firstSeq": None, "lastSeq": None, "appended": 0, "duplicates": 2}


def test_a_tool_call_counts_as_one_unless_it_says_otherwise(ask) -> None:
    calls = [
        {**MESSAGE, "sourceId": str(n), "kind": kind} for n, kind in enumerate(["TOOL_CALL", "TEXT", "TOOL_RESULT"])
    ]

    answer = ask(APPEND, input=sent(*calls, {**calls[0], "sourceId": "x", "toolCallCount": 0}))["appendMessages"]

    assert answer["transcript"]["toolCallCount"] == 1


def test_without_messages_it_only_makes_the_transcript(ask) -> None:
    answer = ask(APPEND, input=sent())["appendMessages"]

    assert (answer["appended"], answer["transcript"]["messageCount"], answer["transcript"]["appendedAt"]) == (
        0,
        0,
        None,
    )


def last_activity(ask) -> str:
    return ask('{ session(id: "s") { lastActivityAt version } }')["session"]


def test_the_session_was_active_when_the_last_message_was_written(ask) -> None:
    ask(APPEND, input=sent(FULL))

    assert last_activity(ask) == {"lastActivityAt": "2026-01-01T10:00:00.000Z", "version": 1}


def test_the_session_was_active_now_if_the_messages_do_not_say_or_say_the_future(ask, clock) -> None:
    ask(APPEND, input=sent(MESSAGE))
    assert last_activity(ask)["lastActivityAt"] == iso_from_ms(clock.now_ms())

    clock.advance(5)
    ask(APPEND, input=sent({**FULL, "occurredAt": "9999-01-01T00:00:00Z"}))
    assert last_activity(ask)["lastActivityAt"] == iso_from_ms(clock.now_ms())


def test_duplicates_are_no_activity(ask, clock) -> None:
    ask(APPEND, input=sent(MESSAGE))
    before = last_activity(ask)
    clock.advance(5)

    ask(APPEND, input=sent(MESSAGE))

    assert last_activity(ask) == before


REFUSED = {
    "an empty transcript id": (sent(MESSAGE, transcriptId=""), "transcriptId"),
    "a transcript id of 201 characters": (sent(MESSAGE, transcriptId="x" * 201), "transcriptId"),
    "NUL in the transcript id": (sent(MESSAGE, transcriptId="a\0"), "transcriptId"),
    "NUL in the source": (sent(MESSAGE, source="a\0"), "source"),
    "a title of 10 MB": (sent(MESSAGE, title="x" * 10_000_000), "title"),
    "an empty source id": (sent(MESSAGE, {**MESSAGE, "sourceId": ""}), "messages[1].sourceId"),
    "NUL in a source id": (sent({**MESSAGE, "sourceId": "\0"}), "messages[0].sourceId"),
    "half a surrogate pair in a text": (sent({**MESSAGE, "text": "\ud800"}), "messages[0].text"),
    "half a surrogate pair in metadata": (sent({**MESSAGE, "metadata": {"\udc00": 1}}), "messages[0].metadata"),
    "a text of 20 MB": (sent({**MESSAGE, "text": "x" * 20_000_000}), "messages[0].content"),
    "text and blocks": (sent({**MESSAGE, "blocks": []}), "messages[0].blocks"),
    "blocks that are a text": (sent({**FULL, "blocks": "text"}), "messages[0].blocks"),
    "10^30 in blocks": (sent({**FULL, "blocks": [10**30]}), "messages[0].blocks"),
    "metadata that is a list": (sent({**MESSAGE, "metadata": []}), "messages[0].metadata"),
    "a negative count": (sent({**MESSAGE, "toolCallCount": -1}), "messages[0].toolCallCount"),
    "negative tokens": (sent({**MESSAGE, "usage": {"inputTokens": -1}}), "messages[0].usage"),
    "an instant before 1970": (sent({**MESSAGE, "occurredAt": "1969-12-31T23:59:59Z"}), "messages[0].occurredAt"),
}


@pytest.mark.parametrize(("input", "field"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_acceptable_is_refused_by_its_place_and_nothing_is_stored(refused, store, input, field) -> None:
    error = refused("BAD_USER_INPUT", APPEND, input=input)

    assert error["details"]["field"] == field
    assert store.read(lambda snapshot: snapshot.value("SELECT count(*) FROM transcripts")) == 0


MISSING = {
    "no session": {"transcriptId": "t", "messages": []},
    "no source id": sent({"role": "USER", "kind": "TEXT"}),
    "an unknown kind": sent({**MESSAGE, "kind": "SONG"}),
    "a number as text": sent({**MESSAGE, "text": 5}),
    "10^30 tool calls": sent({**MESSAGE, "toolCallCount": 10**30}),
    "an unknown field": sent({**MESSAGE, "colour": "red"}),
    "tokens beyond 2^53": sent({**MESSAGE, "usage": {"inputTokens": 2**53 + 1}}),
    "messages that are none": sent("text"),  # pyright: ignore[reportArgumentType]
}


@pytest.mark.parametrize("input", MISSING.values(), ids=MISSING.keys())
def test_what_the_schema_does_not_have_is_refused(refused, input) -> None:
    refused("BAD_USER_INPUT", APPEND, input=input)


def test_a_session_that_is_not_there_is_not_found(refused) -> None:
    assert refused("NOT_FOUND", APPEND, input=sent(MESSAGE, sessionId="x"))["details"] == {"sessionId": "x"}


def test_another_session_is_a_conflict(ask, refused) -> None:
    ask(SESSION, id="other")
    ask(APPEND, input=sent(MESSAGE))

    refused("CONFLICT", APPEND, input=sent({**MESSAGE, "sourceId": "m2"}, sessionId="other"))


@pytest.mark.parametrize("settings", [{"plugins.transcripts.batch_messages": "3"}])
def test_a_batch_has_no_more_messages_than_the_settings_allow(ask, refused) -> None:
    batch = [{**MESSAGE, "sourceId": str(number)} for number in range(4)]

    assert refused("BAD_USER_INPUT", APPEND, input=sent(*batch))["details"] == {"field": "messages"}
    assert ask(APPEND, input=sent(*batch[:3]))["appendMessages"]["appended"] == 3
