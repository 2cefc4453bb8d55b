"""The embedder that is learnt from the store's own text: latent semantic analysis.

Words are weighted by how often they occur in a text and how rare they are in
the store (tf-idf), and a truncated singular value decomposition of the texts
drawn finds directions along which words occur together (Deerwester, Dumais,
Furnas, Landauer and Harshman: Indexing by Latent Semantic Analysis, 1990). So a
text is near to another that shares no word with it, if others connect their
words. It needs no download and no network, and knows only what the store says.

The decomposition is a randomised one (Halko, Martinsson and Tropp: Finding
Structure with Randomness, 2011, algorithms 4.4 and 5.1), with fixed random
numbers: the same texts make the same model.
"""

from __future__ import annotations

import io
import re
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from synthetic_search.index.words import tokens_of
from synthetic_search.meaning.embedders import EmbeddedQuery
from synthetic_search.meaning.sparse import SparseRows

DIMENSION = 256
TERMS_MAX = 20_000
TERM_CHARACTERS_MAX = 40
TEXTS_MIN_PER_TERM = 2
SHARE_MAX = 0.5
"""A word of more than half of the texts tells nothing of what they mean."""

TERMS_HELD = 500_000
"""While texts are drawn, so many words are held; of more, the rarer half is forgotten."""

_NUMBER = re.compile(r"(?=[a-f]*[0-9])[0-9a-f]{8,}")
"""Ids, hashes and instants. There are ever new ones, and none tells what a text is about."""

EVIDENCE = 4
"""For each direction there are so many texts and words at least: with as many directions nothing would be joined."""

OVERSAMPLING = 16
POWER_ITERATIONS = 2
SEED = 20_090_731


