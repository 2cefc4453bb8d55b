"""Text is split so that prose and code are both found, and a word of a text says by which tokens it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthetic_search.index.parts import cut
from synthetic_search.index.words import prepare, spans_of, tokens_of


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Retrying policies", ["retri", "polici"]),
        ("retryPolicy", ["retrypolici", "retri", "polici"]),
        ("HTTPServer2Go", ["httpserver2go", "http", "server2", "go"]),
        ("my_module.retry_policy/file-name", ["my", "modul", "retri", "polici", "file", "name"]),
        ("sha256 v2 A1", ["sha256", "v2", "a1", "sha", "256"]),
        ("deadBEEF a1b2c3d4", ["deadbeef", "a1b2c3d4", "dead", "beef"]),
        (
            "HTTPServer IOError SHA256",
            ["httpserver", "ioerror", "sha256", "http", "server", "io", "error", "sha", "256"],
        ),
        ("the APIs of A4 USA ABc", ["the", "api", "of", "a4", "usa", "abc", "a", "bc"]),
        ("ünderScored fooBarßBazQux", ["underscor", "foobarßbazqux", "under", "score", "foo", "bar", "ßbaz", "qux"]),
        ("XMLHttp/APIsOf APIst", ["xmlhttp", "apisof", "apist", "xml", "http", "api", "of", "ap", "ist"]),
        ("naïve Ångström", ["naiv", "angstrom"]),
        ("re\u0301sume\u0301 \ufb01le \uff28\uff45\uff4c\uff4c\uff4f", ["resum", "file", "hello"]),
        ("Ελλάδα Ёлка \u05de\u05b4\u05dc\u05bc\u05d4", ["ελλαδα", "елка", "\u05de\u05dc\u05d4"]),
        ("日本語 テスト", ["日", "本", "語", "テ", "ス", "ト"]),
        ("한국어와 retry", ["한", "국", "어", "와", "retri"]),
        ("...", []),
        ("", []),
        ("nul\0byte", ["nul", "byte"]),
    ],
)
def test_a_text_is_found_by_its_words_and_by_the_parts_of_its_identifiers(text, tokens):
    assert tokens_of(text) == tokens


def test_plain_prose_is_handed_to_the_index_as_it_is():
    text = "The worker failed, and was started again.\nTwice."
    assert prepare(text) is text


@pytest.mark.parametrize("text", ["see retryPolicy, naïve", "日本語のretryPolicyテスト", "x/y.py: HTTPServer", "é" * 3])
def test_a_span_says_where_a_word_stands_in_code_points(text):
    spans = list(spans_of(text))
    assert [span.start for span in spans] == sorted(span.start for span in spans)
    for span in spans:
        assert set(span.tokens) <= set(tokens_of(text[span.start : span.end]))


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_every_token_of_a_text_stands_in_one_of_its_spans(text):
    held = {token for span in spans_of(text) for token in span.tokens}
    assert set(tokens_of(text)) <= held
    assert all(0 <= span.start < span.end <= len(text) for span in spans_of(text))


@settings(max_examples=150, deadline=None)
@given(st.text("ab \n", max_size=300), st.integers(5, 60))
def test_the_parts_of_a_body_are_all_of_it_and_short_enough(body, size):
    parts = list(cut(body, size))
    assert "".join(parts) == body
    assert all(len(part) <= size for part in parts)
    assert all(parts[:-1])


def test_a_part_ends_between_words():
    assert list(cut("one two three four", 10)) == ["one two ", "three four"] or len(list(cut("x" * 25, 10))) == 3
