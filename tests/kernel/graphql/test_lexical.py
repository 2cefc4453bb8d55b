from __future__ import annotations

import contextlib

import pytest
from graphql import GraphQLError
from graphql.language import Lexer, Source, TokenKind
from hypothesis import given
from hypothesis import strategies as st

from synthetic.errors import QueryTooComplexError
from synthetic.graphql.lexical import TOKEN, check_text
from synthetic.kernel_settings import LimitSettings

PIECES = (
    *"{}()[]:$@!=&|,", "...", "name", "_x9", "on", "-1", "0", "1.5e-9", '"text"', '"a \\" b"', '""',
    '"""block\n"q" \\""" end"""', '""""""', "# comment { } @ :", "\n", "\r\n", "\t", "\ufeff", " ",
)  # fmt: skip


def tokens_of_graphql_core(text: str) -> list[str]:
    lexer = Lexer(Source(text))
    found = []
    token = lexer.token
    while token.kind is not TokenKind.EOF:
        token = lexer.read_next_token(token.end)
        found.append(text[token.start : token.end])
    return found[:-1]


@given(st.lists(st.sampled_from(PIECES)))
def test_tokens_are_those_that_graphql_core_sees(pieces: list[str]):
    text = " ".join(pieces)
    try:
        expected = tokens_of_graphql_core(text)
    except GraphQLError:
        return
    assert TOKEN.findall(text) == expected


@given(st.text())
def test_any_text_is_counted_or_refused(text: str):
    limits = LimitSettings(tokens=5)
    with contextlib.suppress(QueryTooComplexError):
        assert check_text(text, limits) <= 5


@pytest.mark.parametrize(
    ("limits", "within", "beyond"),
    [
        (LimitSettings(document_bytes=12), "{ aäö }", "{ aäöäö }"),
        (LimitSettings(tokens=4), "{ a b }", "{ a b c }"),
        (LimitSettings(tokens=4), "{ a } # it", "{ a } # it\n#s"),
        (LimitSettings(directives=2), "{ a @b @c }", "{ a @b @c @d }"),
        (LimitSettings(directives=0), '{ a(b: "@@@") } # @', "{ a @b }"),
        (LimitSettings(aliases=1), "{ a: b c(d: 1, e: {f: 2}) }", "{ a: b c(d: 1) e: f }"),
        (LimitSettings(aliases=1), "{ a: b } query ($v: Int) { c: d }", "{ a: b { c: d } }"),
    ],
)
def test_a_limit_holds_the_number_that_it_names(limits: LimitSettings, within: str, beyond: str):
    check_text(within, limits)
    with pytest.raises(QueryTooComplexError) as caught:
        check_text(beyond, limits)
    assert caught.value.details["allowed"] in (0, 1, 2, 4, 12)


@pytest.mark.parametrize(
    "text",
    ['"' * 100_001, '"""' + '"' * 100_000, '"""' + "\\" * 100_000, '"' + "\\" * 100_000, "#" * 100_000, "-" * 100_000],
    ids=["quotes", "block of quotes", "block of backslashes", "string of backslashes", "comment", "minus"],
)
def test_text_that_a_backtracking_expression_would_choke_on_is_read_in_one_pass(text: str):
    # The time-out of a test run is what fails here: a quadratic pass would take minutes.
    check_text(text, LimitSettings(tokens=1_000_000))
