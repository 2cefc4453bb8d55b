"""A connection on which each request has the same head: each is answered for what it is, whatever came before."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from kernel.server.conftest import connection_to, read_answer, read_to_end
from kernel.server.test_whole_answers import BODY, known, request
from synthetic.security.tokens import list_tokens, revoke_token
from synthetic.testing import RunningServer, copy_template, open_test_store, running_server, wait_until

__all__ = ["known"]

OTHER_BODY = b'{"query":"{a: __typename}"}'
"""As long as `BODY`, so that it may follow the same head."""


def asked(connection: socket.socket, sent: bytes) -> tuple[bytes, dict[str, Any]]:
    connection.sendall(sent)
    head, _, body = read_answer(connection).partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0], json.loads(body)


def test_each_body_has_its_own_answer(server: RunningServer):
    assert len(OTHER_BODY) == len(BODY)
    with connection_to(server) as connection:
        for _ in range(10):
            for body, data in ((BODY, {"__typename": "Query"}), (OTHER_BODY, {"a": "Query"})):
                status, answer = asked(connection, request(server) + body)
                assert (status, answer["data"]) == (b"HTTP/1.1 200 OK", data)


def test_each_has_an_id_of_its_own(server: RunningServer):
    with connection_to(server) as connection:
        ids: set[bytes] = set()
        for _ in range(10):
            connection.sendall(request(server) + BODY)
            [line] = [each for each in read_answer(connection).split(b"\r\n") if each.startswith(b"x-correlation-id:")]
            ids.add(line)
    assert len(ids) == 10


@pytest.mark.parametrize("cut", [1, 40, -len(BODY) - 2, -len(BODY), -1])
def test_what_ends_a_request_in_pieces_is_no_request_by_itself(server: RunningServer, cut: int):
    whole = request(server) + BODY
    with connection_to(server) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(3):
            # What came before is answered first, so the pieces are seen apart.
            assert asked(connection, request(server, b"X-Correlation-Id: other") + BODY + whole[:cut])[1]["data"]
            assert asked(connection, whole[cut:])[1]["data"] == {"__typename": "Query"}
        connection.sendall(whole[cut:])
        connection.shutdown(socket.SHUT_WR)
        assert b"HTTP/1.1 200" not in read_to_end(connection)


def test_several_at_once_and_other_requests_between_are_answered_in_order(server: RunningServer):
    whole = request(server) + BODY
    with connection_to(server) as connection:
        assert asked(connection, whole)[1]["data"]
        connection.sendall(whole + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" + whole)
        answers = b""
        while answers.count(b'"__typename"') < 2:
            answers += connection.recv(65_536)
        assert answers.index(b'"__typename"') < answers.index(b'"ok"') < answers.rindex(b'"__typename"')
        assert asked(connection, whole)[1]["data"]
        connection.sendall(request(server, b"Connection: close") + BODY)
        assert read_to_end(connection).count(b"HTTP/1.1 200 OK") == 1


def test_a_body_in_chunks_is_read_as_such(server: RunningServer):
    head = request(server).replace(b"Content-Length: %d" % len(BODY), b"Transfer-Encoding: chunked")
    chunked = head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
    with connection_to(server) as connection:
        for _ in range(5):
            assert asked(connection, chunked)[1]["data"] == {"__typename": "Query"}


def test_a_token_that_was_revoked_is_refused_on_a_connection_that_it_was_let_in_on(template: Path, tmp_path: Path):
    directory = copy_template(template, tmp_path / "store")
    with running_server(directory) as server, connection_to(server) as connection:
        for _ in range(20):
            assert asked(connection, request(server) + BODY)[0] == b"HTTP/1.1 200 OK"
        with open_test_store(directory) as store:
            for token in store.read(list_tokens):
                store.write(revoke_token, token.id)
        refused = wait_until(
            lambda: [each for each in [asked(connection, request(server) + BODY)] if b" 200 " not in each[0]],
            "the refusal",
        )
    [(status, answer)] = refused
    assert status.startswith(b"HTTP/1.1 401 ")
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
