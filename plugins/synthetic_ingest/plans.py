"""What is to be done with a file: which row it has, from where it is read, and with which importer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from synthetic import BlockingStore, Clock, ConflictError
from synthetic_ingest.files import (
    Known,
    document_identity,
    find_known,
    is_still_known,
    lines_go_on,
    read_head,
    recognise,
)
from synthetic_ingest.fingerprints import HEAD_BYTES, HeadPrint, tail_print
from synthetic_ingest.importer import FileSession, Head, Importer, LineRejectedError
from synthetic_ingest.json_lines import is_object
from synthetic_ingest.model import Batch, IngestFile, Target, UnreadableFileError
from synthetic_ingest.reading import (
    LineBatches,
    document_batches,
    read_document,
    refused_document,
    unchanged_document,
)
from synthetic_ingest.report import Outcome
from synthetic_ingest.settings import IngestSettings
from synthetic_ingest.sources import Source
from synthetic_ingest.store import find_file_at
from synthetic_ingest.walk import path_text

EMPTY = HeadPrint.of(b"")


class NothingToReadError(Exception):
    """A file is left out; its text is the reason.

    Attributes:
        is_failure: Whether somebody who named the file would be disappointed.
    """

    def __init__(self, reason: str, *, is_failure: bool) -> None:
        self.is_failure = is_failure
        super().__init__(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestOptions:
    """What one ingest is asked to do.

    Attributes:
        importer: What every file is read with; None: what recognises it.
        construct_id: What sessions are attached to, unless they are already.
        is_dry_run: Only say what would be read.
    """

    importer: Importer | None = None
    construct_id: str | None = None
    is_dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a file is read.

    Attributes:
        outcome: What this will have been.
        target: The file.
        record: Its row, None if it is new.
        offset: Where reading starts, in unpacked bytes.
        batches: What is to be stored; reading happens as they are taken.
    """

    outcome: Outcome
    target: Target
    record: IngestFile | None
    offset: int
    batches: Iterator[Batch]


