"""What a process remembers from one turn of the background work to the next."""

from __future__ import annotations

import time
from typing import Self

from synthetic import SettingsLookup

ASIDE_SECONDS = 60.0
"""So long a model that answers, and cannot be brought further, is left alone while another is being filled."""


class Turns:
    """What was done so far; a resource of the kernel.

    Attributes:
        number: Of the last block that was looked through for documents that have gone.
        taken: How many turns there were.
    """

    def __init__(self) -> None:
        """Begin with the first block, and whole batches."""
        self.number = 0
        self.taken = 0
        self._batches: dict[int, int] = {}
        self._aside: dict[int, float] = {}

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """As a resource."""
        return cls()

    def batch(self, key: int, most: int) -> int:
        """How many texts the embedder of a model is given next."""
        return min(most, self._batches.get(key, most))

    def halve(self, key: int, size: int) -> None:
        """Of so many texts, one was not embedded: give the embedder half as many."""
        self._batches[key] = max(1, size // 2)

    def double(self, key: int, size: int) -> None:
        """So many texts were embedded: give it twice as many next time."""
        if key in self._batches:
            self._batches[key] = 2 * size

    def is_aside(self, key: int) -> bool:
        """Whether a model is left alone for now."""
        return self._aside.get(key, 0.0) > time.monotonic()

    def lay_aside(self, key: int) -> bool:
        """Leave a model alone for a while; whether that is the first time."""
        is_first = key not in self._aside
        self._aside[key] = time.monotonic() + ASIDE_SECONDS
        return is_first

    def forget(self, key: int) -> None:
        """A model that was left alone has come further."""
        self._aside.pop(key, None)
