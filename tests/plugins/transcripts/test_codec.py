"""Stretches as bytes: what goes in comes out, and what is damaged is noticed."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from example_counts import examples
from plugins.transcripts.making import messages, session_of_an_agent
from synthetic_transcripts import codec, intake
from synthetic_transcripts.columns import Columns
from synthetic_transcripts.errors import TranscriptDamagedError
from synthetic_transcripts.identities import PackedIds, pack_ids, pack_parents, unpack_parents
from synthetic_transcripts.model import MessageKind, MessageText

UUID = "0198c2a4-7d1e-7cc3-98c4-dc0c0c07398f"
ANY_IDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
IDS = st.uuids().map(str) | st.uuids().map(lambda uuid: str(uuid).upper()) | st.uuids().map(lambda uuid: uuid.hex)
IDS |= st.text(min_size=1, max_size=40)


def as_lists(columns: Columns) -> list[list[object]]:
    return [list(column) for column in columns]


@settings(deadline=None, max_examples=examples(80))
@given(batch=st.lists(messages(ANY_IDS), min_size=1), data=st.data())
def test_messages_come_back_as_they_were(batch, data) -> None:
    places = st.integers(0, len(batch))
    columns = intake.pack(batch, 1_000_000)
    columns = columns._replace(body=[None if len(body) > 200 else body for body in columns.body])

    encoded = codec.encode(columns)
    frame = codec.compress(encoded.rest, 3)
    sealed = codec.Sealed(codec.Encoded(encoded.ids, codec.decompress(frame, len(encoded.rest))))

    assert sealed.length == len(batch)
    assert as_lists(sealed.columns()) == as_lists(columns)
    start, stop = sorted(data.draw(st.tuples(places, places), label="part"))
    assert as_lists(sealed.columns(start, stop)) == as_lists(columns.part(start, stop))
    found = sealed.indexes_of({MessageKind.TEXT, MessageKind.OTHER}, start, stop)
    assert found == [
        place for place in range(start, stop) if batch[place].kind in {MessageKind.TEXT, MessageKind.OTHER}
    ]
    assert [sealed.source_id(place) for place in range(len(batch))] == [message.source_id for message in batch]


@settings(deadline=None, max_examples=examples(80))
@given(batch=st.lists(messages(ANY_IDS), min_size=1), data=st.data())
def test_what_a_message_says_is_read_without_the_rest_of_it(batch, data) -> None:
    columns = intake.pack(batch, 1_000_000)
    columns = columns._replace(body=[None if len(body) > 200 else body for body in columns.body])
    seqs = sorted(data.draw(st.sets(st.integers(11, 10 + len(batch))), label="seqs"))

    texts = codec.texts_at(codec.encode(columns), range(11, 11 + len(batch)), [(7, seq) for seq in seqs])

    whole = columns.chosen([seq - 11 for seq in seqs]).messages(7, seqs)
    assert texts == [MessageText(*(getattr(message, name) for name in MessageText._fields)) for message in whole]


@given(st.lists(IDS))
@example([UUID])
@example([UUID + "\n"])
@example(["\uff10198c2a4-7d1e-7cc3-98c4-dc0c0c07398f"])
def test_ids_come_back_as_they_were(ids) -> None:
    packed, others = pack_ids(ids)

    again = PackedIds(packed, others)
    assert again.complete
    assert [again[place] for place in range(len(ids))] == ids


def test_only_canonical_uuids_become_sixteen_bytes() -> None:
    packed, others = pack_ids([UUID, UUID.upper(), UUID.replace("-", ""), "a", UUID])

    assert packed == bytes.fromhex(UUID.replace("-", "")) * 2
    assert others == [None, UUID.upper(), UUID.replace("-", ""), "a", None]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.none() | st.sampled_from("abcdxyz"))))
def test_parents_come_back_as_they_were(pairs) -> None:
    ids, parents = [id for id, _ in pairs], [parent for _, parent in pairs]

    packed = pack_parents(ids, parents)
    assert unpack_parents(PackedIds(*pack_ids(ids)), packed, 0, len(ids)) == parents
    start, stop = len(ids) // 3, 2 * len(ids) // 3
    assert unpack_parents(PackedIds(*pack_ids(ids)), packed, start, stop) == parents[start:stop]


@pytest.fixture(scope="module")
def encoded() -> codec.Encoded:
    return codec.encode(intake.pack(session_of_an_agent(20), 1_000_000))


def test_every_flipped_byte_of_a_frame_is_noticed(encoded) -> None:
    frame = codec.compress(encoded.rest, 3)
    for position in range(0, len(frame), 7):
        damaged = bytearray(frame)
        damaged[position] ^= 0x55
        try:
            same = codec.decompress(bytes(damaged), len(encoded.rest)) == encoded.rest
        except TranscriptDamagedError:
            continue
        # A few bits of the frame's header mean nothing; then the content is what it was.
        assert same


@pytest.mark.parametrize("keep", [0, 1, 3, 4, 5, 100])
def test_a_payload_that_was_cut_is_refused(encoded, keep) -> None:
    cut = codec.Encoded(encoded.ids, encoded.rest[-keep:] if keep else b"")
    with pytest.raises(TranscriptDamagedError):
        codec.Sealed(cut)
    with pytest.raises(TranscriptDamagedError):
        codec.texts_at(cut, range(1, 21), [(1, 1)])


@settings(deadline=None)
@given(position=st.integers(min_value=0), value=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_changes_a_value_but_never_crashes(encoded, position, value) -> None:
    damaged = bytearray(encoded.rest)
    damaged[-1 - position % min(len(damaged), 2_000)] = value
    changed = codec.Encoded(encoded.ids, bytes(damaged))
    with contextlib.suppress(TranscriptDamagedError):
        assert len(codec.texts_at(changed, range(1, 21), [(1, seq) for seq in range(1, 21)])) == 20
    with contextlib.suppress(TranscriptDamagedError):
        assert {len(column) for column in codec.Sealed(changed).columns()} == {20}


@pytest.mark.parametrize("ids", [b"", bytes(16), bytes(19 * 16), bytes(21 * 16)])
def test_too_few_or_too_many_ids_are_refused(encoded, ids) -> None:
    with pytest.raises(TranscriptDamagedError):
        codec.Sealed(codec.Encoded(ids, encoded.rest))


def test_the_size_of_a_frame_is_checked_before_it_is_opened(encoded) -> None:
    frame = codec.compress(bytes(1_000_000), 3)

    with pytest.raises(TranscriptDamagedError):
        codec.decompress(frame, 999)