class LearntEmbedder:
    """Embeds by a model that `fit_texts` has made."""

    def __init__(
        self,
        terms: Sequence[str],
        common: Collection[str],
        rarity: NDArray[np.float32],
        basis: NDArray[np.float32],
    ) -> None:
        """Make it.

        Args:
            terms: The words that it knows, as stems.
            common: Words that occur nearly everywhere, and so tell nothing.
            rarity: The inverse document frequency of each.
            basis: For each, where it points; a column for each dimension.
        """
        self._numbers = {term: number for number, term in enumerate(terms)}
        self._common = frozenset(common)
        self._rarity = rarity
        self._basis = basis
        self._rarest = float(rarity.max()) if len(rarity) else 1.0

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A vector of length one for each text; zeros for one of which it knows no word."""
        counts = [Counter(tokens_of(text)) for text in texts]
        vectors = weighted_rows(counts, self._numbers, self._rarity).times(self._basis)
        return of_length_one(vectors)

    def embed_query(self, text: str) -> EmbeddedQuery:
        """The vector of what somebody looks for, weighted by how much of it is known.

        That is the share that known words have of the squared weights of all;
        an unknown word is as rare as the rarest that is known, and one that
        occurs nearly everywhere has none.
        """
        counts = Counter(tokens_of(text))
        row = weighted_rows([counts], self._numbers, self._rarity)
        known = sum(float(self._rarity[self._numbers[term]]) ** 2 for term in counts if term in self._numbers)
        strange = counts.keys() - self._numbers.keys() - self._common
        unknown = self._rarest**2 * sum(map(is_telling, strange))
        vector = of_length_one(row.times(self._basis))[0]
        return EmbeddedQuery(vector, known / (known + unknown) if known else 0.0)

    def close(self) -> None:
        """It keeps nothing open."""


def open_fitted(fitted: bytes) -> LearntEmbedder:
    """Make the embedder of what `fit_texts` has made."""
    with np.load(io.BytesIO(fitted), allow_pickle=False) as stored:
        terms = stored["terms"].tobytes().decode().split("\n")
        common = stored["common"].tobytes().decode().split("\n")
        return LearntEmbedder(terms, common, stored["rarity"], stored["basis"].astype(np.float32))


def fit_texts(texts: Iterable[str]) -> bytes:
    """Learn from texts.

    Returns:
        The words, their rarity, and their directions, as `open_fitted` takes them.
    """
    drawn = _Occurrences()
    for text in texts:
        drawn.add(Counter(tokens_of(text)))
    terms, common, rarity, rows = drawn.choose()
    basis = _decompose(rows, len(terms))
    stored = io.BytesIO()
    np.savez(stored, terms=_array_of(terms), common=_array_of(common), rarity=rarity, basis=basis.astype(np.float16))
    return stored.getvalue()


def is_telling(term: str) -> bool:
    """Whether a word may tell something: a single letter does where a character is a word, and nowhere else."""
    return len(term) <= TERM_CHARACTERS_MAX and (len(term) > 1 or not term.isascii())


class _Occurrences:
    """Which words occur how often in texts, in few bytes: there are many texts.

    Where there are too many words, the rarest so far are forgotten, with where
    they occurred: what is to be learnt is frequent enough to be found anyway
    (after Manku and Motwani: Approximate Frequency Counts over Data Streams, 2002).
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._columns = array("i")
        self._counts = array("i")
        self._starts = [0]

    def add(self, counts: Mapping[str, int]) -> None:
        """Add a text."""
        numbers = self._numbers
        for term, count in counts.items():
            if is_telling(term) and not _NUMBER.fullmatch(term):
                self._columns.append(numbers.setdefault(term, len(numbers)))
                self._counts.append(count)
        self._starts.append(len(self._columns))
        if len(numbers) > TERMS_HELD:
            self._forget_the_rarest()

    def _forget_the_rarest(self) -> None:
        columns = np.array(self._columns, dtype=np.int32)
        frequency = np.bincount(columns, minlength=len(self._numbers))
        is_held = frequency > np.sort(frequency)[-(TERMS_HELD // 2)]
        renumbered = np.cumsum(is_held, dtype=np.int32) - 1
        is_kept = is_held[columns]
        starts = np.concatenate(([0], np.cumsum(is_kept)))[np.array(self._starts)]
        held = [term for term, is_one in zip(self._numbers, is_held, strict=True) if is_one]
        self._numbers = {term: number for number, term in enumerate(held)}
        self._columns = array("i", renumbered[columns[is_kept]].tolist())
        self._counts = array("i", np.array(self._counts, dtype=np.int32)[is_kept].tolist())
        self._starts = starts.tolist()

    def choose(self) -> tuple[list[str], list[str], NDArray[np.float32], SparseRows]:
        """What to learn.

        Returns:
            The words that are neither too rare nor too frequent, the most
            frequent first; those that are too frequent; the rarity of the
            first; and the texts as rows of them.
        """
        texts = len(self._starts) - 1
        columns = np.array(self._columns, dtype=np.int32)
        frequency = np.bincount(columns, minlength=len(self._numbers))
        most = max(TEXTS_MIN_PER_TERM, SHARE_MAX * texts)
        ordered = np.argsort(-frequency, kind="stable")
        is_fit = (frequency[ordered] >= TEXTS_MIN_PER_TERM) & (frequency[ordered] <= most)
        chosen = ordered[is_fit][:TERMS_MAX]
        renumbered = np.full(len(self._numbers), -1, dtype=np.int32)
        renumbered[chosen] = np.arange(len(chosen), dtype=np.int32)
        every_term = list(self._numbers)
        rarity = np.log(texts / frequency[chosen]).astype(np.float32)
        is_kept = renumbered[columns] >= 0
        starts = np.concatenate(([0], np.cumsum(is_kept))).astype(np.int64)[np.array(self._starts)]
        counts = np.array(self._counts, dtype=np.float32)[is_kept]
        rows = _weighted(renumbered[columns][is_kept], counts, starts, rarity)
        common = [every_term[number] for number in ordered[frequency[ordered] > most]]
        return [every_term[number] for number in chosen], common, rarity, rows


def weighted_rows(
    texts: Sequence[Mapping[str, int]], numbers: Mapping[str, int], rarity: NDArray[np.float32]
) -> SparseRows:
    """The known words of texts, weighted; each row of length one, or empty."""
    columns: list[int] = []
    counts: list[int] = []
    starts = [0]
    for occurrences in texts:
        known = [(numbers[term], count) for term, count in occurrences.items() if term in numbers]
        columns.extend(number for number, _count in known)
        counts.extend(count for _number, count in known)
        starts.append(len(columns))
    arrays = np.array(columns, dtype=np.int32), np.array(counts, dtype=np.float32), np.array(starts, dtype=np.int64)
    return _weighted(*arrays, rarity)


def _weighted(
    columns: NDArray[np.int32],
    counts: NDArray[np.float32],
    starts: NDArray[np.int64],
    rarity: NDArray[np.float32],
) -> SparseRows:
    """Rows of (1 + ln tf) idf, each of length one, or empty."""
    values = (1 + np.log(counts)) * rarity[columns]
    sums = np.concatenate((np.zeros(1), np.cumsum(values.astype(np.float64) ** 2)))
    lengths = np.sqrt(sums[starts[1:]] - sums[starts[:-1]])
    lengths[lengths == 0] = 1
    values /= np.repeat(lengths, np.diff(starts)).astype(np.float32)
    return SparseRows(columns, values, starts)


def of_length_one(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors of the same directions and of length one; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, np.float32(1))).astype(np.float32)


def _decompose(rows: SparseRows, terms: int) -> NDArray[np.float32]:
    """The right singular vectors of the largest singular values, as columns; zeros where the rank is smaller."""
    basis = np.zeros((terms, DIMENSION), dtype=np.float32)
    directions = min(DIMENSION, terms // EVIDENCE, rows.height // EVIDENCE)
    width = min(directions + OVERSAMPLING, terms, rows.height)
    if directions == 0:
        return basis
    across = rows.transposed(terms)
    random = np.random.default_rng(SEED).standard_normal((terms, width), dtype=np.float32)
    span = _orthonormal(rows.times(random))
    for _ in range(POWER_ITERATIONS):
        span = _orthonormal(rows.times(_orthonormal(across.times(span))))
    projected = across.times(span)
    squares, turn = np.linalg.eigh(projected.T @ projected)
    kept = [number for number in np.argsort(-squares)[:directions] if squares[number] > squares.max(initial=0) * 1e-9]
    basis[:, : len(kept)] = (projected @ turn[:, kept]) / np.sqrt(squares[kept])
    return basis


def _orthonormal(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Columns that span the same, by the small matrix of their products: for many rows it is quicker than QR."""
    products = (matrix.T @ matrix).astype(np.float64)
    squares, turn = np.linalg.eigh(products)
    is_kept = squares > squares.max(initial=0) * 1e-6
    return matrix @ (turn[:, is_kept] / np.sqrt(squares[is_kept])).astype(np.float32)


def _array_of(terms: Sequence[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(terms).encode(), dtype=np.uint8)
