from __future__ import annotations

import socket
import time

import pytest

from plugins.deliveries.kit import Deliveries
from plugins.deliveries.receivers import Received, Receiver, answering, endless, receiving, saying
from synthetic import Store, from_json
from synthetic.errors import CancelledError
from synthetic.testing import wait_until
from synthetic_deliveries.services import gather, sending
from synthetic_deliveries.store import resend_delivery

HOUR_MS = 3_600_000


class Stopping:
    """A store whose reads are refused once a request is under way, as at a stop."""

    def __init__(self, store: Store, receiver: Receiver) -> None:
        self._store = store
        self._receiver = receiver

    def read(self, function, *args):
        if self._receiver.received:
            raise CancelledError
        return self._store.read(function, *args)

    def write(self, function, *args):
        return self._store.write(function, *args)


def error_of(deliveries: Deliveries) -> dict:
    return from_json(deliveries.one().last_error or "{}")


def test_an_event_is_posted_once_signed_as_standard_webhooks_say(deliveries, receiver, target):
    deliveries.happen("c1", construct_id="c1")
    assert deliveries.deliver() == 1
    assert deliveries.deliver() == 0
    (received,) = receiver.received
    assert received.line == "POST /hooks?of=store HTTP/1.1"
    assert received.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert received.headers["content-type"] == "application/json"
    assert received.headers["webhook-signature"] == received.expected_signature()
    assert abs(int(received.headers["webhook-timestamp"]) - time.time()) < 300
    event = received.event
    assert event["type"] == "construct.saved"
    assert event["data"]["entityId"] == event["data"]["constructId"] == "c1"
    assert event["data"]["payload"] == {"number": 0}
    delivery = deliveries.one()
    assert (delivery.status, delivery.attempts, delivery.last_status_code) == ("DELIVERED", 1, 204)
    assert delivery.webhook_id == received.webhook_id


def test_a_receiver_that_was_down_gets_the_same_message_later(deliveries, receiver, target):
    receiver.behave = answering(503, body=b"not\0now")
    deliveries.happen("c1")
    deliveries.deliver()
    delivery = deliveries.one()
    assert (delivery.status, delivery.attempts, delivery.last_status_code) == ("PENDING", 1, 503)
    assert 500 <= (delivery.next_attempt_at or 0) - deliveries.clock.now_ms() <= 1_000
    assert error_of(deliveries)["details"] == {"statusCode": 503, "answer": "notnow"}
    receiver.behave = answering(200, body=b"thanks")
    assert deliveries.deliver() == 0
    deliveries.clock.advance(1_000)
    assert deliveries.deliver() == 1
    first, second = receiver.received
    assert (first.webhook_id, first.body) == (second.webhook_id, second.body)
    assert second.headers["webhook-signature"] == second.expected_signature()
    assert deliveries.one().status == "DELIVERED"


def test_what_follows_about_the_same_entity_waits_for_what_failed_and_others_do_not(deliveries, receiver, target):
    deliveries.happen("c1", "c2", "c1", "c1", "c2")
    fails = {"c1"}
    receiver.behave = lambda connection, received: answering(
        500 if received.event["data"]["entityId"] in fails else 200
    )(connection, received)
    deliveries.deliver()
    told = [(each.event["data"]["entityId"], each.event["data"]["payload"]["number"]) for each in receiver.received]
    assert sorted(told) == [("c1", 0), ("c2", 1), ("c2", 4)]
    assert told.index(("c2", 1)) < told.index(("c2", 4))
    fails.clear()
    receiver.received.clear()
    deliveries.clock.advance(1_000)
    deliveries.deliver()
    assert [each.event["data"]["payload"]["number"] for each in receiver.received] == [0, 2, 3]


def test_redirects_are_not_followed(deliveries, receiver, target):
    with receiving() as elsewhere:
        receiver.behave = answering(307, f"Location: {elsewhere.url}")
        deliveries.happen("c1")
        deliveries.deliver()
        assert elsewhere.received == []
    error = error_of(deliveries)
    assert (error["code"], error["details"]["statusCode"]) == ("DELIVERY_NOT_ACCEPTED", 307)


@pytest.mark.parametrize(
    ("behave", "code"),
    [
        (saying(b""), "DELIVERY_ANSWER_BROKEN"),
        (saying(b"HTTP/1.1 200 O"), "DELIVERY_ANSWER_BROKEN"),
        (saying(b"SSH-2.0-OpenSSH_9.6\r\n"), "DELIVERY_ANSWER_BROKEN"),
        (saying(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000), "DELIVERY_ANSWER_BROKEN"),
        (saying(b"HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\nhalf of i"), "DELIVERY_NOT_ACCEPTED"),
        (endless(b"HTTP/1.1 500 No\r\n\r\n"), "DELIVERY_NOT_ACCEPTED"),
        (endless(b"HTTP/1.1 500 No\r\nContent-Length: 999999999999\r\n\r\n"), "DELIVERY_NOT_ACCEPTED"),
    ],
    ids=["closes", "half a line", "not HTTP", "long header", "half a body", "endless body", "lying length"],
)
def test_a_receiver_that_misbehaves_costs_one_attempt(deliveries, receiver, target, behave, code):
    receiver.behave = behave
    deliveries.happen("c1")
    assert deliveries.deliver() == 1
    assert error_of(deliveries)["code"] == code
    assert deliveries.one().status == "PENDING"


