"""What a phrase matches in text with identifiers in it, and in other scripts than Latin."""

from __future__ import annotations

import pytest

from plugins.search.index.making import NOW, found_ids, index_all, say
from synthetic.testing import ManualClock, open_test_store
from synthetic_search.asking.snippets import SnippetMaker, wanted_of
from synthetic_search.index.expressions import Phrase


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with open_test_store(tmp_path_factory.mktemp("phrases") / "store", clock=ManualClock(NOW)) as opened:
        say(
            opened,
            "t",
            "the fooBar is one thing and quxZed stands at the end",
            "HTTPServer raised an OSError",
            "re\u0301sume\u0301 of the \ufb01le",
            "η Ελλάδα και άλλα",
        )
        index_all(opened)
        yield opened


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("foo bar", ["t:1"]),
        ("fooBar is", ["t:1"]),
        ("end foo", []),
        ("bar qux", []),
        ("server", ["t:2"]),
        ("HTTP server", ["t:2"]),
        ("OSError", ["t:2"]),
        ("resume of", ["t:3"]),
        ("résumé", ["t:3"]),
        ("file", ["t:3"]),
        ("Ἑλλαδα και αλλα", ["t:4"]),
    ],
)
def test_a_phrase_matches_what_stands_together(store, text, ids):
    assert found_ids(store, Phrase(text)) == ids


@pytest.mark.parametrize(
    ("text", "phrase", "marked"),
    [
        ("the re\u0301sume\u0301 is here", "résumé", "re\u0301sume\u0301"),
        ("un cafe\u0301 noir", "cafe noir", "cafe\u0301 noir"),
        ("one \ufb01le of two", "file", "\ufb01le"),
        ("in Ελλάδα now", "ελλαδα", "Ελλάδα"),
        ("an HTTPServer", "server", "HTTPServer"),
    ],
)
def test_a_highlight_has_the_letters_with_their_marks(text, phrase, marked):
    snippet = SnippetMaker(wanted_of([Phrase(phrase)]), 240).make(text)
    assert [snippet.text[start:end] for start, end in snippet.highlights] == [marked]
