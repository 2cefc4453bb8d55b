"""What this plugin raises beyond the kernel's own codes."""

from __future__ import annotations

from synthetic import ExitCode, SyntheticError


class AuditChainBrokenError(SyntheticError):
    """The audit log is not as it was written: rows were changed, removed or put in by hand."""

    code = "AUDIT_CHAIN_BROKEN"
    action = "Keep a copy of the data directory, and compare the rows that are named with those of a backup."
    exit_code = ExitCode.DATA
