from __future__ import annotations

import pytest

from plugins.deliveries.receivers import answering
from synthetic import BadUserInputError, from_json, to_json
from synthetic_dead_letters.store import DeadLetter, RetryRequest, get_dead_letter, retry_dead_letter
from synthetic_deliveries.services import gather
from synthetic_deliveries.store import resend_delivery

HOUR_MS = 3_600_000


def fail_for_good(deliveries, receiver) -> DeadLetter:
    receiver.behave = answering(400)
    deliveries.happen("c1", construct_id="c1")
    for _ in range(3):
        deliveries.deliver()
        deliveries.clock.advance(HOUR_MS)
    letter_id = deliveries.one().dead_letter_id
    assert letter_id is not None
    return deliveries.store.read(get_dead_letter, letter_id)


def test_a_delivery_that_has_failed_for_good_is_a_dead_letter(deliveries, receiver, target):
    letter = fail_for_good(deliveries, receiver)
    assert (letter.source, letter.status, letter.code) == ("delivery", "PENDING", "DELIVERY_NOT_ACCEPTED")
    assert letter.attempts == 3
    assert from_json(letter.payload)["body"]["data"]["entityId"] == "c1"


def test_retrying_the_letter_sends_the_message_again_and_what_arrives_resolves_it(deliveries, receiver, target):
    letter = fail_for_good(deliveries, receiver)
    retry_dead_letter(deliveries.store, RetryRequest(letter_id=letter.id))
    assert deliveries.store.read(get_dead_letter, letter.id).status == "RETRYING"
    receiver.behave = answering(200)
    assert deliveries.deliver() == 1
    after = deliveries.store.read(get_dead_letter, letter.id)
    assert after.status == "RESOLVED"
    assert after.retry_entity_id == deliveries.listed()[-1].id
    assert receiver.received[0].webhook_id == receiver.received[-1].webhook_id


def test_a_retry_that_fails_is_one_more_failure_of_the_same_letter(deliveries, receiver, target):
    letter = fail_for_good(deliveries, receiver)
    retry_dead_letter(deliveries.store, RetryRequest(letter_id=letter.id))
    for _ in range(3):
        deliveries.deliver()
        deliveries.clock.advance(HOUR_MS)
    assert {each.dead_letter_id for each in deliveries.listed()} == {letter.id}
    assert deliveries.store.read(get_dead_letter, letter.id).status == "PENDING"


def test_sending_it_again_past_its_letter_resolves_that_too(deliveries, receiver, target):
    letter = fail_for_good(deliveries, receiver)
    receiver.behave = answering(200)
    deliveries.store.write(resend_delivery, deliveries.one().id)
    deliveries.deliver()
    assert deliveries.store.read(get_dead_letter, letter.id).status == "RESOLVED"


def test_nobody_writes_what_is_posted_as_an_event_of_the_store(deliveries, receiver, target):
    letter = fail_for_good(deliveries, receiver)
    payload = {**from_json(letter.payload), "body": {"forged": True}}
    with pytest.raises(BadUserInputError):
        retry_dead_letter(deliveries.store, RetryRequest(letter_id=letter.id, has_payload=True, payload=payload))
    assert len(deliveries.listed()) == 1


@pytest.mark.parametrize("odd", [{"number": 2**60}, {"text": "x" * 300_000}], ids=["integer", "size"])
def test_a_message_that_no_letter_can_hold_leaves_one_that_sends_it_all_the_same(deliveries, receiver, target, odd):
    receiver.behave = lambda connection, received: answering(400 if b"odd" in received.body else 200)(
        connection, received
    )
    deliveries.happen("odd", "c2", "c3")
    while gather(deliveries.store):
        pass
    first = deliveries.listed()[0]
    body = to_json({"odd": odd})
    deliveries.store.write(
        lambda tx: tx.execute("UPDATE deliveries SET body = :body WHERE id = :id", {"body": body, "id": first.id})
    )
    for _ in range(3):
        deliveries.send()
        deliveries.clock.advance(HOUR_MS)
    failed, *others = deliveries.listed()
    assert [each.status for each in others] == ["DELIVERED", "DELIVERED"]
    assert (failed.status, failed.attempts, len(receiver.received)) == ("FAILED", 3, 5)
    letter_id = failed.dead_letter_id
    assert letter_id is not None
    retry_dead_letter(deliveries.store, RetryRequest(letter_id=letter_id))
    receiver.behave = answering(200)
    deliveries.send()
    assert receiver.received[-1].body.decode() == body
    assert deliveries.store.read(get_dead_letter, letter_id).status == "RESOLVED"


def test_a_retry_follows_the_delivery_that_sends_the_message_already(deliveries, receiver, target):
    letter = fail_for_good(deliveries, receiver)
    again = deliveries.store.write(resend_delivery, deliveries.one().id)
    assert retry_dead_letter(deliveries.store, RetryRequest(letter_id=letter.id)).retry_entity_id == again.id
    receiver.behave = answering(200)
    assert deliveries.deliver() == 1
    assert deliveries.store.read(get_dead_letter, letter.id).status == "RESOLVED"


def test_a_target_that_wants_everything_and_fails_does_not_feed_itself(deliveries, receiver):
    deliveries.target(receiver.url, event_types=[])
    deliveries.deliver()
    deliveries.happen("c1")
    receiver.behave = answering(400)
    for _ in range(6):
        deliveries.deliver()
        deliveries.clock.advance(HOUR_MS)
    told = [each for each in deliveries.listed() if each.event_type.startswith(("dead_letter.", "sync."))]
    assert told == []
    assert "FAILED" in {each.status for each in deliveries.listed()}


def test_an_outcome_to_which_a_reaction_objects_undoes_no_other(deliveries, receiver, target, monkeypatch):
    def refuse_c1(_tx, delivery):
        if delivery.entity_id == "c1":
            raise BadUserInputError("Not this one.")

    monkeypatch.setattr("synthetic_deliveries.store.deliveries.react_to", refuse_c1)
    deliveries.happen("c1", "c2", "c3")
    deliveries.deliver()
    assert [(each.status, each.attempts) for each in deliveries.listed()] == [
        ("PENDING", 1), ("DELIVERED", 1), ("DELIVERED", 1)
    ]  # fmt: skip
    assert len(receiver.received) == 3
