"""GraphQL over SSE with a single connection: a stream that is reserved, and operations that are posted to it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from synthetic.testing import CONTRACT_KEYS, wait_until

from .live_server import PATIENCE_SECONDS, LiveServer, serve_lab
from .sse_kit import (
    EMITTED,
    STREAM,
    TOKEN,
    Reader,
    StreamEvent,
    connected,
    emit,
    head,
    metric,
    opened,
    operate,
    reserve,
    stop,
)

MADE = 'subscription ($after: Position) { events(after: $after, filter: { types: ["note.made"] }) { entityId } }'
TORN = 'subscription ($after: Position) { events(after: $after, filter: { types: ["note.torn"] }) { entityId } }'


@pytest.fixture(autouse=True)
def nothing_is_logged_as_an_error(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with serve_lab(tmp_path_factory.mktemp("live"), events__external_types=EMITTED) as server:
        yield server


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Status and code of an answer that is an error."""
    contract = response.json()["errors"][0]["extensions"]
    assert set(contract) == CONTRACT_KEYS
    return response.status_code, contract["code"]


def heard(reader: Reader, count: int) -> set[tuple[str, str]]:
    """Operation and entity of the next events of `events`."""
    return {(event.data["id"], event.data["payload"]["data"]["events"]["entityId"]) for event in reader.take(count)}


def test_answers_of_all_operations_come_on_the_reserved_stream(live: LiveServer):
    token = reserve(live)
    with connected(live, token) as reader:
        accepted = operate(live, token, "1", "subscription { ticks(count: 2) }")
        assert (accepted.status_code, accepted.content) == (202, b"")
        events = reader.take(3)
        assert [event.event for event in events] == ["next", "next", "complete"]
        assert [event.data for event in events[:2]] == [
            {"id": "1", "payload": {"data": {"ticks": n}}} for n in range(2)
        ]
        assert events[2].data == {"id": "1"}
        assert operate(live, token, "1", 'mutation { keep(input: { text: "posted" }) }').status_code == 202
        assert reader.take(2)[0].data["payload"]["data"]["keep"] > 0
    assert "posted" in live.lab.kept


def test_the_token_may_stand_in_the_url_and_is_enough_for_a_browser(live: LiveServer):
    """`EventSource` sends no headers of one's own."""
    token = reserve(live)
    with live.client.stream("GET", live.url, params={"token": token}, headers={"accept": STREAM}) as response:
        reader = opened(response)
        content = {"query": "{ __typename }", "extensions": {"operationId": "1"}}
        assert live.client.post(f"{live.url}?token={token}", json=content, headers=live.headers).status_code == 202
        assert [event.data["id"] for event in reader.take(2)] == ["1", "1"]


def test_an_operation_posted_before_the_connection_is_heard_by_it(live: LiveServer):
    token = reserve(live)
    assert operate(live, token, "early", "subscription { ticks(count: 2) }").status_code == 202
    with connected(live, token) as reader:
        assert [event.event for event in reader.take(3)] == ["next", "next", "complete"]


def test_what_is_wrong_with_an_operation_is_its_answer_and_not_the_streams(live: LiveServer):
    token = reserve(live)
    assert refusal(operate(live, token, "1", "subscription { nothing }")) == (400, "GRAPHQL_VALIDATION_FAILED")
    assert refusal(operate(live, token, "", "{ __typename }")) == (400, "BAD_REQUEST")
    assert refusal(operate(live, token, "x" * 129, "{ __typename }")) == (400, "BAD_REQUEST")
    missing = live.client.post(live.url, json={"query": "{ __typename }"}, headers={**live.headers, TOKEN: token})
    assert refusal(missing) == (400, "BAD_REQUEST")
    assert operate(live, token, "1", "{ __typename }").status_code == 202, "the id of a refused one is free"


