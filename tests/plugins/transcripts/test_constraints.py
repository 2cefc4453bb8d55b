"""The tables refuse wrong states by themselves, so that a mistake in the code is loud at the row."""

from __future__ import annotations

import apsw
import pytest

from plugins.transcripts.making import append, begin, plain, plain_messages
from synthetic import SyntheticError
from synthetic_transcripts.store import Usage

WRONG = {
    "an empty id": "UPDATE transcripts SET id = ''",
    "a session that is not there": "UPDATE transcripts SET session_id = 'nowhere'",
    "counts that do not add up": "UPDATE transcripts SET message_count = message_count + 1",
    "a negative count": "UPDATE transcripts SET kind_text = kind_text + 1, kind_other = -1",
    "a tail longer than the transcript": "UPDATE transcripts SET tail_count = 100",
    "bytes in no tail": "UPDATE transcripts SET tail_count = 0",
    "a first instant alone": "UPDATE transcripts SET first_at = 1, last_at = NULL",
    "a last instant before the first": "UPDATE transcripts SET first_at = 2, last_at = 1",
    "messages that were never appended": "UPDATE transcripts SET appended_at = NULL",
    "a message of no transcript": "UPDATE transcript_messages SET transcript_key = 99",
    "seq 0": "UPDATE transcript_messages SET seq = 0 WHERE seq = 9",
    "an unknown role": "UPDATE transcript_messages SET role = 'GOD'",
    "an unknown kind": "UPDATE transcript_messages SET kind = 'SONG'",
    "an unknown form": "UPDATE transcript_messages SET form = 'XML'",
    "half a usage": "UPDATE transcript_messages SET input_tokens = 1",
    "negative tokens": "UPDATE transcript_messages SET input_tokens = -1, output_tokens = 0,"
    " cache_read_tokens = 0, cache_write_tokens = 0",
    "a body of another size": "UPDATE transcript_messages SET content_bytes = content_bytes + 1",
    "a stretch of no transcript": "UPDATE transcript_stretches SET transcript_key = 99",
    "a stretch with other counts": "UPDATE transcript_stretches SET last_seq = last_seq + 1",
    "a stretch of nothing": "UPDATE transcript_stretches SET last_seq = 0, kind_text = 0",
    "half an id": "UPDATE transcript_stretches SET ids = x'00'",
    "a source of no transcript": "UPDATE transcript_sources SET transcript_key = 99",
    "a response without an id": "UPDATE transcript_responses SET usage_id = ''",
    "a response that gives tokens back": "UPDATE transcript_responses SET output_tokens = -1",
    "a sum of no responses": "UPDATE transcript_usage SET responses = 0",
    "a large body of no transcript": "UPDATE transcript_bodies SET transcript_key = 99",
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_state_cannot_be_stored(store, wrong) -> None:
    begin(store)
    append(store, [*plain_messages(8), plain(9, usage=None), plain(10, usage_id="r", usage=Usage(1), text="x" * 2_000)])

    with pytest.raises(SyntheticError) as failure:
        store.write(lambda tx: tx.execute(wrong))

    assert isinstance(failure.value.__cause__, apsw.ConstraintError)
