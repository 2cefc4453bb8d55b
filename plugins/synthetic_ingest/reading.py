"""From the lines of a source to batches: what is parsed, and what is stored together.

Where a batch ends depends on the lines since the one before, and on nothing
else. So a reading that was stopped, and goes on where its last batch ended,
makes the same batches as one that was not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from synthetic import logger_for
from synthetic_ingest.fingerprints import TAIL_BYTES, tail_print
from synthetic_ingest.importer import Importer, LineRejectedError, Parsed
from synthetic_ingest.json_lines import check_writable, decode, is_object
from synthetic_ingest.lines import Lines, LongLine, Rest, read_lines
from synthetic_ingest.model import Batch, FileState, Line, Reject, UnreadableFileError, excerpt_of, reject_of
from synthetic_ingest.settings import IngestSettings
from synthetic_ingest.sources import Source
from synthetic_sessions.store import SessionFacts
from synthetic_transcripts.store import NewMessage

log = logger_for(__name__)


class LineBatches:
    """Reads a file of lines on from a place, once."""

    def __init__(
        self, importer: Importer, settings: IngestSettings, line_count: int, tail: bytes, *, is_idle: bool
    ) -> None:
        """Make it.

        Args:
            importer: With `parse_line`.
            settings: Bounds of lines and batches.
            line_count: Lines before the source's place.
            tail: What stands right before that place.
            is_idle: Whether the file has not changed for long, so that
                nothing more is expected of its last line.
        """
        if importer.parse_line is None:
            raise ValueError(f"importer {importer.name} reads documents, not lines")
        self._parse_line = importer.parse_line
        self._is_complete = importer.is_complete or is_object
        self._is_idle = is_idle
        self._importer = importer
        self._settings = settings
        self._offset = 0
        self._number = line_count
        self._tail = tail
        # The last line was taken though it had no end; what comes next still belongs to it.
        self._is_end_owed = bool(tail) and not tail.endswith(b"\n")
        self._is_restart = False
        self._start_batch()

    def read(self, source: Source, *, is_restart: bool) -> Iterator[Batch]:
        """All batches up to the end; the last one says how the file was left.

        Args:
            source: At the place where reading starts.
            is_restart: Whether the file is read from its beginning again.
        """
        self._offset = source.offset
        self._is_restart = is_restart
        state, problem = FileState.READ, None
        try:
            for part in read_lines(source, self._settings.line_bytes_max):
                if isinstance(part, Rest):
                    state = self._take_rest(part)
                elif isinstance(part, LongLine):
                    self._refuse(part)
                    yield from self._full_batch()
                else:
                    yield from self._take(part)
        except UnreadableFileError as error:
            state, problem = FileState.FAILED, str(error)
        yield self._end_batch(state, problem)

    def _start_batch(self) -> None:
        self._messages: list[NewMessage] = []
        self._origins: list[tuple[bytes, int, int]] = []
        self._rejects: list[Reject] = []
        self._facts: list[SessionFacts] = []
        self._lines = 0
        self._bytes = 0

    def _take(self, lines: Lines) -> Iterator[Batch]:
        """Parse lines, in portions that end where a batch does."""
        contents = lines.contents
        start = 0
        while start < len(contents):
            stop, size = self._portion(contents, start)
            self._parse(contents[start:stop])
            self._tail = _tail_of(self._tail, contents[start:stop])
            self._lines += stop - start
            self._bytes += size
            start = stop
            yield from self._full_batch()

    def _portion(self, contents: Sequence[bytes], start: int) -> tuple[int, int]:
        """Up to which line the batch goes, and how many bytes that adds."""
        lines_left = self._settings.batch_lines - self._lines
        bytes_left = self._settings.batch_bytes - self._bytes
        size = 0
        stop = start
        for content in contents[start : start + lines_left]:
            size += len(content) + 1
            stop += 1
            if size >= bytes_left:
                break
        return stop, size

    def _parse(self, contents: Sequence[bytes]) -> None:
        """The hot loop: one call of the importer a line, and little else."""
        parse = self._parse_line
        offset, number = self._offset, self._number_before_next()
        messages, origins, facts = self._messages, self._origins, self._facts
        for content in contents:
            number += 1
            if content and not content.isspace():
                try:
                    found, known = parse(content, offset, number)
                except LineRejectedError as error:
                    self._reject(Line(content, offset, number), str(error))
                except Exception as error:  # noqa: BLE001 - a fault of an importer costs its line, not the file
                    self._reject(Line(content, offset, number), _fault(self._importer, error))
                else:
                    for message in found:
                        messages.append(message)
                        origins.append((content, offset, number))
                    if known is not None and (not facts or facts[-1] is not known):
                        facts.append(known)
            offset += len(content) + 1
        self._offset, self._number = offset, number

    def _number_before_next(self) -> int:
        """How many lines there are before the next one."""
        owed, self._is_end_owed = self._is_end_owed, False
        return self._number - 1 if owed else self._number

    def _refuse(self, line: LongLine) -> None:
        self._number = self._number_before_next() + 1
        reason = f"It is longer than {self._settings.line_bytes_max} bytes (plugins.ingest.line_bytes_max)."
        excerpt = excerpt_of(line.beginning, self._settings.excerpt_characters)
        self._rejects.append(Reject(self._number, line.offset, line.length, reason, excerpt))
        self._offset = line.offset + line.length + 1
        self._tail = (line.ending + b"\n")[-TAIL_BYTES:]
        self._lines += 1
        self._bytes += line.length + 1

    def _take_rest(self, rest: Rest) -> FileState:
        """Take the last line, though it has no end, if it is complete, or can be read and is not expected to go on.

        It is never rejected: a writer may wait for hours with half a line in its buffer.
        """
        content = rest.content
        if content is not None and content.isspace():
            return FileState.READ
        if content is None or not (self._is_complete(content) or self._is_readable(rest.offset, content)):
            return FileState.PARTIAL
        self._parse([content])
        self._offset = rest.offset + len(content)
        self._tail = (self._tail + content)[-TAIL_BYTES:]
        return FileState.READ

    def _is_readable(self, offset: int, content: bytes) -> bool:
        """Whether the file rests, and the importer takes its last line."""
        if not self._is_idle:
            return False
        number = self._number if self._is_end_owed else self._number + 1
        try:
            self._parse_line(content, offset, number)
        except LineRejectedError:
            return False
        except Exception as error:  # noqa: BLE001 - as for any line, but it is tried again
            _fault(self._importer, error)
            return False
        return True

    def _reject(self, line: Line, reason: str) -> None:
        self._rejects.append(reject_of(line, reason, self._settings.excerpt_characters))

    def _full_batch(self) -> Iterator[Batch]:
        if self._lines >= self._settings.batch_lines or self._bytes >= self._settings.batch_bytes:
            yield self._end_batch(FileState.READING, None)

    def _end_batch(self, state: FileState, problem: str | None) -> Batch:
        batch = Batch(
            messages=self._messages,
            origins=self._origins,
            rejects=self._rejects,
            facts=self._facts,
            offset_bytes=self._offset,
            line_count=self._number,
            tail_hash=tail_print(self._tail),
            state=state,
            problem=problem,
            is_restart=self._is_restart,
        )
        self._is_restart = False
        self._start_batch()
        return batch


def read_document(importer: Importer, content: bytes) -> Parsed:
    """What a document says.

    Raises:
        LineRejectedError: It is not of the format.
    """
    if importer.parse_document is None:
        raise ValueError(f"importer {importer.name} reads lines, not documents")
    value = decode(content)
    check_writable(value)
    try:
        return importer.parse_document(value)
    except LineRejectedError:
        raise
    except Exception as error:
        raise LineRejectedError(_fault(importer, error)) from error


def document_batches(parsed: Parsed, content: bytes, settings: IngestSettings) -> Iterator[Batch]:
    """The messages of a document in batches of about the size that lines have."""
    messages = parsed.messages
    line = (content, 0, 1)
    average = max(1, len(content) // max(1, len(messages)))
    size = max(1, min(settings.batch_lines, settings.batch_bytes // average))
    for start in range(0, max(1, len(messages)), size):
        part = messages[start : start + size]
        is_last = start + size >= len(messages)
        yield Batch(
            messages=part,
            origins=[line] * len(part),
            rejects=(),
            facts=() if parsed.facts is None else (parsed.facts,),
            offset_bytes=len(content) if is_last else 0,
            line_count=0,
            tail_hash=tail_print(content) if is_last else b"",
            state=FileState.READ if is_last else FileState.READING,
            problem=None,
            is_restart=start == 0,
        )


def unchanged_document(content: bytes) -> Iterator[Batch]:
    """The batch for a document that is as it was when it was read; only its file may have been touched."""
    yield Batch(
        messages=(),
        origins=(),
        rejects=(),
        facts=(),
        offset_bytes=len(content),
        line_count=0,
        tail_hash=tail_print(content),
        state=FileState.READ,
        problem=None,
        is_restart=False,
    )


def refused_document(content: bytes, length: int, reason: str, settings: IngestSettings) -> Batch:
    """The batch that says why a document could not be read.

    Args:
        content: As much of it as is held.
        length: Its whole length, unpacked, as far as it is known.
        reason: As a sentence.
        settings: How much of it is kept.
    """
    reject = Reject(1, 0, length, reason, excerpt_of(content, settings.excerpt_characters))
    return Batch(
        messages=(),
        origins=(),
        rejects=(reject,),
        facts=(),
        offset_bytes=0,
        line_count=0,
        tail_hash=b"",
        state=FileState.FAILED,
        problem=reason,
        is_restart=True,
    )


def _fault(importer: Importer, error: Exception) -> str:
    """Log what went wrong in an importer, and say it in the reason of a reject."""
    log.warning("importer failed", importer=importer.name, error=type(error).__name__, exc_info=error)
    return f"The importer {importer.name} failed: {type(error).__name__}: {error}"[:500]


def _tail_of(before: bytes, contents: Sequence[bytes]) -> bytes:
    """The last TAIL_BYTES after some more lines."""
    parts: list[bytes] = []
    length = 0
    for content in reversed(contents):
        parts.append(content + b"\n")
        length += len(content) + 1
        if length >= TAIL_BYTES:
            break
    else:
        parts.append(before)
    return b"".join(reversed(parts))[-TAIL_BYTES:]
