"""From documents to vectors: one turn of the background work at a time.

A model begins with what there is: a learnt one is fitted to documents from all
over the index. It is FILLING until every document is embedded; then it answers
in place of the one before. From then on it follows the index, whose documents
have numbers that only grow. The embedder is asked outside of any transaction.
"""

from __future__ import annotations

from typing import NamedTuple

from synthetic import BlockingStore, Snapshot, logger_for
from synthetic_search.index.extent import count_documents, last_row
from synthetic_search.meaning.batches import embed_after, embed_sample, iterate_texts, retry_refused
from synthetic_search.meaning.codes import turned
from synthetic_search.meaning.embedders import Embedder
from synthetic_search.meaning.errors import EmbedderError, EmbedderUnknownError
from synthetic_search.meaning.guarded import open_guarded
from synthetic_search.meaning.model import ModelRecord, ModelState
from synthetic_search.meaning.opened import OpenedEmbedders
from synthetic_search.meaning.refused import find_due
from synthetic_search.meaning.store import (
    delete_retired,
    find_model,
    insert_model,
    list_sample,
    promote,
    read_fitted,
    retire,
)
from synthetic_search.meaning.turns import Turns
from synthetic_search.meaning.vectors import find_next_block, tidy_block
from synthetic_search.settings import SearchSettings

MIDDLE_OF = 256
"""So many documents tell where the middle of all vectors is."""

TIDIED_EVERY = 16
"""While there is always something to embed, a block is tidied once in so many turns."""

GROWTH = 2
"""A learnt model is made anew when there are so many times as many documents."""

log = logger_for(__name__)


class _Situation(NamedTuple):
    """What there is, and what the settings want.

    Attributes:
        embedders: Those of all plugins, by name.
        wanted: The one that the settings name; None: none.
        identity: Its name and model.
        ready: The model that answers.
        filling: The one that is being filled.
        retired: One that is to be deleted.
        head_id: The newest document.
        opened: What is open in this process.
        turns: What this process remembers of those before.
        settings: The plugin's.
    """

    embedders: dict[str, Embedder]
    wanted: Embedder | None
    identity: tuple[str, str]
    ready: ModelRecord | None
    filling: ModelRecord | None
    retired: ModelRecord | None
    head_id: int
    opened: OpenedEmbedders
    turns: Turns
    settings: SearchSettings


def take_turn(store: BlockingStore) -> int:
    """Do what is next: delete a bit of a model that was given up, begin one, embed a batch, or tidy a block.

    Returns:
        How much was done; 0: there is nothing to do.

    Raises:
        EmbedderError: The embedder fails.
        EmbedderUnknownError: No plugin brings the one that the settings name.
    """
    now = store.read(_look_around)
    if now.retired is not None:
        return store.write(delete_retired, now.retired.key)
    unwanted = _list_unwanted(now)
    if unwanted:
        return store.write(retire, unwanted)
    now.opened.keep_only([model.key for model in (now.ready, now.filling) if model is not None])
    if now.wanted is None:
        return 0
    if now.filling is None and _is_one_to_begin(store, now):
        return _begin(store, now, now.wanted)
    # What is filled comes first: the embedder of the one that answers may be one that cannot be asked any more.
    done = 0 if now.filling is None else _embed_next(store, now, now.filling)
    if now.filling is not None and not done and now.filling.through_id >= now.head_id:
        if store.write(promote, now.filling.key):
            log.info("model ready", embedder=now.filling.embedder, model=now.filling.model, key=now.filling.key)
        return 1
    if now.ready is not None:
        done += _follow(store, now, now.ready)
        now.turns.taken += 1
        if not done or now.turns.taken % TIDIED_EVERY == 0:
            done += _tidy(store, now.ready, now.turns)
    return done


def _follow(store: BlockingStore, now: _Situation, model: ModelRecord) -> int:
    """Bring the model that answers further; that it cannot be holds up no other that is to take its place."""
    if now.filling is None:
        return _embed_next(store, now, model)
    if now.turns.is_aside(model.key):
        return 0
    try:
        done = _embed_next(store, now, model)
    except EmbedderError as error:
        if now.turns.lay_aside(model.key):
            details = dict(error.details)
            log.warning("model that answers falls behind", embedder=model.embedder, code=error.code, details=details)
        return 0
    now.turns.forget(model.key)
    return done


