"""Things that happen to an audit log, one test each, from a happy path to an empty result."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from faults.kit import ask as ask_server
from faults.kit import check_sound
from plugins.audit.damaging import findings
from synthetic import Scope
from synthetic.security.tokens import create_token
from synthetic.testing import expect_data, expect_error, open_test_store, running_server

SAVE = 'mutation ($id: ID!) { saveConstruct(input: {id: $id, type: "plan", title: "A plan"}) { created } }'
DELETE = 'mutation { deleteConstruct(input: {id: "none"}) { __typename } }'
LOG = """
query ($filter: AuditFilter) {
  auditLog(filter: $filter, orderBy: SEQ_ASC) { totalCount nodes { name entityId outcome code actor } }
}
"""


@pytest.fixture
def log(ask) -> Any:
    """The entries that a filter finds, in the order in which they were written."""
    return lambda **filter: ask(LOG, filter=filter)["auditLog"]


def test_happy_path(ask, log):
    ask(SAVE, id="a")

    (entry,) = log(entityType="construct", entityId="a")["nodes"]
    assert (entry["name"], entry["outcome"], entry["code"]) == ("saveConstruct", "DONE", None)


def test_duplicate(ask, log, store):
    for _ in range(2):
        ask(SAVE, id="a")

    assert log(entityId="a")["totalCount"] == 2
    assert findings(store) == []


def test_missing(refused, log):
    refused("NOT_FOUND", DELETE)

    (entry,) = log(code=["NOT_FOUND"])["nodes"]
    assert (entry["name"], entry["entityId"], entry["outcome"]) == ("deleteConstruct", "none", "FAILED")


def test_connection_lost(data_dir):
    """The server is killed: what it has answered is in the log, and the log is whole."""
    with running_server(data_dir) as server:
        for number in range(5):
            expect_data(ask_server(server, SAVE, id=f"c-{number}"))
        server.process.kill()
        server.process.wait()
    check_sound(data_dir).close()
    with open_test_store(data_dir) as store:
        entries = expect_data(store.graphql(LOG, {"filter": {"name": ["saveConstruct"]}}))["auditLog"]["nodes"]
        assert [entry["entityId"] for entry in entries] == [f"c-{number}" for number in range(5)]
        assert findings(store) == []


def test_permissions(data_dir):
    """Who may only read cannot write, which is recorded, at the latest when the server stops."""
    with open_test_store(data_dir) as store:
        token = store.write(create_token, "looker", [Scope.READ]).secret
    with running_server(data_dir) as server:
        answer = httpx.post(
            server.url,
            json={"query": SAVE, "variables": {"id": "a"}},
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
            trust_env=False,
        )
        expect_error(answer.json(), "FORBIDDEN")
        assert server.stop() == 0
    with open_test_store(data_dir) as store:
        entries = expect_data(store.graphql(LOG, {"filter": {"outcome": ["REFUSED"]}}))["auditLog"]["nodes"]
        assert [(entry["actor"], entry["code"]) for entry in entries] == [("looker", "FORBIDDEN")]


def test_empty_result(log):
    assert log(actor=["nobody"]) == {"totalCount": 0, "nodes": []}
