from __future__ import annotations

import json

import pytest

from plugins.deliveries.receivers import SECRET, receiving
from synthetic import BadUserInputError, ConflictError, EventType, run_retention_batch
from synthetic.testing import expect_data, expect_error
from synthetic_constructs.events import CONSTRUCT_DELETED
from synthetic_deliveries.services import gather
from synthetic_deliveries.store import TargetContent, delete_target, resend_delivery, save_target
from synthetic_sessions.events import SESSION_SAVED

SAVE = """mutation($input: SaveDeliveryTargetInput!) {
    saveDeliveryTarget(input: $input) {
        created changed secret
        target { id name url eventTypes constructIds allowPrivate enabled circuit failures version lastError }
    }
}"""
PUBLIC = {"id": "t", "name": "on call", "url": "https://hooks.example.com/store"}


def told(receiver) -> list[str]:
    return [each.event["data"]["entityId"] for each in receiver.received]


def test_a_new_target_gets_a_secret_that_is_shown_once_and_never_again(deliveries):
    saved = expect_data(deliveries.store.graphql(SAVE, {"input": PUBLIC}))["saveDeliveryTarget"]
    secret = saved["secret"]
    assert secret.startswith("whsec_")
    again = expect_data(deliveries.store.graphql(SAVE, {"input": PUBLIC}))["saveDeliveryTarget"]
    assert (again["created"], again["changed"], again["secret"]) == (False, False, None)
    key = secret.removeprefix("whsec_")
    everything = deliveries.store.graphql(
        "{ events(first: 50) { nodes { payload } } auditLog(first: 50) { nodes { details } }"
        " deliveryTargets { nodes { id name url lastError } } }"
    )
    assert key not in json.dumps(expect_data(everything))


def test_another_content_under_the_same_id_needs_the_version_that_it_changes(deliveries):
    expect_data(deliveries.store.graphql(SAVE, {"input": PUBLIC}))
    expect_error(deliveries.store.graphql(SAVE, {"input": {**PUBLIC, "name": "other"}}), "CONFLICT")
    changed = expect_data(deliveries.store.graphql(SAVE, {"input": {**PUBLIC, "name": "other", "ifVersion": 1}}))
    assert changed["saveDeliveryTarget"]["target"]["version"] == 2


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/", "https://", "https:///x", "example.com", "https://user:pass@example.com/", "javascript:x",
        "http://example.com/", "https://example.com/#part", "https://exa mple.com/", "https://[::1/", "file:///etc/passwd",
        "https://example.com:99999/", "https://example.com/" + "x" * 3_000, "https://example.com/\r\nX-Y: z",
    ],
)  # fmt: skip
def test_what_cannot_or_must_not_be_posted_to_is_refused(deliveries, url):
    with pytest.raises(BadUserInputError) as refused:
        deliveries.target(url, allow_private=False)
    assert refused.value.details["field"] == "url"


def test_a_name_in_another_script_is_stored_as_dns_has_it(deliveries):
    assert deliveries.target("https://bücher.example/a b?q=ä").url == "https://xn--bcher-kva.example/a%20b?q=%C3%A4"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!!!", "whsec_" + "YQ==", "whsec_" + "YWFh" * 60])
def test_a_secret_that_is_none_is_refused_without_being_repeated(deliveries, secret):
    with pytest.raises(BadUserInputError) as refused:
        deliveries.target("https://example.com/", secret=secret)
    assert refused.value.details == {"field": "secret"}


@pytest.mark.parametrize("types", [["job. *"], ["*.failed"], ["job.**"], ["x" * 300], ["a"] * 101, [""]])
def test_types_that_can_be_none_are_refused(deliveries, types):
    with pytest.raises(BadUserInputError):
        deliveries.target("https://example.com/", event_types=types)


def test_there_is_an_end_of_targets(deliveries):
    for number in range(100):
        deliveries.target("https://example.com/", f"t{number}")
    with pytest.raises(ConflictError):
        deliveries.target("https://example.com/", "one more")


