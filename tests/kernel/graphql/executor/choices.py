"""Choices out of bytes that Hypothesis draws at once: a case needs hundreds, and to draw each alone is slow.

Zero is the simplest choice, and what follows the last byte is zero, so that
smaller bytes are smaller cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """Makes one choice after the other."""

    def __init__(self, stream: bytes) -> None:
        self.stream = iter(stream)

    def number(self, least: int, most: int) -> int:
        """A whole number of a range, both ends included; the simplest is the least."""
        return least + (next(self.stream, 0) * (most - least + 1) >> 8)

    def pick(self, options: Sequence[T]) -> T:
        """One of some options; the simplest is the first."""
        return options[self.number(0, len(options) - 1)]

    def chance(self, percent: int) -> bool:
        """Whether something less usual happens; the simplest is that it does not."""
        return percent > 0 and self.number(0, 99) >= 100 - percent

    def some(self, options: Sequence[T], least: int, most: int) -> list[T]:
        """Different ones of some options, in their order."""
        left = list(range(len(options)))
        count = self.number(least, min(most, len(left)))
        chosen = sorted(left.pop(self.number(0, len(left) - 1)) for _ in range(count))
        return [options[place] for place in chosen]
