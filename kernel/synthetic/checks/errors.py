"""What checks raise."""

from __future__ import annotations

from synthetic.error_contract import ExitCode, SyntheticError


class CheckFailedError(SyntheticError):
    """Something in the store is not as it must be."""

    code = "CHECK_FAILED"
    action = "Keep a copy of the data directory before anything is changed, and look at what `synthetic check` names."
    exit_code = ExitCode.DATA
