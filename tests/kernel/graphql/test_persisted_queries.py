"""Automatic persisted queries: a document is sent once, and then named by its hash, on every transport."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from graphql import build_schema
from websockets.asyncio.client import ClientConnection

from synthetic.errors import BadRequestError, BadUserInputError, SyntheticError
from synthetic.graphql.documents import DocumentCache, DocumentErrors
from synthetic.graphql.errors import PersistedQueryNotFoundError
from synthetic.graphql.persisted_queries import PersistedQueries
from synthetic.graphql.requests import request_of, request_of_url
from synthetic.kernel_settings import LimitSettings

from .live_server import LiveServer, hear, say, serve_lab
from .socket_kit import talk
from .sse_kit import STREAM, TOKEN, Reader, connected, reserve
from .test_http import BROWSER, GRAPHQL_RESPONSE, contract_of

SCHEMA = build_schema("type Query { a: Int  b: Int  c: Int }")


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def persisted(text: str, **changes: Any) -> dict[str, Any]:
    """The extension that names a document, with changes."""
    return {"persistedQuery": {"version": 1, "sha256Hash": sha256(text), **changes}}


def cache_of(*documents: str, **limits: int) -> DocumentCache:
    """A cache with the documents that are valid among these."""
    cache = DocumentCache(SCHEMA, LimitSettings(**limits))
    for document in documents:
        try:
            cache.prepare(document, None, {})
        except (DocumentErrors, SyntheticError):
            assert document not in cache
    return cache


def knows(cache: DocumentCache, document: str) -> bool:
    """Whether a document is found by its hash."""
    try:
        return cache.persisted.text_of("", persisted(document)) == document
    except PersistedQueryNotFoundError:
        return False


def test_a_document_that_was_prepared_is_found_by_its_hash():
    cache = cache_of("{ a }", "{ b } # übrigens")
    assert knows(cache, "{ a }")
    assert knows(cache, "{ b } # übrigens")
    assert not knows(cache, "{ c }")


def test_a_request_without_the_extension_is_left_as_it_is():
    texts = PersistedQueries(1_000)
    for extensions in ({}, {"persistedQuery": None}, {"atLeast": "x:1"}):
        assert texts.text_of("{ a }", extensions) == "{ a }"


def test_what_is_no_document_of_the_schema_is_not_found_by_its_hash():
    refused = ["{ d }", "{", "", "{ a " + "b " * 5_000 + "}", "type A { b: C }"]
    cache = cache_of(*refused)
    assert not any(knows(cache, document) for document in refused)
    assert len(cache.persisted) == 0


def test_an_evicted_document_is_forgotten_and_can_be_sent_again():
    cache = cache_of("{ a }", "{ b }", documents=2)
    cache.prepare(cache.persisted.text_of("", persisted("{ a }")), None, {})
    cache.prepare("{ c }", None, {})
    assert [knows(cache, document) for document in ("{ a }", "{ b }", "{ c }")] == [True, False, True]
    cache.prepare(cache.persisted.text_of("{ b }", persisted("{ b }")), None, {})
    assert knows(cache, "{ b }")


def test_there_are_never_more_texts_than_documents():
    cache = cache_of(*(f"query Q{number} {{ a }}" for number in range(50)), documents=7)
    assert len(cache.persisted) == len(cache) == 7


def test_a_document_that_is_prepared_twice_at_once_is_kept_and_forgotten_once():
    cache = cache_of("{ a }", documents=1)
    # What the slower of two threads does that have both parsed it.
    cache._keep("{ a }", cache._kept["{ a }"])
    assert knows(cache, "{ a }")
    cache.prepare("{ b }", None, {})
    assert len(cache.persisted) == len(cache) == 1


MALFORMED = [
    ("a string", "extensions.persistedQuery"),
    ([1], "extensions.persistedQuery"),
    (False, "extensions.persistedQuery"),
    (persisted("{ a }", version=2), "extensions.persistedQuery.version"),
    (persisted("{ a }", version="1"), "extensions.persistedQuery.version"),
    (persisted("{ a }", version=True), "extensions.persistedQuery.version"),
    (persisted("{ a }", version=None), "extensions.persistedQuery.version"),
    ({"persistedQuery": {"sha256Hash": sha256("{ a }")}}, "extensions.persistedQuery.version"),
    ({"persistedQuery": {}}, "extensions.persistedQuery.version"),
    ({"persistedQuery": {"version": 1}}, "extensions.persistedQuery.sha256Hash"),
    *(
        (persisted("{ a }", sha256Hash=sha256Hash), "extensions.persistedQuery.sha256Hash")
        for sha256Hash in (
            None, 5, ["a" * 64], {}, "", "a" * 63, "a" * 65, "g" * 64, sha256("{ a }").upper(), "\x00" * 64,
            sha256("{ a }") + "\n", "\x00" + sha256("{ a }"), sha256("{ a }")[:-1] + "\x00", "\u0661" * 64,
            "a" * 100_000,
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize("query", ["", "{ a }"])
@pytest.mark.parametrize(("extensions", "field"), MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_extension_is_refused_by_the_name_of_what_is_wrong(extensions: Any, field: str, query: str):
    given = extensions if isinstance(extensions, dict) else {"persistedQuery": extensions}
    with pytest.raises(BadUserInputError) as caught:
        cache_of("{ a }").persisted.text_of(query, given)
    assert caught.value.details == {"field": field}
    assert len(caught.value.message) < 200


@pytest.mark.parametrize("query", ["{ b }", "{ a } ", "{ a }\x00", "{a}"])
def test_a_hash_that_is_not_that_of_the_text_is_refused_whatever_is_kept(query: str):
    for cache in (cache_of(), cache_of("{ a }", "{ b }")):
        with pytest.raises(BadUserInputError, match="is not the hash of `query`"):
            cache.persisted.text_of(query, persisted("{ a }"))


def test_a_text_that_is_refused_for_its_length_is_not_hashed():
    long = "{ a }" + " " * 100
    assert PersistedQueries(100).text_of(long, persisted("{ b }")) == long


def test_more_than_the_protocol_has_may_be_said():
    """urql says of a text that it sends after all that its hash was not found."""
    cache = cache_of("{ a }")
    assert cache.persisted.text_of("", persisted("{ a }", miss=True)) == "{ a }"


def test_a_request_needs_no_text_only_where_a_hash_stands_for_it():
    assert request_of({"extensions": persisted("{ a }")}).query == ""
    assert request_of({"query": None, "extensions": persisted("{ a }")}).query == ""
    for extensions in (None, {}, {"persistedQuery": None}, {"atLeast": "x:1"}):
        with pytest.raises(BadRequestError, match="`query` is missing"):
            request_of({"extensions": extensions})
    assert request_of_url(b"variables={}", 10) is None
    with pytest.raises(BadRequestError, match="`query` is missing"):
        request_of_url(b"extensions=%7B%7D", 10)


# Over the network.


def post(live: LiveServer, **parameters: Any) -> httpx.Response:
    return live.post(orjson.dumps(parameters), accept=GRAPHQL_RESPONSE)


def get(live: LiveServer, extensions: dict[str, Any], **parameters: str) -> httpx.Response:
    return live.get({"extensions": orjson.dumps(extensions).decode(), **parameters}, accept=GRAPHQL_RESPONSE)


def check_not_found(response: httpx.Response) -> None:
    assert contract_of(response)["code"] == "PERSISTED_QUERY_NOT_FOUND"
    assert response.json()["errors"][0]["message"] == "PersistedQueryNotFound"


def test_an_unknown_hash_is_answered_as_clients_look_for_it_in_both_media_types(live: LiveServer):
    extensions = persisted("{ never: __typename }")
    for response in (post(live, extensions=extensions), get(live, extensions)):
        assert response.status_code == 400
        check_not_found(response)
    plain = live.post(orjson.dumps({"extensions": extensions}), accept="application/json")
    assert plain.status_code == 200
    check_not_found(plain)


def test_a_document_sent_by_post_once_is_asked_by_its_hash_alone(live: LiveServer):
    query = "query Echo($text: String!) { echo(text: $text) } query Other { __typename }"
    extensions = persisted(query)
    check_not_found(post(live, extensions=extensions, operationName="Other"))
    sent = post(live, query=query, extensions=extensions, operationName="Echo", variables={"text": "first"})
    assert sent.json()["data"] == {"echo": "first"}
    by_hash = post(live, extensions=extensions, operationName="Echo", variables={"text": "second"})
    assert by_hash.json()["data"] == {"echo": "second"}
    asked = get(live, extensions, operationName="Echo", variables='{"text": "grüße"}')
    assert asked.json()["data"] == {"echo": "grüße"}
    assert post(live, query="", extensions=extensions, operationName="Other").json()["data"] == {"__typename": "Query"}
    assert contract_of(post(live, extensions=extensions))["code"] == "BAD_REQUEST", "it has two operations"


def test_a_document_may_be_registered_by_get(live: LiveServer):
    query = "query ByGet { __typename }"
    assert get(live, persisted(query), query=query).json()["data"] == {"__typename": "Query"}
    assert get(live, persisted(query)).json()["data"] == {"__typename": "Query"}


def test_a_browser_that_asks_by_hash_gets_an_answer_and_not_graphiql(live: LiveServer):
    query = "query ForBrowsers { __typename }"
    live.ask(query)
    extensions = orjson.dumps(persisted(query)).decode()
    assert live.get({"extensions": extensions}, accept=BROWSER).json()["data"] == {"__typename": "Query"}
    assert "<html" in live.get(accept=BROWSER).text


def test_a_mutation_by_get_is_refused_by_its_hash_too(live: LiveServer):
    query = 'mutation { keep(input: { text: "by hash" }) }'
    before = live.lab.kept.count("by hash")
    assert post(live, query=query, extensions=persisted(query)).json()["data"]["keep"] > 0
    refused = get(live, persisted(query))
    assert refused.status_code == 405
    assert contract_of(refused)["code"] == "METHOD_NOT_ALLOWED"
    assert live.lab.kept.count("by hash") == before + 1
    assert post(live, extensions=persisted(query)).json()["data"]["keep"] > 0
    assert live.lab.kept.count("by hash") == before + 2


def test_a_hash_gives_nobody_what_their_token_does_not(live: LiveServer):
    query = 'mutation Guarded { keep(input: { text: "guarded" }) }'
    post(live, query=query, extensions=persisted(query))
    reader = {"authorization": f"Bearer {live.make_token('read')}"}
    body = orjson.dumps({"extensions": persisted(query)})
    assert contract_of(live.post(body, accept=GRAPHQL_RESPONSE, **reader))["code"] == "FORBIDDEN"
    stranger = live.client.post(live.url, content=body, headers={"content-type": "application/json"})
    assert contract_of(stranger)["code"] == "UNAUTHENTICATED"
    assert live.lab.kept.count("guarded") == 1


def test_what_is_refused_is_not_registered(live: LiveServer):
    for query, code in (("{ nothing }", "GRAPHQL_VALIDATION_FAILED"), ("{ \x00", "GRAPHQL_PARSE_FAILED")):
        for _ in range(2):
            assert contract_of(post(live, query=query, extensions=persisted(query)))["code"] == code
        check_not_found(post(live, extensions=persisted(query)))
    query = "query Wrong { __typename }"
    wrong = post(live, query=query, extensions=persisted("{ another }"))
    assert (wrong.status_code, contract_of(wrong)["code"]) == (400, "BAD_USER_INPUT")
    check_not_found(post(live, extensions=persisted(query)))
    check_not_found(post(live, extensions=persisted("{ another }")))


@pytest.mark.parametrize(
    "given", ["text", {"version": 2, "sha256Hash": "a" * 64}, {"version": 1, "sha256Hash": "\x00"}]
)
def test_a_malformed_extension_is_a_client_error_by_every_method(live: LiveServer, given: Any):
    for response in (post(live, extensions={"persistedQuery": given}), get(live, {"persistedQuery": given})):
        assert response.status_code == 400
        assert contract_of(response)["code"] == "BAD_USER_INPUT"


def test_an_operation_by_hash_is_counted_as_what_it_is(live: LiveServer):
    query = "query Counted { __typename }"
    post(live, query=query)
    before = _counted(live)
    post(live, extensions=persisted(query))
    assert _counted(live) == before + 1


def _counted(live: LiveServer) -> float:
    value = live.kernel.metrics.registry.get_sample_value(
        "synthetic_requests_total", {"transport": "http", "operation": "query", "code": "OK"}
    )
    assert value is not None
    return value


def test_a_store_that_keeps_few_documents_forgets_and_learns_again(tmp_path: Path):
    with serve_lab(tmp_path, limits__documents="2") as server:
        queries = [f"query Q{number} {{ __typename }}" for number in range(3)]
        for query in queries:
            assert "data" in post(server, query=query, extensions=persisted(query)).json()
        check_not_found(post(server, extensions=persisted(queries[0])))
        assert "data" in post(server, extensions=persisted(queries[2])).json()
        assert "data" in post(server, query=queries[0], extensions=persisted(queries[0])).json()
        assert "data" in post(server, extensions=persisted(queries[0])).json()


def test_all_kinds_of_operations_go_by_hash_over_a_socket(live: LiveServer):
    queries = {
        "query": "query { __typename }",
        "mutation": 'mutation { keep(input: { text: "by socket and hash" }) }',
        "subscription": "subscription { ticks(count: 2) }",
    }

    async def ask(connection: ClientConnection, **payload: Any) -> list[dict[str, Any]]:
        """All messages until the operation's last."""
        await say(connection, id="1", type="subscribe", payload=payload)
        heard = [await hear(connection)]
        while heard[-1]["type"] == "next":
            heard.append(await hear(connection))
        return heard

    async def conversation(connection: ClientConnection) -> None:
        for query in queries.values():
            extensions = persisted(query)
            (unknown,) = await ask(connection, extensions=extensions)
            assert unknown["type"] == "error"
            assert unknown["payload"][0]["message"] == "PersistedQueryNotFound"
            assert unknown["payload"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
            sent = await ask(connection, query=query, extensions=extensions)
            assert (sent[0]["type"], sent[-1]["type"]) == ("next", "complete")
            by_hash = await ask(connection, extensions=extensions)
            assert [message["type"] for message in by_hash] == [message["type"] for message in sent]
            (wrong,) = await ask(connection, query=query + " ", extensions=extensions)
            assert wrong["payload"][0]["extensions"]["code"] == "BAD_USER_INPUT"
            (malformed,) = await ask(connection, extensions=persisted(query, version=2))
            assert malformed["payload"][0]["extensions"]["code"] == "BAD_USER_INPUT"

    talk(live, conversation)
    assert live.lab.kept.count("by socket and hash") == 2


def read_stream(live: LiveServer, **parameters: Any) -> list[Any]:
    """The data of all events of a stream of one operation's."""
    headers = {**live.headers, "accept": STREAM}
    with live.client.stream("POST", live.url, json=parameters, headers=headers) as response:
        return [event.data for event in Reader(response).rest()]


def test_subscriptions_go_by_hash_over_streams(live: LiveServer):
    query = "subscription Streamed { ticks(count: 3) }"
    extensions = persisted(query)
    unknown, end = read_stream(live, extensions=extensions)
    assert unknown["errors"][0]["message"] == "PersistedQueryNotFound"
    assert end is None
    sent = read_stream(live, query=query, extensions=extensions)
    assert [data["data"]["ticks"] for data in sent[:-1]] == [0, 1, 2]
    assert read_stream(live, extensions=extensions) == sent
    given = {"extensions": orjson.dumps(extensions).decode()}
    with live.client.stream("GET", live.url, params=given, headers={**live.headers, "accept": STREAM}) as response:
        assert [event.data for event in Reader(response).rest()] == sent


def test_operations_of_a_reserved_stream_go_by_hash(live: LiveServer):
    query = "subscription Reserved { ticks(count: 1) }"
    token = reserve(live)
    with connected(live, token) as reader:
        headers = {TOKEN: token, **live.headers}

        def operate(**parameters: Any) -> httpx.Response:
            extensions = {"operationId": "1", **persisted(query)}
            return live.client.post(live.url, json={"extensions": extensions, **parameters}, headers=headers)

        check_not_found(operate())
        for parameters in ({"query": query}, {}):
            assert operate(**parameters).status_code == 202
            heard = reader.take(2)
            assert heard[0].data["payload"]["data"] == {"ticks": 0}
            assert [event.event for event in heard] == ["next", "complete"]
