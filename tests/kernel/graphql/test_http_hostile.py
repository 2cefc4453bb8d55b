"""GraphQL over HTTP with clients that send what they should not. Nothing may make a 5xx answer or a traceback."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from example_counts import examples

from .live_server import LiveServer, serve_lab
from .test_http import contract_of


@pytest.fixture(autouse=True)
def nothing_is_logged_as_an_error(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def is_alive(server: LiveServer) -> bool:
    return server.ask("{ __typename }").json()["data"] == {"__typename": "Query"}


NO_REQUEST = {
    "nothing": b"",
    "null": b"null",
    "a number": b"5",
    "a string": b'"x"',
    "true": b"true",
    "an empty array": b"[]",
    "a batch": b'[{"query": "{ __typename }"}]',
    "an empty object": b"{}",
    "half an object": b'{"query": "{ __typename }"',
    "two objects": b'{"query": "{ __typename }"}{"query": "{ __typename }"}',
    "invalid UTF-8": b'{"query": "\xff"}',
    "half a letter": b'{"query": "\xc3"}',
    "an encoded surrogate": b'{"query": "\xed\xa0\x80"}',
    "an escaped surrogate": b'{"query": "{ echo(text: \\"\\ud800\\") }"}',
    "a byte order mark": b'\xef\xbb\xbf{"query": "{ __typename }"}',
    "UTF-16": '{"query": "{ __typename }"}'.encode("utf-16"),
    "UTF-32": '{"query": "{ __typename }"}'.encode("utf-32"),
    "NaN": b'{"query": "{ __typename }", "variables": {"a": NaN}}',
    "Infinity": b'{"query": "{ __typename }", "variables": {"a": -Infinity}}',
    "an integer of 5,000 digits": b'{"query": "{ __typename }", "variables": {"a": ' + b"9" * 5_000 + b"}}",
    "deep arrays": b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "deep objects": b'{"query": "{ __typename }", "variables": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
    "arrays without end": b"[" * 1_000_000,
    "a NUL": b'{"query": "{ __typename }"}\x00',
    "form data": b"query=%7B__typename%7D",
    "XML": b"<query/>",
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "random bytes": bytes(range(256)) * 40,
}


@pytest.mark.parametrize("body", NO_REQUEST.values(), ids=NO_REQUEST.keys())
def test_a_body_that_is_no_request_is_a_bad_request(live: LiveServer, body: bytes):
    for accept in ("application/json", "application/graphql-response+json"):
        response = live.post(body, accept=accept)
        assert response.status_code == 400
        assert contract_of(response)["code"] == "BAD_REQUEST"
    assert is_alive(live)


WRONG: list[Any] = [5, True, [], ["x"], {"a": 1}, 1.5]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        *[("query", value) for value in [*WRONG, None]],
        *[("operationName", value) for value in WRONG],
        *[("variables", value) for value in ["x", *WRONG] if value != {"a": 1}],
        *[("extensions", value) for value in ["x", *WRONG] if value != {"a": 1}],
    ],
)
def test_a_parameter_of_another_type_is_named(live: LiveServer, parameter: str, value: Any):
    response = live.post(orjson.dumps({"query": "{ __typename }", parameter: value}))
    assert response.status_code == 400
    assert f"`{parameter}`" in contract_of(response)["message"]


def test_a_batch_is_refused_with_what_to_do_instead(live: LiveServer):
    assert "one JSON object for each" in contract_of(live.post(b'[{"query": "{ __typename }"}]'))["action"]


@pytest.mark.parametrize(
    "variables",
    [{"text": 5}, {"text": None}, {}, {"text": ["x"]}, {"text": {"a": 1}}, {"text": 1e30}, {"text": True}],
)
def test_a_value_of_another_type_is_bad_input(live: LiveServer, variables: dict[str, Any]):
    body = {"query": "query ($text: String!) { echo(text: $text) }", "variables": variables}
    assert contract_of(live.post(orjson.dumps(body)))["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("number", ["1" + "0" * 30, "9" * 19, "2147483648", "1.5", "-0.1"])
def test_a_number_that_does_not_fit_is_bad_input(live: LiveServer, number: str):
    query = '"query ($n: Int!) { letters(count: $n) }"'
    assert contract_of(live.post(f'{{"query": {query}, "variables": {{"n": {number}}}}}'))["code"] == "BAD_USER_INPUT"
    literal = live.ask(f"{{ letters(count: {number}) }}")
    assert contract_of(literal)["code"] == "GRAPHQL_VALIDATION_FAILED"


def test_text_of_any_kind_comes_back_as_it_was(live: LiveServer):
    for text in ("\x00", "a\x00b", "\u2028\u2029", "\U0001f3c3", "'; DROP TABLE tokens; --", "x" * 10_000_000):
        body = {"query": "query ($text: String!) { echo(text: $text) }", "variables": {"text": text}}
        assert live.post(orjson.dumps(body)).json()["data"] == {"echo": text}


def test_of_two_keys_of_one_name_the_last_counts(live: LiveServer):
    assert live.post(b'{"query": "{", "query": "{ __typename }"}').status_code == 200


@pytest.mark.parametrize(
    "query_string",
    [
        b"",
        b"query=%FF",
        b"query=%ED%A0%80",
        b"query=%7B__typename%7D&query=%7B__typename%7D",
        b"query={__typename}&%FF=1",
        b"query={__typename}&variables=5",
        b"query={__typename}&variables=[1]",
        b"query={__typename}&variables={",
        b"query={__typename}&variables=NaN",
        b"query={__typename}&variables=%22x%22",
        b"query={__typename}&variables=%5B" + b"[" * 3_000,
        b"query={__typename}&extensions=nope",
        b"&".join(b"a%d=1" % number for number in range(50)),
        b"variables={}",
    ],
)
def test_a_url_that_is_no_request_is_a_bad_request(live: LiveServer, query_string: bytes):
    url = httpx.URL(live.url).copy_with(query=query_string)
    response = live.client.get(url, headers=live.headers)
    assert response.status_code == 400
    assert contract_of(response)["code"] == "BAD_REQUEST"


def test_an_empty_query_in_the_url_is_an_empty_document(live: LiveServer):
    assert contract_of(live.get({"query": ""}))["code"] == "GRAPHQL_PARSE_FAILED"


@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary() | st.text().map(str.encode) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["query", "variables", "operationName", "extensions", "x"]), inner
    )
).map(lambda value: orjson.dumps(value, default=str) if not _too_big(value) else b"9" * 40))  # fmt: skip
def test_no_body_at_all_makes_the_server_fail(live: LiveServer, body: bytes):
    response = live.post(body)
    assert response.status_code in (200, 400)
    assert "errors" in response.json()


def _too_big(value: Any) -> bool:
    """Whether orjson cannot write it: integers beyond 64 bits."""
    try:
        orjson.dumps(value)
    except TypeError:
        return True
    return False


def chunks(size: int, *, total: int) -> Iterator[bytes]:
    for _ in range(total // size):
        yield b"x" * size


def test_a_body_that_is_too_large_is_refused_as_soon_as_that_is_known(tmp_path: Path):
    with serve_lab(tmp_path, limits__body_bytes="100000") as server:
        announced = server.post(b"x" * 5_000_000)
        streamed = server.post(chunks(10_000, total=5_000_000))
        endless = server.post(chunks(1_000_000, total=50_000_000))
        for response in (announced, streamed, endless):
            assert response.status_code == 413
            contract = contract_of(response)
            assert contract["code"] == "PAYLOAD_TOO_LARGE"
            assert contract["details"] == {"limit": "kernel.limits.body_bytes", "allowed": 100_000}
        filler = b" " * (100_000 - len(b'{"query":"{ __typename }"}'))
        assert server.post(b'{"query":"{ __typename }"}' + filler).status_code == 200
        assert server.post(b'{"query":"{ __typename }"}' + filler + b" ").status_code == 413


def test_a_body_that_stops_half_way_is_given_up(tmp_path: Path):
    with serve_lab(tmp_path, server__read_timeout_ms="300") as server, server.raw() as connection:
        connection.sendall(
            b"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            b"authorization: Bearer %s\r\ncontent-length: 100\r\n\r\n{" % server.token.encode()
        )
        answer = b""
        while part := connection.recv(65_536):
            answer += part
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"REQUEST_TIMEOUT"' in answer
        assert b"connection: close" in answer.lower()
        assert is_alive(server)


def test_a_client_that_leaves_in_the_middle_of_its_body_is_forgotten(live: LiveServer):
    with live.raw() as connection:
        connection.sendall(
            b"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            b"authorization: Bearer %s\r\ncontent-length: 100\r\n\r\n{" % live.token.encode()
        )
    assert is_alive(live)


def test_one_connection_serves_on_after_a_refused_body(live: LiveServer):
    for _ in range(3):
        assert live.post(b"x" * 200_000, authorization=None).status_code == 401
        assert live.post(b"null").status_code == 400
        assert is_alive(live)
