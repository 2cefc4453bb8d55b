"""What backups and restores raise beside the errors of the store itself."""

from __future__ import annotations

from synthetic.error_contract import ExitCode, SyntheticError


class BackupDamagedError(SyntheticError):
    """A part of a backup is not as it was written."""

    code = "BACKUP_DAMAGED"
    action = "Use another backup; `synthetic backup verify` says which ones are whole."
    exit_code = ExitCode.STORAGE


class BackupUnprovenError(SyntheticError):
    """What was restored from a backup did not pass the checks of a store."""

    code = "BACKUP_UNPROVEN"
    action = "Run `synthetic check` on the store, and mend what it finds; the backups before this one are kept."
    exit_code = ExitCode.STORAGE


class BackupUnsupportedError(SyntheticError):
    """The file is no backup of a store, or one of a newer format."""

    code = "BACKUP_UNSUPPORTED"
    action = "Name a backup that `synthetic backup list` shows, or upgrade this installation."
    exit_code = ExitCode.DATA


class BackupBusyError(SyntheticError):
    """Another process is writing to the folder of backups."""

    code = "BACKUP_BUSY"
    recoverable = True
    action = "Wait until the backup that is being taken there is done, then run it again."
    http_status = 503
    exit_code = ExitCode.TRY_AGAIN