class Planner:
    """Makes plans for the files of one ingest."""

    def __init__(
        self,
        store: BlockingStore,
        importers: Mapping[str, Importer],
        options: IngestOptions,
        settings: IngestSettings,
        clock: Clock,
    ) -> None:
        """Make it.

        Args:
            store: Where the rows of known files are.
            importers: By name.
            options: What is asked for.
            settings: Bounds.
            clock: Tells since when a file has not changed.
        """
        self._store = store
        self._importers = importers
        self._options = options
        self._settings = settings
        self._clock = clock

    @property
    def idle_before(self) -> int:
        """Unix milliseconds; a session whose files were last changed before this counts as over."""
        return self._clock.now_ms() - self._settings.idle_ms

    def plan(self, source: Source, path: Path) -> Plan:
        """Decide about an open file.

        Raises:
            NothingToReadError: It is left out.
            UnreadableFileError: It cannot be read or unpacked.
            ConflictError: It was read with another importer before.
        """
        head = read_head(source, path, self._settings.line_bytes_max)
        if not head.content:
            raise NothingToReadError("It is empty.", is_failure=False)
        importer = self._options.importer or recognise(head, self._importers)
        if importer is not None and importer.parse_document is not None:
            return self._plan_document(source, head, importer)
        return self._plan_lines(source, head, importer)

    def _plan_lines(self, source: Source, head: Head, recognised: Importer | None) -> Plan:
        known = find_known(
            self._store,
            path_text(Path(head.path)),
            source.status,
            head.content,
            is_document=False,
            formats=self._importers,
            goes_on=lambda record: lines_go_on(source, record) is not None,
            is_reread=lambda record: self._is_reread(source, record),
        )
        record = known.record
        importer = recognised if record is None else self._importer_of(record)
        if importer is None:
            raise NothingToReadError(_why_not_recognised(head), is_failure=True)
        tail = None if record is None else lines_go_on(source, record)
        if record is not None and tail is not None:
            outcome, line_count = Outcome.CONTINUED, record.line_count
        elif record is not None and _is_part_of_line(head.content):
            raise NothingToReadError("It was cut to a part of a line; it is read when there is more.", is_failure=False)
        else:
            source.rewind()
            outcome, line_count = Outcome.NEW if record is None else Outcome.REREAD, 0
        offset = source.offset
        is_idle = source.status.modified_at < self.idle_before
        batches = LineBatches(importer, self._settings, line_count, tail or b"", is_idle=is_idle)
        return Plan(
            outcome=outcome,
            target=self._target(source, importer, HeadPrint.of(head.content), importer.find_session(head), known),
            record=record,
            offset=offset,
            batches=batches.read(source, is_restart=outcome is Outcome.REREAD),
        )

    def _is_reread(self, source: Source, record: IngestFile) -> bool:
        """Whether a file of lines is that of the row, cut or rewritten."""
        importer = self._importers.get(record.format)
        return importer is None or is_still_known(self._store, source, record, importer, self._settings)

    def _plan_document(self, source: Source, head: Head, importer: Importer) -> Plan:
        source.rewind()
        limit = self._settings.document_bytes_max
        content = b""
        try:
            content = source.read_fully(limit + 1)
            if len(content) > limit:
                raise LineRejectedError(f"It is longer than {limit} bytes (plugins.ingest.document_bytes_max).")
            parsed = read_document(importer, content)
        except (LineRejectedError, UnreadableFileError) as error:
            return self._plan_refusal(source, head, importer, content, str(error))
        fingerprint = tail_print(content)
        identity = document_identity([message.source_id for message in parsed.messages])
        known = find_known(
            self._store,
            path_text(Path(head.path)),
            source.status,
            identity,
            is_document=True,
            formats=self._importers,
            goes_on=lambda record: record.tail_hash == fingerprint,
            is_reread=lambda _record: True,
        )
        record = known.record
        if record is not None:
            self._importer_of(record)
        target = self._target(source, importer, HeadPrint.of(identity), importer.find_session(head), known)
        if record is not None and record.offset_bytes == len(content) and record.tail_hash == fingerprint:
            batches, outcome = unchanged_document(content), Outcome.CONTINUED
        else:
            batches = document_batches(parsed, content, self._settings)
            outcome = Outcome.NEW if record is None else Outcome.REREAD
        return Plan(outcome=outcome, target=target, record=record, offset=0, batches=batches)

    def _plan_refusal(self, source: Source, head: Head, importer: Importer, content: bytes, reason: str) -> Plan:
        """A document that cannot be read is kept as such, so that an operator finds it."""
        path = path_text(Path(head.path))
        at_path = self._store.read(find_file_at, path)
        record = at_path if at_path is not None and at_path.format == importer.name else None
        if record is None and at_path is not None and at_path.message_count and self._options.importer is not None:
            raise _cannot_change(at_path, importer)
        known = Known(record, path, None if at_path is None or record is not None else at_path.id)
        beginning = EMPTY if record is None else HeadPrint(record.head_bytes, record.head_hash)
        return Plan(
            outcome=Outcome.NEW if record is None else Outcome.REREAD,
            target=self._target(source, importer, beginning, FileSession(), known),
            record=record,
            offset=0,
            batches=iter([refused_document(content, source.status.size_bytes, reason, self._settings)]),
        )

    def _importer_of(self, record: IngestFile) -> Importer:
        """The importer that a known file is read with.

        Raises:
            ConflictError: It is not there, or another one is asked for.
        """
        importer = self._importers.get(record.format)
        forced = self._options.importer
        if forced is not None and forced is not importer:
            if record.message_count == 0:
                return forced
            raise _cannot_change(record, forced)
        if importer is None:
            raise ConflictError(f"It was read with the importer {record.format}, which no loaded plugin brings.")
        return importer

    def _target(
        self, source: Source, importer: Importer, head: HeadPrint, session: FileSession, known: Known
    ) -> Target:
        status = source.status
        return Target(
            path=known.path,
            device=status.device,
            inode=status.inode,
            format=importer.name,
            compression=source.compression,
            size_bytes=status.size_bytes,
            modified_at=status.modified_at,
            head=head,
            session=session,
            construct_id=self._options.construct_id,
            idle_before=self.idle_before,
            replaces=known.replaces,
        )


def _is_part_of_line(content: bytes) -> bool:
    """Whether a file that begins so holds no more than a part of a line."""
    return len(content) < HEAD_BYTES and b"\n" not in content and not is_object(content)


def _cannot_change(record: IngestFile, forced: Importer) -> ConflictError:
    return ConflictError(f"It was read as {record.format} before, and cannot be read as {forced.name} now.")


def _why_not_recognised(head: Head) -> str:
    if b"\0" in head.content:
        return "It is binary."
    if not head.lines and b"\n" not in head.content:
        return "It holds no complete line yet."
    return "No importer recognises it; --format forces one."
