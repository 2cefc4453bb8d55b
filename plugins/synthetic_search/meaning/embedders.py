"""`Embedder`: what plugins hand to search with `register_embedders`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias

from synthetic import SettingsLookup

BATCH_MAX = 2_048
DIMENSION_MAX = 8_192


Vectors: TypeAlias = Any
"""Rows of numbers, all of one length: a sequence of sequences, or numpy's array."""


class EmbeddedQuery(NamedTuple):
    """What somebody looks for, as a vector.

    Attributes:
        vector: A sequence of numbers, or numpy's array, of the embedder's
            dimension; its length does not matter. All zeros: it means nothing
            to the embedder.
        weight: From 0 to 1: how much of the text the vector stands for. One
            that knows few of the words has less to say in a hybrid search.
    """

    vector: Any
    weight: float = 1.0


class OpenEmbedder(Protocol):
    """An embedder that is ready. Several threads may use it at the same time."""

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """A vector for each text, all of one dimension; all zeros where there is nothing to say.

        Raises:
            EmbedderError: It cannot be done now, or at all.
        """
        ...

    def embed_query(self, text: str) -> EmbeddedQuery:
        """The vector of what somebody looks for.

        Raises:
            EmbedderError: It cannot be done now, or at all.
        """
        ...

    def close(self) -> None:
        """Let go of what it keeps open."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedder:
    """A way to make vectors of texts, so that texts that mean about the same have vectors of about one direction.

    Attributes:
        name: What the setting `embedder` of search calls it.
        purpose: One sentence.
        identify: Which model it is, by the settings: a short text that changes
            when the vectors of a text do. It opens nothing. Vectors of another
            model are made anew.
        open: Makes a model ready. It is given the settings, what `identify`
            said when the model's vectors were made (settings may have changed
            since, and until others are made, it is that one that answers), and
            what `fit` has made, or nothing. It may take its time.
        fit: For one that learns from the documents: makes a model of texts
            that were drawn from all over the store. It is kept in the store,
            and made anew when there is twice as much to learn from.
        batch: How many texts it is given at once, at most.
    """

    UNIQUE_AS: ClassVar[str] = "embedder"

    name: str
    purpose: str
    identify: Callable[[SettingsLookup], str]
    open: Callable[[SettingsLookup, str, bytes], OpenEmbedder]
    fit: Callable[[SettingsLookup, Iterable[str]], bytes] | None = None
    batch: int = 64

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or self.name != self.name.lower():
            raise ValueError(f"the name of an embedder must be lower-case words joined by underscores: {self.name!r}")
        if not self.purpose.strip():
            raise ValueError(f"purpose of {self.name} must say in words what it is for")
        if not 1 <= self.batch <= BATCH_MAX:
            raise ValueError(f"the batch of {self.name} must be from 1 to {BATCH_MAX}")
