"""What comes of comparing a fold with the log. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

ROWS_KEPT = 100
"""So many rows that differ are named: who has more has one fault."""


class DriftScope(StrEnum):
    """How much was compared."""

    SAMPLE = "SAMPLE"
    WHOLE = "WHOLE"


class Difference(StrEnum):
    """How a row differs from what the log makes of it."""

    ALTERED = "ALTERED"
    MISSING = "MISSING"
    UNFOUNDED = "UNFOUNDED"


class DriftRow(NamedTuple):
    """A row that differs.

    Attributes:
        table: Of the fold.
        key: The row's key, as `text_of_key` writes it.
        difference: How.
    """

    table: str
    key: str
    difference: Difference


class Comparison(NamedTuple):
    """What came of comparing a fold.

    Attributes:
        scope: How much was compared.
        position: The fold's position at which it was.
        rows: How many rows were compared.
        skipped: How many were drawn that could not be.
        differing: How many differ.
        first: The first of these.
        hashes: Of each table's rows as the log makes them, SHA-256; empty for a sample.
        rebuilt_at: When the rebuild ended that the rows were from: of those of a later one it says nothing.
    """

    scope: DriftScope
    position: int
    rows: int
    skipped: int = 0
    differing: int = 0
    first: tuple[DriftRow, ...] = ()
    hashes: tuple[tuple[str, str], ...] = ()
    rebuilt_at: int | None = None
