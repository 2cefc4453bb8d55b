"""The heart of ingest: what some lines say, and how far the file has been read with them, become durable together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from synthetic import BadUserInputError, Transaction
from synthetic_ingest.model import Batch, FileState, IngestFile, IngestReject, Line, Reject, Target, reject_of
from synthetic_ingest.reactions import RejectReaction
from synthetic_ingest.settings import IngestSettings
from synthetic_ingest.store.files import insert_file, make_room, tell_of_file, update_file, values_of
from synthetic_ingest.store.listing import REJECT_COLUMNS, list_rejects_by_id
from synthetic_ingest.store.sessions import merge_and_settle, settle_session
from synthetic_sessions.store import SessionFacts, merge_session_facts
from synthetic_transcripts.store import NewTranscript, append_messages, ensure_transcript, find_refusals

_ENDS = (FileState.READ, FileState.PARTIAL)
"""The states of a file that was read as far as it goes."""

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
        before = _forget_rejects(tx, record)
    rejects = list(batch.rejects)
    session_id, transcript_id, appended = before.session_id, before.transcript_id, 0
    if batch.messages:
        if session_id is None or transcript_id is None:
            session_id, transcript_id = target.session.session_id or tx.new_id(), tx.new_id()
        _tell_session(tx, session_id, target, batch, before.id)
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
    _insert_rejects(tx, before, after, rejects, settings.rejects_per_file)
    if session_id is not None and not batch.messages and batch.state in _ENDS:
        settle_session(tx, session_id, target.idle_before, target.construct_id)
    _log(tx, record, after)
    return after


def _forget_rejects(tx: Transaction, record: IngestFile) -> IngestFile:
    """What stands of a file that is read from its beginning again."""
    for reaction in tx.contributed(RejectReaction):
        reaction.forgotten(tx, record)
    tx.execute("DELETE FROM ingest_rejects WHERE file_id = :id", {"id": record.id})
    return replace(record, reject_count=0)


def _log(tx: Transaction, record: IngestFile | None, after: IngestFile) -> None:
    """Write to the log what has become of the file: its state, or at the end of a run what it has brought, is new."""
    before = None if record is None else (record.state, record.problem, _brought(record))
    is_told = record is None or record.state != after.state
    if is_told or (after.state != FileState.READING and before != (after.state, after.problem, _brought(after))):
        tell_of_file(tx, None if record is None else record.state, after)


def _brought(record: IngestFile) -> tuple[int, int, int]:
    return record.offset_bytes, record.message_count, record.reject_count


def _tell_session(tx: Transaction, session_id: str, target: Target, batch: Batch, file_id: str) -> None:
    """Merge what a batch says of its session, and with the last batch of a run also whether the session is over."""
    facts = _facts_of(target, batch)
    if batch.state in _ENDS:
        merge_and_settle(tx, session_id, facts, target, file_id)
    else:
        merge_session_facts(tx, session_id, facts)


def _facts_of(target: Target, batch: Batch) -> SessionFacts:
    """What a batch says of its session; the first that said a thing wins."""
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
    return SessionFacts(**values, metadata=metadata)


def _append(tx: Transaction, transcript_id: str, batch: Batch, rejects: list[Reject], settings: IngestSettings) -> int:
    """Append the messages; of those that a transcript cannot keep, the lines are rejected.

    Returns:
        How many were new.
    """
    try:
        return append_messages(tx, transcript_id, batch.messages).appended
    except BadUserInputError:
        # All that can be kept is appended at once all the same: it is one event, however many lines are refused.
        refusals = find_refusals(tx, batch.messages)
    refused: set[int] = set()
    for refusal, origin in zip(refusals, batch.origins, strict=True):
        line = Line(*origin)
        if refusal is not None and line.offset not in refused:
            reason = refusal.message.replace("messages[0].", "Its ", 1)
            rejects.append(reject_of(line, reason, settings.excerpt_characters))
            refused.add(line.offset)
    kept = [message for message, refusal in zip(batch.messages, refusals, strict=True) if refusal is None]
    return append_messages(tx, transcript_id, kept).appended


def _insert_rejects(
    tx: Transaction, before: IngestFile, after: IngestFile, rejects: Sequence[Reject], kept_max: int
) -> None:
    """Keep the rejects of a batch for which there is room, and tell of them."""
    room = max(0, kept_max - before.reject_count)
    kept = [
        IngestReject(tx.new_id(), before.id, *reject, tx.now)
        for reject in sorted(rejects, key=lambda reject: reject.offset_bytes)[:room]
    ]
    tx.execute_many(_INSERT_REJECT, map(values_of, kept))
    reactions = tx.contributed(RejectReaction)
    if reactions and kept:
        stored = [found for found in list_rejects_by_id(tx, [reject.id for reject in kept]) if found is not None]
        for reaction in reactions:
            reaction.rejected(tx, after, stored)
