"""The heart of ingest: what some lines say, and how far the file has been read with them, become durable together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from synthetic import BadUserInputError, Transaction
from synthetic_ingest.model import Batch, FileState, IngestFile, IngestReject, Line, Reject, Target, reject_of
from synthetic_ingest.settings import IngestSettings
from synthetic_ingest.store.files import insert_file, make_room, update_file, values_of
from synthetic_ingest.store.listing import REJECT_COLUMNS
from synthetic_ingest.store.sessions import settle_session
from synthetic_sessions.store import SessionFacts, merge_session_facts
from synthetic_transcripts.store import NewTranscript, append_messages, ensure_transcript

_INSERT_REJECT = (
    f"INSERT INTO ingest_rejects ({REJECT_COLUMNS})"
    f" VALUES ({', '.join(f':{field.name}' for field in fields(IngestReject))}) ON CONFLICT DO NOTHING"
)


def store_batch(tx: Transaction, target: Target, record: IngestFile | None, batch: Batch) -> IngestFile:
    """Store what some lines say, and how far the file has been read with them.

    Args:
        tx: The transaction.
        target: The file.
        record: Its row as the batch before left it; None before the first.
        batch: The lines.

    Returns:
        The row as it is now.

    Raises:
        IngestRaceError: Another process has read the file on.
        BadUserInputError: The facts of the session are not acceptable.
        NotFoundError: There is no such construct.
    """
    if target.replaces is not None:
        make_room(tx, target.path, record)
    before = record or insert_file(tx, target)
    settings = tx.settings(IngestSettings)
    if batch.is_restart and record is not None:
        tx.execute("DELETE FROM ingest_rejects WHERE file_id = :id", {"id": record.id})
        before = replace(before, reject_count=0)
    rejects = list(batch.rejects)
    session_id, transcript_id, appended = before.session_id, before.transcript_id, 0
    if batch.messages:
        if session_id is None or transcript_id is None:
            session_id, transcript_id = target.session.session_id or tx.new_id(), tx.new_id()
        _merge_facts(tx, session_id, target, batch)
        ensure_transcript(tx, NewTranscript(id=transcript_id, session_id=session_id, source=target.format))
        appended = _append(tx, transcript_id, batch, rejects, settings)
    after = replace(
        before,
        path=target.path,
        device=target.device,
        inode=target.inode,
        format=target.format,
        compression=target.compression,
        state=batch.state,
        problem=batch.problem,
        size_bytes=target.size_bytes,
        modified_at=target.modified_at,
        offset_bytes=batch.offset_bytes,
        line_count=batch.line_count,
        message_count=before.message_count + appended,
        reject_count=before.reject_count + len(rejects),
        head_bytes=target.head.length,
        head_hash=target.head.digests,
        tail_hash=batch.tail_hash,
        session_id=session_id,
        transcript_id=transcript_id,
        updated_at=tx.now,
    )
    update_file(tx, record or before, after)
    _insert_rejects(tx, before, rejects, settings.rejects_per_file)
    if session_id is not None and batch.state in (FileState.READ, FileState.PARTIAL):
        settle_session(tx, session_id, target.idle_before, target.construct_id)
    return after


def _merge_facts(tx: Transaction, session_id: str, target: Target, batch: Batch) -> None:
    """Tell the session what the batch says of it; the first that said a thing wins."""
    instants = [message.occurred_at for message in batch.messages if message.occurred_at is not None]
    # Where the source tells no time, the file does: something was written when it was changed last.
    instants = instants or [target.modified_at]
    found = SessionFacts(
        construct_id=target.construct_id,
        started_at=min(instants),
        last_activity_at=max(instants),
    )
    metadata = dict(target.session.facts.metadata)
    values = {}
    for facts in (target.session.facts, *batch.facts, found):
        for field in fields(facts):
            value = getattr(facts, field.name)
            if field.name != "metadata" and value is not None:
                values.setdefault(field.name, value)
        for key, value in facts.metadata.items():
            metadata.setdefault(key, value)
    merge_session_facts(tx, session_id, SessionFacts(**values, metadata=metadata))


def _append(tx: Transaction, transcript_id: str, batch: Batch, rejects: list[Reject], settings: IngestSettings) -> int:
    """Append the messages; of those that a transcript cannot keep, the lines are rejected.

    Returns:
        How many were new.
    """
    try:
        return append_messages(tx, transcript_id, batch.messages).appended
    except BadUserInputError:
        appended = 0
    refused: set[int] = set()
    for message, origin in zip(batch.messages, batch.origins, strict=True):
        try:
            appended += append_messages(tx, transcript_id, [message]).appended
        except BadUserInputError as error:
            line = Line(*origin)
            if line.offset not in refused:
                reason = error.message.replace("messages[0].", "Its ", 1)
                rejects.append(reject_of(line, reason, settings.excerpt_characters))
            refused.add(line.offset)
    return appended


def _insert_rejects(tx: Transaction, record: IngestFile, rejects: Sequence[Reject], kept_max: int) -> None:
    room = max(0, kept_max - record.reject_count)
    tx.execute_many(
        _INSERT_REJECT,
        [
            values_of(IngestReject(tx.new_id(), record.id, *reject, tx.now))
            for reject in sorted(rejects, key=lambda reject: reject.offset_bytes)[:room]
        ],
    )
