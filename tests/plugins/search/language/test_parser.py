"""From what people type to what is searched for. Of each text it is said what it means; none is an error."""

from __future__ import annotations

import pytest

from plugins.search.language.random_queries import random_queries
from synthetic_search.index.expressions import All, AnyOf, Near, Phrase, Ranked, Without
from synthetic_search.index.filters import Filters
from synthetic_search.language.lexer import LEAF_CHARACTERS_MAX
from synthetic_search.language.parser import LEAVES_MAX, parse

NOW = 1_800_000_000_000
DAY_MS = 86_400_000
KINDS = {"JOB", "MESSAGE", "DEAD_LETTER"}

a, b, c, d = (Phrase(letter) for letter in "abcd")


def bag(text):
    """Words side by side."""
    return Ranked(tuple(map(Phrase, text.split())))


def parsed(text):
    return parse(text, now=NOW, kinds=KINDS)


WANTED = {
    "": None,
    " \t\n ": None,
    "a": bag("a"),
    "a b": bag("a b"),
    '"a b"': Phrase("a b"),
    '"a b" c': All((bag("c"), Phrase("a b"))),
    "“a b”": Phrase("a b"),
    "a AND b": All((a, b)),
    "a AND b c d": All((bag("c d"), a, b)),
    "a OR b": AnyOf((bag("a"), bag("b"))),
    "a OR b c": AnyOf((bag("a"), bag("b c"))),
    "a AND b OR c": AnyOf((All((a, b)), bag("c"))),
    "(a OR b) c": All((bag("c"), AnyOf((bag("a"), bag("b"))))),
    "(a (b c))": All((bag("a"), bag("b c"))),
    "a OR b -c": AnyOf((bag("a"), Without(bag("b"), c))),
    "abc* ab*": Ranked((Phrase("abc", is_prefix=True), Phrase("ab*"))),
    "title:a": Phrase("a", "title"),
    'TITLE:"a b" c': All((bag("c"), Phrase("a b", "title"))),
    "title:abc*": Phrase("abc", "title", is_prefix=True),
    "NEAR(a b)": Near((a, b), 10),
    'NEAR(a "b c", 3)': Near((a, Phrase("b c")), 3),
    "NEAR(a b, 999)": Near((a, b), 100),
    # What could be an operator elsewhere, and is a word here.
    "AND": bag("AND"),
    "a AND": bag("a AND"),
    "OR a": bag("OR a"),
    "a NOT": bag("a NOT"),
    "a and b": bag("a and b"),
    "--force a-b": bag("--force a-b"),
    "call(x)": bag("call(x)"),
    "(call(x) OR a)": AnyOf((bag("call(x)"), bag("a"))),
    "std::vector http://x.y/z": bag("std::vector http://x.y/z"),
    "kind: a": bag("kind: a"),
    "NEAR(a": bag("NEAR(a"),
    "NEAR(a)": bag("NEAR(a)"),
    # What is not closed, and what closes nothing.
    "((a": bag("a"),
    "a) b": bag("a) b"),
    '"a b': bag("a b"),
    # What is not there to be seen separates words.
    "a\0b": bag("a b"),
    "a\ud800b": bag("a b"),
}


@pytest.mark.parametrize("text", WANTED)
def test_a_text_means_what_the_documentation_says(text):
    query = parsed(text)
    assert (query.wanted, query.unwanted, query.filters, query.remarks) == (WANTED[text], None, Filters(), ())


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("a -b", bag("a"), b),
        ("a NOT b", bag("a"), b),
        ("a AND NOT b", a, b),
        ('-"a b" c', bag("c"), Phrase("a b")),
        ("a -b -c", bag("a"), AnyOf((b, c))),
        ("a -(b c)", bag("a"), bag("b c")),
        ("a -(b AND c)", bag("a"), All((b, c))),
        ("a (b -c)", All((bag("a"), bag("b"))), c),
        ("-a", None, a),
        ("-(-a)", a, None),
        ("a -(b -c)", bag("a"), Without(bag("b"), c)),
        ("-title:a b", bag("b"), Phrase("a", "title")),
    ],
)
def test_what_follows_a_minus_is_left_out(text, wanted, unwanted):
    query = parsed(text)
    assert (query.wanted, query.unwanted) == (wanted, unwanted)


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("kind:job", Filters(kinds=("JOB",))),
        ("kind:job,message", Filters(kinds=("JOB", "MESSAGE"))),
        ("kind:job OR KIND:dead-letter", Filters(kinds=("JOB", "DEAD_LETTER"))),
        ("-kind:job", Filters(not_kinds=("JOB",))),
        ("NOT kind:job", Filters(not_kinds=("JOB",))),
        ("construct:a,b", Filters(construct_ids=("a,b",))),
        ('session:"x y"', Filters(session_ids=("x y",))),
        ("status:Failed", Filters(statuses=("Failed", "FAILED", "failed"))),
        ("after:2026", Filters(occurred_from=1_767_225_600_000)),
        ("after:2026-02", Filters(occurred_from=1_769_904_000_000)),
        ("before:2026-01-02", Filters(occurred_before=1_767_312_000_000)),
        ("before:2026-01-01T01:00+01:00", Filters(occurred_before=1_767_225_600_000)),
        ("after:1d", Filters(occurred_from=NOW - DAY_MS)),
        ("after:2d after:1d", Filters(occurred_from=NOW - DAY_MS)),
        ("-after:1d", Filters(occurred_before=NOW - DAY_MS)),
    ],
)
def test_filters_hold_for_the_whole_query_wherever_they_stand(text, filters):
    assert parsed(text).filters == filters
    for around in (f"a {text}", f"{text} a", f"a AND {text}", f"{text} AND a", f"(a {text})"):
        query = parsed(around)
        assert (query.wanted, query.unwanted, query.filters) == (bag("a"), None, filters), around


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("kind:plan", "kind:plan is searched for as words: the kinds of documents are DEAD_LETTER, JOB, MESSAGE."),
        ("before:soon", "before:soon is searched for as words: it names no instant; write 2026-11-21,"),
        ("after:2026-13-45", "after:2026-13-45 is searched for as words"),
        (f"construct:{'x' * 201}", "is searched for as words: construct must have at most 200 characters"),
        ("-kind:plan", "kind:plan is searched for as words"),
        ("status:,", "it names nothing"),
    ],
)
def test_a_filter_whose_value_can_be_none_is_searched_for_as_words_and_said_to_be(text, remark):
    query = parsed(text)
    assert query.wanted == bag(text.lstrip("-"))
    assert query.filters == Filters()
    assert remark in query.remarks[0]


