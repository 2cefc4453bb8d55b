"""`/sync/status` of a real server: the same as the query, for probes and scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from kernel.server.conftest import origin_of
from synthetic.testing import CONTRACT_KEYS, RunningServer, copy_template, running_server

QUERY = """{ syncStatus { module kind status statusSince lastAttemptAt lastSuccessAt lagEvents lagMs
    staleReasons { reason message } error { code message recoverable retryAfterMs action correlationId occurredAt }
    actions position cursor expectedIntervalMs failedPosition requested failures } }"""
PATIENCE_SECONDS = 30.0
FIGURES = ("lagMs", "lagEvents", "position", "statusSince", "lastAttemptAt", "lastSuccessAt", "cursor", "staleReasons")
"""What goes on while one asks twice; of the modules that are compared here, only time does."""


@pytest.fixture(scope="module")
def server(template, tmp_path_factory) -> Iterator[RunningServer]:
    with running_server(copy_template(template, tmp_path_factory.mktemp("sync") / "store")) as running:
        yield running


@pytest.fixture
def client(server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=origin_of(server), headers=server.headers, trust_env=False) as opened:
        yield opened


def ask(client: httpx.Client, query: str) -> Any:
    answer = client.post("/graphql", json={"query": query}).json()
    assert "errors" not in answer, answer
    return answer["data"]


def report(client: httpx.Client, module: str, outcome: str, more: str = "") -> None:
    text = f'mutation {{ reportSync(input: {{module: "{module}", outcome: {outcome} {more}}}) {{ attemptId }} }}'
    ask(client, text)


def outside(modules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Outside modules without what passes with time; consumers work while one asks."""
    return [
        {name: value for name, value in module.items() if name not in FIGURES}
        for module in modules
        if module["kind"] == "OUTSIDE"
    ]


def test_the_route_answers_what_the_query_answers(client):
    report(client, "well", "SUCCEEDED", 'expectedIntervalMs: 100000 cursor: "p1"')
    report(client, "failed", "FAILED", 'error: {code: "PEER_DOWN", message: "No answer.", retryAfterMs: 5}')
    plain = client.get("/sync/status").json()
    asked = ask(client, QUERY)["syncStatus"]
    assert set(plain) == {"position", "modules"}
    assert [set(module) for module in plain["modules"]] == [set(module) for module in asked]
    assert [module["module"] for module in plain["modules"]] == [module["module"] for module in asked]
    assert outside(plain["modules"]) == outside(asked)
    (failed, well) = [module for module in plain["modules"] if module["kind"] == "OUTSIDE"]
    (asked_failed, asked_well) = [module for module in asked if module["kind"] == "OUTSIDE"]
    for name in ("statusSince", "lastAttemptAt", "lastSuccessAt", "cursor"):
        assert (failed[name], well[name]) == (asked_failed[name], asked_well[name])
    assert [each["reason"] for each in failed["staleReasons"]] == ["LAST_ATTEMPT_FAILED", "NEVER_RAN"]


def test_a_strict_probe_is_not_content_with_what_failed(client):
    report(client, "probe", "SUCCEEDED")
    ask(client, 'mutation { reportSync(input: {module: "failed", outcome: SUCCEEDED}) { attemptId } }')
    assert client.get("/sync/status?strict=1").status_code == 200
    report(client, "probe", "FAILED", 'error: {code: "X", message: "x"}')
    refused = client.get("/sync/status?strict=1")
    assert refused.status_code == 503
    assert "probe" in [module["module"] for module in refused.json()["modules"] if module["status"] == "FAILED"]
    assert client.get("/sync/status?strict=0").status_code == 200
    wrong = client.get("/sync/status?strict=perhaps")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "BAD_USER_INPUT")


def test_it_needs_a_token(server):
    with httpx.Client(base_url=origin_of(server), trust_env=False) as stranger:
        answer = stranger.get("/sync/status")
    assert answer.status_code == 401
    assert set(answer.json()) == CONTRACT_KEYS
    assert answer.json()["code"] == "UNAUTHENTICATED"


def test_a_server_notices_by_itself_what_becomes_stale(server, client):
    with connect(
        server.url.replace("http", "ws", 1), subprotocols=[Subprotocol("graphql-transport-ws")], proxy=None
    ) as socket:

        def hear() -> dict[str, Any]:
            while True:
                message = json.loads(socket.recv(timeout=PATIENCE_SECONDS))
                if message["type"] != "ping":
                    return message
                socket.send('{"type": "pong"}')

        socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {server.token}"}}))
        assert hear()["type"] == "connection_ack"
        report(client, "forgetful", "SUCCEEDED", "expectedIntervalMs: 1")
        query = 'subscription { syncStatus(modules: ["forgetful"]) { status } }'
        socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}))
        statuses = [hear()["payload"]["data"]["syncStatus"]["status"]]
        if statuses == ["SYNCED"]:
            statuses.append(hear()["payload"]["data"]["syncStatus"]["status"])
    assert statuses[-1] == "STALE"
    events = '{ events(filter: {types: ["sync.status_changed"], entityId: "forgetful"}) { nodes { payload actor } } }'
    told = ask(client, events)["events"]["nodes"]
    assert [event["payload"]["status"] for event in told] == ["SYNCED", "STALE"]
    assert told[1]["actor"] == "service:kernel.sync_monitor"
