"""What an importer is: the contract between ingest and the formats that it reads. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, ClassVar, NamedTuple

from synthetic_sessions.store import SessionFacts
from synthetic_transcripts.store import NewMessage

CONFIDENCE_MAX = 100
"""An importer that is this sure of a file knows it."""


class LineRejectedError(Exception):
    """A line or document cannot be read; its text is the reason, as a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Head:
    """What an importer is shown of a file, to tell whether it is of its format.

    Attributes:
        path: Where it stands; a hint, never the only one.
        content: Its first bytes, unpacked, at most 64 KiB.
        lines: Its first complete lines, at most 20, as JSON values; a line
            that is no JSON is left out.
    """

    path: PurePath
    content: bytes
    lines: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSession:
    """Which session the messages of a file belong to.

    Attributes:
        session_id: As the source names it; None when it names none, and the
            file gets a session of its own.
        facts: What holds for the whole file, such as the parent session.
    """

    session_id: str | None = None
    facts: SessionFacts = field(default_factory=SessionFacts)


class Parsed(NamedTuple):
    """What one line, or one document, says.

    Attributes:
        messages: In their order.
        facts: What it says of the session. The first that says a thing wins.
            Returning the same object for the same facts spares a merge.
    """

    messages: tuple[NewMessage, ...]
    facts: SessionFacts | None = None


def _nothing_known(_head: Head) -> FileSession:
    return FileSession()


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """A format that `synthetic ingest` reads (`register_importers`).

    Its functions are pure, and what they return for a line depends on that
    line and its place alone: a file can be read on from any line, by another
    process, and comes out the same.

    Attributes:
        name: The format, as in `--format` and in `ingest_files`.
        summary: One sentence for `--help` and the documentation.
        recognise: How sure it is that a file is of its format, from 0 (it is
            not) to 100. The surest importer reads the file; of equals, the
            first that was registered.
        parse_line: For formats of lines: from the line (without its end), its
            offset in bytes and its number (from 1) to what it says.
        parse_document: For formats that are one JSON value: from that value
            to what it says. Such a file is read again, whole, when it changes.
        find_session: Which session a file belongs to.
        is_complete: For formats of lines: whether nothing could be added to
            a last line that has no end yet, so that it is taken at once.
            None: whether it is a JSON object. Any other last line is taken
            when its file has not changed for `plugins.ingest.idle_ms`, if
            `parse_line` takes it.
        keeps_ids: For formats of lines: whether the source carries ids of its
            messages, so that one keeps its source id wherever it stands. A
            file that was rewritten is then read again into its transcript;
            else it is another file, with a transcript of its own.

    Raises:
        LineRejectedError: By the two parsers, when what they are given is not
            of their format. Any other exception is a bug and stops the file.
    """

    UNIQUE_AS: ClassVar[str] = "importer"

    name: str
    summary: str
    recognise: Callable[[Head], int]
    parse_line: Callable[[bytes, int, int], Parsed] | None = None
    parse_document: Callable[[Any], Parsed] | None = None
    find_session: Callable[[Head], FileSession] = _nothing_known
    is_complete: Callable[[bytes], bool] | None = None
    keeps_ids: bool = False

    def __post_init__(self) -> None:
        if not self.name or not self.name.replace("-", "").isalnum() or self.name != self.name.lower():
            raise ValueError(f"importer {self.name!r} must be lower-case words joined by hyphens")
        if not self.summary.strip():
            raise ValueError(f"importer {self.name} must say in words what it reads")
        if (self.parse_line is None) == (self.parse_document is None):
            raise ValueError(f"importer {self.name} must have either parse_line or parse_document")