def test_an_answer_that_accepts_is_believed_without_reading_its_endless_body(deliveries, receiver, target):
    receiver.behave = endless(b"HTTP/1.1 200 OK\r\n\r\n")
    deliveries.happen("c1")
    deliveries.deliver()
    assert deliveries.one().status == "DELIVERED"


class TestSlow:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"plugins.deliveries.timeout_ms": "400"}

    @pytest.fixture
    def deliveries(self, own_deliveries: Deliveries) -> Deliveries:
        return own_deliveries

    def test_a_receiver_that_says_nothing_is_given_up_in_time_and_is_tried_again(self, deliveries, receiver, target):
        receiver.behave = lambda connection, received: None
        deliveries.happen("c1", "c2", "c3")
        assert deliveries.deliver() == 3
        errors = [from_json(each.last_error or "{}") for each in deliveries.listed()]
        assert {each["code"] for each in errors} == {"DELIVERY_TIMED_OUT"}

    def test_a_receiver_that_drips_is_given_up_as_well(self, deliveries, receiver, target):
        def drip(connection, received):
            connection.sendall(b"HTTP/1.1 500 No\r\nX: ")
            for _ in range(2_000):
                connection.sendall(b"x")
                time.sleep(0.01)

        receiver.behave = drip
        deliveries.happen("c1")
        deliveries.deliver()
        assert error_of(deliveries)["code"] == "DELIVERY_TIMED_OUT"


def test_a_receiver_that_takes_its_time_holds_no_other_up(deliveries, receiver, target):
    with receiving() as other:
        deliveries.target(other.url, "other")

        def answer_last(connection: socket.socket, received: Received) -> None:
            wait_until(lambda: len(other.received) == 40, "that the other target is told of everything")
            answering(200)(connection, received)

        receiver.behave = answer_last
        deliveries.happen(*(f"c{number}" for number in range(40)))
        deliveries.deliver()
    assert {each.status for each in deliveries.listed()} == {"DELIVERED"}


def test_connections_are_kept_over_a_lull_for_as_long_as_the_process_sends(deliveries, receiver, target):
    with sending() as send:
        for number in range(3):
            deliveries.happen(f"c{number}")
            while gather(deliveries.store):
                pass
            assert send(deliveries.store) == 1
            assert send(deliveries.store) == 0
        assert len(receiver.connections) == 1
    wait_until(lambda: not receiver.threads[0].is_alive(), "that the connection is closed then", seconds=60)


def test_what_runs_when_a_turn_is_broken_off_is_ended_and_due_again(deliveries, receiver, target):
    receiver.behave = lambda connection, received: None
    deliveries.happen("c1")
    while gather(deliveries.store):
        pass
    stopping = Stopping(deliveries.store, receiver)
    with sending() as send:
        with pytest.raises(CancelledError):
            send(stopping)
        assert deliveries.one().attempts == 0
        receiver.behave = answering(200)
        assert send(deliveries.store) == 1
    assert deliveries.one().status == "DELIVERED"
    assert len(receiver.received) == 2


def test_a_closed_port_is_unreachable(deliveries):
    with receiving() as gone:
        url = gone.url
    deliveries.target(url)
    deliveries.happen("c1")
    deliveries.deliver()
    assert error_of(deliveries)["code"] == "DELIVERY_UNREACHABLE"


def test_how_long_a_receiver_asks_to_be_left_alone_is_kept_to(deliveries, receiver, target):
    receiver.behave = answering(429, "Retry-After: 120")
    deliveries.happen("c1")
    deliveries.deliver()
    assert deliveries.one().next_attempt_at == deliveries.clock.now_ms() + 120_000


def test_a_delivery_out_of_attempts_has_failed_and_the_next_of_its_entity_goes_on(deliveries, receiver, target):
    receiver.behave = lambda connection, received: answering(
        400 if received.event["data"]["payload"]["number"] == 0 else 200
    )(connection, received)
    deliveries.happen("c1", "c1")
    for _ in range(3):
        deliveries.deliver()
        deliveries.clock.advance(HOUR_MS)
    first, second = deliveries.listed()
    assert (first.status, first.attempts) == ("FAILED", 3)
    assert second.status == "DELIVERED"


def test_what_is_sent_again_has_the_same_webhook_id_and_is_another_delivery(deliveries, receiver, target):
    deliveries.happen("c1")
    deliveries.deliver()
    again = deliveries.store.write(resend_delivery, deliveries.one().id)
    assert deliveries.store.write(resend_delivery, deliveries.listed()[0].id).id == again.id
    deliveries.deliver()
    first, second = receiver.received
    assert (first.webhook_id, first.body) == (second.webhook_id, second.body)
    assert [each.status for each in deliveries.listed()] == ["DELIVERED", "DELIVERED"]


def test_more_is_sent_at_once_to_several_entities_than_to_one(deliveries: Deliveries, receiver: Receiver, target):
    deliveries.happen(*(f"c{number % 7}" for number in range(70)))
    assert deliveries.deliver() == 70
    by_entity: dict[str, list[int]] = {}
    for each in receiver.received:
        by_entity.setdefault(each.event["data"]["entityId"], []).append(each.event["data"]["payload"]["number"])
    assert len(by_entity) == 7
    assert all(numbers == sorted(numbers) for numbers in by_entity.values())
