"""Reading a rejected line, or document, once more: what an importer that was mended makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from synthetic import BlockingStore, ConflictError, NotFoundError, Snapshot, SystemClock, Transaction
from synthetic_ingest.errors import LineChangedError, RejectedLineError
from synthetic_ingest.files import read_head
from synthetic_ingest.fingerprints import HeadPrint
from synthetic_ingest.importer import FileSession, Head, Importer, LineRejectedError, Parsed
from synthetic_ingest.model import (
    Batch,
    Compression,
    FileState,
    IngestFile,
    IngestReject,
    Target,
    UnreadableFileError,
    excerpt_of,
)
from synthetic_ingest.plans import IngestOptions, NothingToReadError, Planner
from synthetic_ingest.reading import read_document
from synthetic_ingest.settings import IngestSettings
from synthetic_ingest.sources import Source, open_source
from synthetic_ingest.store import list_files_by_id, list_rejects_by_id, store_batch
from synthetic_ingest.store.files import update_file


def read_reject_again(store: BlockingStore, reject_id: str, mended: str | None = None) -> IngestFile | None:
    """Read what was rejected once more, and store what it says.

    Args:
        store: To read and write with; files are read outside of transactions.
        reject_id: The reject.
        mended: What the line should have been; None: it is read from its file.

    Returns:
        The file as it is then; None where the reject is no more: its file was read anew, or deleted.

    Raises:
        RejectedLineError: It is rejected again.
        LineChangedError: The file is not there any more, or holds something else at the place.
        ConflictError: The importer of the file is not loaded.
        IngestRaceError: The file was read on at the same time.
    """
    found = store.read(_find, reject_id)
    if found is None:
        return None
    record, reject, importer, settings = found
    if importer.parse_document is not None:
        return _read_document(store, record, importer, settings)
    try:
        content = _line_of(record, reject, settings) if mended is None else mended.encode()
        parsed = _parse(importer, content, reject)
        head = _head_of(record, settings) if record.session_id is None else None
    except UnreadableFileError as error:
        raise LineChangedError(f"{record.path}: {error}") from error
    session = FileSession() if head is None else importer.find_session(head)
    return store.write(_take_in, record.id, reject, parsed, content, session)


def _find(snapshot: Snapshot, reject_id: str) -> tuple[IngestFile, IngestReject, Importer, IngestSettings] | None:
    """What is known of a reject, and who reads it.

    Raises:
        ConflictError: Its importer is not loaded.
    """
    (reject,) = list_rejects_by_id(snapshot, [reject_id])
    record = None if reject is None else list_files_by_id(snapshot, [reject.file_id])[0]
    if reject is None or record is None:
        return None
    return record, reject, _importers(snapshot)[record.format], snapshot.settings(IngestSettings)


def _importers(snapshot: Snapshot) -> Mapping[str, Importer]:
    return _Importers({importer.name: importer for importer in reversed(snapshot.contributed(Importer))})


class _Importers(dict[str, Importer]):
    """Importers by name."""

    def __missing__(self, name: str) -> Importer:
        raise ConflictError(
            f"It was read with the importer {name}, which no loaded plugin brings.",
            action="Load the plugin that brings it.",
            details={"format": name},
        )


def _line_of(record: IngestFile, reject: IngestReject, settings: IngestSettings) -> bytes:
    """The line, as it stands in the file.

    Raises:
        RejectedLineError: It is longer than allowed.
        LineChangedError: Another one stands there.
        UnreadableFileError: The file cannot be read.
    """
    if reject.length_bytes > settings.line_bytes_max:
        raise RejectedLineError(reject.reason)
    with open_source(Path(record.path)) as source:
        before = source.skip_to(reject.offset_bytes)
        content = source.read_fully(reject.length_bytes)
        end = source.read(1)
    is_line = before is not None and (not before or before.endswith(b"\n")) and end in (b"", b"\n")
    if not is_line or len(content) < reject.length_bytes or b"\n" in content:
        raise LineChangedError(details={"path": record.path, "line": reject.line_number})
    if excerpt_of(content, settings.excerpt_characters)[: len(reject.excerpt)] != reject.excerpt:
        raise LineChangedError(details={"path": record.path, "line": reject.line_number})
    return content


def _parse(importer: Importer, content: bytes, reject: IngestReject) -> Parsed:
    """What a line says.

    Raises:
        RejectedLineError: The importer does not take it.
    """
    if importer.parse_line is None:
        raise ValueError(f"importer {importer.name} reads documents, not lines")
    try:
        return importer.parse_line(content, reject.offset_bytes, reject.line_number)
    except LineRejectedError as error:
        raise RejectedLineError(str(error)) from error
    except Exception as error:
        raise RejectedLineError(f"The importer {importer.name} failed: {type(error).__name__}: {error}") from error


def _head_of(record: IngestFile, settings: IngestSettings) -> Head:
    with open_source(Path(record.path)) as source:
        return read_head(source, Path(record.path), settings.line_bytes_max)


def _take_in(
    tx: Transaction, file_id: str, reject: IngestReject, parsed: Parsed, content: bytes, session: FileSession
) -> IngestFile:
    """Append what a line says to the transcript of its file, and forget that it was rejected.

    Raises:
        NotFoundError: The file is not known any more.
        RejectedLineError: The transcript cannot keep what it says.
    """
    (record,) = list_files_by_id(tx, [file_id])
    if record is None:
        raise NotFoundError("The file of the line is not known any more.", details={"field": "fileId", "id": file_id})
    batch = Batch(
        messages=parsed.messages,
        origins=[(content, reject.offset_bytes, reject.line_number)] * len(parsed.messages),
        rejects=(),
        facts=() if parsed.facts is None else (parsed.facts,),
        offset_bytes=record.offset_bytes,
        line_count=record.line_count,
        tail_hash=record.tail_hash,
        state=FileState(record.state),
        problem=record.problem,
        is_restart=False,
    )
    stored = store_batch(tx, _target_of(tx, record, session), record, batch)
    if stored.reject_count > record.reject_count:
        # The transaction is given up with what it has stored of the line.
        raise RejectedLineError("Its transcript cannot keep what it says.")
    forgotten = tx.execute("DELETE FROM ingest_rejects WHERE id = :id", {"id": reject.id})
    after = replace(stored, reject_count=max(0, stored.reject_count - forgotten))
    update_file(tx, stored, after)
    return after


def _target_of(snapshot: Snapshot, record: IngestFile, session: FileSession) -> Target:
    """A file as its row knows it."""
    return Target(
        path=record.path,
        device=record.device,
        inode=record.inode,
        format=record.format,
        compression=Compression(record.compression),
        size_bytes=record.size_bytes,
        modified_at=record.modified_at,
        head=HeadPrint(record.head_bytes, record.head_hash),
        session=session,
        construct_id=None,
        idle_before=snapshot.now - snapshot.settings(IngestSettings).idle_ms,
        replaces=None,
    )


def _read_document(
    store: BlockingStore, record: IngestFile, importer: Importer, settings: IngestSettings
) -> IngestFile | None:
    """Read a document whole, as an ingest would.

    Raises:
        RejectedLineError: It is rejected again.
        LineChangedError: It is not there any more, or cannot be read.
    """
    try:
        with open_source(Path(record.path)) as source:
            _check_document(source, importer, settings)
            source.rewind()
            importers = store.read(_importers)
            plan = Planner(store, importers, IngestOptions(), settings, SystemClock()).plan(source, Path(record.path))
            stored = plan.record
            for batch in plan.batches:
                stored = store.write(store_batch, plan.target, stored, batch)
            return stored
    except (UnreadableFileError, NothingToReadError) as error:
        raise LineChangedError(f"{record.path}: {error}") from error


def _check_document(source: Source, importer: Importer, settings: IngestSettings) -> None:
    """Refuse a document that would be rejected again, before anything is stored of it."""
    limit = settings.document_bytes_max
    content = source.read_fully(limit + 1)
    if len(content) > limit:
        raise RejectedLineError(f"It is longer than {limit} bytes (plugins.ingest.document_bytes_max).")
    try:
        read_document(importer, content)
    except LineRejectedError as error:
        raise RejectedLineError(str(error)) from error
