"""The embedders that search brings itself."""

from __future__ import annotations

from collections.abc import Iterable

from synthetic import SettingsLookup
from synthetic_search.meaning.embedders import Embedder, OpenEmbedder
from synthetic_search.meaning.http_embedder import identify_http, open_http
from synthetic_search.meaning.local_embedders import identify_local, open_model2vec, open_sentence_transformers

LEARNT_VERSION = "lsa-1"
"""To be raised when the same texts make another model."""


def identify_learnt(_lookup: SettingsLookup) -> str:
    """How it is learnt; what it has learnt belongs to the store."""
    return LEARNT_VERSION


def open_learnt(_lookup: SettingsLookup, _model: str, fitted: bytes) -> OpenEmbedder:
    """Read a learnt model."""
    from synthetic_search.meaning import learnt  # noqa: PLC0415 - it imports numpy, for which no start waits

    return learnt.open_fitted(fitted)


def fit_learnt(_lookup: SettingsLookup, texts: Iterable[str]) -> bytes:
    """Learn a model."""
    from synthetic_search.meaning import learnt  # noqa: PLC0415 - as above

    return learnt.fit_texts(texts)


LEARNT = Embedder(
    name="learnt",
    purpose="Learns from the store's own text; needs no download and no network.",
    identify=identify_learnt,
    open=open_learnt,
    fit=fit_learnt,
    batch=512,
)

EMBEDDERS = (
    LEARNT,
    Embedder(
        name="http",
        purpose="Asks an endpoint in the form of OpenAI's embeddings, such as a local server.",
        identify=identify_http,
        open=open_http,
    ),
    Embedder(
        name="sentence_transformers",
        purpose="Loads a model of sentence-transformers from a local folder; an extra.",
        identify=identify_local,
        open=open_sentence_transformers,
    ),
    Embedder(
        name="model2vec",
        purpose="Loads a model of model2vec from a local folder; an extra.",
        identify=identify_local,
        open=open_model2vec,
        batch=512,
    ),
)
