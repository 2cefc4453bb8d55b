"""Deliveries by real servers: what is killed while it sends, sends again."""

from __future__ import annotations

import json
import signal
from typing import Any

import httpx
import pytest

from plugins.deliveries.receivers import SECRET, Receiver, answering
from synthetic.testing import RunningServer, running_server, wait_until
from synthetic.testing_commands import run_command

QUICK = {"SYNTHETIC_PLUGINS_DELIVERIES_FOLLOW_EVERY_MS": "20"}
SAVE = """mutation($url: String!, $secret: String!) {
    saveDeliveryTarget(input: {
        id: "t", name: "t", url: $url, secret: $secret, allowPrivate: true, eventTypes: ["construct.saved"]
    }) { created }
}"""
HAPPEN = 'mutation($id: ID!) { saveConstruct(input: {id: $id, type: "task", title: "x"}) { created } }'
STATUSES = "{ deliveries { nodes { entityId status attempts } } }"


def ask(server: RunningServer, document: str, **variables: Any) -> dict[str, Any]:
    body = {"query": document, "variables": variables}
    answer = httpx.post(server.url, json=body, headers=server.headers, timeout=30).json()
    assert "errors" not in answer, answer
    return answer["data"]


def delivered(server: RunningServer) -> dict[str, str]:
    return {each["entityId"]: each["status"] for each in ask(server, STATUSES)["deliveries"]["nodes"]}


def test_a_server_posts_what_happens_and_says_how_that_goes(data_dir, receiver: Receiver):
    with running_server(data_dir, environment=QUICK) as server:
        ask(server, SAVE, url=receiver.url, secret=SECRET)
        ask(server, HAPPEN, id="c1")
        wait_until(lambda: delivered(server) == {"c1": "DELIVERED"}, "that it arrives", seconds=90)
        metrics = httpx.get(server.url.replace("/graphql", "/metrics"), headers=server.headers, timeout=30).text
        assert 'synthetic_deliveries{status="DELIVERED"} 1.0' in metrics
        # One that says nothing keeps no server from stopping.
        receiver.behave = lambda connection, received: None
        ask(server, HAPPEN, id="c2")
        wait_until(lambda: len(receiver.received) == 2, "the next request", seconds=90)
        assert server.stop() == 0
    assert [each.event["data"]["entityId"] for each in receiver.received] == ["c1", "c2"]


@pytest.mark.full
def test_a_server_that_is_killed_while_it_sends_is_followed_by_one_that_sends_the_same_again(
    data_dir, receiver: Receiver
):
    # The next server waits until the lease of the one that was killed has run out.
    receiver.behave = lambda connection, received: None
    with running_server(data_dir, environment=QUICK) as server:
        ask(server, SAVE, url=receiver.url, secret=SECRET)
        ask(server, HAPPEN, id="c1")
        wait_until(lambda: receiver.received, "a request")
        server.stop(signal.SIGKILL)
    receiver.behave = answering(200)
    with running_server(data_dir, environment=QUICK) as server:
        wait_until(lambda: delivered(server) == {"c1": "DELIVERED"}, "that it arrives", seconds=120)
        first, last = receiver.received[0], receiver.received[-1]
        assert len(receiver.received) >= 2
        assert (first.webhook_id, first.body) == (last.webhook_id, last.body)


def test_targets_are_made_and_looked_at_from_the_command_line(data_dir, receiver: Receiver):
    def run(*arguments: str) -> str:
        done = run_command(["deliveries", *arguments, "--data", str(data_dir)])
        assert done.returncode == 0, done.stderr
        return done.stdout

    added = run("targets", "add", receiver.url, "--name", "on call", "--id", "t", "--type", "job.*", "--allow-private")
    assert "whsec_" in added
    for arguments in (("targets", "disable", "t"), ("targets", "enable", "t"), ("targets", "test", "t")):
        run(*arguments)
    listed = run("targets", "list", "--json")
    assert json.loads(listed)[0]["enabled"] is True
    assert "whsec_" not in listed
    assert run("list", "--json").strip() == "[]"
    run("targets", "delete", "t")
    assert run("targets", "list", "--json").strip() == "[]"
