from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic.errors import UnsupportedMediaTypeError
from synthetic.graphql.negotiation import GRAPHQL_RESPONSE, HTML, JSON, check_json_content, preferred, wishes_of


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, JSON),
        ("", JSON),
        (" ", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("APPLICATION/JSON", JSON),
        ("application/graphql-response+json", GRAPHQL_RESPONSE),
        ("application/graphql-response+json; charset=utf-8", GRAPHQL_RESPONSE),
        ("application/graphql-response+json, application/json", GRAPHQL_RESPONSE),
        ("application/json, application/graphql-response+json", GRAPHQL_RESPONSE),
        ("application/graphql-response+json, application/json;q=0.9", GRAPHQL_RESPONSE),
        ("application/graphql-response+json;q=0.5, application/json;q=0.9", JSON),
        ("application/graphql-response+json;q=0.5, */*;q=0.4", GRAPHQL_RESPONSE),
        ("application/graphql-response+json;q=0, */*", JSON),
        ("application/json;q=0, */*;q=0.1", GRAPHQL_RESPONSE),
        ("application/json, */*", JSON),
        ("text/html, application/xhtml+xml, */*;q=0.8", JSON),
        ("application/json;q=bad", JSON),
        ("application/json;q=nan", JSON),
        ("application/json;q=7", JSON),
        (", ,application/json, ;q=1", JSON),
        ("text/html", None),
        ("text/*", None),
        ("application/json;q=0", None),
        ("*/*;q=0", None),
        ("application", None),
    ],
)
def test_the_answer_has_the_type_that_the_client_likes_best(accept: str | None, chosen: str | None):
    assert wishes_of(accept).media_type == chosen


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", True),
        ("text/html", True),
        ("*/*", False),
        ("application/json, text/html;q=0.9", False),
        ("text/html;q=0.9, application/graphql-response+json;q=0.8", True),
    ],
)
def test_browsers_like_pages_better(accept: str, page: bool):
    assert (preferred(accept, (HTML, GRAPHQL_RESPONSE, JSON)) == HTML) is page


@given(st.text())
def test_any_accept_header_is_understood_or_refused(accept: str):
    assert preferred(accept, (GRAPHQL_RESPONSE, JSON)) in (GRAPHQL_RESPONSE, JSON, None)


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("application/json", None),
        ("application/json", "identity"),
        ("application/json", ""),
        ("Application/JSON ; Charset=UTF-8", None),
        ('application/json; charset="utf-8"', None),
        ("application/json; charset=utf8; profile=x", None),
    ],
)
def test_json_in_utf_8_is_taken(content_type: str, encoding: str | None):
    check_json_content(content_type, encoding)


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        (None, None),
        ("", None),
        ("text/plain", None),
        ("application/x-www-form-urlencoded", None),
        ("multipart/form-data; boundary=x", None),
        ("application/graphql", None),
        ("application/json; charset=iso-8859-1", None),
        ("application/json; charset=utf-16", None),
        ("application/json, text/plain", None),
        ("text/plain; application/json", None),
        ("application/json", "gzip"),
        ("application/json", "identity, gzip"),
    ],
)
def test_anything_else_is_refused(content_type: str | None, encoding: str | None):
    with pytest.raises(UnsupportedMediaTypeError):
        check_json_content(content_type, encoding)