def test_a_target_is_told_of_the_types_and_constructs_that_it_wants(deliveries, receiver):
    deliveries.target(receiver.url, event_types=["session.saved", "construct.*"], construct_ids=["c1"])

    def happen(entity_id: str, event_type: EventType, construct_id: str | None) -> None:
        deliveries.happen(entity_id, event_type=event_type, construct_id=construct_id)

    happen("a", SESSION_SAVED, "c1")
    happen("b", SESSION_SAVED, "c2")
    happen("c", SESSION_SAVED, None)
    happen("d", CONSTRUCT_DELETED, "c1")
    deliveries.deliver()
    assert sorted(told(receiver)) == ["a", "d"]


def test_a_target_that_is_disabled_gets_nothing_and_enabled_again_what_happens_from_then_on(
    deliveries, receiver, target
):
    deliveries.happen("before")
    deliveries.deliver()
    deliveries.change(enabled=False)
    assert deliveries.sync_status()["status"] == "DISABLED"
    deliveries.happen("meanwhile")
    assert deliveries.deliver() == 0
    deliveries.change(enabled=True)
    deliveries.happen("after")
    deliveries.deliver()
    assert told(receiver) == ["before", "after"]


def test_a_deleted_target_takes_its_deliveries_with_it(deliveries, receiver, target):
    deliveries.happen("c1", "c1")
    deliveries.deliver()
    delete_target(deliveries.store, "target")
    assert deliveries.listed() == []
    deliveries.happen("c2")
    assert deliveries.deliver() == 0


def test_a_test_arrives_whatever_the_target_wants(deliveries, receiver):
    deliveries.target(receiver.url, event_types=["job.failed"])
    deliveries.target(receiver.url, "other")
    document = 'mutation { testDeliveryTarget(input: {id: "target"}) { target { id } } }'
    expect_data(deliveries.store.graphql(document))
    deliveries.deliver()
    (received,) = receiver.received
    assert received.event["type"] == "delivery_target.tested"
    deliveries.change(enabled=False)
    expect_error(deliveries.store.graphql(document), "CONFLICT")


def test_no_target_is_told_of_what_becomes_of_deliveries(deliveries, receiver):
    deliveries.target(receiver.url, event_types=[])
    deliveries.change(name="another")
    deliveries.deliver()
    assert not [each for each in receiver.received if each.event["data"]["module"] == "deliveries"]


class TestRoom:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"plugins.deliveries.pending_max": "3"}

    def test_the_log_keeps_what_a_target_has_no_room_for_and_others_are_told(self, own_deliveries):
        deliveries = own_deliveries
        with receiving() as receiver, receiving() as lively:
            receiver.behave = lambda connection, received: connection.sendall(
                b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
            )
            deliveries.target(receiver.url)
            deliveries.target(lively.url, "lively")
            for number in range(9):
                deliveries.happen(f"c{number}")
                deliveries.deliver()
            assert len(deliveries.listed(target_id="target")) == 3
            assert len(lively.received) == 9
            receiver.behave = lively.behave
            deliveries.clock.advance(1_000_000)
            while deliveries.deliver():
                pass
            assert {each.event["data"]["entityId"] for each in receiver.received} == {f"c{n}" for n in range(9)}


def test_what_has_left_the_log_before_a_target_was_told_is_said_to_be_missed(own_deliveries, receiver):
    deliveries = own_deliveries
    deliveries.target(receiver.url)
    deliveries.happen("c1", "c2")

    def prune(tx):
        head = tx.position().number
        tx.execute("DELETE FROM domain_events")
        tx.execute("INSERT INTO meta (key, value) VALUES ('log_pruned_to', :head)", {"head": head})

    deliveries.store.kernel.database.write_blocking(prune)
    deliveries.happen("c3")
    deliveries.deliver()
    assert told(receiver) == ["c3"]
    events = expect_data(deliveries.store.graphql("{ events { nodes { type } } }"))["events"]["nodes"]
    assert "delivery_target.events_missed" in [each["type"] for each in events]


