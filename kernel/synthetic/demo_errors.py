"""The errors of `synthetic demo`: documented with the kernel's, which is why they stand outside `synthetic.demo`."""

from __future__ import annotations

from synthetic.error_contract import ExitCode, SyntheticError


class NotADemoError(SyntheticError):
    """The data directory holds a store that the demo has not made."""

    code = "NOT_A_DEMO"
    action = "Name another directory with --data: the demo makes one of its own."
    exit_code = ExitCode.CONFIGURATION


class DemoUnfinishedError(SyntheticError):
    """The data directory holds a demo whose making was interrupted."""

    code = "DEMO_UNFINISHED"
    action = "Finish it with `synthetic demo`, or delete the directory."
    exit_code = ExitCode.CONFIGURATION
