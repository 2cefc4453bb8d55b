"""A connection on which each request has the same head: each is answered for what it is, whatever came before."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kernel.graphql.live_server import LiveServer, serve_lab
from kernel.server.conftest import connection_to, read_answer, read_to_end
from kernel.server.test_whole_answers import BODY, known, request
from synthetic.graphql.execute import Engine
from synthetic.graphql.http_exchange import PromptHead
from synthetic.prompt_answers import PromptAnswers
from synthetic.security.tokens import list_tokens, revoke_token
from synthetic.server.repeats import HEAD_BYTES_MAX, find_repeat
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


def test_a_body_that_is_not_all_here_is_waited_for(server: RunningServer):
    blanks = b" " * 8
    longer = b"Content-Length: %d" % (len(BODY) + len(blanks))
    head = request(server).replace(b"Content-Length: %d" % len(BODY), longer)
    with connection_to(server) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(2):
            assert asked(connection, head + BODY + blanks)[1]["data"]
        # A whole document already, but not the whole body: were it answered, the blanks would begin the next request.
        connection.sendall(head + BODY)
        with connection_to(server) as other:
            assert asked(other, request(server) + BODY)[1]["data"]
        with pytest.raises(BlockingIOError):
            connection.recv(1, socket.MSG_DONTWAIT)
        assert asked(connection, blanks)[1]["data"] == {"__typename": "Query"}
        assert asked(connection, request(server) + BODY)[1]["data"] == {"__typename": "Query"}


SAYS = PromptHead(b"content-type: application/json\r\n", None, None)
HEAD = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(BODY)


def test_what_is_remembered_of_a_request_is_its_head():
    repeat = find_repeat(HEAD + BODY, BODY, SAYS)
    assert repeat is not None
    assert (repeat.head, repeat.says) == (HEAD, SAYS)
    assert repeat.begins(HEAD + OTHER_BODY)
    assert not repeat.begins(HEAD + OTHER_BODY + b" ")
    assert not repeat.begins(HEAD + OTHER_BODY[:-1])
    assert not repeat.begins(HEAD.replace(b"localhost", b"localhosT") + BODY)


@pytest.mark.parametrize(
    "data",
    [
        HEAD + BODY + b"POST",
        HEAD + BODY + HEAD + BODY,
        HEAD + b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
        HEAD.replace(b"localhost", b"h" * HEAD_BYTES_MAX) + BODY,
        BODY,
        b"",
    ],
    ids=["more", "two", "chunks", "long", "body alone", "nothing"],
)
def test_a_request_that_did_not_come_by_itself_or_whole_is_not_remembered(data: bytes):
    assert find_repeat(data, BODY, SAYS) is None


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[LiveServer]:
    """A server in this process, which has answered the query in place already, and knows who asks."""
    with serve_lab(tmp_path) as running:
        places = running.kernel.metrics.places
        while places.in_place < 2:
            with running.raw() as connection:
                assert asked(connection, of_lab(running, b"first"))[1]["data"]
        yield running


def of_lab(lab: LiveServer, name: bytes) -> bytes:
    return request(lab, b"X-Name: " + name) + BODY  # type: ignore[arg-type] - it has a token too


def test_a_head_that_comes_again_is_not_looked_at_again(lab: LiveServer, monkeypatch: pytest.MonkeyPatch):
    looked: list[bytes] = []
    look_at = PromptAnswers.look_at

    def counted(self: PromptAnswers, headers: Any, server: str) -> PromptHead | None:
        looked.append(dict(headers)[b"x-name"])
        return look_at(self, headers, server)

    monkeypatch.setattr(PromptAnswers, "look_at", counted)
    with lab.raw() as connection:
        for name in (b"a", b"a", b"a", b"b", b"b", b"a"):
            assert asked(connection, of_lab(lab, name))[1]["data"] == {"__typename": "Query"}
    assert looked == [b"a", b"b", b"a"]


def test_a_request_is_answered_though_answering_it_at_once_fails(lab: LiveServer, monkeypatch: pytest.MonkeyPatch):
    failed: list[None] = []

    def fail(*_arguments: Any) -> None:
        failed.append(None)
        raise RuntimeError("unforeseen")

    with lab.raw() as connection:
        assert asked(connection, of_lab(lab, b"a"))[1]["data"]
        monkeypatch.setattr(Engine, "run_now", fail)
        for name in (b"a", b"b", b"b"):
            assert asked(connection, of_lab(lab, name))[1]["data"] == {"__typename": "Query"}
    assert len(failed) == 3


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
