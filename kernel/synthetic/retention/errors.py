"""What retention raises."""

from __future__ import annotations

from synthetic.error_contract import ExitCode, SyntheticError


class RetentionSuspendedError(SyntheticError):
    """The clock has jumped by more than a day, so how old anything is cannot be told."""

    code = "RETENTION_SUSPENDED"
    action = "Check the machine's clock, then confirm it: `synthetic retention --confirm-clock`, or confirmClock."
    http_status = 409
    exit_code = ExitCode.DATA
