"""How many examples and cases are tried: a third of what is tried with `--full`, which has hours for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import settings

CaseT = TypeVar("CaseT")

FULL = "full"
"""The profile of Hypothesis that asks for all of them; tests/conftest.py loads it."""

SHARE = 3


def examples(count: int) -> int:
    """So many with `--full`, else their share."""
    return count if settings.get_current_profile_name() == FULL else count // SHARE


def some_of(cases: Sequence[CaseT], begin: int) -> Sequence[CaseT]:
    """All of the cases with `--full`, else every third: which third, `begin` says."""
    return cases if settings.get_current_profile_name() == FULL else cases[begin % SHARE :: SHARE]
