"""What comes of a check: pure records, and how they look on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from synthetic.check_contributions import Check, Effort, Finding
from synthetic.contributions import Stamped
from synthetic.errors import SyntheticError, default_message


class CheckStatus(StrEnum):
    """How a check ended; `fields.py` says what each value means."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    INCOMPLETE = "INCOMPLETE"


@dataclass(frozen=True, slots=True)
class CheckedFinding:
    """A finding with all that its check says of it.

    Attributes:
        check: Of which check, as `plugin.name`.
        error_class: Whose code it has.
        message: What is wrong.
        action: What to do about it.
        entity_type: What kind of thing it is about.
        entity_id: Which one; None: no single one.
        details: More, for programs.
    """

    check: str
    error_class: type[SyntheticError]
    message: str
    action: str
    entity_type: str | None
    entity_id: str | None
    details: dict[str, Any]

    @classmethod
    def of(cls, stamped: Stamped[Check], finding: Finding) -> CheckedFinding:
        """What a check has yielded."""
        check = stamped.record
        error_class = finding.error_class or check.error_class
        by_check = check.action if finding.error_class is None else ""
        return cls(
            check=f"{stamped.plugin}.{check.name}",
            error_class=error_class,
            message=finding.message,
            action=finding.action or by_check or error_class.action,
            entity_type=finding.entity_type or check.entity or None,
            entity_id=finding.entity_id,
            details=dict(finding.details),
        )

    @classmethod
    def of_error(cls, stamped: Stamped[Check], error: SyntheticError) -> CheckedFinding:
        """What a check has raised; the error itself is not kept, since it holds on to the snapshot."""
        return cls(
            check=f"{stamped.plugin}.{stamped.record.name}",
            error_class=type(error),
            message=error.message,
            action=error.suggested_action,
            entity_type=None,
            entity_id=None,
            details=dict(error.details),
        )

    def error(self) -> SyntheticError:
        """An error of the contract that says the same."""
        return _error_of(self.error_class, self.message, self.action, self.details)

    def contract(self, correlation_id: str, now_ms: int) -> dict[str, Any]:
        """The eight keys of the error contract."""
        return self.error().to_contract(correlation_id, now_ms)


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """What came of one check.

    Attributes:
        name: As `plugin.name`.
        purpose: What holds, if it has passed.
        effort: How much it reads.
        status: FAILED where it has found anything, complete or not.
        findings: The first of what it found.
        has_more: Whether it would have found more.
        reason: Why it is not complete; None: it is.
        ms: How long it took.
        repair: What `synthetic check --repair` does about what it has found; None: it passes, or nothing is safe.
    """

    name: str
    purpose: str
    effort: Effort
    status: CheckStatus
    findings: tuple[CheckedFinding, ...] = ()
    has_more: bool = False
    reason: CheckedFinding | None = None
    ms: float = 0.0
    repair: str | None = None


def worst_of(outcomes: Sequence[CheckOutcome]) -> CheckStatus:
    """How several checks ended together."""
    found = {outcome.status for outcome in outcomes}
    for status in (CheckStatus.FAILED, CheckStatus.INCOMPLETE):
        if status in found:
            return status
    return CheckStatus.PASSED


def _error_of(error_class: type[SyntheticError], message: str, action: str, details: dict[str, Any]) -> SyntheticError:
    """An error with the code of a class, whose constructor may take something else."""
    error = error_class.__new__(error_class)
    SyntheticError.__init__(error, message or default_message(error_class), action=action, details=details)
    return error
