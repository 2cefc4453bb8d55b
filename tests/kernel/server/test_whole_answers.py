"""A short request that is here as a whole is answered without ASGI's messages, and nobody can tell by the answer."""

from __future__ import annotations

import json
import re
import socket

import httpx
import pytest

from kernel.server.conftest import connection_to, origin_of, read_answer, read_to_end
from synthetic.testing import RunningServer, wait_until

BODY = b'{"query": "{ __typename }"}'


def request(server: RunningServer, *lines: bytes, version: bytes = b"1.1") -> bytes:
    """The head of a request for `BODY`, with these lines beside."""
    head = [
        b"POST /graphql HTTP/" + version,
        b"Host: localhost",
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(BODY),
        b"Authorization: Bearer " + server.token.encode(),
        *lines,
    ]
    return b"\r\n".join(head) + b"\r\n\r\n"


def parts(answer: bytes) -> tuple[bytes, list[tuple[str, str]], dict[str, object]]:
    """Status line, headers in the order of their names, and body; of what differs each time only the names."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    headers = [(name.decode().lower(), value.decode()) for name, _, value in (line.partition(b": ") for line in lines)]
    plain = [(name, "" if name in ("date", "x-correlation-id") else value) for name, value in headers]
    answer = json.loads(body)
    # The store appends events of its own.
    answer.get("extensions", {}).pop("position", None)
    return status, sorted(plain), answer


@pytest.fixture(scope="module", autouse=True)
def known(server: RunningServer) -> None:
    """The caller is known and the document runs in place, so that requests for it are answered at once."""

    def runs_in_place() -> bool:
        metrics = httpx.get(f"{origin_of(server)}/metrics", headers=server.headers).text
        in_place = re.search(r'^synthetic_queries_total\{place="in_place"\} (\d+)', metrics, re.MULTILINE)
        with connection_to(server) as connection:
            connection.sendall(request(server) + BODY)
            read_answer(connection)
        return in_place is not None and int(in_place[1]) > 0

    wait_until(runs_in_place, "a query that runs in place")


@pytest.fixture
def answer(server: RunningServer) -> tuple[bytes, list[tuple[str, str]], dict[str, object]]:
    """What a request is answered with that comes in one piece."""
    with connection_to(server) as connection:
        connection.sendall(request(server) + BODY)
        return parts(read_answer(connection))


def test_it_has_every_header_once(answer: tuple[bytes, list[tuple[str, str]], dict[str, object]]):
    status, headers, body = answer
    assert status == b"HTTP/1.1 200 OK"
    assert body["data"] == {"__typename": "Query"}
    assert [name for name, _ in headers] == [
        "cache-control",
        "content-length",
        "content-security-policy",
        "content-type",
        "cross-origin-resource-policy",
        "date",
        "x-content-type-options",
        "x-correlation-id",
    ]


@pytest.mark.parametrize("line", [b"Origin: http://localhost", b"Accept: application/json, text/event-stream;q=0.1"])
def test_a_request_that_goes_another_way_is_answered_alike(
    server: RunningServer, answer: tuple[bytes, list[tuple[str, str]], dict[str, object]], line: bytes
):
    with connection_to(server) as connection:
        connection.sendall(request(server, line) + BODY)
        assert parts(read_answer(connection)) == answer


def test_a_body_that_comes_later_is_waited_for(
    server: RunningServer, answer: tuple[bytes, list[tuple[str, str]], dict[str, object]]
):
    with connection_to(server) as connection:
        connection.sendall(request(server, b"Expect: 100-continue"))
        assert connection.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY)
        assert parts(read_answer(connection)) == answer


def test_a_body_that_is_there_already_is_not_asked_for(
    server: RunningServer, answer: tuple[bytes, list[tuple[str, str]], dict[str, object]]
):
    with connection_to(server) as connection:
        connection.sendall(request(server, b"Expect: 100-continue") + BODY)
        assert parts(read_answer(connection)) == answer


def test_requests_that_are_sent_at_once_are_answered_in_order_on_one_connection(server: RunningServer):
    with connection_to(server) as connection:
        named = [request(server, b"X-Correlation-Id: number-%d" % number) + BODY for number in range(5)]
        connection.sendall(b"".join(named) + request(server, b"Connection: close") + BODY)
        answers = read_to_end(connection)
    places = [answers.index(b"x-correlation-id: number-%d\r\n" % number) for number in range(5)]
    assert places == sorted(places)
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 6
    assert answers.count(b"connection: close\r\n") == 1


def test_a_request_that_comes_in_pieces_is_answered_alike(
    server: RunningServer, answer: tuple[bytes, list[tuple[str, str]], dict[str, object]]
):
    whole = request(server) + BODY
    for cut in (1, whole.index(b"\r\n\r\n") + 2, len(whole) - len(BODY), len(whole) - 1):
        with connection_to(server) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(request(server) + BODY + whole[:cut])
            assert parts(read_answer(connection)) == answer
            connection.sendall(whole[cut:])
            assert parts(read_answer(connection)) == answer


def test_what_follows_a_whole_request_and_is_no_http_is_refused_after_its_answer(server: RunningServer):
    with connection_to(server) as connection:
        connection.sendall(request(server) + BODY + b"no http at all\r\n\r\n")
        answers = read_to_end(connection)
    assert answers.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answers.count(b"HTTP/1.1 200 OK") == 1
    assert answers.index(b"HTTP/1.1 400 ") > answers.index(b'"__typename"')


def test_a_connection_that_answers_at_once_stays_open_for_others(server: RunningServer):
    with connection_to(server) as connection:
        for number in range(50):
            connection.sendall(request(server, b"X-Correlation-Id: turn-%d" % number) + BODY)
            assert b"x-correlation-id: turn-%d\r\n" % number in read_answer(connection)


def test_a_client_of_http_1_0_gets_its_answer_and_the_end(server: RunningServer):
    with connection_to(server) as connection:
        connection.sendall(request(server, version=b"1.0") + BODY)
        status, headers, body = parts(read_to_end(connection))
    assert status == b"HTTP/1.1 200 OK"
    assert ("connection", "close") in headers
    assert body["data"] == {"__typename": "Query"}


def test_each_is_in_the_access_log(server: RunningServer):
    with connection_to(server) as connection:
        connection.sendall(request(server, b"X-Correlation-Id: logged-once") + BODY)
        read_answer(connection)
    (line,) = wait_until(lambda: [line for line in server.log if '"logged-once"' in line], "the line")
    logged = json.loads(line)
    assert logged.pop("timestamp").endswith("Z")
    assert logged.pop("ms") > 0
    assert logged == {
        "event": "request",
        "level": "info",
        "logger": "synthetic.access",
        "method": "POST",
        "path": "/graphql",
        "status": 200,
        "caller": "first",
        "correlation_id": "logged-once",
    }
