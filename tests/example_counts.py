"""How many examples the properties try: a third of what they try with `--full`, which has hours for it."""

from __future__ import annotations

from hypothesis import settings

FULL = "full"
"""The profile of Hypothesis that asks for all of them; tests/conftest.py loads it."""

SHARE = 3


def examples(count: int) -> int:
    """So many with `--full`, else their share."""
    return count if settings.get_current_profile_name() == FULL else count // SHARE
