"""Appending: however a list of messages is cut into batches and repeated, the same transcript comes out."""

from __future__ import annotations

from itertools import count
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from example_counts import examples
from plugins.transcripts.making import (
    PlainTranscript,
    append,
    begin,
    everything,
    layout,
    messages,
    plain,
    plain_messages,
    seal,
    transcript_of,
)
from synthetic import ConflictError, NotFoundError
from synthetic_sessions.store import SessionFacts, merge_session_facts
from synthetic_transcripts.store import (
    Appended,
    NewTranscript,
    append_messages,
    ensure_transcript,
    find_transcript,
    get_transcript,
)

numbers = count()


@settings(deadline=None, max_examples=examples(60))
@given(data=st.data())
def test_any_batches_with_repeats_and_seals_between_them_make_the_same_transcript(shared_store, data) -> None:
    whole = data.draw(st.lists(messages(), max_size=60), label="messages")
    expected = PlainTranscript()
    id = begin(shared_store, f"split {next(numbers)}")
    position = 0
    while position < len(whole):
        start = data.draw(st.integers(max(0, position - 10), position), label="start")
        position = data.draw(st.integers(position + 1, len(whole)), label="stop")
        batch = whole[start:position]
        before = len(expected.messages)
        new = expected.append(batch)

        done = append(shared_store, batch, id)

        wanted = (
            Appended(before + 1, before + new, new, len(batch) - new) if new else Appended(None, None, 0, len(batch))
        )
        assert done == wanted
        if data.draw(st.booleans(), label="seal"):
            seal(shared_store, id)
    expected.agrees_with(shared_store, id)


@settings(deadline=None, max_examples=examples(40))
@given(whole=st.lists(messages(), min_size=1, max_size=60))
def test_one_append_makes_the_transcript_that_one_append_a_message_makes(shared_store, whole) -> None:
    at_once, one_by_one = f"once {next(numbers)}", f"single {next(numbers)}"
    append(shared_store, whole, begin(shared_store, at_once))
    begin(shared_store, one_by_one)
    for message in whole:
        append(shared_store, [message], one_by_one)

    assert everything(shared_store, at_once) == everything(shared_store, one_by_one)
    first, second = transcript_of(shared_store, at_once), transcript_of(shared_store, one_by_one)
    assert first.size_bytes == second.size_bytes
    assert layout(shared_store, at_once) == layout(shared_store, one_by_one)


def test_seqs_go_on_from_where_the_last_batch_ended(store) -> None:
    begin(store)

    assert append(store, plain_messages(3)) == Appended(1, 3, 3, 0)
    assert append(store, plain_messages(6)) == Appended(4, 6, 3, 3)
    assert append(store, plain_messages(6)) == Appended(None, None, 0, 6)
    assert append(store, []) == Appended(None, None, 0, 0)


def test_a_known_source_id_with_other_content_changes_nothing(store) -> None:
    begin(store)
    append(store, [plain(1, text="first")])

    append(store, [plain(1, text="second"), plain(1, text="third")])

    assert [message["text"] for message in everything(store)] == ["first"]


def test_two_source_ids_that_share_a_hash_are_two_messages(store) -> None:
    ids = ["plumless", "buckeroo"]
    assert crc32(ids[0].encode()) == crc32(ids[1].encode())
    begin(store)
    for repeat in range(2):
        for id in ids:
            assert append(store, [plain(0, source_id=id)]).appended == (repeat == 0)
        seal(store)

    assert [message["source_id"] for message in everything(store)] == ids


def test_what_fills_stretches_is_sealed_and_the_rest_stands_in_the_tail(store) -> None:
    begin(store)

    append(store, plain_messages(20))
    assert layout(store) == ([8, 8], 4)

    append(store, plain_messages(3, start=21))
    assert layout(store) == ([8, 8], 7)

    append(store, plain_messages(1, start=24))
    assert layout(store) == ([8, 8, 8], 0)


