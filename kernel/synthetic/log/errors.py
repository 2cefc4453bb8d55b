"""What the log and those who follow it raise; the rest of the kernel's errors are in `synthetic.errors`."""

from __future__ import annotations

from synthetic.error_contract import ExitCode, SyntheticError


class ResyncRequiredError(SyntheticError):
    """The log cannot be followed from this position."""

    code = "RESYNC_REQUIRED"
    action = "Query what is of interest once more, and subscribe from the `extensions.position` of that answer."
    http_status = 409
    exit_code = ExitCode.DATA


class ArchiveDamagedError(SyntheticError):
    """A part of the log that was moved to the archive cannot be read."""

    code = "ARCHIVE_DAMAGED"
    action = "Put the file back into the directory `archive` from a backup."
    exit_code = ExitCode.STORAGE


class PositionNotReachedError(SyntheticError):
    """What the request reads has not come as far as `extensions.atLeast` asks."""

    code = "POSITION_NOT_REACHED"
    recoverable = True
    action = "Send it again after retryAfterMs; if it stays, look for the module that lags in syncStatus."
    http_status = 503
    exit_code = ExitCode.TRY_AGAIN
