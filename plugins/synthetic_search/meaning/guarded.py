"""The boundary to embedders, of which third parties bring some.

Whatever they raise or return, an `EmbedderError` or numbers come of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from synthetic import SettingsLookup
from synthetic_search.meaning.embedders import DIMENSION_MAX, EmbeddedQuery, Embedder, OpenEmbedder
from synthetic_search.meaning.errors import EmbedderError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ResultT = TypeVar("ResultT")


class GuardedEmbedder:
    """An embedder that is open, and what it makes, looked at."""

    def __init__(self, opened: OpenEmbedder) -> None:
        """Make it of one that is open."""
        self._opened = opened

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A row for each text; the largest number of each is 1 or -1, or all are zero.

        Raises:
            EmbedderError: It fails, or makes something else.
        """
        return _guard(lambda: _rows_of(self._opened.embed_documents(texts), len(texts)))

    def embed_query(self, text: str) -> EmbeddedQuery:
        """The vector of what somebody looks for, as numpy's array, and a weight from 0 to 1.

        Raises:
            EmbedderError: It fails, or makes something else.
        """
        return _guard(lambda: _checked(self._opened.embed_query(text)))

    def close(self) -> None:
        """Let go of what it keeps open."""
        self._opened.close()


def open_guarded(embedder: Embedder, settings: SettingsLookup, model: str, fitted: bytes) -> GuardedEmbedder:
    """Open an embedder.

    Raises:
        EmbedderError: It cannot be opened.
    """
    return GuardedEmbedder(_guard(lambda: embedder.open(settings, model, fitted)))


def _guard(make: Callable[[], ResultT]) -> ResultT:
    try:
        return make()
    except EmbedderError:
        raise
    except Exception as error:
        # What it says of itself may be anything, such as what it was sent with: its type is told.
        raise EmbedderError(f"The embedder failed with {type(error).__name__}.") from error


def _checked(query: EmbeddedQuery) -> EmbeddedQuery:
    return EmbeddedQuery(_rows_of([query.vector], 1)[0], min(1.0, max(0.0, float(query.weight))))


def _rows_of(vectors: Any, count: int) -> NDArray[np.float32]:
    """Vectors as rows. They are made smaller before they are numbers of 32 bits, which large ones do not fit."""
    import numpy as np  # noqa: PLC0415 - no start waits for it

    try:
        found = np.asarray(vectors, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise EmbedderError("The embedder made something else than vectors of one size.") from error
    if found.ndim != 2 or len(found) != count or not np.isfinite(found).all():
        raise EmbedderError(f"The embedder made vectors of the form {found.shape} of {count} texts, or no numbers.")
    if not 1 <= found.shape[1] <= DIMENSION_MAX:
        raise EmbedderError(f"The embedder's vectors have {found.shape[1]} numbers; there may be {DIMENSION_MAX}.")
    largest = np.abs(found).max(axis=1, keepdims=True)
    return (found / np.where(largest > 0, largest, 1)).astype(np.float32)
