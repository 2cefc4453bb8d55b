"""What single messages of any transcripts say, for search: few of many stretches, so no more than that is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from synthetic import Row, Snapshot, to_json
from synthetic_transcripts import codec
from synthetic_transcripts.errors import TranscriptDamagedError
from synthetic_transcripts.model import ContentForm, MessageKind, MessageRole, MessageText
from synthetic_transcripts.store.stretches import Place, Stretch, load_encoded

# Where each message stands by the same statement as whose it is: of one that is not sealed, in no stretch.
_SELECT_PLACES = """
SELECT j.value ->> 1, t.key, t.id, t.session_id, t.created_at, s.construct_id, h.id, h.first_seq, h.last_seq
FROM json_each(:places) AS j
CROSS JOIN transcripts AS t ON t.id = j.value ->> 0
LEFT JOIN sessions AS s ON s.id = t.session_id
LEFT JOIN transcript_stretches AS h ON h.transcript_key = t.key AND h.last_seq = (
    SELECT min(n.last_seq) FROM transcript_stretches AS n
    WHERE n.transcript_key = t.key AND n.last_seq >= j.value ->> 1
)
WHERE j.value ->> 1 BETWEEN 1 AND t.message_count
"""
_SELECT_UNSEALED = """
SELECT m.transcript_key, m.seq, m.role, m.kind, m.form, m.tool_calls, m.occurred_at, m.content_bytes,
    m.metadata_bytes, m.body
FROM json_each(:places) AS j
CROSS JOIN transcript_messages AS m ON m.transcript_key = j.value ->> 0 AND m.seq = j.value ->> 1
"""


class Speech(NamedTuple):
    """The transcript that a message is of.

    Attributes:
        transcript_id: Its id.
        session_id: Its session.
        created_at: When it was begun, Unix milliseconds UTC.
        construct_id: The construct that its session works on now, or None.
    """

    transcript_id: str
    session_id: str
    created_at: int
    construct_id: str | None


def find_texts(snapshot: Snapshot, places: Sequence[tuple[str, int]]) -> tuple[list[MessageText], Mapping[int, Speech]]:
    """What messages say, in no particular order, and by key the transcripts that they are of.

    Args:
        snapshot: What is read.
        places: Pairs of transcript id and seq, each once; those at which there is no message are left out.

    Raises:
        TranscriptDamagedError: What is stored cannot be read.
    """
    rows: list[Row] = snapshot.rows(_SELECT_PLACES, {"places": to_json(places)})
    speeches: dict[int, Speech] = {}
    held: dict[Stretch, list[Place]] = {}
    unsealed: list[Place] = []
    for seq, key, transcript_id, session_id, created_at, construct_id, id, first_seq, last_seq in rows:
        speeches[key] = Speech(transcript_id, session_id, created_at, construct_id)
        if id is None:
            unsealed.append((key, seq))
        else:
            held.setdefault(Stretch(id, first_seq, last_seq), []).append((key, seq))
    texts = [text for stretch in _sealed(snapshot, held) for text in stretch]
    if unsealed:
        texts += [
            MessageText(key, seq, MessageRole(role), MessageKind(kind), ContentForm(form), *others)
            for key, seq, role, kind, form, *others in snapshot.rows(_SELECT_UNSEALED, {"places": to_json(unsealed)})
        ]
    return texts, speeches


def _sealed(snapshot: Snapshot, held: Mapping[Stretch, Sequence[Place]]) -> Iterator[list[MessageText]]:
    for stretch, encoded in load_encoded(snapshot, list(held)):
        if isinstance(encoded, TranscriptDamagedError):
            raise encoded
        yield codec.texts_at(encoded, range(stretch.first_seq, stretch.last_seq + 1), held[stretch])