def test_a_get_with_a_token_runs_queries_and_never_mutates(live: LiveServer):
    token = reserve(live)
    extensions = '{"operationId": "got"}'
    with connected(live, token) as reader:
        query = live.get({"query": "{ __typename }", "extensions": extensions, "token": token})
        assert query.status_code == 202
        assert reader.take(2)[0].data["id"] == "got"
        mutation = live.get(
            {"query": 'mutation { keep(input: {text: "x"}) }', "extensions": extensions, "token": token}
        )
        assert refusal(mutation) == (405, "METHOD_NOT_ALLOWED")


def test_one_connection_at_a_time_has_a_reservation(live: LiveServer):
    token = reserve(live)
    with connected(live, token) as reader:
        operate(live, token, "1", "subscription { silence }")
        reader.take(1)
        second = live.get({"token": token}, accept=STREAM)
        assert refusal(second) == (409, "CONFLICT")
        assert operate(live, token, "2", "{ __typename }").status_code == 202
        assert reader.take(1)[0].data["id"] == "2"
    assert live.lab.closed.acquire(timeout=PATIENCE_SECONDS), "with the connection its operations end"


def test_an_id_is_one_operations_at_a_time(live: LiveServer):
    token = reserve(live)
    with connected(live, token) as reader:
        operate(live, token, "1", "subscription { silence }")
        reader.take(1)
        assert refusal(operate(live, token, "1", "{ __typename }")) == (409, "CONFLICT")
        assert stop(live, token, "1").status_code == 200
        assert live.lab.closed.acquire(timeout=PATIENCE_SECONDS)
        assert operate(live, token, "1", "{ __typename }").status_code == 202
        assert reader.take(1)[0].data == {"id": "1", "payload": {"data": {"__typename": "Query"}, **position(live)}}
        assert stop(live, token, "nobody's").status_code == 200


def position(live: LiveServer) -> dict[str, dict[str, str]]:
    return {"extensions": {"position": head(live)}}


def test_a_reservation_is_its_callers_own(live: LiveServer):
    token = reserve(live)
    other = {"authorization": f"Bearer {live.make_token('read', 'write')}"}
    content = {"query": "{ __typename }", "extensions": {"operationId": "1"}}
    assert refusal(live.client.post(live.url, json=content, headers={**other, TOKEN: token})) == (404, "NOT_FOUND")
    assert refusal(live.client.delete(live.url, params={"operationId": "1", "token": token}, headers=other)) == (
        404,
        "NOT_FOUND",
    )
    assert refusal(live.get({"token": token}, accept=STREAM, **other)) == (404, "NOT_FOUND")
    assert refusal(live.get({"token": "guessed"}, accept=STREAM)) == (404, "NOT_FOUND")


def test_every_request_but_the_connection_needs_the_callers_token(live: LiveServer):
    token = reserve(live)
    content = {"query": "{ __typename }", "extensions": {"operationId": "1"}}
    assert live.client.put(live.url).status_code == 401
    assert live.client.post(live.url, json=content, headers={TOKEN: token}).status_code == 401
    assert live.client.delete(live.url, params={"operationId": "1"}, headers={TOKEN: token}).status_code == 401
    assert refusal(live.client.delete(live.url, headers=live.headers)) == (400, "BAD_REQUEST")


def test_scopes_hold_for_posted_operations(live: LiveServer):
    reader = {"authorization": f"Bearer {live.make_token('read')}"}
    token = live.client.put(live.url, headers=reader).text
    content = {"query": 'mutation { keep(input: { text: "no" }) }', "extensions": {"operationId": "1"}}
    assert refusal(live.client.post(live.url, json=content, headers={**reader, TOKEN: token})) == (403, "FORBIDDEN")
    assert "no" not in live.lab.kept


