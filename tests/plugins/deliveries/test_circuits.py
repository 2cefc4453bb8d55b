from __future__ import annotations

from plugins.deliveries.receivers import answering
from synthetic.testing import expect_data
from synthetic_deliveries.services import report

RETRY = 'mutation { requestResync(input: {module: "deliveries", action: RETRY}) { __typename } }'


def fail_until_open(deliveries, receiver) -> None:
    receiver.behave = answering(500)
    deliveries.happen("c1", "c2", "c3", "c4", "c5", "c6")
    deliveries.deliver()
    assert deliveries.now().opened_at is not None


def test_a_target_that_fails_again_and_again_is_left_alone_for_a_while(deliveries, receiver, target):
    fail_until_open(deliveries, receiver)
    before = len(receiver.received)
    assert 4 <= before <= 6
    deliveries.clock.advance(14_000)
    assert deliveries.deliver() == 0
    assert deliveries.sync_status() == {
        "module": "deliveries",
        "status": "FAILED",
        "error": {"code": "DELIVERY_TARGET_FAILING"},
    }


def test_then_a_single_delivery_tries_it_and_one_that_arrives_lets_all_go_on(deliveries, receiver, target):
    fail_until_open(deliveries, receiver)
    deliveries.clock.advance(30_000)
    receiver.received.clear()
    assert deliveries.deliver() == 1
    deliveries.clock.advance(60_000)
    receiver.behave = answering(200)
    deliveries.deliver()
    assert {each.status for each in deliveries.listed()} == {"DELIVERED"}
    assert deliveries.now().opened_at is None
    assert deliveries.now().failures == 0
    assert deliveries.sync_status()["status"] == "SYNCED"


def test_an_outage_does_not_use_up_the_attempts_of_what_waits(deliveries, receiver, target):
    fail_until_open(deliveries, receiver)
    for _ in range(4):
        deliveries.clock.advance(900_000)
        assert deliveries.deliver() == 1
    assert "PENDING" in {each.status for each in deliveries.listed()}


def test_what_waits_longer_than_is_worth_while_for_a_target_that_fails_has_failed(deliveries, receiver, target):
    fail_until_open(deliveries, receiver)
    deliveries.clock.advance(3 * 86_400_000 + 1)
    deliveries.store.write(
        lambda tx: tx.execute("UPDATE meta SET value = :now WHERE key = 'clock_seen_at'", {"now": tx.now})
    )
    deliveries.deliver()
    assert {each.status for each in deliveries.listed()} == {"FAILED"}


def test_an_operator_lets_everything_be_tried_now(deliveries, receiver, target):
    fail_until_open(deliveries, receiver)
    receiver.behave = answering(200)
    expect_data(deliveries.store.graphql(RETRY))
    deliveries.store.write(report)
    assert deliveries.deliver() == 6
    assert deliveries.sync_status()["status"] == "SYNCED"


def test_enabling_a_target_that_is_enabled_closes_its_circuit(deliveries, receiver, target):
    fail_until_open(deliveries, receiver)
    assert deliveries.change(enabled=True).opened_at is None


def test_one_target_that_fails_holds_no_other_up(deliveries, receiver, target):
    deliveries.target(receiver.url.replace("/hooks", "/other"), "other")
    receiver.behave = lambda connection, received: answering(200 if "/other" in received.line else 500)(
        connection, received
    )
    deliveries.happen("c1", "c2", "c3", "c4", "c5")
    deliveries.deliver()
    assert {each.status for each in deliveries.listed(target_id="other")} == {"DELIVERED"}
    assert deliveries.now().opened_at is not None
    assert deliveries.now("other").opened_at is None


def test_a_receiver_that_is_gone_disables_its_target_and_loses_nothing(deliveries, receiver, target):
    receiver.behave = answering(410)
    deliveries.happen("c1")
    deliveries.deliver()
    gone = deliveries.now()
    assert not gone.enabled
    assert "410" in (gone.disabled_reason or "")
    deliveries.happen("c2")
    assert deliveries.deliver() == 0
    receiver.behave = answering(200)
    deliveries.change(enabled=True)
    assert deliveries.deliver() == 1
    assert deliveries.one().status == "DELIVERED"


def test_a_clock_that_was_ahead_holds_nothing_up_when_it_is_right_again(deliveries, receiver, target):
    deliveries.clock.jump(10 * 365 * 86_400_000)
    receiver.behave = answering(500)
    deliveries.happen("c1")
    deliveries.deliver()
    deliveries.clock.jump(-10 * 365 * 86_400_000)
    receiver.behave = answering(200)
    assert deliveries.deliver() == 1
    assert deliveries.one().status == "DELIVERED"


def test_a_pause_that_a_wrong_clock_wrote_is_followed_by_one_that_is_right(deliveries, receiver, target):
    fail_until_open(deliveries, receiver)
    ahead = deliveries.clock.now_ms() + 400 * 86_400_000
    deliveries.store.write(lambda tx: tx.execute("UPDATE delivery_targets SET closed_until_at = :at", {"at": ahead}))
    deliveries.clock.advance(60_000)
    deliveries.deliver()
    closed_until_at = deliveries.now().closed_until_at
    assert closed_until_at is not None
    assert closed_until_at < deliveries.clock.now_ms() + 86_400_000
