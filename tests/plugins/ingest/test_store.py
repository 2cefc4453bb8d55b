"""A row of a file moves on only from where its reader believes it to be."""

from __future__ import annotations

import pytest

from synthetic_ingest.errors import IngestRaceError
from synthetic_ingest.fingerprints import HeadPrint
from synthetic_ingest.importer import FileSession
from synthetic_ingest.model import Batch, Compression, FileState, Target
from synthetic_ingest.store import find_file_at, store_batch
from synthetic_transcripts.store import MessageKind, MessageRole, NewMessage
from tests.plugins.ingest.kit import count_store, dump

TARGET = Target(
    path="/data/chat.jsonl",
    device=1,
    inode=-2,
    format="chat",
    compression=Compression.NONE,
    size_bytes=100,
    modified_at=1_770_000_000_000,
    head=HeadPrint.of(b"head"),
    session=FileSession(),
    construct_id=None,
    idle_before=0,
    replaces=None,
)


def batch(number: int) -> Batch:
    """A batch with one message, on line `number`."""
    message = NewMessage(source_id=str(number), role=MessageRole.USER, kind=MessageKind.TEXT, text="x")
    return Batch(
        messages=[message],
        origins=[(b"x", number * 10, number)],
        rejects=[],
        facts=[],
        offset_bytes=number * 10,
        line_count=number,
        tail_hash=b"",
        state=FileState.READING,
        problem=None,
        is_restart=False,
    )


def test_batches_follow_each_other(store):
    first = store.write(store_batch, TARGET, None, batch(1))
    second = store.write(store_batch, TARGET, first, batch(2))
    assert (second.message_count, second.offset_bytes) == (2, 20)
    assert second.transcript_id == first.transcript_id
    assert store.read(find_file_at, TARGET.path) == second
    assert second.inode == -2


def test_a_reader_that_was_overtaken_stores_nothing(store):
    first = store.write(store_batch, TARGET, None, batch(1))
    store.write(store_batch, TARGET, first, batch(2))
    before = dump(store, exact=True)
    for record in (first, None):
        with pytest.raises(IngestRaceError):
            store.write(store_batch, TARGET, record, batch(3))
        assert dump(store, exact=True) == before
    assert count_store(store).transcripts == 1
