"""Which requests are remembered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from graphql.execution.values import VariableValues

from synthetic.graphql.answers import GraphQLRequest
from synthetic.graphql.known_queries import REQUEST_BYTES_MAX, REQUESTS_MAX, KnownQueries, KnownQuery

TEXT = "query ($id: ID!) { job(id: $id) { id } }"


def known_query(value: Any = "j1", text: str = TEXT) -> KnownQuery:
    nothing: Any = None
    return KnownQuery(GraphQLRequest(text), nothing, nothing, nothing, VariableValues({}, {"id": value}))


def test_a_request_is_found_by_its_bytes():
    queries, known = KnownQueries(), known_query()
    queries.keep(b"one", known)
    assert queries.find(b"one") == replace(known, is_kept=True)
    assert queries.find(b"two") is None


@pytest.mark.parametrize("value", [["j1"], {"id": "j1"}])
def test_a_request_whose_variables_could_be_changed_is_not_kept(value: object):
    queries = KnownQueries()
    queries.keep(b"one", known_query(value))
    assert queries.find(b"one") is None


def test_long_requests_and_those_of_long_documents_are_not_kept():
    queries, long = KnownQueries(), b"x" * (REQUEST_BYTES_MAX + 1)
    queries.keep(long, known_query())
    queries.keep(b"hash", known_query(text=long.decode()))
    assert queries.find(long) is None
    assert queries.find(b"hash") is None


def test_no_more_than_so_many_requests_are_kept():
    queries = KnownQueries()
    for number in range(REQUESTS_MAX + 1):
        queries.keep(b"%d" % number, known_query())
    assert queries.find(b"0") is None
    assert queries.find(b"%d" % REQUESTS_MAX) is not None