@pytest.mark.parametrize(
    "settings", [{"plugins.transcripts.stretch_bytes": "65536", "plugins.transcripts.apart_bytes": "32768"}]
)
def test_bytes_end_a_stretch_before_it_has_all_its_messages(store) -> None:
    begin(store)

    append(store, [plain(number, text="x" * 30_000) for number in range(7)])

    assert layout(store) == ([3, 3], 1)
    append(store, [plain(7, text="x" * 30_000)])
    append(store, [plain(8, text="x" * 30_000)])
    assert layout(store) == ([3, 3, 3], 0)
    assert len(everything(store)) == 9


@pytest.mark.parametrize("size", [1, 3, 7, 8, 9, 20])
def test_a_transcript_that_was_sealed_half_full_ends_as_full_stretches(store, size) -> None:
    begin(store)
    for start in range(1, 41, size):
        append(store, plain_messages(size, start=start))
        seal(store)

    sizes, tail = layout(store)

    assert tail == 0
    assert all(found == 8 for found in sizes[:-1])
    assert [message["source_id"] for message in everything(store)] == [str(n) for n in range(1, sum(sizes) + 1)]


def test_a_batch_that_fills_a_stretch_takes_a_half_full_one_along(store) -> None:
    begin(store)
    append(store, plain_messages(3))
    seal(store)
    append(store, plain_messages(2, start=4))

    append(store, plain_messages(12, start=6))

    assert layout(store) == ([8, 8], 1)
    assert [message["text"] for message in everything(store)] == [f"message {n}" for n in range(1, 18)]


def test_large_bodies_stand_apart_and_come_back_whole(store) -> None:
    begin(store)
    blocks = [{"type": "text", "text": "y" * 5_000}]
    batch = [
        plain(1, text="x" * 1_024),
        plain(2, text="x" * 1_025),
        plain(3, blocks=blocks),
        plain(4, metadata={"output": "z" * 5_000}),
        *plain_messages(8, start=5),
    ]
    append(store, batch)
    count_apart = "SELECT count(*) FROM transcript_bodies"
    assert store.read(lambda snapshot: snapshot.value(count_apart)) == 3

    found = everything(store)

    assert [message["text"] for message in found[:2]] == ["x" * 1_024, "x" * 1_025]
    assert found[2]["blocks"] == blocks
    assert (found[3]["text"], found[3]["metadata"]) == ("message 4", {"output": "z" * 5_000})
    seal(store)
    assert everything(store) == found


def test_a_batch_that_is_refused_leaves_nothing_behind(store) -> None:
    begin(store)
    bad = plain(3, tool_calls=-1)

    with pytest.raises(Exception, match="toolCallCount"):
        append(store, [*plain_messages(2), bad])

    assert transcript_of(store).message_count == 0
    assert append(store, plain_messages(2)) == Appended(1, 2, 2, 0)


def test_a_transcript_that_is_not_there_is_not_found(store) -> None:
    with pytest.raises(NotFoundError):
        store.write(append_messages, "nowhere", plain_messages(1))


def test_a_transcript_needs_a_session(store) -> None:
    with pytest.raises(NotFoundError):
        store.write(ensure_transcript, NewTranscript(id="t", session_id="nowhere"))

    assert store.read(find_transcript, "t") is None


def test_a_transcript_stays_with_its_session(store) -> None:
    begin(store)
    store.write(merge_session_facts, "other", SessionFacts())

    with pytest.raises(ConflictError) as failure:
        store.write(ensure_transcript, NewTranscript(id="t", session_id="other"))

    assert failure.value.details == {"transcriptId": "t", "sessionId": "s"}


def test_source_and_title_are_filled_in_and_never_overwritten(store, clock) -> None:
    begin(store)
    clock.advance(5)
    store.write(ensure_transcript, NewTranscript(id="t", session_id="s", source="files"))
    clock.advance(5)

    store.write(ensure_transcript, NewTranscript(id="t", session_id="s", source="elsewhere", title="First"))
    last = store.write(ensure_transcript, NewTranscript(id="t", session_id="s", source="elsewhere", title="Second"))

    assert (last.source, last.title) == ("files", "First")
    assert last.updated_at == last.created_at + 10
    assert store.read(get_transcript, "t") == last
