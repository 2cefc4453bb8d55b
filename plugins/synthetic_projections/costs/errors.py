"""What this theme raises."""

from __future__ import annotations

from synthetic import ErrorCode, ExitCode, SyntheticError


class PricesInvalidError(SyntheticError):
    """The file of prices cannot be read, or is no table of prices."""

    code = "PRICES_INVALID"
    action = "Correct the file that `plugins.projections.prices` names, or leave the setting empty for the sample."
    exit_code = ExitCode.CONFIGURATION


class CostsTooLargeError(SyntheticError):
    """A sum of costs is beyond 2^53, more than the API can tell exactly."""

    code = "COSTS_TOO_LARGE"
    action = "Ask for less at once: a shorter window, or costs by what is smaller. What was recorded may be wrong."


ERRORS = (ErrorCode(PricesInvalidError), ErrorCode(CostsTooLargeError))
