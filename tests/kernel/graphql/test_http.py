"""GraphQL over HTTP with a real client: what well-behaved requests get."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from synthetic.testing import CONTRACT_KEYS

from .live_server import PATIENCE_SECONDS, LiveServer, serve_lab

GRAPHQL_RESPONSE = "application/graphql-response+json"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def contract_of(response: httpx.Response) -> dict[str, Any]:
    """The first error of an answer that carries nothing but errors, each in GraphQL's shape with the contract."""
    body = response.json()
    assert set(body) == {"errors"}, body
    for error in body["errors"]:
        assert set(error) <= {"message", "locations", "path", "extensions"}, error
        assert set(error["extensions"]) == CONTRACT_KEYS, error
        assert error["extensions"]["correlationId"] == response.headers["x-correlation-id"]
        assert error["message"] == error["extensions"]["message"]
    return body["errors"][0]["extensions"]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [(None, "application/json"), ("*/*", "application/json"), (GRAPHQL_RESPONSE, GRAPHQL_RESPONSE)],
)
def test_a_query_is_answered_in_the_type_that_was_asked_for(live: LiveServer, accept: str | None, media_type: str):
    live.client.headers.pop("accept", None)
    response = live.ask('{ echo(text: "grüße 🏃") }', accept=accept)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert response.json()["data"] == {"echo": "grüße 🏃"}


def test_parameters_come_in_the_body_or_in_the_url(live: LiveServer):
    query = "query A { a: __typename } query B($text: String!) { echo(text: $text) }"
    variables = {"text": "über"}
    posted = live.post(
        orjson.dumps({"query": query, "operationName": "B", "variables": variables, "extensions": {"x": 1}, "else": 2})
    )
    asked = live.get({"query": query, "operationName": "B", "variables": orjson.dumps(variables).decode(),
                      "extensions": "{}"})  # fmt: skip
    assert posted.json()["data"] == asked.json()["data"] == {"echo": "über"}
    empty = live.get({"query": "{ __typename }", "operationName": "", "variables": "", "extensions": ""})
    assert empty.json()["data"] == {"__typename": "Query"}


def test_a_mutation_is_run_by_post_and_never_by_get(live: LiveServer):
    refused = live.get({"query": 'mutation { keep(input: { text: "by GET" }) }'})
    assert refused.status_code == 405
    assert "POST" in refused.headers["allow"]
    assert contract_of(refused)["code"] == "METHOD_NOT_ALLOWED"
    assert live.ask('mutation { keep(input: { text: "by POST" }) }').json()["data"]["keep"] > 0
    assert "by POST" in live.lab.kept
    assert "by GET" not in live.lab.kept


def test_a_subscription_needs_a_socket(live: LiveServer):
    response = live.ask("subscription { ticks(count: 1) }", accept=GRAPHQL_RESPONSE)
    assert response.status_code == 400
    assert "graphql-transport-ws" in contract_of(response)["action"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ a: __typename" * 100, "QUERY_TOO_COMPLEX"),
        ("query A { __typename } query B { __typename }", "BAD_REQUEST"),
        ("query ($n: Int!) { letters(count: $n) }", "BAD_USER_INPUT"),
    ],
)
def test_a_document_that_cannot_run_is_400_for_the_new_media_type_and_200_for_the_old(
    live: LiveServer, query: str, code: str
):
    new = live.ask(query, accept=GRAPHQL_RESPONSE)
    old = live.ask(query, accept="application/json")
    assert (new.status_code, old.status_code) == (400, 200)
    assert contract_of(new)["code"] == contract_of(old)["code"] == code


def test_errors_say_where_in_the_document_they_are(live: LiveServer):
    response = live.ask("{\n  nothing\n}")
    assert response.json()["errors"][0]["locations"] == [{"line": 2, "column": 3}]


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer wrong", "Basic eDp5", "Bearer a b", "x" * 5_000])
def test_who_has_no_token_is_told_how_to_send_one(live: LiveServer, authorization: str | None):
    for response in (live.ask("{ __typename }", authorization=authorization),
                     live.get({"query": "{ __typename }"}, authorization=authorization)):  # fmt: skip
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        assert contract_of(response)["code"] == "UNAUTHENTICATED"


def test_a_token_does_what_its_scopes_allow(live: LiveServer):
    reader = f"Bearer {live.make_token('read')}"
    assert live.ask("{ __typename }", authorization=reader).status_code == 200
    refused = live.ask('mutation { keep(input: { text: "x" }) }', authorization=reader)
    assert contract_of(refused)["code"] == "FORBIDDEN"
    assert refused.status_code == 403


@pytest.mark.parametrize(("sent", "taken"), [("my-id_1.2", True), ("a" * 64, True), ("a" * 65, False), ("a b", False)])
def test_the_correlation_id_is_the_clients_where_it_is_a_plain_one(live: LiveServer, sent: str, taken: bool):
    given = live.ask("{", x_correlation_id=sent)
    assert (given.headers["x-correlation-id"] == sent) is taken
    contract_of(given)


