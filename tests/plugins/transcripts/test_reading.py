"""Reading pages: both ways, from any seq, of any kinds, sealed or not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from example_counts import examples
from plugins.transcripts.making import append, begin, everything, layout, plain, plain_messages, seal, transcript_of
from synthetic import Store
from synthetic_transcripts.errors import ContentTooLargeError, TranscriptDamagedError
from synthetic_transcripts.store import (
    MessageKind,
    find_messages,
    find_seqs,
    get_transcript,
    load_bodies,
    read_messages,
)
from synthetic_transcripts.store.stretches import StretchCache

KINDS = list(MessageKind)
COUNT = 61


@pytest.fixture(scope="module")
def transcripts(shared_store: Store) -> Store:
    """The same messages four times: all in the tail's reach, sealed in part, sealed whole, sealed as they came."""
    batch = [plain(number, kind=KINDS[number * number % 6]) for number in range(1, COUNT + 1)]
    for id in ("unsealed", "sealed", "patchwork"):
        begin(shared_store, id)
    append(shared_store, batch, "unsealed")
    append(shared_store, batch, "sealed")
    seal(shared_store, "sealed")
    for start in range(0, COUNT, 5):
        append(shared_store, batch[start : start + 5], "patchwork")
        if start % 3:
            seal(shared_store, "patchwork")
    begin(shared_store, "short")
    append(shared_store, batch[:7], "short")
    return shared_store


def page(store: Store, transcript_id: str, **window: Any) -> tuple[list[int], bool]:
    found = store.read(lambda snapshot: read_messages(snapshot, get_transcript(snapshot, transcript_id), **window))
    return [message.seq for message in found.messages], found.more


def test_the_transcripts_of_these_tests_are_stored_in_different_ways(transcripts) -> None:
    assert layout(transcripts, "unsealed") == ([8] * 7, 5)
    assert layout(transcripts, "sealed") == ([8] * 7 + [5], 0)
    assert layout(transcripts, "short") == ([], 7)
    assert layout(transcripts, "patchwork")[1] > 0


@settings(deadline=None, max_examples=examples(300))
@given(
    id=st.sampled_from(["unsealed", "sealed", "patchwork", "short"]),
    size=st.integers(0, 70),
    backwards=st.booleans(),
    after=st.none() | st.integers(-3, 70),
    before=st.none() | st.integers(-3, 70),
    kinds=st.none() | st.lists(st.sampled_from(KINDS), max_size=3),
)
def test_a_page_is_the_slice_of_the_list(transcripts, id, size, backwards, after, before, kinds) -> None:
    count = 7 if id == "short" else COUNT
    seqs = [
        seq
        for seq in range(1, count + 1)
        if (kinds is None or KINDS[seq * seq % 6] in kinds)
        and (after is None or seq > after)
        and (before is None or seq < before)
    ]
    window = {"last" if backwards else "first": size, "kinds": kinds, "before_seq": before}
    if after is not None:
        window["after_seq"] = after

    found, more = page(transcripts, id, **window)

    assert found == (seqs[max(0, len(seqs) - size) :] if backwards else seqs[:size])
    assert more == (len(seqs) > size)


def test_sealing_changes_nothing_that_a_reader_sees(store) -> None:
    begin(store)
    batch = [plain(number, kind=KINDS[number % 6], occurred_at=number, metadata={"n": [number]}) for number in range(7)]
    append(store, batch)
    before = everything(store)

    assert seal(store) == 7

    assert layout(store) == ([7], 0)
    assert everything(store) == before


def test_a_filter_opens_only_stretches_that_have_the_kind(store) -> None:
    begin(store)
    rare = {5, 77}
    kinds = {True: MessageKind.SYSTEM, False: MessageKind.OTHER}
    append(store, [plain(number, kind=kinds[number in rare]) for number in range(1, 161)])
    assert layout(store) == ([8] * 20, 0)

    found, more = page(store, "t", first=10, kinds=[MessageKind.SYSTEM])

    assert (found, more) == ([5, 77], False)
    assert opened_stretches(store) == 2


def test_a_page_opens_no_more_stretches_at_the_end_than_at_the_start(data_dir, store) -> None:
    begin(store)
    append(store, plain_messages(400))
    for window in ({"first": 16}, {"first": 16, "after_seq": 384}, {"last": 16}, {"last": 16, "before_seq": 209}):
        before = opened_stretches(store)
        page(store, "t", **window)
        assert opened_stretches(store) - before <= 2


def opened_stretches(store: Store) -> int:
    return store.read(lambda snapshot: len(snapshot.resource(StretchCache)._entries))


def test_messages_are_found_by_transcript_and_seq(transcripts) -> None:
    places = [
        ("sealed", 9),
        ("nowhere", 1),
        ("unsealed", 61),
        ("sealed", 0),
        ("sealed", 62),
        ("sealed", 9),
        ("short", 1),
    ]

    found = transcripts.read(find_messages, places)

    assert [message and message.seq for message in found] == [9, None, 61, None, None, 9, 1]


def test_seqs_are_found_by_source_id(transcripts) -> None:
    key = transcript_of(transcripts, "unsealed").key

    found = transcripts.read(find_seqs, key, ["60", "nobody", "3", "61", "9"])

    assert found == {"60": 60, "3": 3, "61": 61, "9": 9}


@pytest.mark.parametrize("settings", [{"plugins.transcripts.answer_bytes": "1048576"}])
def test_a_page_whose_content_is_too_large_is_refused(store) -> None:
    begin(store)
    append(store, [plain(number, text="x" * 400_000) for number in range(3)])

    def load(snapshot: Any, count: int) -> list[bytes]:
        return load_bodies(snapshot, read_messages(snapshot, get_transcript(snapshot, "t"), first=count).messages)

    assert [len(body) for body in store.read(load, 2)] == [400_000, 400_000]
    with pytest.raises(ContentTooLargeError) as failure:
        store.read(load, 3)
    assert failure.value.details == {"sizeBytes": 1_200_000, "sizeBytesMax": 1_048_576}


DAMAGE = {
    "a stretch that is no frame": "UPDATE transcript_stretches SET frame = zeroblob(length(frame))",
    "a stretch cut short": "UPDATE transcript_stretches SET frame = substr(frame, 1, length(frame) - 9)",
    "a stretch of another size": "UPDATE transcript_stretches SET size_bytes = size_bytes + 1",
    "a stretch of a format to come": "UPDATE transcript_stretches SET format = 2",
    "a stretch without ids": "UPDATE transcript_stretches SET ids = x''",
    "a stretch of fewer messages": "UPDATE transcript_stretches SET last_seq = 7, kind_text = 7",
    "a large body that is gone": "DELETE FROM transcript_bodies",
    "a large body that is no frame": "UPDATE transcript_bodies SET frame = x'00'",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_what_cannot_be_read_is_said_to_be_damaged(store, damage) -> None:
    begin(store)
    uuids = [f"00000000-0000-4000-8000-{number:012}" for number in range(8)]
    append(store, [plain(number, source_id=uuid, text="x" * 1_025) for number, uuid in enumerate(uuids)])
    store.write(lambda tx: tx.execute(damage))

    with pytest.raises(TranscriptDamagedError):
        everything(store)
