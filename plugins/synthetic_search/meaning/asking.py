"""Search by meaning, as the field asks for it: a vector first, then the documents near it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from synthetic import PreparingReads, Snapshot, logger_for
from synthetic_search.index.filters import Filters
from synthetic_search.meaning.embedders import EmbeddedQuery, Embedder
from synthetic_search.meaning.errors import EmbedderError
from synthetic_search.meaning.model import ModelRecord, Similar
from synthetic_search.meaning.opened import OpenedEmbedders
from synthetic_search.meaning.store import find_ready_model, read_fitted
from synthetic_search.settings import SearchSettings

log = logger_for(__name__)


class QueryMeaning(NamedTuple):
    """What somebody looks for, as a vector, or why there is none.

    Attributes:
        model: Whose vector it is; None: no model is ready.
        vector: As numpy's array; None: there is none, or the words mean nothing to the model.
        weight: From 0 to 1: how much of the words the vector stands for.
        problem: What went wrong, as a sentence; None: nothing did.
    """

    model: ModelRecord | None = None
    vector: Any = None
    weight: float = 0.0
    problem: str | None = None

    @property
    def is_ready(self) -> bool:
        """Whether documents can be found by it."""
        return self.vector is not None


NO_MEANING = QueryMeaning()


class _Answering(NamedTuple):
    model: ModelRecord | None
    embedder: Embedder | None
    opened: OpenedEmbedders
    timeout_ms: int


async def prepare_meaning(reads: PreparingReads, text: str) -> QueryMeaning:
    """The vector of what somebody looks for. What goes wrong with it is no error: the search is by words then.

    Args:
        reads: To find the model with.
        text: The words that are looked for, without operators.
    """
    answering = await reads.read(_find_answering)
    model, embedder = answering.model, answering.embedder
    if model is None or not text.strip():
        return NO_MEANING
    if embedder is None:
        return QueryMeaning(model, problem=f"The embedder {model.embedder} is not loaded.")
    try:
        async with asyncio.timeout(answering.timeout_ms / 1_000):
            return await _embed(reads, answering.opened, embedder, model, text)
    except TimeoutError:
        return QueryMeaning(model, problem=f"The embedder has not answered within {answering.timeout_ms} ms.")
    except EmbedderError as error:
        log.warning("query not embedded", embedder=embedder.name, code=error.code, details=dict(error.details))
        return QueryMeaning(model, problem=error.message)


def find_by_meaning(
    snapshot: Snapshot, meaning: QueryMeaning, filters: Filters, limit: int, *, through: int | None = None
) -> tuple[Similar, ...] | None:
    """The documents nearest to what somebody looks for, best first; of a long one, its nearest part.

    None without a vector, and where the model has been replaced since it was made: its vectors have gone.

    Args:
        snapshot: To read in.
        meaning: What `prepare_meaning` gave.
        filters: What documents must be.
        limit: How many at most.
        through: Up to which row of the index; None: all of it.
    """
    model = find_ready_model(snapshot) if meaning.is_ready else None
    if model is None or meaning.model is None or model.key != meaning.model.key:
        return None
    from synthetic_search.meaning.nearest import find_nearest  # noqa: PLC0415 - numpy is there by now, or is not needed

    return find_nearest(snapshot, model, meaning.vector, filters, limit, through=through)


def _find_answering(snapshot: Snapshot) -> _Answering:
    model = find_ready_model(snapshot)
    embedders = {each.name: each for each in snapshot.contributed(Embedder)}
    opened = snapshot.resource(OpenedEmbedders)
    timeout_ms = snapshot.settings(SearchSettings).meaning_timeout_ms
    return _Answering(model, None if model is None else embedders.get(model.embedder), opened, timeout_ms)


async def _embed(
    reads: PreparingReads, opened: OpenedEmbedders, embedder: Embedder, model: ModelRecord, text: str
) -> QueryMeaning:
    loop = asyncio.get_running_loop()
    found = opened.find(model.key)
    if found is None:
        fitted = await reads.read(read_fitted, model.key)
        found = await loop.run_in_executor(opened.threads, opened.open, embedder, model, lambda: fitted)
        opened.keep_only([model.key])
    return await loop.run_in_executor(opened.threads, partial(_meaning_of, model), found.embed_query, text)


def _meaning_of(model: ModelRecord, embed_query: Callable[[str], EmbeddedQuery], text: str) -> QueryMeaning:
    query = embed_query(text)
    if query.vector.shape != (model.dimension,):
        raise EmbedderError(
            f"The embedder made a vector of {query.vector.size} numbers, where its documents have {model.dimension}.",
            action="Name the model by another `embedder_model` or `embedder_path`, so that all is embedded anew.",
        )
    return QueryMeaning(model, query.vector, query.weight) if query.vector.any() else QueryMeaning(model)
