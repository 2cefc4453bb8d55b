"""Positions over WebSocket and SSE: nothing is missed between a query and a subscription, and what is answered to a
position from which the log cannot be followed.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import ClientConnection

from synthetic.database.transaction import Transaction
from synthetic.log.positions import begin_epoch
from synthetic.testing import CONTRACT_KEYS

from .live_server import LiveServer, hear, serve_lab
from .socket_kit import subscribe, talk
from .sse_kit import EMITTED, EVENTS, emit, head, metric, streamed

QUERY_LAST = "{ events(last: 1) { nodes { position } totalCount } }"
ROUNDS = 30


@pytest.fixture(autouse=True)
def nothing_is_logged_as_an_error(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveServer]:
    with serve_lab(tmp_path, events__external_types=EMITTED) as server:
        yield server


Heard = list[dict[str, Any]]
"""What a subscription said: answers, and errors in the shape `{"errors": [...]}`."""

Subscribed = Callable[[LiveServer, str | None, int, Callable[[], None]], Heard]
"""Subscribes to `events` after a position, does something after the first so many answers, and hears the rest of
as many again or until the end."""


def by_socket(live: LiveServer, after: str | None, count: int, then: Callable[[], None]) -> Heard:
    heard: Heard = []

    async def conversation(connection: ClientConnection) -> None:
        await subscribe(connection, "1", EVENTS, after=after)
        for part in range(2):
            for _ in range(count):
                message = await hear(connection)
                if message["type"] != "next":
                    heard.append({"errors": message["payload"]})
                    return
                heard.append(message["payload"])
            if part == 0:
                await asyncio.to_thread(then)

    talk(live, conversation)
    return heard


def by_stream(live: LiveServer, after: str | None, count: int, then: Callable[[], None]) -> Heard:
    heard: Heard = []
    with streamed(live, EVENTS, after=after) as reader:
        for part in range(2):
            for _ in range(count):
                event = reader.next()
                assert event is not None
                heard.append(event.data)
                if "errors" in event.data:
                    assert reader.take(1)[0].event == "complete"
                    return heard
            if part == 0:
                then()
    return heard


def by_last_event_id(live: LiveServer, after: str | None, count: int, then: Callable[[], None]) -> Heard:
    with streamed(live, EVENTS, {"last-event-id": after or ""}) as reader:
        (event, last) = reader.take(2)
    assert (count, last.event) == (1, "complete")
    return [event.data]


TRANSPORTS = pytest.mark.parametrize("subscribed", [by_socket, by_stream])


def contract_of(answer: dict[str, Any]) -> dict[str, Any]:
    contract = answer["errors"][0]["extensions"]
    assert set(contract) == CONTRACT_KEYS
    return contract


def nothing() -> None:
    """Between two parts of what is heard."""


@TRANSPORTS
def test_nothing_is_missed_between_a_query_and_a_subscription_from_its_position(
    live: LiveServer, subscribed: Subscribed
):
    written: list[str] = []
    enough = threading.Event()

    def write() -> None:
        while not enough.is_set():
            written.extend(emit(live, f"entity-{len(written)}"))

    writing = threading.Thread(target=write)
    writing.start()
    seams: list[tuple[str, list[str]]] = []
    try:
        for _ in range(ROUNDS):
            answer = live.ask(QUERY_LAST).json()
            nodes = answer["data"]["events"]["nodes"]
            after = answer["extensions"]["position"]
            assert not nodes or nodes[0]["position"] == after, "the position is that of the snapshot"
            heard = subscribed(live, after, 2, nothing)
            seams.append((after, [entry["data"]["events"]["position"] for entry in heard]))
    finally:
        enough.set()
        writing.join()
    for after, positions in seams:
        follows = written.index(after) + 1 if after in written else 0
        assert positions == written[follows : follows + 4]
    assert len({after for after, _ in seams}) > 1, "it was written all the time"


@TRANSPORTS
def test_a_change_of_epoch_ends_a_subscription_that_is_running(live: LiveServer, subscribed: Subscribed):
    def begin() -> None:
        live.kernel.database.write_blocking(begin_epoch)

    after = head(live)
    emit(live, "a")
    answers = subscribed(live, after, 1, begin)
    assert answers[0]["data"]["events"]["entityId"] == "a"
    contract = contract_of(answers[1])
    assert (contract["code"], contract["details"]["reason"]) == ("RESYNC_REQUIRED", "EPOCH")
    assert contract["details"]["position"] == head(live)
    assert not contract["recoverable"]


@pytest.mark.parametrize("subscribed", [by_socket, by_stream, by_last_event_id])
@pytest.mark.parametrize("reason", ["EPOCH", "AHEAD", "PRUNED"])
def test_a_position_from_which_the_log_cannot_be_followed_is_answered_with_what_to_do(
    live: LiveServer, subscribed: Subscribed, reason: str
):
    positions = emit(live, "a", "b", "c")
    epoch, _, number = positions[0].partition(":")
    after = {"EPOCH": f"0000000000:{number}", "AHEAD": f"{epoch}:{int(number) + 1_000}", "PRUNED": positions[0]}[reason]
    if reason == "PRUNED":
        live.kernel.database.write_blocking(prune, int(positions[1].partition(":")[2]))
    (answer,) = subscribed(live, after, 1, nothing)
    contract = contract_of(answer)
    assert (contract["code"], contract["details"]["reason"]) == ("RESYNC_REQUIRED", reason)
    assert contract["action"]
    assert contract["details"]["position"] == positions[2]
    (first, _) = by_socket(live, contract["details"]["oldest"], 1, lambda: emit(live, "d"))
    assert first["data"]["events"]["position"] == positions[2 if reason == "PRUNED" else 0]


def prune(tx: Transaction, through: int) -> None:
    """What retention leaves when the events up to a position have moved to the archive."""
    tx.execute(
        "INSERT INTO meta (key, value) VALUES ('log_pruned_to', :through)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        {"through": str(through)},
    )
    tx.execute("DELETE FROM domain_events WHERE position <= :through", {"through": through})


@TRANSPORTS
@pytest.mark.parametrize("given", ["", "garbage", "0123456789:-1", "0123456789:1.5", "0123456789:9223372036854775808"])
def test_garbage_for_a_position_is_bad_input(live: LiveServer, subscribed: Subscribed, given: str):
    (answer,) = subscribed(live, given, 1, nothing)
    assert contract_of(answer)["code"] == "BAD_USER_INPUT"


def test_resumes_are_counted(live: LiveServer):
    after = head(live)
    emit(live, "a", "b")
    before = metric(live, "synthetic_resumes_total")
    by_socket(live, after, 1, nothing)
    by_stream(live, after, 1, nothing)
    assert metric(live, "synthetic_resumes_total") == before + 2


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_a_position_that_a_request_waits_for_in_vain_is_said_so(tmp_path: Path, accept: str):
    with serve_lab(tmp_path, limits__at_least_ms="50") as server:
        epoch = head(server).partition(":")[0]
        content = {"query": "{ __typename }", "extensions": {"atLeast": f"{epoch}:1000"}}
        refused = server.post(orjson.dumps(content), accept=accept)
    assert refused.status_code == 503
    contract = contract_of(refused.json())
    assert (contract["code"], contract["recoverable"]) == ("POSITION_NOT_REACHED", True)
