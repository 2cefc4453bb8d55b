"""Rows of `transcripts`: finding them and making them."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import ConflictError, NotFoundError, Snapshot, Transaction, check_id, check_text, to_json
from synthetic_transcripts.events import TRANSCRIPT_CREATED, TRANSCRIPT_DESCRIBED
from synthetic_transcripts.model import NewTranscript, Transcript

LABEL_CHARACTERS_MAX = 200
TITLE_CHARACTERS_MAX = 1_000

COLUMNS = ", ".join(f"t.{name}" for name in Transcript._fields)
"""Those of a table that the query calls `t`."""


def find_transcript(snapshot: Snapshot, transcript_id: str) -> Transcript | None:
    """The transcript with this id, or None."""
    return snapshot.record(Transcript, f"SELECT {COLUMNS} FROM transcripts t WHERE t.id = :id", {"id": transcript_id})


def find_transcripts(snapshot: Snapshot, transcript_ids: Sequence[str]) -> list[Transcript | None]:
    """For each id its transcript, or None."""
    sql = f"SELECT {COLUMNS} FROM transcripts t WHERE t.id IN (SELECT value FROM json_each(:ids))"
    records = snapshot.records(Transcript, sql, {"ids": to_json(list(transcript_ids))})
    found = {transcript.id: transcript for transcript in records}
    return [found.get(transcript_id) for transcript_id in transcript_ids]


def get_transcript(snapshot: Snapshot, transcript_id: str) -> Transcript:
    """The transcript with this id.

    Raises:
        NotFoundError: There is none.
    """
    transcript = find_transcript(snapshot, transcript_id)
    if transcript is None:
        raise NotFoundError(f"There is no transcript {transcript_id!r}.", details={"transcriptId": transcript_id})
    return transcript


def ensure_transcript(tx: Transaction, new: NewTranscript) -> Transcript:
    """The transcript with this id, made if it is not there.

    A source or title that is not known yet is filled in; one that is known
    stays, since it may have been given by a person.

    Raises:
        BadUserInputError: The id, source or title is not acceptable.
        NotFoundError: There is no such session.
        ConflictError: The transcript belongs to another session.
    """
    source = None if new.source is None else check_text(new.source, "source", characters_max=LABEL_CHARACTERS_MAX)
    title = None if new.title is None else check_text(new.title, "title", characters_max=TITLE_CHARACTERS_MAX)
    found = find_transcript(tx, new.id)
    if found is None:
        return _insert_transcript(tx, check_id(new.id, "transcriptId"), new.session_id, source, title)
    if found.session_id != new.session_id:
        raise ConflictError(
            f"Transcript {new.id!r} belongs to session {found.session_id!r}, not to {new.session_id!r}.",
            action="Append to it with its own session, or choose another id for the new transcript.",
            details={"transcriptId": new.id, "sessionId": found.session_id},
        )
    lacking = {
        "source": found.source is None and source is not None,
        "title": found.title is None and title is not None,
    }
    if any(lacking.values()):
        _describe(tx, found, source, title, [name for name, is_filled in lacking.items() if is_filled])
        return get_transcript(tx, new.id)
    return found


def find_construct_id(snapshot: Snapshot, session_id: str) -> str | None:
    """The construct that a session works on now, for the events of its transcripts."""
    return snapshot.value("SELECT construct_id FROM sessions WHERE id = :id", {"id": session_id})


def _describe(tx: Transaction, found: Transcript, source: str | None, title: str | None, changed: list[str]) -> None:
    tx.execute(
        "UPDATE transcripts SET source = coalesce(source, :source), title = coalesce(title, :title),"
        " updated_at = :now WHERE key = :key",
        {"source": source, "title": title, "now": tx.now, "key": found.key},
    )
    tx.emit(
        TRANSCRIPT_DESCRIBED,
        found.id,
        construct_id=find_construct_id(tx, found.session_id),
        payload={"sessionId": found.session_id, "source": found.source or source, "changed": changed},
    )


def _insert_transcript(
    tx: Transaction, transcript_id: str, session_id: str, source: str | None, title: str | None
) -> Transcript:
    session = tx.row("SELECT construct_id FROM sessions WHERE id = :id", {"id": session_id})
    if session is None:
        raise NotFoundError(f"There is no session {session_id!r}.", details={"sessionId": session_id})
    tx.execute(
        "INSERT INTO transcripts (id, session_id, source, title, created_at, updated_at)"
        " VALUES (:id, :session_id, :source, :title, :now, :now)",
        {"id": transcript_id, "session_id": session_id, "source": source, "title": title, "now": tx.now},
    )
    tx.emit(
        TRANSCRIPT_CREATED,
        transcript_id,
        construct_id=session[0],
        payload={"sessionId": session_id, "source": source},
    )
    return get_transcript(tx, transcript_id)
