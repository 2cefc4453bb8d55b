"""What this plugin raises beyond the kernel's own codes."""

from __future__ import annotations

from synthetic import BadUserInputError, ExitCode, SyntheticError


class TranscriptDamagedError(SyntheticError):
    """A sealed part of a transcript cannot be read."""

    code = "TRANSCRIPT_DAMAGED"
    action = "Keep a copy of the data directory, then restore a backup: `synthetic restore latest`."
    http_status = 503
    exit_code = ExitCode.STORAGE


class ContentTooLargeError(BadUserInputError):
    """The content of these messages is more than one answer may carry."""

    code = "CONTENT_TOO_LARGE"
    action = "Ask for fewer messages at once; `sizeBytes` tells how large each is."
