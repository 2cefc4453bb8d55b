"""GraphQL over SSE with distinct connections: each operation has a stream of its own."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from synthetic.testing import CONTRACT_KEYS, wait_until

from .live_server import PATIENCE_SECONDS, LiveServer, serve_lab
from .sse_kit import EMITTED, EVENTS, STREAM, Reader, emit, head, metric, opened, streamed


@pytest.fixture(autouse=True)
def nothing_is_logged_as_an_error(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with serve_lab(tmp_path_factory.mktemp("live"), events__external_types=EMITTED) as server:
        yield server


def code_of(event) -> str:
    contract = event.data["errors"][0]["extensions"]
    assert set(contract) == CONTRACT_KEYS
    return contract["code"]


def test_a_subscription_is_answered_until_it_ends(live: LiveServer):
    with streamed(live, "subscription { ticks(count: 3) }") as reader:
        events = reader.rest()
    assert [event.event for event in events] == ["next", "next", "next", "complete"]
    assert [event.data["data"]["ticks"] for event in events[:3]] == [0, 1, 2]
    assert events[3].data is None
    assert reader.response.headers["cache-control"] == "no-store"
    assert reader.response.headers["x-accel-buffering"] == "no"
    assert reader.response.headers["x-correlation-id"]
    assert int(reader.retry or 0) >= 1_000


def test_queries_and_mutations_are_answered_in_a_stream_too(live: LiveServer):
    with streamed(live, "query ($text: String!) { echo(text: $text) }", text="grüße\r\n🏃") as reader:
        first, last = reader.rest()
    assert (first.event, first.data["data"], last.event) == ("next", {"echo": "grüße\r\n🏃"}, "complete")
    with streamed(live, 'mutation { keep(input: { text: "by stream" }) }') as reader:
        assert reader.rest()[0].data["data"]["keep"] > 0
    assert "by stream" in live.lab.kept


def test_a_get_streams_queries_and_subscriptions_and_never_mutates(live: LiveServer):
    for query, events in (("{ __typename }", 2), ("subscription { ticks(count: 2) }", 3)):
        with live.client.stream(
            "GET", live.url, params={"query": query}, headers={**live.headers, "accept": STREAM}
        ) as got:
            assert len(opened(got).rest()) == events
    refused = live.get({"query": 'mutation { keep(input: { text: "by get" }) }'}, accept=STREAM)
    assert refused.status_code == 405
    assert refused.json()["errors"][0]["extensions"]["code"] == "METHOD_NOT_ALLOWED"
    assert "by get" not in live.lab.kept


def test_who_prefers_json_gets_a_stream_for_subscriptions_alone(live: LiveServer):
    accept = {"accept": "application/graphql-response+json, application/json, text/event-stream"}
    plain = live.ask("{ __typename }", **accept)
    assert plain.headers["content-type"].startswith("application/graphql-response+json")
    refused = live.ask("subscription { nothing }", **accept)
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (
        400,
        "GRAPHQL_VALIDATION_FAILED",
    )
    with streamed(live, "subscription { ticks(count: 1) }", accept) as reader:
        assert [event.event for event in reader.rest()] == ["next", "complete"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($n: Int!) { letters(count: $n) }", "BAD_USER_INPUT"),
        ("{ a: __typename" * 100, "QUERY_TOO_COMPLEX"),
    ],
)
def test_what_is_wrong_with_a_document_is_said_in_the_stream(live: LiveServer, query: str, code: str):
    with streamed(live, query) as reader:
        first, last = reader.rest()
    assert (first.event, last.event) == ("next", "complete")
    assert code_of(first) == code
    assert "data" not in first.data


@pytest.mark.parametrize("body", [b"", b"null", b"{", b"[]", b'{"query": 5}'])
def test_what_is_no_request_is_refused_without_a_stream(live: LiveServer, body: bytes):
    refused = live.post(body, accept=STREAM)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


def test_who_may_not_ask_gets_an_http_error(live: LiveServer):
    assert live.ask("{ __typename }", accept=STREAM, authorization=None).status_code == 401
    reader = f"Bearer {live.make_token('read')}"
    forbidden = live.ask('mutation { keep(input: { text: "x" }) }', accept=STREAM, authorization=reader)
    assert forbidden.status_code == 403
    assert live.post(b"{}", accept=STREAM, content_type="text/plain").status_code == 415
    assert live.ask("{ __typename }", accept=STREAM, origin="https://evil.example").status_code == 403


def test_the_rate_of_requests_holds_for_streams(tmp_path: Path):
    with serve_lab(tmp_path, limits__requests_per_second="3") as server:
        answers = [server.ask("{ __typename }", accept=STREAM) for _ in range(20)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert int(refused[0].headers["retry-after"]) >= 1


def test_each_event_carries_the_position_from_which_a_client_goes_on(live: LiveServer):
    start = head(live)
    with streamed(live, EVENTS, after=start) as reader:
        positions = emit(live, "a", "b", "c")
        events = reader.take(3)
        assert [event.id for event in events] == positions
        assert [event.data["extensions"]["position"] for event in events] == positions
    with streamed(live, EVENTS, {"last-event-id": positions[0]}, after=start) as reader:
        assert reader.entities(2) == ["b", "c"], "what the transport says comes before the document"
        emit(live, "d")
        assert reader.entities(1) == ["d"]
    with streamed(live, EVENTS, {"last-event-id": positions[0]}) as reader:
        assert reader.entities(3) == ["b", "c", "d"]


def test_a_last_event_id_that_is_none_of_ours_is_bad_input(live: LiveServer):
    with streamed(live, EVENTS, {"last-event-id": "garbage"}) as reader:
        first, last = reader.rest()
    assert (code_of(first), last.event) == ("BAD_USER_INPUT", "complete")
    assert first.data["errors"][0]["extensions"]["details"] == {"field": "Last-Event-ID"}


def test_a_subscription_ends_on_the_server_when_its_client_leaves(live: LiveServer):
    with streamed(live, "subscription { silence }") as reader:
        assert reader.take(1)[0].data["data"] == {"silence": 1}
    assert live.lab.closed.acquire(timeout=PATIENCE_SECONDS)
    wait_until(lambda: metric(live, "synthetic_open_streams") == 0, "the stream is over")


def test_a_client_that_sends_requests_ahead_leaves_no_stream_behind(live: LiveServer):
    """The server is told of the end of a connection by the last request on it, not by the stream."""
    body = b'{"query": "subscription { silence }"}'
    head_lines = f"Host: localhost\r\nAuthorization: Bearer {live.token}\r\nAccept: {STREAM}\r\n"
    request = (
        f"POST /graphql HTTP/1.1\r\n{head_lines}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with live.raw() as connection:
        connection.sendall((request.encode() + body) * 2)
        received = b""
        while b'"silence"' not in received:
            received += connection.recv(65_536)
    assert live.lab.closed.acquire(timeout=PATIENCE_SECONDS)
    wait_until(lambda: metric(live, "synthetic_open_streams") == 0, "the stream is over")


def test_a_connection_serves_other_requests_after_a_stream(live: LiveServer):
    with live.client.stream("GET", live.url.replace("/graphql", "/healthz")):
        pass
    with streamed(live, "subscription { ticks(count: 1) }") as reader:
        reader.rest()
        connection = reader.response.extensions["network_stream"].get_extra_info("server_addr")
    before = metric(live, "synthetic_open_connections")
    with streamed(live, "subscription { ticks(count: 1) }") as reader:
        reader.rest()
        assert reader.response.extensions["network_stream"].get_extra_info("server_addr") == connection
    assert metric(live, "synthetic_open_connections") == before


def test_a_silent_stream_is_kept_open_by_comments(tmp_path: Path):
    with serve_lab(tmp_path, limits__stream_ping_ms="20") as server:
        with streamed(server, "subscription { silence }") as reader:
            lines = reader.response.iter_lines()
            comments = 0
            while comments < 5:
                comments += next(lines).startswith(":")
        assert server.lab.closed.acquire(timeout=PATIENCE_SECONDS)


def test_a_client_that_does_not_read_is_cut_off_counted_and_holds_up_nobody(tmp_path: Path):
    with serve_lab(tmp_path, limits__stream_ping_ms="200", limits__stream_queue="4") as server:
        body = b'{"query": "subscription { flood(size: 1000000) }"}'
        head_lines = f"Host: localhost\r\nAuthorization: Bearer {server.token}\r\nAccept: {STREAM}\r\n"
        with server.raw() as lazy:
            lazy.sendall(
                f"POST /graphql HTTP/1.1\r\n{head_lines}Content-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            assert server.lab.started.acquire(timeout=PATIENCE_SECONDS)
            with streamed(server, "subscription { ticks(count: 3) }") as lively:
                assert len(lively.rest()) == 4
            assert server.lab.closed.acquire(timeout=PATIENCE_SECONDS)
            wait_until(lambda: metric(server, "synthetic_subscribers_dropped_total") == 1, "the client is given up")
            wait_until(lambda: metric(server, "synthetic_open_streams") == 0, "the stream is over")


def test_a_slow_client_gets_everything_in_order(tmp_path: Path):
    query = "subscription { ticks(count: 1000) }"
    with serve_lab(tmp_path, limits__stream_queue="2") as server, streamed(server, query) as reader:
        assert [event.data["data"]["ticks"] for event in reader.take(1_000)] == list(range(1_000))
        assert [event.event for event in reader.rest()] == ["complete"]


def test_there_are_so_many_streams_and_no_more(tmp_path: Path):
    with serve_lab(tmp_path, limits__streams="2") as server:
        with (
            streamed(server, "subscription { silence }") as first,
            streamed(server, "subscription { silence }") as second,
        ):
            first.take(1)
            second.take(1)
            refused = server.ask("subscription { silence }", accept=STREAM)
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "1"
            assert refused.json()["errors"][0]["extensions"]["code"] == "OVERLOADED"
            assert server.client.put(server.url, headers=server.headers).status_code == 503
            text = server.client.get(server.url.replace("/graphql", "/metrics"), headers=server.headers).text
            assert 'synthetic_overloads_total{queue="streams"} 2.0' in text
        wait_until(lambda: metric(server, "synthetic_open_streams") == 0, "there is room again")
        with streamed(server, "subscription { ticks(count: 1) }") as reader:
            assert len(reader.rest()) == 2


def test_streams_take_no_room_from_other_requests(tmp_path: Path):
    """Only two connections may be open that are no streams; ten streams are."""
    with serve_lab(tmp_path, server__connections="2") as server:
        readers: list[Reader] = []
        streams = [streamed(server, "subscription { silence }") for _ in range(10)]
        for stream in streams:
            readers.append(stream.__enter__())
            readers[-1].take(1)
        assert server.ask("{ __typename }").status_code == 200
        for stream in streams:
            stream.__exit__(None, None, None)


def test_a_token_that_is_revoked_takes_its_streams_with_it_and_no_others(tmp_path: Path):
    with serve_lab(tmp_path) as server:
        other = f"Bearer {server.make_token('read')}"
        query = "subscription { silence }"
        with streamed(server, query) as ending, streamed(server, query, {"authorization": other}) as lasting:
            ending.take(1)
            lasting.take(1)
            server.kernel.database.write_blocking(
                lambda tx: tx.execute("UPDATE tokens SET revoked_at = created_at WHERE scopes LIKE '%admin%'")
            )
            assert ending.rest() == [], "it ends without `complete`, so that its client asks again and is refused"
            assert server.lab.closed.acquire(timeout=PATIENCE_SECONDS)
            assert not server.lab.closed.acquire(blocking=False)
        assert server.ask(query, accept=STREAM).status_code == 401


def test_a_stop_of_the_server_ends_streams_at_once(tmp_path: Path):
    """Not after the time that running requests have."""
    context = serve_lab(tmp_path, server__shutdown_ms="600000")
    server = context.__enter__()
    own = httpx.Client(timeout=PATIENCE_SECONDS, trust_env=False)
    with own, streamed(server, "subscription { silence }", client=own) as reader:
        reader.take(1)
        context.__exit__(None, None, None)
        assert reader.rest() == []
    assert server.lab.closed.acquire(timeout=PATIENCE_SECONDS)
