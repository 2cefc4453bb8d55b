"""What a check of the conformance suite is, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from synthetic.errors import InternalError, SyntheticError
from synthetic.plugins.discovery import place_of

if TYPE_CHECKING:
    from synthetic.testing.conformance.subject import PluginUnderTest


class Outcome(StrEnum):
    """What came of a check."""

    PASSED = "PASSED"
    """What it is about holds."""

    FAILED = "FAILED"
    """It does not; the problems say where."""

    SKIPPED = "SKIPPED"
    """There is nothing that it could look at."""


class NothingToCheckError(Exception):
    """There is nothing of what a check looks at; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What came of one check of one plugin.

    Attributes:
        check: Its name.
        purpose: What it is about, as a sentence.
        outcome: What came of it.
        problems: If it failed: what is wrong, a sentence each.
        notes: What should be known beside that: why it was skipped, which changes are no fault.
    """

    check: str
    purpose: str
    outcome: Outcome
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def expect_passed(self) -> None:
        """Raise if it failed.

        Raises:
            AssertionError: It failed; the message has the problems.
        """
        if self.outcome is Outcome.FAILED:
            raise AssertionError("\n".join([f"{self.check}: {self.purpose}", *self.problems]))


@dataclass(frozen=True, slots=True)
class ConformanceReport:
    """What came of all checks of a plugin.

    Attributes:
        plugin: Its name.
        results: In the order of the checks.
    """

    plugin: str
    results: tuple[CheckResult, ...]

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """Those that failed."""
        return tuple(result for result in self.results if result.outcome is Outcome.FAILED)

    def expect_passed(self) -> None:
        """Raise if a check failed.

        Raises:
            AssertionError: The message names each, with its problems.
        """
        if self.failed:
            lines = [line for result in self.failed for line in (f"{result.check}:", *map(_indented, result.problems))]
            raise AssertionError("\n".join([f"The plugin {self.plugin} does not conform.", *lines]))


def _indented(line: str) -> str:
    return f"  {line}"


@dataclass(frozen=True, slots=True)
class ConformanceCheck:
    """One thing that holds of every plugin.

    Attributes:
        name: Of the check, in lower-case words.
        purpose: What holds, as a sentence.
        find_problems: Looks, and yields what is wrong, a sentence each. It
            raises `NothingToCheckError` where there is nothing to look at.
    """

    name: str
    purpose: str
    find_problems: Callable[[PluginUnderTest], Iterator[str]]

    def __str__(self) -> str:
        return self.name

    def run(self, subject: PluginUnderTest) -> CheckResult:
        """Look at a plugin. What the plugin's own code raises is a problem, and told as one."""
        subject.notes.clear()
        try:
            problems = tuple(self.find_problems(subject))
        except NothingToCheckError as nothing:
            return CheckResult(self.name, self.purpose, Outcome.SKIPPED, notes=(str(nothing),))
        except Exception as error:  # noqa: BLE001 - whatever it is, it says what is wrong with the plugin
            problems = (explain(error),)
            first = subject.raised.setdefault(problems[0], self.name)
            if first != self.name:
                note = f"It comes no further than {first}, for the same reason."
                return CheckResult(self.name, self.purpose, Outcome.SKIPPED, notes=(note,))
        outcome = Outcome.FAILED if problems else Outcome.PASSED
        return CheckResult(self.name, self.purpose, outcome, problems, tuple(subject.notes))


def explain(error: BaseException) -> str:
    """An exception as one line: what it says, and the way out or where it came from."""
    if isinstance(error, InternalError) and error.__cause__ is not None:
        error = error.__cause__  # it tells clients nothing
    if isinstance(error, SyntheticError):
        at = error.details.get("at")
        where = f" ({at})" if at else ""
        return f"{error.code}: {error.message}{where} {error.suggested_action}"
    at = place_of(error)
    where = "" if at is None else f" ({at})"
    return f"{type(error).__name__}: {error}{where}"
