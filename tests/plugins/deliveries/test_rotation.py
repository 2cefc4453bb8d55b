"""Rotating a target's secret: requests are signed with the old one too for a while, and no receiver refuses any."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest

from plugins.deliveries.receivers import SECRET, SECRET_KEY, Received
from synthetic import BadUserInputError, ConflictError
from synthetic.retention.clock_check import check_clock
from synthetic.testing import expect_data
from synthetic_deliveries.services import report
from synthetic_deliveries.store import rotate_secret

DAY_MS = 86_400_000
ROTATE = """mutation($input: RotateDeliverySecretInput!) {
    rotateDeliverySecret(input: $input) { secret target { id version previousSecretUntilAt } }
}"""


def signature_by(secret: str, received: Received) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join([received.webhook_id.encode(), received.headers["webhook-timestamp"].encode(), received.body])
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def signatures_of_next(deliveries, receiver) -> tuple[Received, list[str]]:
    """What comes in next, and its signatures."""
    deliveries.happen("c1")
    deliveries.deliver()
    return receiver.received[-1], receiver.received[-1].headers["webhook-signature"].split(" ")


def rotate(deliveries, **how) -> str:
    """The new secret."""
    secret = deliveries.store.write(lambda tx: rotate_secret(tx, "target", **how)).made_secret
    assert secret is not None
    return secret


def test_requests_are_signed_with_the_new_secret_and_for_a_day_with_the_old_one(deliveries, receiver, target):
    answer = expect_data(deliveries.store.graphql(ROTATE, {"input": {"id": "target"}}))["rotateDeliverySecret"]
    new = answer["secret"]
    assert (new != SECRET, answer["target"]["version"]) == (True, 2)
    assert answer["target"]["previousSecretUntilAt"] == "2027-01-16T08:00:00.000Z"
    received, signatures = signatures_of_next(deliveries, receiver)
    assert signatures == [signature_by(new, received), signature_by(SECRET, received)]
    deliveries.clock.advance(DAY_MS)
    deliveries.store.write(report)
    received, signatures = signatures_of_next(deliveries, receiver)
    assert signatures == [signature_by(new, received)]
    assert deliveries.now().previous_secrets == "[]"


def test_rotated_twice_both_old_secrets_go_on_and_are_never_shown(deliveries, receiver, target):
    first, second = rotate(deliveries), rotate(deliveries)
    received, signatures = signatures_of_next(deliveries, receiver)
    assert signatures == [signature_by(each, received) for each in (second, first, SECRET)]
    everything = expect_data(
        deliveries.store.graphql(
            "{ events(first: 50) { nodes { payload } } auditLog(first: 50) { nodes { details } } deliveryTargets {"
            " nodes { id name url previousSecretUntilAt } } }"
        )
    )
    for secret in (SECRET, first, second):
        assert secret.removeprefix("whsec_") not in json.dumps(everything)


def test_a_secret_that_is_known_to_others_ends_at_once(deliveries, receiver, target):
    rotate(deliveries)
    new = rotate(deliveries, keep_previous_ms=0)
    received, signatures = signatures_of_next(deliveries, receiver)
    assert signatures == [signature_by(new, received)]
    rotate(deliveries)
    deliveries.change(secret=SECRET)
    received, signatures = signatures_of_next(deliveries, receiver)
    assert signatures == [received.expected_signature()]


def test_a_rotation_can_be_taken_back(deliveries, receiver, target):
    new = rotate(deliveries)
    deliveries.store.write(lambda tx: rotate_secret(tx, "target", secret=SECRET))
    received, signatures = signatures_of_next(deliveries, receiver)
    assert signatures == [received.expected_signature(), signature_by(new, received)]


def test_what_makes_no_sense_is_refused(deliveries, receiver, target):
    with pytest.raises(BadUserInputError):
        rotate(deliveries, secret=SECRET)
    with pytest.raises(BadUserInputError):
        rotate(deliveries, secret="whsec_" + base64.b64encode(b"short").decode())
    for keep_ms in (-1, 31 * DAY_MS):
        with pytest.raises(BadUserInputError):
            rotate(deliveries, keep_previous_ms=keep_ms)
    rotate(deliveries, if_version=1)
    with pytest.raises(ConflictError):
        rotate(deliveries, if_version=1)
    for _ in range(2):
        rotate(deliveries)
    with pytest.raises(ConflictError, match="3 earlier secrets"):
        rotate(deliveries)
    assert rotate(deliveries, keep_previous_ms=0)


def test_a_clock_that_has_jumped_ends_no_secret(own_deliveries, receiver):
    deliveries = own_deliveries
    deliveries.target(receiver.url)
    new = rotate(deliveries)
    deliveries.store.write(check_clock)
    deliveries.clock.jump(10 * 365 * DAY_MS)
    deliveries.store.write(report)
    received, signatures = signatures_of_next(deliveries, receiver)
    assert signatures == [signature_by(new, received), signature_by(SECRET, received)]
    assert base64.b64encode(SECRET_KEY).decode() in deliveries.now().previous_secrets


def test_a_secret_that_is_rotated_while_the_clock_is_ahead_goes_on_for_30_days_at_most(own_deliveries, receiver):
    deliveries = own_deliveries
    deliveries.target(receiver.url)
    first = rotate(deliveries)
    deliveries.store.write(check_clock)
    deliveries.clock.jump(10 * 365 * DAY_MS)
    second = rotate(deliveries)
    received, signatures = signatures_of_next(deliveries, receiver)
    assert signatures == [signature_by(each, received) for each in (second, first, SECRET)]
    deliveries.clock.jump(-10 * 365 * DAY_MS)
    deliveries.store.write(report)
    received, signatures = signatures_of_next(deliveries, receiver)
    assert signatures == [signature_by(each, received) for each in (second, first, SECRET)]
    for days, signers in ((29, (second, first)), (1, (second,))):
        deliveries.clock.advance(days * DAY_MS)
        deliveries.store.write(report)
        received, signatures = signatures_of_next(deliveries, receiver)
        assert signatures == [signature_by(each, received) for each in signers]
