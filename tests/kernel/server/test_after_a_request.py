"""What comes after a request on its connection and is no HTTP keeps nobody from the answer to what came before."""

from __future__ import annotations

import json
import re

import pytest

from kernel.server.conftest import connection_to, read_to_end
from synthetic.testing import RunningServer

QUERY = b'{"query": "{ __typename }"}'
SAVE = b'{"query": "mutation { saveConstruct(input: {id: \\"c1\\", type: \\"epic\\", title: \\"x\\"}) { created } }"}'


def post(server: RunningServer, body: bytes, *lines: bytes, length: int | None = None) -> bytes:
    """A request to `/graphql`; `length` is what it says of its body, if that is not true."""
    head = [
        b"POST /graphql HTTP/1.1",
        b"Host: localhost",
        b"Content-Type: application/json",
        b"Content-Length: %d" % (len(body) if length is None else length),
        b"Authorization: Bearer " + server.token.encode(),
        *lines,
    ]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def chunked(server: RunningServer, body: bytes) -> bytes:
    """A request whose body comes in chunks, as it is given."""
    head = post(server, b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    return head + body


def answers_to(server: RunningServer, sent: bytes) -> list[tuple[int, dict[str, object]]]:
    """Status and body of each answer, up to the end of the connection."""
    with connection_to(server) as connection:
        connection.sendall(sent)
        parts = re.split(rb"HTTP/1\.1 (?=\d{3} )", read_to_end(connection))[1:]
    return [(int(part[:3]), json.loads(part.partition(b"\r\n\r\n")[2])) for part in parts]


@pytest.mark.parametrize(
    "after",
    [b"NONSENSE\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"POST http://[ HTTP/1.1\r\n\r\n"],
    ids=["words", "TLS", "an address that is none"],
)
@pytest.mark.parametrize("count", [1, 3])
def test_requests_are_answered_before_what_follows_them_is_refused(server: RunningServer, after: bytes, count: int):
    *answered, (status, refusal) = answers_to(server, post(server, QUERY) * count + after)
    assert [body["data"] for _, body in answered] == [{"__typename": "Query"}] * count
    assert (status, refusal["code"]) == (400, "BAD_REQUEST")


def test_a_mutation_is_told_what_it_did(server: RunningServer):
    (_, saved), (status, _) = answers_to(server, post(server, SAVE) + b"}}NONSENSE\r\n")
    assert saved["data"] == {"saveConstruct": {"created": True}}
    assert status == 400


def test_a_body_that_is_longer_than_announced_is_cut_there(server: RunningServer):
    (first, cut), (second, refusal) = answers_to(server, post(server, QUERY, length=len(QUERY) - 5))
    assert (first, cut["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")
    assert (second, refusal["code"]) == (400, "BAD_REQUEST")


def test_a_request_that_ends_the_connection_is_answered_alone(server: RunningServer):
    ((status, body),) = answers_to(server, post(server, QUERY, b"Connection: close") + b"NONSENSE\r\n\r\n")
    assert (status, body["data"]) == (200, {"__typename": "Query"})


@pytest.mark.parametrize("before", [0, 1, 2])
def test_a_body_that_breaks_off_is_refused_after_what_came_before_it(server: RunningServer, before: int):
    sent = post(server, QUERY) * before + chunked(server, b"zz\r\nnonsense")
    *answered, (status, refusal) = answers_to(server, sent)
    assert [body["data"] for _, body in answered] == [{"__typename": "Query"}] * before
    assert (status, refusal["code"]) == (400, "BAD_REQUEST")


def test_a_body_that_breaks_off_later_is_refused(server: RunningServer):
    with connection_to(server) as connection:
        connection.sendall(chunked(server, b"1\r\n{\r\n").replace(b"Host", b"Expect: 100-continue\r\nHost"))
        # The body is being read by now.
        assert connection.recv(65_536).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"zz\r\n")
        assert read_to_end(connection).startswith(b"HTTP/1.1 400 ")


def test_nothing_of_it_is_logged_as_an_error(server: RunningServer):
    answers_to(server, post(server, QUERY) + chunked(server, b"zz\r\n"))
    assert not any("Traceback" in line or '"error"' in line for line in server.log)
