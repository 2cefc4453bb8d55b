"""`register_embedders`: the example of its documentation is an embedder that works."""

from __future__ import annotations

import inspect
import textwrap

import pytest
from tests.plugins.search.index.making import index_all
from tests.plugins.search.meaning.conftest import ask, learn, say, sync_status

from synthetic import SyntheticError
from synthetic.testing import open_test_store
from synthetic_search import hookspecs
from synthetic_search.meaning.embedders import Embedder
from synthetic_search.meaning.errors import EmbedderError
from synthetic_search.meaning.services import Embedding
from synthetic_search.meaning.store import find_ready_model
from thirdparty.distributions import Site, write_plugins_toml

HEAD = """
from synthetic import Plugin, hookimpl
from synthetic_search.meaning.embedders import EmbeddedQuery, Embedder

@hookimpl
def register_plugin():
    return Plugin(summary="Vowels.", requires=("search",))

"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    site = Site(tmp_path / "site", monkeypatch)
    yield site
    site.forget()


def test_the_example_of_the_hook_is_an_embedder_by_which_documents_are_found(site, tmp_path):
    documentation = inspect.getdoc(hookspecs.register_embedders) or ""
    _, _, example = documentation.partition("Example::")
    site.install("vowels", HEAD + textwrap.dedent(example), introduced=False)
    write_plugins_toml(tmp_path, {"vowels": ""}, shipped=True)
    with open_test_store(tmp_path, settings={"plugins.search.embedder": "vowels"}) as store:
        say(store, "t", "oooo ooo", "eeee eee", "aeiou")
        learn(store)
        model = store.read(find_ready_model)
        assert (model.embedder, model.model, model.dimension) == ("vowels", "aeiou-1", 5)
        assert ask(store, "foo", "SEMANTIC")[1][0] == "t:1"
        assert ask(store, "feed", "SEMANTIC")[1][0] == "t:2"


@pytest.mark.parametrize("wrong", [{"name": "Has Spaces"}, {"purpose": " "}, {"batch": 0}, {"batch": 1_000_000}])
def test_a_record_that_does_not_fit_is_refused_when_it_is_built(wrong):
    given = {"name": "made_up", "purpose": "A test.", "identify": lambda _: "1", "open": lambda *_: None}
    with pytest.raises(ValueError, match=r"must be|in words"):
        Embedder(**given | wrong)


def test_an_embedder_that_makes_nonsense_is_told_and_searches_are_by_words(site, tmp_path):
    documentation = inspect.getdoc(hookspecs.register_embedders) or ""
    _, _, example = documentation.partition("Example::")
    nonsense = textwrap.dedent(example).replace('for vowel in "aeiou"]', 'for vowel in "aeiou"[: len(text) % 3]]')
    site.install("vowels", HEAD + nonsense, introduced=False)
    write_plugins_toml(tmp_path, {"vowels": ""}, shipped=True)
    with open_test_store(tmp_path, settings={"plugins.search.embedder": "vowels"}) as store:
        say(store, "t", "oooo ooo", "eeee", "aeiou")
        with pytest.raises(SyntheticError) as caught:
            learn(store)
        assert caught.value.code == "SEARCH_EMBEDDER_FAILED"
        assert ask(store, "aeiou")[:2] == ("LEXICAL", ["t:3"])


@pytest.mark.parametrize("what", ["documents", "query"])
def test_whatever_an_embedder_raises_is_told_by_its_type_and_searches_are_by_words(site, tmp_path, what):
    documentation = inspect.getdoc(hookspecs.register_embedders) or ""
    _, _, example = documentation.partition("Example::")
    of_texts = "[[float(text.count(vowel))"
    call = {"documents": f"return {of_texts}", "query": "return EmbeddedQuery("}[what]
    assert call in example
    failing = textwrap.dedent(example).replace(call, f"{{}}['SECRET']; {call}")
    site.install("vowels", HEAD + failing, introduced=False)
    write_plugins_toml(tmp_path, {"vowels": ""}, shipped=True)
    with open_test_store(tmp_path, settings={"plugins.search.embedder": "vowels"}) as store:
        say(store, "t", "oooo ooo", "eeee", "aeiou")
        if what == "documents":
            index_all(store)
            with pytest.raises(EmbedderError, match="KeyError") as caught:
                Embedding().work(store)
            assert "SECRET" not in repr((caught.value, caught.value.details))
            assert sync_status(store) == [("FAILED", "SEARCH_EMBEDDER_FAILED")]
        else:
            learn(store)
            assert ask(store, "aeiou") == ("LEXICAL", ["t:3"], ["SEARCH_LEXICAL_ONLY"])
