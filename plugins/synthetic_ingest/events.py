"""What this plugin writes to the log, and what its events carry."""

from __future__ import annotations

from typing import Any

from synthetic import EventType
from synthetic_ingest.model import IngestFile

PATH_CHARACTERS_MAX = 2_000
"""Longer paths are cut in events, which are short; the file's row has the whole."""

FILE_READ = EventType(
    name="ingest_file.read",
    entity="ingest_file",
    purpose="A file came to another state, or a run that read it has ended with something new. `state` and"
    " `previousState` (null for a new file), `path` (its first"
    f" {PATH_CHARACTERS_MAX:,} characters), `format`, `sessionId` and `transcriptId` (null while it has brought no"
    " messages); `messages` and `rejects` count what it has brought in all.",
)
EVENTS = (FILE_READ,)


def read_payload(previous_state: str | None, file: IngestFile) -> dict[str, Any]:
    """What `ingest_file.read` carries.

    Args:
        previous_state: The state that the file was in; None for a new one.
        file: As it is now.
    """
    return {
        "path": file.path[:PATH_CHARACTERS_MAX],
        "format": file.format,
        "state": file.state,
        "previousState": previous_state,
        "sessionId": file.session_id,
        "transcriptId": file.transcript_id,
        "messages": file.message_count,
        "rejects": file.reject_count,
    }
