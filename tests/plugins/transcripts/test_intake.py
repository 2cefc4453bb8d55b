"""What is not acceptable is refused by the message's index and the field's name, and nothing is appended."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.transcripts.making import append, begin, everything, plain, transcript_of
from synthetic import BadUserInputError
from synthetic_transcripts import intake
from synthetic_transcripts.store import NewMessage, Usage

DEEP: list[Any] = []
for _ in range(2_000):
    DEEP = [DEEP]

REFUSED = {
    "an empty source id": ({"source_id": ""}, "sourceId"),
    "no source id": ({"source_id": None}, "sourceId"),
    "a number as source id": ({"source_id": 5}, "sourceId"),
    "a list as source id": ({"source_id": ["a"]}, "sourceId"),
    "a source id of 513 characters": ({"source_id": "x" * 513}, "sourceId"),
    "NUL in a source id": ({"source_id": "a\0"}, "sourceId"),
    "half a surrogate pair in a source id": ({"source_id": "\ud800"}, "sourceId"),
    "an unknown role": ({"role": "USER"}, "role"),
    "an unknown kind": ({"kind": "TEXT"}, "kind"),
    "a number as text": ({"text": 5}, "text"),
    "half a surrogate pair in a text": ({"text": "\udc00"}, "text"),
    "text and blocks": ({"text": "a", "blocks": []}, "blocks"),
    "an object as blocks": ({"blocks": {}}, "blocks"),
    "10^30 in blocks": ({"blocks": [10**30]}, "blocks"),
    "half a surrogate pair in blocks": ({"blocks": ["\ud800"]}, "blocks"),
    "what is no JSON in blocks": ({"blocks": [{1, 2}]}, "blocks"),
    "blocks that are too deep": ({"blocks": DEEP}, "blocks"),
    "a list as metadata": ({"metadata": []}, "metadata"),
    "a key that is no text": ({"metadata": {1: 2}}, "metadata"),
    "a negative count": ({"tool_calls": -1}, "toolCallCount"),
    "true as a count": ({"tool_calls": True}, "toolCallCount"),
    "too many tool calls": ({"tool_calls": 100_001}, "toolCallCount"),
    "a model of 201 characters": ({"model": "x" * 201}, "model"),
    "NUL in a model": ({"model": "\0"}, "model"),
    "usage that is no usage": ({"usage": {"input_tokens": 1}}, "usage"),
    "negative tokens": ({"usage": Usage(0, -1)}, "usage"),
    "tokens beyond reason": ({"usage": Usage(1_000_000_001)}, "usage"),
    "tokens as text": ({"usage": Usage("1")}, "usage"),  # pyright: ignore[reportArgumentType]
    "an empty usage id": ({"usage_id": ""}, "usageId"),
    "an empty parent": ({"parent_source_id": ""}, "parentSourceId"),
    "an instant before 1970": ({"occurred_at": -1}, "occurredAt"),
    "an instant after 9999": ({"occurred_at": 253_402_300_800_000}, "occurredAt"),
    "an instant as text": ({"occurred_at": "2026-01-01"}, "occurredAt"),
    "content over the limit": ({"text": "x" * 2_049}, "content"),
}

pytestmark = pytest.mark.parametrize("settings", [{"plugins.transcripts.message_bytes": "2048"}])


@pytest.mark.parametrize(("fields", "field"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_acceptable_is_refused_by_its_place(store, fields, field) -> None:
    begin(store)
    good = [plain(number) for number in range(3)]
    wrong = NewMessage(**{"source_id": "x", "role": good[0].role, "kind": good[0].kind} | fields)

    with pytest.raises(BadUserInputError) as failure:
        append(store, [*good, wrong, *good])

    assert failure.value.details == {"field": f"messages[3].{field}"}
    assert transcript_of(store).message_count == 0


def test_what_is_just_acceptable_is_kept_as_it_came(store) -> None:
    begin(store)
    metadata = {"text": "x" * 1_990, "z": 1.0, "a": -(2**63), "\0": 1}
    batch = [
        plain(0, source_id="x" * 512, model="m" * 200, usage_id="\U0001f600" * 512, parent_source_id="\n"),
        plain(1, tool_calls=100_000, usage=Usage(10**9, 10**9, 10**9, 10**9), occurred_at=253_402_300_799_999),
        plain(2, text=None, metadata=metadata),
        plain(3, text="\0\ufffe\U0010ffff", occurred_at=0),
    ]
    append(store, batch)

    found = everything(store)

    assert [message["source_id"] for message in found] == [message.source_id for message in batch]
    assert found[0]["usage_id"] == batch[0].usage_id
    assert found[1]["usage"] == batch[1].usage
    assert list(found[2]["metadata"].items()) == list(metadata.items())
    assert (found[2]["text"], found[3]["text"]) == ("", "\0\ufffe\U0010ffff")


def test_the_fields_are_taken_in_the_order_of_the_record(settings) -> None:
    assert intake._Given._fields == NewMessage.__struct_fields__
