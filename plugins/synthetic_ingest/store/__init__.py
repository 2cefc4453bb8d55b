"""All the SQL of ingest, and what plugins that bring importers may import.

`files` (the rows of files, and how they are found), `batches` (what some lines
say and how far the file has been read, stored together), `sessions` (what a
file tells of its session from outside) and `listing` (pages for GraphQL).
Functions take the transaction first.
"""

from __future__ import annotations

from synthetic_ingest.importer import FileSession, Head, Importer, LineRejectedError, Parsed
from synthetic_ingest.model import Compression, FileState, IngestFile, IngestReject
from synthetic_ingest.reactions import RejectReaction
from synthetic_ingest.store.batches import store_batch
from synthetic_ingest.store.files import (
    find_file_at,
    find_files_by_head,
    find_files_by_inode,
    list_files_by_id,
    list_files_by_transcript,
)
from synthetic_ingest.store.listing import BY_PATH, BY_PLACE, list_rejects_by_id, select_files, select_rejects
from synthetic_ingest.store.sessions import needs_settling, settle_session

__all__ = [
    "BY_PATH",
    "BY_PLACE",
    "Compression",
    "FileSession",
    "FileState",
    "Head",
    "Importer",
    "IngestFile",
    "IngestReject",
    "LineRejectedError",
    "Parsed",
    "RejectReaction",
    "find_file_at",
    "find_files_by_head",
    "find_files_by_inode",
    "list_files_by_id",
    "list_files_by_transcript",
    "list_rejects_by_id",
    "needs_settling",
    "select_files",
    "select_rejects",
    "settle_session",
    "store_batch",
]
