"""Embedders that load a model from a local folder. Their libraries are extras of this distribution.

Nothing is downloaded: a path that is no folder is refused, and the libraries
are told that there is no network.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any

from synthetic import SettingsLookup, from_json, to_json
from synthetic_search.meaning.embedders import EmbeddedQuery, Vectors
from synthetic_search.meaning.errors import EmbedderError
from synthetic_search.settings import SearchSettings


class LocalEmbedder:
    """A model whose `encode` makes vectors of texts; one call at a time."""

    def __init__(self, model: Any, identity: dict[str, str]) -> None:
        """Make it of a loaded model and what texts are prefixed with."""
        self._model = model
        self._document_prefix = identity["document_prefix"]
        self._query_prefix = identity["query_prefix"]
        self._lock = Lock()

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """A vector for each text."""
        return self._encode([self._document_prefix + text for text in texts])

    def embed_query(self, text: str) -> EmbeddedQuery:
        """The vector of what somebody looks for."""
        return EmbeddedQuery(self._encode([self._query_prefix + text])[0])

    def close(self) -> None:
        """It keeps nothing open."""

    def _encode(self, texts: list[str]) -> Vectors:
        with self._lock:
            try:
                return self._model.encode(texts, show_progress_bar=False)
            except (RuntimeError, ValueError, IndexError) as error:
                raise EmbedderError("The embedder's model failed.", details={"reason": str(error)[:300]}) from error


def identify_local(lookup: SettingsLookup) -> str:
    """The folder of the model, and what texts are prefixed with, as JSON."""
    settings = lookup(SearchSettings)
    return to_json(
        {
            "path": settings.embedder_path,
            "document_prefix": settings.embedder_document_prefix,
            "query_prefix": settings.embedder_query_prefix,
        }
    )


def open_sentence_transformers(_lookup: SettingsLookup, model: str, _fitted: bytes) -> LocalEmbedder:
    """Load a model of sentence-transformers."""
    identity = from_json(model)
    library = _prepare(identity["path"], "sentence_transformers", "sentence-transformers")
    return LocalEmbedder(_load(library.SentenceTransformer, identity["path"], local_files_only=True), identity)


def open_model2vec(_lookup: SettingsLookup, model: str, _fitted: bytes) -> LocalEmbedder:
    """Load a model of model2vec."""
    identity = from_json(model)
    library = _prepare(identity["path"], "model2vec", "model2vec")
    return LocalEmbedder(_load(library.StaticModel.from_pretrained, identity["path"]), identity)


def _prepare(path: str, module: str, extra: str) -> Any:
    """The library of an extra, if the model is there."""
    if not path or not Path(path).is_dir():
        raise EmbedderError(
            "The embedder's model is not there.",
            action="Set `embedder_path` in [plugins.search] to the folder of a model that was downloaded before.",
            details={"path": path},
        )
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        return import_module(module)
    except ImportError as error:
        raise EmbedderError(
            f"The embedder needs {extra}, which is not installed.",
            action=f"Install `synthetic-store[{extra}]` into the environment of the server.",
        ) from error


def _load(load: Any, folder: str, **options: Any) -> Any:
    try:
        return load(folder, **options)
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise EmbedderError(
            "The embedder's model cannot be loaded.", details={"path": folder, "reason": str(error)[:300]}
        ) from error