@pytest.mark.parametrize("method", ["PATCH", "HEAD", "TRACE", "PROPFIND"])
def test_other_methods_are_refused_with_those_that_work(live: LiveServer, method: str):
    response = live.client.request(method, live.url, headers=live.headers)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST, PUT, DELETE, OPTIONS"
    if method != "HEAD":
        assert contract_of(response)["code"] == "METHOD_NOT_ALLOWED"


def test_options_says_what_works_and_lets_no_other_site_in(live: LiveServer):
    preflight = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    response = live.client.options(live.url, headers=preflight)
    assert response.status_code == 204
    assert response.headers["allow"] == "GET, POST, PUT, DELETE, OPTIONS"
    assert not [name for name in response.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
     "application/json; charset=latin-1"],
)  # fmt: skip
def test_bodies_that_a_foreign_page_could_send_are_refused(live: LiveServer, content_type: str | None):
    response = live.ask('mutation { keep(input: { text: "forged" }) }', content_type=content_type)
    assert response.status_code == 415
    assert contract_of(response)["code"] == "UNSUPPORTED_MEDIA_TYPE"
    assert "forged" not in live.lab.kept


def test_a_foreign_page_is_refused_in_the_same_shape(live: LiveServer):
    response = live.ask("{ __typename }", origin="https://evil.example")
    assert response.status_code == 403
    assert contract_of(response)["code"] == "FORBIDDEN"


def test_what_nobody_can_answer_with_is_not_acceptable(live: LiveServer):
    response = live.ask("{ __typename }", accept="image/png")
    assert response.status_code == 406
    assert response.headers["content-type"].startswith("application/json")
    assert contract_of(response)["code"] == "NOT_ACCEPTABLE"


def test_a_browser_gets_graphiql_without_a_token_and_programs_do_not(live: LiveServer):
    page = live.get(accept=BROWSER, authorization=None)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert live.get({"query": "{ __typename }"}, accept=BROWSER).json()["data"] == {"__typename": "Query"}
    asked = live.get(accept="*/*")
    assert asked.status_code == 400
    assert contract_of(asked)["code"] == "BAD_REQUEST"


def test_an_answer_that_is_no_json_is_an_internal_error_and_the_log_knows_why(
    live: LiveServer, caplog: pytest.LogCaptureFixture
):
    response = live.ask("{ beyond }")
    assert response.status_code == 500
    assert contract_of(response)["code"] == "INTERNAL"
    assert "surrogates" not in response.text
    assert [record for record in caplog.records if record.getMessage().startswith("answer is not JSON")]


def test_operations_are_counted_by_kind_and_outcome(live: LiveServer):
    live.ask("query Counted { __typename }")
    live.ask("{ nothing }")
    live.post(b"null")
    text = live.client.get(live.url.replace("/graphql", "/metrics"), headers=live.headers).text
    for labels in ('code="OK",operation="query"', 'code="GRAPHQL_VALIDATION_FAILED",operation="none"',
                   'code="BAD_REQUEST",operation="none"'):  # fmt: skip
        assert f'synthetic_requests_total{{{labels},transport="http"}}' in text


def test_too_many_requests_are_told_when_to_come_again(tmp_path: Path):
    with serve_lab(tmp_path, limits__requests_per_second="2") as server:
        responses = [server.ask("{ __typename }") for _ in range(20)]
    refused = [response for response in responses if response.status_code == 429]
    assert refused
    assert int(refused[0].headers["retry-after"]) >= 1
    assert contract_of(refused[0])["retryAfterMs"] > 0


def test_a_client_that_leaves_ends_its_operation(tmp_path: Path):
    """With one reader and no deadline in sight, nobody else is answered until the SQL is interrupted."""
    with serve_lab(tmp_path, database__readers="1", limits__operation_ms="600000") as server:
        body = orjson.dumps({"query": "{ endless }"})
        with server.raw() as connection:
            connection.sendall(
                b"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
                b"authorization: Bearer %s\r\ncontent-length: %d\r\n\r\n" % (server.token.encode(), len(body)) + body
            )
            assert server.lab.started.acquire(timeout=PATIENCE_SECONDS)
        assert server.lab.closed.acquire(timeout=PATIENCE_SECONDS), "the SQL goes on"
        assert server.ask("{ __typename }").status_code == 200


def test_queries_and_executions_of_subscriptions_are_counted_by_where_they_ran_and_mutations_are_not(live: LiveServer):
    places = live.kernel.metrics.places
    before = places.in_place + places.pool
    assert live.ask("{ __typename }").status_code == 200
    assert places.in_place + places.pool == before + 1
    assert live.ask('mutation { keep(input: {text: "x"}) }').status_code == 200
    assert places.in_place + places.pool == before + 1
    assert "event: complete" in live.ask("subscription { ticks(count: 1) }", accept="text/event-stream").text
    assert places.in_place + places.pool == before + 2