def test_each_operation_goes_on_where_it_was_when_the_connection_was_cut(live: LiveServer):
    start = head(live)
    token = reserve(live)
    with connected(live, token) as reader:
        for id, query in (("made", MADE), ("torn", TORN)):
            assert operate(live, token, id, query, after=start).status_code == 202
        emit(live, "a", "b")
        emit(live, "c", type="note.torn")
        last = next_of(reader, 3)
    emit(live, "d")
    emit(live, "e", type="note.torn")
    wait_until(lambda: metric(live, "synthetic_open_streams") == 0, "the stream is over")
    with connected(live, token, last_event_id=last.id or "") as reader:
        operate(live, token, "made", MADE, after=start)
        assert heard(reader, 1) == {("made", "d")}
        # Cut off again before the other was posted again: its place is kept in what the first one is told.
        emit(live, "f")
        last = next_of(reader, 1)
    other = reserve(live)
    with connected(live, other, last_event_id=last.id or "") as reader:
        operate(live, other, "torn", TORN, after=start)
        operate(live, other, "made", MADE, after=start)
        assert heard(reader, 1) == {("torn", "e")}
        emit(live, "g")
        assert heard(reader, 1) == {("made", "g")}


def next_of(reader: Reader, count: int) -> StreamEvent:
    """The last of so many events."""
    return reader.take(count)[-1]


def test_a_last_event_id_that_is_none_of_ours_is_bad_input(live: LiveServer):
    token = reserve(live)
    assert refusal(live.get({"token": token}, accept=STREAM, last_event_id="garbage")) == (400, "BAD_USER_INPUT")
    with connected(live, token):
        pass


def test_a_reservation_that_nobody_uses_expires_with_its_operations(tmp_path: Path):
    with serve_lab(tmp_path, limits__stream_reservation_ms="300", limits__streams="1") as server:
        token = reserve(server)
        assert operate(server, token, "1", "subscription { silence }").status_code == 202
        assert server.client.put(server.url, headers=server.headers).status_code == 503
        assert server.lab.closed.acquire(timeout=PATIENCE_SECONDS)
        assert refusal(operate(server, token, "2", "{ __typename }")) == (404, "NOT_FOUND")
        assert reserve(server) != token


def test_a_connection_keeps_its_reservation_from_expiring(tmp_path: Path):
    with serve_lab(tmp_path, limits__stream_reservation_ms="50", limits__stream_ping_ms="20") as server:
        token = reserve(server)
        with connected(server, token) as reader:
            lines = reader.response.iter_lines()
            comments = 0
            while comments < 10:
                comments += next(lines).startswith(":")
            assert operate(server, token, "1", "{ __typename }").status_code == 202


def test_one_stream_runs_so_many_operations_and_no_more(tmp_path: Path):
    with serve_lab(tmp_path, limits__stream_operations="2") as server:
        token = reserve(server)
        with connected(server, token) as reader:
            for id in ("1", "2"):
                assert operate(server, token, id, "subscription { silence }").status_code == 202
            reader.take(2)
            assert refusal(operate(server, token, "3", "{ __typename }")) == (503, "OVERLOADED")
            stop(server, token, "1")
            assert operate(server, token, "3", "{ __typename }").status_code == 202


def test_a_caller_whose_token_was_revoked_cannot_connect(tmp_path: Path):
    with serve_lab(tmp_path, limits__stream_reservation_ms="600000") as server:
        token = reserve(server)
        server.kernel.database.write_blocking(lambda tx: tx.execute("UPDATE tokens SET revoked_at = created_at"))

        def refused() -> bool:
            with server.client.stream("GET", server.url, params={"token": token}, headers={"accept": STREAM}) as answer:
                return answer.status_code == 401

        wait_until(refused, "the token's end is noticed")


def test_several_worker_processes_share_no_reservations(tmp_path: Path):
    """Requests with the stream's token would come to any of them. The setting alone decides."""
    with serve_lab(tmp_path, server__workers="2") as server:
        assert refusal(server.client.put(server.url, headers=server.headers)) == (405, "METHOD_NOT_ALLOWED")


def test_a_page_of_an_allowed_origin_may_use_all_methods(tmp_path: Path):
    origin = "https://dash.example"
    with serve_lab(tmp_path, security__origins=origin) as server:
        for method in ("PUT", "DELETE"):
            preflight = {"origin": origin, "access-control-request-method": method}
            answer = server.client.options(server.url, headers=preflight)
            assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, origin)
        answer = server.client.put(server.url, headers={**server.headers, "origin": origin})
        assert answer.headers["access-control-allow-origin"] == origin
