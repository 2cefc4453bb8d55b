"""Embedders that load a model from a folder: by stand-ins for the two libraries, with the calls that these have."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType

import pytest
from tests.plugins.search.index.making import index_all
from tests.plugins.search.meaning.conftest import ask, embed_all, learn, say, sync_status

from synthetic_search.meaning.errors import EmbedderError
from synthetic_search.meaning.services import Embedding
from synthetic_search.meaning.store import find_ready_model
from thirdparty.distributions import Site

MODEL2VEC = """
import numpy

failing, loaded, seen = False, [], []

class StaticModel:
    @classmethod
    def from_pretrained(cls, path):
        loaded.append(path)
        return cls()

    def encode(self, sentences, show_progress_bar=False):
        seen.extend(sentences)
        if failing:
            raise ValueError("no tokens")
        return numpy.array([[each.count(vowel) for vowel in "aeiou"] for each in sentences], dtype="f4")
"""
SENTENCE_TRANSFORMERS = (
    MODEL2VEC
    + """
class SentenceTransformer(StaticModel):
    def __init__(self, path, *, local_files_only=False):
        if not local_files_only:
            raise OSError("it would download the model")
        loaded.append(path)
"""
)
LIBRARIES = {"model2vec": MODEL2VEC, "sentence_transformers": SENTENCE_TRANSFORMERS}


@pytest.fixture(params=LIBRARIES)
def name(request) -> str:
    return request.param


@pytest.fixture
def library(name, tmp_path, monkeypatch):
    """Puts the stand-in on the import path, and gives the module."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")  # as the embedder does; so it is taken back
    site = Site(tmp_path / "site", monkeypatch)

    def install() -> ModuleType:
        (site.folder / f"{name}.py").write_text(LIBRARIES[name])
        importlib.invalidate_caches()
        monkeypatch.delitem(sys.modules, name, raising=False)
        return importlib.import_module(name)

    yield install
    sys.modules.pop(name, None)


@pytest.fixture
def open_store(name, opening, tmp_path):
    """Opens the store of the test with the embedder, whose model is an empty folder."""
    folder = tmp_path / "model"
    folder.mkdir()

    def open_store(**settings):
        chosen = {"embedder_path": folder, "embedder_document_prefix": "D: ", "embedder_query_prefix": "Q: "}
        return opening(embedder=name, **chosen | settings)

    return open_store


def test_documents_are_found_by_the_vectors_of_a_model_that_was_loaded_from_its_folder(
    library: Callable[[], ModuleType], open_store, tmp_path, name
):
    module = library()
    with open_store() as store:
        say(store, "t", "oooo ooo", "eeee eee", "aiu")
        learn(store)
        model = store.read(find_ready_model)
        assert (model.embedder, model.dimension) == (name, 5)
        assert ask(store, "foo", "SEMANTIC")[:2] == ("SEMANTIC", ["t:1", "t:3", "t:2"])
        assert ask(store, "feed", "SEMANTIC")[1][0] == "t:2"
        assert set(module.loaded) == {str(tmp_path / "model")}
        assert {"D: oooo ooo", "D: eeee eee", "D: aiu", "Q: foo", "Q: feed"} <= set(module.seen)
        assert all(text.startswith(("D: ", "Q: ")) for text in module.seen)


def test_what_the_library_raises_is_the_failure_of_an_embedder(library, open_store):
    module = library()
    with open_store() as store:
        say(store, "t", "oooo", "eeee")
        index_all(store)
        module.failing = True
        with pytest.raises(EmbedderError, match="The embedder's model failed") as caught:
            Embedding().work(store)
        assert (caught.value.code, caught.value.details["reason"]) == ("SEARCH_EMBEDDER_FAILED", "no tokens")
        assert sync_status(store) == [("FAILED", "SEARCH_EMBEDDER_FAILED")]
        assert ask(store, "eeee")[:2] == ("LEXICAL", ["t:2"])
        module.failing = False
        embed_all(store)
        module.failing = True
        assert ask(store, "eeee", "SEMANTIC") == ("LEXICAL", ["t:2"], ["SEARCH_LEXICAL_ONLY"])


def test_without_the_library_or_the_folder_it_is_said_what_is_missing(name, open_store, monkeypatch, tmp_path):
    extra = name.replace("_", "-")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setitem(sys.modules, name, None)  # so it cannot be imported, installed or not
    with open_store() as store:
        say(store, "t", "oooo")
        with pytest.raises(EmbedderError, match=f"needs {extra}, which is not installed") as caught:
            learn(store)
        assert f"`synthetic-store[{extra}]`" in caught.value.suggested_action
    with open_store(embedder_path=tmp_path / "nowhere") as store, pytest.raises(EmbedderError, match="is not there"):
        learn(store)
