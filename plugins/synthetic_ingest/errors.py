"""What ingest raises."""

from __future__ import annotations

from synthetic import BadUserInputError, ConflictError, ExitCode, SyntheticError


class UnknownFormatError(BadUserInputError):
    """No importer reads a format of this name."""

    code = "UNKNOWN_FORMAT"
    action = "Leave --format out, or name one of the formats that `synthetic ingest --help` lists."
    exit_code = ExitCode.USAGE


class IngestRaceError(ConflictError):
    """Another process has read this file on in the meantime."""

    code = "INGEST_RACE"
    recoverable = True
    action = "Nothing is lost or doubled; wait for the other one, or run it again."


class IngestIncompleteError(SyntheticError):
    """Some files could not be read; what could be read of all the others is stored."""

    code = "INGEST_INCOMPLETE"
    action = "See `failures` in the summary; mend the files, and run it again: what was read is not read again."
    http_status = 422
    exit_code = ExitCode.DATA


class IngestCancelledError(SyntheticError):
    """The job of this ingest was cancelled; what was read until then is stored."""

    code = "INGEST_CANCELLED"
    recoverable = True
    action = "Run it again to go on from where it was."
    http_status = 409
    exit_code = ExitCode.TRY_AGAIN


class RejectedLineError(SyntheticError):
    """A line, or a document, could not be read."""

    code = "LINE_REJECTED"
    action = "Mend the line or its importer, then retry the dead letter; a retry may also bring the mended line."
    http_status = 422
    exit_code = ExitCode.DATA


class LineChangedError(SyntheticError):
    """Another line stands where the rejected one stood."""

    code = "LINE_CHANGED"
    action = "Run `synthetic ingest` on the file: what has changed in it is read anew."
    http_status = 422
    exit_code = ExitCode.DATA
