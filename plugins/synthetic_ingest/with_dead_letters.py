"""Rejected lines as a source of dead letters: each is one, by reference to its row of `ingest_rejects`.

The line itself stays in its file, and a retry reads it there once more: it is
taken in when the importer, or a limit, was mended meanwhile. A retry may also
bring the line as it should have been, as `line` in the payload.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from synthetic import BlockingStore, Snapshot, Transaction, bad_input, from_json, hookimpl
from synthetic_dead_letters.store import (
    DeadLetter,
    DeadLetterSource,
    DeadLetterStatus,
    NewDeadLetter,
    RetryOutcome,
    done,
    find_open_letter_of,
    resolve_dead_letter,
    save_whole_or_reduced,
)
from synthetic_ingest.errors import RejectedLineError
from synthetic_ingest.model import IngestFile, IngestReject
from synthetic_ingest.reactions import RejectReaction
from synthetic_ingest.rereading import read_reject_again
from synthetic_sessions.store import find_session

SOURCE = "ingest_reject"
ENTITY = "ingest_reject"
PATH_CHARACTERS_MAX = 4_000
LINE = "line"
"""What a payload may hold beside the reference: the line as it should have been."""


def keep_rejects(tx: Transaction, file: IngestFile, rejects: Sequence[IngestReject]) -> None:
    """Store a letter for each reject."""
    session = None if file.session_id is None else find_session(tx, file.session_id)
    for reject in rejects:
        reason = reject.reason.replace("\0", "\N{REPLACEMENT CHARACTER}")
        whole = NewDeadLetter(
            source=SOURCE,
            error=RejectedLineError(reason, details={"path": file.path, "line": reject.line_number}),
            payload=_reference(file, reject),
            entity_type=ENTITY,
            entity_id=reject.id,
            construct_id=None if session is None else session.construct_id,
            # The lines of a file are taken in in their order.
            key=file.id,
        )
        # The reason and the path may be what no letter can hold; the reject tells them.
        untold = RejectedLineError("A line could not be read; its reject tells why.")
        save_whole_or_reduced(tx, whole, replace(whole, payload={"rejectId": reject.id}, error=untold))


def settle_rejects(tx: Transaction, file: IngestFile) -> None:
    """End the letters of a file that is read again from its beginning: what is rejected again comes again.

    A retry that reads it itself ends its own letter.
    """
    for (reject_id,) in tx.rows("SELECT id FROM ingest_rejects WHERE file_id = :id", {"id": file.id}):
        letter = find_open_letter_of(tx, SOURCE, ENTITY, reject_id)
        if letter is not None and letter.status != DeadLetterStatus.RETRYING:
            resolve_dead_letter(tx, letter.id, resolution="The file was read again from its beginning.")


def read_again(store: BlockingStore, letter: DeadLetter) -> RetryOutcome:
    """Read a rejected line once more.

    Raises:
        RejectedLineError: It is rejected again.
        LineChangedError: It is not there any more.
        ConflictError: Its importer is not loaded, or its file was read on at the same time.
    """
    payload = cast("dict[str, Any]", from_json(letter.payload))
    file = read_reject_again(store, cast("str", letter.entity_id), payload.get(LINE))
    if file is None or file.transcript_id is None:
        return done()
    return done("transcript", file.transcript_id)


def check_payload(snapshot: Snapshot, letter: DeadLetter, payload: object) -> None:  # noqa: ARG001 - the hook's shape
    """Refuse a payload that is not the reference, with `line` at most beside it.

    Raises:
        BadUserInputError: It is something else.
    """
    reference = cast("dict[str, Any]", from_json(letter.original_payload or letter.payload))
    given = cast("dict[str, Any]", payload) if isinstance(payload, dict) else {}
    if {name: value for name, value in given.items() if name != LINE} != reference:
        raise bad_input("payload", "must hold what it holds, and beside it at most `line`, the line as it should be")
    line = given.get(LINE, "")
    if not isinstance(line, str) or "\n" in line:
        raise bad_input("payload.line", "must be one line of text")


@hookimpl
def register_dead_letter_sources() -> tuple[DeadLetterSource, ...]:
    """Lines and documents that could not be read."""
    return (
        DeadLetterSource(
            name=SOURCE,
            purpose="Lines of files, and whole documents, that ingest could not read.",
            work=read_again,
            check_payload=check_payload,
        ),
    )


@hookimpl
def register_reject_reactions() -> tuple[RejectReaction, ...]:
    """A reject's letter follows the reject."""
    return (
        RejectReaction(
            purpose="Keeps lines that could not be read as dead letters.",
            rejected=keep_rejects,
            forgotten=settle_rejects,
        ),
    )


def _reference(file: IngestFile, reject: IngestReject) -> dict[str, Any]:
    return {
        "rejectId": reject.id,
        "fileId": file.id,
        "path": file.path[:PATH_CHARACTERS_MAX],
        "lineNumber": reject.line_number,
        "offsetBytes": reject.offset_bytes,
        "lengthBytes": reject.length_bytes,
    }
