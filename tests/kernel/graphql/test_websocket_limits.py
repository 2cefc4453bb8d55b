"""graphql-transport-ws at its limits: of time, of numbers, of patience."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import orjson
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from synthetic.security.tokens import hash_secret

from .live_server import PATIENCE_SECONDS, LiveServer, hear, say, serve_lab
from .socket_kit import closing, ending, opened, subscribe, talk


@pytest.fixture(autouse=True)
def nothing_is_logged_as_an_error(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_message_beyond_the_limit_closes_the_socket(tmp_path: Path):
    with serve_lab(tmp_path, limits__socket_frame_bytes="1000") as server:
        within = orjson.dumps({"type": "ping", "payload": {"a": "x" * 960}}).decode()

        async def conversation(connection: ClientConnection) -> None:
            await connection.send(within)
            assert (await hear(connection))["type"] == "pong"
            await connection.send(within + " " * (1_001 - len(within)))
            assert (await closing(connection))[0] == 1009

        talk(server, conversation)
        assert ending(server, *[b"x" * 600_000])[0] == 1009


def test_who_says_nothing_is_closed_after_a_while(tmp_path: Path):
    with serve_lab(tmp_path, limits__socket_init_ms="50") as server:
        assert ending(server) == (4408, "Connection initialisation timeout")
        assert ending(server, '{"type": "ping"}') == (4408, "Connection initialisation timeout")


def test_the_server_pings_and_gives_up_who_never_answers(tmp_path: Path):
    with serve_lab(tmp_path, limits__socket_ping_ms="50") as server:

        async def hold() -> int:
            async with asyncio.timeout(PATIENCE_SECONDS), opened(server) as connection:
                for _ in range(5):
                    assert orjson.loads(await connection.recv()) == {"type": "ping"}
                    await say(connection, type="pong")
                assert orjson.loads(await connection.recv()) == {"type": "ping"}
                with pytest.raises(ConnectionClosed) as caught:
                    await connection.recv()
                assert caught.value.rcvd is not None
                return caught.value.rcvd.code

        assert asyncio.run(hold()) == 4509


@pytest.mark.parametrize("change", ["revoked_at = created_at", "expires_at = created_at + 1"])
def test_a_token_that_another_process_ends_takes_its_open_sockets_with_it_and_no_others(tmp_path: Path, change: str):
    with serve_lab(tmp_path, limits__socket_ping_ms="600000") as server:
        other = server.make_token("read")

        async def conversation(connection: ClientConnection) -> None:
            await subscribe(connection, "1", "subscription { silence }")
            assert (await hear(connection))["type"] == "next"
            async with server.connect() as lasting:
                await say(lasting, type="connection_init", payload={"authorization": f"Bearer {other}"})
                assert (await hear(lasting))["type"] == "connection_ack"
                with contextlib.closing(apsw.Connection(str(tmp_path / "store" / "synthetic.db"))) as stranger:
                    stranger.set_busy_timeout(10_000)
                    stranger.execute(f"UPDATE tokens SET {change} WHERE hash = ?", (hash_secret(server.token),))
                    assert stranger.changes() == 1
                assert await closing(connection) == (4403, "The token is no longer valid")
                await subscribe(lasting, "1", "{ __typename }")
                assert (await hear(lasting))["type"] == "next"

        talk(server, conversation)
        assert server.lab.closed.acquire(timeout=PATIENCE_SECONDS)


def test_an_answer_beyond_the_limit_is_an_error_and_the_socket_goes_on(tmp_path: Path):
    with serve_lab(tmp_path, limits__answer_bytes="2000000") as server:

        async def hold() -> None:
            async with asyncio.timeout(PATIENCE_SECONDS), opened(server, max_size=None) as connection:
                await subscribe(connection, "1", "{ letters(count: 2000000) }")
                refused = await hear(connection)
                assert (refused["type"], refused["payload"]["data"]) == ("next", None)
                contract = refused["payload"]["errors"][0]["extensions"]
                assert contract["code"] == "QUERY_TOO_COMPLEX"
                assert contract["details"] == {"limit": "kernel.limits.answer_bytes", "allowed": 2_000_000}
                assert (await hear(connection))["type"] == "complete"
                await subscribe(connection, "2", "{ letters(count: 1900000) }")
                assert len((await hear(connection))["payload"]["data"]["letters"]) == 1_900_000

        asyncio.run(hold())
        over_http = server.ask("{ letters(count: 2000000) }")
        assert over_http.status_code == 200
        assert over_http.json()["data"] is None
        assert over_http.json()["errors"][0]["extensions"]["details"]["limit"] == "kernel.limits.answer_bytes"
        assert len(server.ask("{ letters(count: 1900000) }").json()["data"]["letters"]) == 1_900_000


def test_one_socket_runs_so_many_operations_and_no_more(tmp_path: Path):
    with serve_lab(tmp_path, limits__socket_operations="2") as server:

        async def conversation(connection: ClientConnection) -> None:
            for id in ("1", "2"):
                await subscribe(connection, id, "subscription { silence }")
                assert (await hear(connection))["type"] == "next"
            await subscribe(connection, "3", "{ __typename }")
            refused = await hear(connection)
            assert (refused["id"], refused["type"]) == ("3", "error")
            assert refused["payload"][0]["extensions"]["code"] == "OVERLOADED"
            await say(connection, id="1", type="complete")
            assert await asyncio.to_thread(server.lab.closed.acquire, timeout=PATIENCE_SECONDS)
            await subscribe(connection, "3", "{ __typename }")
            assert (await hear(connection))["type"] == "next"

        talk(server, conversation)


def test_the_rate_of_requests_holds_on_a_socket(tmp_path: Path):
    with serve_lab(tmp_path, limits__requests_per_second="3") as server:

        async def conversation(connection: ClientConnection) -> None:
            for number in range(20):
                await subscribe(connection, str(number), "{ __typename }")
            kinds = [(await hear(connection)) for _ in range(20)]
            refused = [message for message in kinds if message["type"] == "error"]
            assert refused
            assert refused[0]["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
            assert refused[0]["payload"][0]["extensions"]["retryAfterMs"] > 0

        talk(server, conversation)


def test_there_are_so_many_sockets_and_no_more(tmp_path: Path):
    with serve_lab(tmp_path, limits__sockets="2") as server:

        async def hold() -> None:
            async with asyncio.timeout(PATIENCE_SECONDS), opened(server), opened(server):
                with pytest.raises(InvalidStatus) as caught:
                    async with server.connect():
                        pass
                response = caught.value.response
                assert response.status_code == 503
                assert response.headers["retry-after"] == "1"
                assert orjson.loads(response.body)["errors"][0]["extensions"]["code"] == "OVERLOADED"

        asyncio.run(hold())
        with_metrics = server.client.get(server.url.replace("/graphql", "/metrics"), headers=server.headers).text
        assert 'synthetic_overloads_total{queue="sockets"} 1.0' in with_metrics


def test_a_client_that_does_not_read_is_given_up_and_holds_up_nobody(tmp_path: Path):
    with serve_lab(tmp_path, limits__socket_ping_ms="200", limits__socket_queue="4") as server:

        async def hold() -> None:
            async with asyncio.timeout(PATIENCE_SECONDS), opened(server, max_queue=1) as lazy:
                await subscribe(lazy, "1", "subscription { flood(size: 1000000) }")
                assert await asyncio.to_thread(server.lab.started.acquire, timeout=PATIENCE_SECONDS)
                async with opened(server) as lively:
                    await subscribe(lively, "1", "subscription { ticks(count: 3) }")
                    assert [(await hear(lively))["type"] for _ in range(4)] == ["next", "next", "next", "complete"]
                assert await asyncio.to_thread(server.lab.closed.acquire, timeout=PATIENCE_SECONDS)
                lazy.transport.abort()

        asyncio.run(hold())


def test_a_slow_client_gets_everything_in_order(tmp_path: Path):
    """Far more messages than may wait: the operation waits for room, and nothing is lost."""
    with serve_lab(tmp_path, limits__socket_queue="2") as server:

        async def conversation(connection: ClientConnection) -> None:
            await subscribe(connection, "1", "subscription { ticks(count: 3000) }")
            for number in range(3_000):
                assert (await hear(connection))["payload"]["data"]["ticks"] == number
            assert (await hear(connection))["type"] == "complete"

        talk(server, conversation)


def test_a_stop_of_the_server_is_told_to_open_sockets(tmp_path: Path):
    async def hold(server: LiveServer, stop: Callable[[], None]) -> tuple[int, str]:
        async with asyncio.timeout(PATIENCE_SECONDS), opened(server) as connection:
            await subscribe(connection, "1", "subscription { silence }")
            await hear(connection)
            stopping = asyncio.create_task(asyncio.to_thread(stop))
            code = await closing(connection)
            await stopping
            return code

    context = serve_lab(tmp_path)
    server = context.__enter__()
    code, _reason = asyncio.run(hold(server, lambda: context.__exit__(None, None, None)))
    assert code == 1012
    assert server.lab.closed.acquire(timeout=PATIENCE_SECONDS)
