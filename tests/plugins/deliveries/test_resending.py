"""Sending again what has failed for good, all that a filter finds, each message once."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import apsw
import pytest

from plugins.deliveries.receivers import answering
from synthetic import BadUserInputError, Transaction, iso_from_ms, run_retention_batch
from synthetic.testing import expect_data
from synthetic.testing_commands import run_command
from synthetic_deliveries.model import Criteria, Delivery, DeliveryStatus
from synthetic_deliveries.store import resend_deliveries, resend_delivery, resending
from synthetic_deliveries.store.deliveries import SELECT
from synthetic_deliveries.store.outcomes import fail_delivery

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


def test_what_a_call_sends_again_and_fails_meanwhile_is_left_to_the_next_call(
    deliveries, receiver, target, monkeypatch
):
    resend_some = resending._resend_some

    def resend_and_fail(tx: Transaction, found: Any) -> int:
        resent = resend_some(tx, found)
        for each in tx.records(Delivery, SELECT + " WHERE status = 'PENDING'"):
            fail_delivery(tx, each._replace(last_error="{}"))
        return resent

    fail(deliveries, receiver, "c1", "c2")
    monkeypatch.setattr(resending, "BATCH_DELIVERIES", 1)
    monkeypatch.setattr(resending, "_resend_some", resend_and_fail)
    for _ in range(2):
        assert ask(deliveries, targetId="target") == {"matched": 2, "resent": 2, "complete": True}


def test_a_resend_that_fails_of_what_has_arrived_is_known_to_have_arrived(own_deliveries, receiver):
    deliveries = own_deliveries
    deliveries.target(receiver.url)
    deliveries.happen("c1")
    deliveries.deliver()
    arrived = deliveries.one()
    for _ in range(2):
        deliveries.store.write(resend_delivery, arrived.id)
        receiver.behave = answering(400)
        for _ in range(3):
            deliveries.deliver()
            deliveries.clock.advance(HOUR_MS)
    deliveries.clock.advance(24 * HOUR_MS)
    assert deliveries.store.write(run_retention_batch, "deliveries.delivered").rows == 1
    assert [each.arrived_as for each in deliveries.listed()] == [arrived.id, arrived.id]
    assert ask(deliveries, dry_run=True, targetId="target")["matched"] == 0
    deliveries.store.write(resend_delivery, deliveries.listed()[0].id)
    for _ in range(3):
        deliveries.deliver()
        deliveries.clock.advance(HOUR_MS)
    assert [each.arrived_as for each in deliveries.listed()] == [arrived.id] * 3


def test_after_an_upgrade_it_is_known_what_had_arrived():
    steps = files("synthetic_deliveries") / "migrations"
    connection = apsw.Connection(":memory:")
    connection.execute((steps / "0001_deliveries.sql").read_text())
    for id, target_id, webhook_id, status in (
        ("a1", "t", "a", "DELIVERED"),
        ("a2", "t", "a", "FAILED"),
        ("a3", "u", "a", "FAILED"),
        ("b1", "t", "b", "FAILED"),
        ("c1", "t", "c", "FAILED"),
        ("c2", "t", "c", "DELIVERED"),
    ):
        connection.execute(
            "INSERT INTO deliveries (id, target_id, webhook_id, status, event_id, event_type, entity_type, entity_id,"
            " position, body, attempts, last_attempt_at, last_error, created_at, ended_at)"
            " VALUES (?, ?, ?, ?, 'e', 'y', 'z', 'i', 1, '{}', 1, 1, iif(?4 = 'FAILED', '{}', NULL), 1, 1)",
            (id, target_id, webhook_id, status),
        )
    connection.execute((steps / "0002_rotation_and_arrival.sql").read_text())
    found = connection.execute("SELECT id, arrived_as FROM deliveries WHERE arrived_as IS NOT NULL ORDER BY id")
    assert found.fetchall() == [("a2", "a1"), ("c1", "c2")]


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
