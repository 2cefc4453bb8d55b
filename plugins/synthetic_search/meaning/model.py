"""Models and what is asked of them; pure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class ModelState(StrEnum):
    """Where a model stands."""

    FILLING = "FILLING"
    READY = "READY"
    RETIRED = "RETIRED"


class ModelRecord(NamedTuple):
    """A model that has vectors in the store.

    Attributes:
        key: Its number.
        embedder: Whose it is, by the embedder's name.
        model: Which it is, by what the embedder identified itself with.
        dimension: Of the vectors that the embedder makes.
        state: FILLING until every document is embedded, then READY, then RETIRED.
        head_id: The newest document when it was made.
        documents: How many there were then.
        through_id: The last document that was embedded.
        middle: An average of turned vectors, as 32-bit floats.
        created_at: Unix milliseconds.
        ready_at: When it began to answer.
    """

    key: int
    embedder: str
    model: str
    dimension: int
    state: str
    head_id: int
    documents: int
    through_id: int
    middle: bytes
    created_at: int
    ready_at: int | None

    @property
    def identity(self) -> tuple[str, str]:
        """Embedder and model."""
        return self.embedder, self.model


class Similar(NamedTuple):
    """A document that was found by what it means.

    Attributes:
        id: Of its row in `search_documents`; of a long document, its nearest part.
        similarity: The cosine of the angle to what was looked for, from -1 to 1, about.
    """

    id: int
    similarity: float
