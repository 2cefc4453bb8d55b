"""What recovery, and serving a store only to be read, raise."""

from __future__ import annotations

from synthetic.error_contract import ExitCode, SyntheticError


class NothingRecoveredError(SyntheticError):
    """Nothing of the database can be read, so no store was made."""

    code = "NOTHING_RECOVERED"
    action = "Restore a backup: `synthetic backup list` names them."
    http_status = 503
    exit_code = ExitCode.STORAGE


class StoreReadOnlyError(SyntheticError):
    """This server only reads the store, and changes nothing: it was started with --read-only."""

    code = "STORE_READ_ONLY"
    action = "Start the server without --read-only; a store that is damaged must be restored or recovered first."
    http_status = 503
    exit_code = ExitCode.STORAGE


class CareNeededError(SyntheticError):
    """Something about the store is to be looked after."""

    code = "CARE_NEEDED"
    action = "See docs/operating.md."
