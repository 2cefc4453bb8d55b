"""`SparseRows`: rows that are zero nearly everywhere, and their products with matrices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ROWS_AT_ONCE = 64
"""What a product gathers for so many rows of a text's length stays in the processor's cache."""


class SparseRows(NamedTuple):
    """Rows of numbers by compressed rows.

    A product gathers the rows of a matrix that a row names, and adds them up:
    for rows of some dozen numbers that is a few times slower than a compiled
    routine, and saves a dependency of a hundred megabytes.

    Attributes:
        columns: The columns of the numbers, row after row.
        values: The numbers.
        starts: Where each row begins in both, and where the last one ends.
    """

    columns: NDArray[np.int32]
    values: NDArray[np.float32]
    starts: NDArray[np.int64]

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self.starts) - 1

    def times(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """The product with a matrix that has a row for each column."""
        product = np.zeros((self.height, matrix.shape[1]), dtype=np.float32)
        for first in range(0, self.height, ROWS_AT_ONCE):
            starts = self.starts[first : first + ROWS_AT_ONCE + 1]
            begin, end = starts[0], starts[-1]
            if begin == end:
                continue
            gathered = matrix[self.columns[begin:end]]
            gathered *= self.values[begin:end, None]
            filled = np.flatnonzero(np.diff(starts))  # `reduceat` gives an empty row the next one's first number
            product[first + filled] = np.add.reduceat(gathered, starts[:-1][filled] - begin, axis=0)
        return product

    def transposed(self, columns: int) -> SparseRows:
        """Rows and columns exchanged.

        Args:
            columns: How many columns there are, and so rows of the result.
        """
        rows = np.repeat(np.arange(self.height, dtype=np.int32), np.diff(self.starts))
        order = np.argsort(self.columns, kind="stable")
        counts = np.bincount(self.columns, minlength=columns)
        starts = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(counts)))
        return SparseRows(rows[order], self.values[order], starts)
