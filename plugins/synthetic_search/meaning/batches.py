"""From texts to vectors, a batch at a time: what to do when an embedder fails.

An endpoint that fails says little of whether it is the texts. So it is asked
about a text that any embedder takes: if it fails with that as well, it is the
endpoint, and all is tried again later. If not, it is one of the texts: batches
get smaller until one is alone in its batch, and that is set aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from synthetic import BlockingStore, Snapshot, logger_for
from synthetic_search.index.places import find_places, read_documents
from synthetic_search.meaning.codes import Codes, encode, turned, width_of
from synthetic_search.meaning.errors import EmbedderError
from synthetic_search.meaning.guarded import GuardedEmbedder
from synthetic_search.meaning.model import ModelRecord
from synthetic_search.meaning.refused import find_due, set_aside, take_back
from synthetic_search.meaning.store import list_after
from synthetic_search.meaning.turns import Turns
from synthetic_search.meaning.vectors import insert_vector, skip_refused, store_vectors
from synthetic_search.settings import SearchSettings

READ_AT_ONCE = 100
ALONE_MAX = 16
"""Of a first batch that fails, so many texts are tried one by one."""

PROBE = "The quick answer to a short question."

log = logger_for(__name__)


def embed_sample(opened: GuardedEmbedder, texts: Sequence[str]) -> NDArray[np.float32]:
    """Some vectors of an embedder, to know it by.

    Raises:
        EmbedderError: It fails, or makes vectors of several sizes.
    """
    try:
        return opened.embed_documents(texts)
    except EmbedderError as error:
        found = [_probe(opened, error)]
    for text in texts[:ALONE_MAX]:
        try:
            found.append(opened.embed_documents([text]))
        except EmbedderError as error:
            log.info("text not embedded", code=error.code, details=dict(error.details))
    if len({each.shape for each in found}) > 1:
        raise EmbedderError("The embedder made vectors of several sizes.")
    return np.concatenate(found)


def embed_after(store: BlockingStore, opened: GuardedEmbedder, model: ModelRecord, most: int, turns: Turns) -> int:
    """Embed the documents that follow what a model has embedded, at most so many.

    Returns:
        How many were looked at.

    Raises:
        EmbedderError: The embedder fails, whatever it is given.
    """
    size = turns.batch(model.key, most)
    ids, texts = store.read(_read_after, model.through_id, size)
    if not ids:
        return 0
    there = [(id, text) for id, text in zip(ids, texts, strict=True) if text is not None]
    embedded = [id for id, _text in there]
    vectors = np.zeros((0, model.dimension), dtype=np.float32)
    if there:
        try:
            vectors = opened.embed_documents([text for _id, text in there])
        except EmbedderError as error:
            _probe(opened, error)
            if len(ids) > 1:
                turns.halve(model.key, len(ids))
            else:
                _warn(error, ids[0])
                store.write(skip_refused, model, ids[0])
            return len(ids)
    store.write(store_vectors, model, ids[-1], embedded, _codes(model, vectors))
    turns.double(model.key, size)
    return len(ids)


def retry_refused(store: BlockingStore, opened: GuardedEmbedder, model: ModelRecord) -> int:
    """Try a document again that was set aside.

    Returns:
        1; 0: it is not time for any.

    Raises:
        EmbedderError: The embedder fails, whatever it is given.
    """
    due = store.read(find_due, model.key)
    if due is None:
        return 0
    (text,) = store.read(_read_texts, [due.document_id])
    if text is None:
        return store.write(take_back, model.key, due.document_id)
    try:
        vectors = opened.embed_documents([text])
    except EmbedderError as error:
        _probe(opened, error)
        _warn(error, due.document_id)
        return store.write(set_aside, model.key, due.document_id, due.tries + 1)
    store.write(insert_vector, model, due.document_id, _codes(model, vectors))
    return 1


def iterate_texts(store: BlockingStore, ids: Sequence[int]) -> Iterator[str]:
    """What is embedded of documents, as far as they are there."""
    for begin in range(0, len(ids), READ_AT_ONCE):
        for text in store.read(_read_texts, ids[begin : begin + READ_AT_ONCE]):
            if text is not None:
                yield text


def _probe(opened: GuardedEmbedder, error: EmbedderError) -> NDArray[np.float32]:
    """The vector of a text that any embedder takes.

    Raises:
        EmbedderError: `error`, if it does not take that either.
    """
    try:
        return opened.embed_documents([PROBE])
    except EmbedderError:
        raise error from None


def _warn(error: EmbedderError, document_id: int) -> None:
    log.warning("text refused by the embedder", document=document_id, code=error.code, details=dict(error.details))


def _codes(model: ModelRecord, vectors: NDArray[np.float32]) -> Codes:
    if vectors.shape[1] != model.dimension:
        raise EmbedderError(
            f"The embedder makes vectors of {vectors.shape[1]} numbers now; there were {model.dimension}.",
            action="Name the model by another `embedder_model` or `embedder_path`, so that all is embedded anew.",
        )
    return encode(turned(vectors), np.frombuffer(model.middle, dtype="<f4", count=width_of(model.dimension)))


def _read_after(snapshot: Snapshot, after_id: int, limit: int) -> tuple[list[int], list[str | None]]:
    """The documents after one, and their texts; None: one that has gone meanwhile."""
    ids = list_after(snapshot, after_id, limit)
    texts: list[str | None] = []
    for begin in range(0, len(ids), READ_AT_ONCE):
        texts += _read_texts(snapshot, ids[begin : begin + READ_AT_ONCE])
    return ids, texts


def _read_texts(snapshot: Snapshot, ids: Sequence[int]) -> list[str | None]:
    """Title and body of documents, as far as they are embedded."""
    most = snapshot.settings(SearchSettings).embedder_characters
    places = find_places(snapshot, ids)
    documents = iter(read_documents(snapshot, [place for place in places if place is not None]))
    found = [None if place is None else next(documents) for place in places]
    return [None if each is None else f"{each.title}\n{each.body}".strip()[:most] for each in found]