def test_what_has_arrived_goes_after_a_day_and_what_waits_stays(deliveries, receiver, target):
    deliveries.happen("c1")
    deliveries.deliver()
    deliveries.clock.advance(86_400_000)
    deliveries.happen("c2")
    deliveries.change(enabled=False)
    assert deliveries.store.write(run_retention_batch, "deliveries.delivered").rows == 0
    deliveries.clock.advance(1)
    assert deliveries.store.write(run_retention_batch, "deliveries.delivered").rows == 1


def test_checks_find_a_delivery_that_nothing_will_ever_send(deliveries, receiver, target):
    deliveries.happen("c1", "c1")
    gather(deliveries.store)
    check = next(
        each.record for each in deliveries.store.kernel.registry.checks
        if each.plugin == "deliveries" and each.record.name == "turns"
    )  # fmt: skip
    assert deliveries.store.read(lambda snapshot: snapshot.rows(check.sql)) == []
    deliveries.store.write(lambda tx: tx.execute("UPDATE deliveries SET next_attempt_at = NULL"))
    assert len(deliveries.store.read(lambda snapshot: snapshot.rows(check.sql))) == 1
    deliveries.store.write(lambda tx: tx.execute("UPDATE deliveries SET next_attempt_at = 1"))
    assert len(deliveries.store.read(lambda snapshot: snapshot.rows(check.sql))) == 1


def test_what_is_sent_again_before_the_log_was_taken_up_is_no_fault(deliveries, receiver, target):
    deliveries.happen("c1")
    deliveries.deliver()
    deliveries.happen("c1", "c1")
    again = deliveries.store.write(resend_delivery, deliveries.one().id)
    deliveries.change(enabled=False)
    deliveries.change(enabled=True)
    while gather(deliveries.store):
        pass
    deliveries.happen("c1")
    while gather(deliveries.store):
        pass
    check = next(
        each.record for each in deliveries.store.kernel.registry.checks
        if each.plugin == "deliveries" and each.record.name == "turns"
    )  # fmt: skip
    assert deliveries.store.read(lambda snapshot: snapshot.rows(check.sql)) == []
    receiver.received.clear()
    deliveries.send()
    assert receiver.received[0].webhook_id == again.webhook_id


def test_a_secret_can_be_replaced(deliveries, receiver):
    deliveries.target(receiver.url, secret="whsec_" + "YWFh" * 10)
    deliveries.change(secret=SECRET)
    deliveries.happen("c1")
    deliveries.deliver()
    (received,) = receiver.received
    assert received.headers["webhook-signature"] == received.expected_signature()


def test_a_target_needs_a_name_and_a_url(deliveries):
    for content in (TargetContent(name="x"), TargetContent(url="https://example.com/")):
        with pytest.raises(BadUserInputError):
            deliveries.store.write(lambda tx, content=content: save_target(tx, content))


def test_enabling_a_target_lets_the_first_of_each_entity_go_on(deliveries, receiver, target):
    deliveries.happen("c1", "c1", "c2")
    while gather(deliveries.store):
        pass
    deliveries.change(enabled=False)
    deliveries.store.write(lambda tx: tx.execute("UPDATE deliveries SET next_attempt_at = NULL"))
    deliveries.change(enabled=True)
    assert [each.next_attempt_at is None for each in deliveries.listed()] == [False, True, False]


def test_what_is_pending_and_old_is_found_by_an_index(deliveries):
    plan = deliveries.store.read(
        lambda snapshot: snapshot.rows(
            "EXPLAIN QUERY PLAN SELECT id FROM deliveries WHERE target_id = 't' AND status = 'PENDING'"
            " AND created_at < 5 ORDER BY created_at, id LIMIT 5"
        )
    )
    assert ["deliveries_by_target_id_pending " in step[3] for step in plan] == [True]