def test_an_exclusion_that_nothing_can_be_taken_from_is_wanted_and_said_to_be():
    query = parsed("a OR -b")
    assert query.wanted == AnyOf((bag("a"), b))
    assert query.remarks == ("Nothing can be left out of nothing, so this is searched for: b",)


@pytest.mark.parametrize(
    ("text", "wanted", "named"),
    [
        ("\U0001f383", None, "\U0001f383"),
        ("lease AND \U0001f383", bag("lease"), "\U0001f383"),
        ("a AND -> AND b", All((a, b)), "->"),
        ("a OR -> AND b", AnyOf((bag("a"), bag("b"))), "->"),
        ("NOT ++ AND b", bag("b"), "++"),
        ("a -(++ &)", bag("a"), "++, &"),
        ('"->" title:++ kind:job', None, "->, ++"),
        ('" - * ( ) "" ()', None, "- * ( )"),
        ("a | b | ! ? . ; ,", bag("a b"), "|, !, ?, ., ; and 1 more"),
    ],
)
def test_what_has_no_letter_or_digit_is_passed_over_and_said_to_be(text, wanted, named):
    query = parsed(text)
    assert (query.wanted, query.unwanted) == (wanted, None)
    assert query.remarks == (f"This has no letter or digit, so it is not searched for: {named}",)


def test_words_at_both_sides_of_a_filter_are_joined_as_they_were():
    assert parsed("a AND kind:job AND b").wanted == All((a, b))
    assert parsed("a AND kind:job OR b").wanted == AnyOf((bag("a"), bag("b")))
    assert parsed("a kind:job AND b").wanted == bag("a b")


def test_words_beyond_the_bound_are_not_searched_for_and_filters_behind_them_hold():
    query = parsed(" ".join(f"w{number}" for number in range(LEAVES_MAX + 10)) + " kind:job")
    assert isinstance(query.wanted, Ranked)
    assert len(query.wanted.parts) == LEAVES_MAX
    assert query.filters == Filters(kinds=("JOB",))
    assert query.remarks == (f"Only the first {LEAVES_MAX} words and phrases are searched for.",)


def test_a_word_beyond_the_bound_is_cut():
    assert parsed("x" * 100_000).wanted == bag("x" * LEAF_CHARACTERS_MAX)


@pytest.mark.parametrize("text", ["(" * 50_000, "-(" * 30_000 + "a", '"' * 99_999, ")(" * 40_000, "NEAR(" * 20_000])
def test_marks_by_the_thousand_are_understood_as_well(text):
    query = parsed(text)
    assert query.wanted is None or query.unwanted is None


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.full)])
def test_whatever_is_typed_is_understood_and_bounded(seed):
    for text in random_queries(seed, 10_000 if seed == 2 else 800, 100_000):
        query = parsed(text)
        for expression in (query.wanted, query.unwanted):
            assert leaves_in(expression) <= LEAVES_MAX


def leaves_in(expression):
    match expression:
        case None:
            return 0
        case Phrase():
            return 1
        case Without():
            return leaves_in(expression.wanted) + leaves_in(expression.unwanted)
        case Near():
            return len(expression.phrases)
        case _:
            return sum(map(leaves_in, expression.parts))