def _tidy(store: BlockingStore, model: ModelRecord, turns: Turns) -> int:
    """Look at the next block of a model, and write only if documents of it have gone."""
    turns.number, has_gone = store.read(find_next_block, model.key, turns.number)
    return store.write(tidy_block, model.key, turns.number) if has_gone else 0


def _look_around(snapshot: Snapshot) -> _Situation:
    settings = snapshot.settings(SearchSettings)
    opened = snapshot.resource(OpenedEmbedders)
    embedders = {each.name: each for each in snapshot.contributed(Embedder)}
    wanted = embedders.get(settings.embedder)
    if settings.embedder and wanted is None:
        known = ", ".join(sorted(embedders))
        raise EmbedderUnknownError(
            f"The embedder {settings.embedder} is brought by no loaded plugin; there are {known}."
        )
    return _Situation(
        embedders=embedders,
        wanted=wanted,
        identity=("", "") if wanted is None else (wanted.name, wanted.identify(opened.settings)),
        ready=find_model(snapshot, ModelState.READY),
        filling=find_model(snapshot, ModelState.FILLING),
        retired=find_model(snapshot, ModelState.RETIRED),
        head_id=last_row(snapshot),
        opened=opened,
        turns=snapshot.resource(Turns),
        settings=settings,
    )


def _list_unwanted(now: _Situation) -> list[int]:
    """Keys of models that are to be given up: all without an embedder, else one that is filled in vain."""
    if now.wanted is None:
        return [model.key for model in (now.ready, now.filling) if model is not None]
    if now.filling is not None and now.filling.identity != now.identity:
        return [now.filling.key]
    return []


def _is_one_to_begin(store: BlockingStore, now: _Situation) -> bool:
    """Whether a model is to be made: none answers, another one does, or there is much more to learn from."""
    learns = now.wanted is not None and now.wanted.fit is not None
    if now.ready is None or now.ready.identity != now.identity:
        return now.head_id > 0 and not (learns and store.read(count_documents) < now.settings.embedder_learns_at)
    # The head runs ahead of the count where documents change, so it is asked first, as it costs nothing.
    return (
        learns
        and now.head_id >= GROWTH * now.ready.head_id
        and store.read(count_documents) >= GROWTH * now.ready.documents
    )


def _begin(store: BlockingStore, now: _Situation, embedder: Embedder) -> int:
    """Make a model, learnt if it is of that kind, and store that it is to be filled."""
    documents = store.read(count_documents)
    fitted = b""
    if embedder.fit is not None:
        sample = store.read(list_sample, now.settings.embedder_learns_from)
        fitted = embedder.fit(now.opened.settings, iterate_texts(store, sample))
    opened = open_guarded(embedder, now.opened.settings, now.identity[1], fitted)
    try:
        texts = list(iterate_texts(store, store.read(list_sample, min(MIDDLE_OF, embedder.batch))))
        if not texts:
            return 0
        vectors = embed_sample(opened, texts)
    finally:
        opened.close()
    dimension = vectors.shape[1]
    middle = turned(vectors).mean(axis=0).astype("<f4").tobytes()
    record = ModelRecord(0, *now.identity, dimension, ModelState.FILLING, now.head_id, documents, 0, middle, 0, None)
    key = store.write(insert_model, record, fitted)
    log.info("model begun", embedder=embedder.name, model=now.identity[1], dimension=dimension, key=key)
    return 1


def _embed_next(store: BlockingStore, now: _Situation, model: ModelRecord) -> int:
    """Bring a model further; one whose embedder is not loaded stays as it is."""
    embedder = now.embedders.get(model.embedder)
    if embedder is None:
        return 0
    is_behind = model.through_id < now.head_id
    if not is_behind and store.read(find_due, model.key) is None:
        return 0
    opened = now.opened.open(embedder, model, lambda: store.read(read_fitted, model.key))
    done = embed_after(store, opened, model, embedder.batch, now.turns) if is_behind else 0
    return done or retry_refused(store, opened, model)
