"""Other people's judgement: the server audit of graphql-http, and the reference client of graphql-transport-ws."""

from __future__ import annotations

import json

from .live_server import LiveServer
from .node_tools import run_script

AUDITS = 61


def test_every_audit_of_graphql_http_passes(live: LiveServer):
    results = [json.loads(line) for line in run_script("audit.mjs", live.url, live.token).splitlines()]
    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == AUDITS


def test_the_reference_client_of_the_socket_protocol_is_served(live: LiveServer):
    heard = json.loads(run_script("socket_client.mjs", live.url.replace("http://", "ws://"), live.token))
    assert [answer["data"] for answer in heard["query"]] == [{"echo": "a query"}]
    assert [answer["data"] for answer in heard["mutation"]] == [{"keep": 1}]
    assert heard["subscription"] == [{"data": {"ticks": number}} for number in range(3)]
    assert heard["refused"] == ["GRAPHQL_VALIDATION_FAILED"]
    assert heard["first"] == {"data": {"silence": 1}}
    assert live.lab.closed.acquire(timeout=30), "the client's complete ends the subscription on the server"
    assert heard["stranger"] == 4403
