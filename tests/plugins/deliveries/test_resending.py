"""Sending again what has failed for good, all that a filter finds, each message once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plugins.deliveries.receivers import answering
from synthetic import BadUserInputError, iso_from_ms, run_retention_batch
from synthetic.testing import expect_data
from synthetic.testing_commands import run_command
from synthetic_deliveries.model import Criteria, DeliveryStatus
from synthetic_deliveries.store import resend_deliveries, resending

HOUR_MS = 3_600_000
RESEND = """mutation($filter: DeliveryFilter!, $dryRun: Boolean! = false) {
    resendDeliveries(input: {filter: $filter, dryRun: $dryRun}) { matched resent complete }
}"""


def fail(deliveries, receiver, *entity_ids: str) -> None:
    """Let things happen, and their deliveries fail for good."""
    receiver.behave = answering(400)
    deliveries.happen(*entity_ids)
    for _ in range(50):
        deliveries.deliver()
        deliveries.clock.advance(HOUR_MS)
        if not deliveries.listed(statuses=[DeliveryStatus.PENDING]):
            return
    raise AssertionError("they do not come to an end")


def ask(deliveries, dry_run: bool = False, **filter: Any) -> dict[str, Any]:
    variables = {"filter": filter, "dryRun": dry_run}
    return expect_data(deliveries.store.graphql(RESEND, variables))["resendDeliveries"]


def told(receiver) -> list[int]:
    return [each.event["data"]["payload"]["number"] for each in receiver.received]


def test_all_that_has_failed_is_sent_once_more_in_order_for_each_entity(deliveries, receiver, target):
    fail(deliveries, receiver, "c1", "c2", "c1")
    receiver.received.clear()
    receiver.behave = answering(200)
    assert ask(deliveries, dry_run=True, targetId="target") == {"matched": 3, "resent": 0, "complete": True}
    assert ask(deliveries, targetId="target") == {"matched": 3, "resent": 3, "complete": True}
    assert ask(deliveries, targetId="target")["resent"] == 0, "they are on their way"
    deliveries.deliver()
    numbers = told(receiver)
    assert sorted(numbers) == [0, 1, 2]
    assert numbers.index(0) < numbers.index(2)
    assert ask(deliveries, targetId="target")["resent"] == 0, "they have arrived"


def test_what_has_failed_twice_is_sent_once_and_what_has_arrived_never(deliveries, receiver, target):
    fail(deliveries, receiver, "c1", "c2")
    assert ask(deliveries, statuses=["FAILED"])["resent"] == 2
    receiver.behave = lambda connection, received: answering(
        200 if received.event["data"]["entityId"] == "c2" else 400
    )(connection, received)
    for _ in range(3):
        deliveries.deliver()
        deliveries.clock.advance(HOUR_MS)
    first, second = deliveries.listed()[:2]
    assert (first.arrived_as, second.arrived_as) == (None, deliveries.listed()[3].id)
    deliveries.clock.advance(24 * HOUR_MS)
    assert deliveries.store.write(run_retention_batch, "deliveries.delivered").rows == 1
    assert ask(deliveries, statuses=["FAILED"]) == {"matched": 1, "resent": 1, "complete": True}
    assert deliveries.listed(statuses=[DeliveryStatus.PENDING])[0].entity_id == "c1"


def test_only_what_the_filter_finds_is_sent_again(deliveries, receiver, target):
    began_at = deliveries.clock.now_ms()
    fail(deliveries, receiver, "c1")
    between_at = deliveries.clock.now_ms()
    fail(deliveries, receiver, "c2")
    assert ask(deliveries, dry_run=True, endedBefore=iso_from_ms(began_at))["matched"] == 0
    assert ask(deliveries, dry_run=True, endedFrom=iso_from_ms(began_at))["matched"] == 2
    assert ask(deliveries, dry_run=True, statuses=["PENDING", "DELIVERED"])["matched"] == 0
    assert ask(deliveries, targetId="target", endedFrom=iso_from_ms(between_at))["resent"] == 1
    assert [each.entity_id for each in deliveries.listed(statuses=[DeliveryStatus.PENDING])] == ["c2"]
    with pytest.raises(BadUserInputError):
        resend_deliveries(deliveries.store, Criteria())


def test_a_call_has_an_end_and_the_next_one_goes_on(deliveries, receiver, target, monkeypatch):
    monkeypatch.setattr(resending, "BATCH_DELIVERIES", 2)
    monkeypatch.setattr(resending, "CALL_DELIVERIES", 3)
    fail(deliveries, receiver, *(f"c{number}" for number in range(5)))
    assert ask(deliveries, dry_run=True, targetId="target") == {"matched": 3, "resent": 0, "complete": False}
    assert ask(deliveries, targetId="target") == {"matched": 3, "resent": 3, "complete": False}
    assert ask(deliveries, targetId="target") == {"matched": 2, "resent": 2, "complete": True}


def test_a_resend_that_arrives_resolves_the_letters_of_what_had_failed(deliveries, receiver, target):
    fail(deliveries, receiver, "c1", "c2")
    ask(deliveries, targetId="target")
    receiver.behave = answering(200)
    deliveries.deliver()
    letters = deliveries.store.read(lambda snapshot: snapshot.rows("SELECT DISTINCT status FROM dead_letters"))
    assert letters == [("RESOLVED",)]


def test_on_the_command_line_secrets_are_rotated_and_failures_sent_again(data_dir):
    def run(*arguments: str) -> str:
        done = run_command(["deliveries", *arguments, "--data", str(data_dir)])
        assert done.returncode == 0, done.stderr
        return done.stdout

    added = json.loads(run("targets", "add", "https://example.com/", "--name", "on call", "--id", "t", "--json"))
    rotated = json.loads(run("targets", "rotate-secret", "t", "--keep-hours", "2", "--json"))
    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != added["secret"]
    assert rotated["previousSecretUntilAt"] is not None
    assert "0 would be sent again" in run("resend-failed", "--target", "t", "--since", "2d", "--dry-run")
    assert "0 are sent again." in run("resend-failed", "--target", "t")
