from __future__ import annotations

import socket
import threading

import pytest

from plugins.deliveries.receivers import receiving
from synthetic import from_json
from synthetic_deliveries.addresses import choose_addresses
from synthetic_deliveries.sender import Posting, Sender
from synthetic_deliveries.settings import DeliverySettings

PRIVATE = [
    "127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "198.18.0.1", "192.0.2.1",
    "240.0.0.1", "255.255.255.255", "::1", "fc00::1", "fd12:3456::1", "fec0::1", "2001:db8::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "2002:7f00:1::", "2002:0a00:1::1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "::127.0.0.1",
]  # fmt: skip
NEVER = [
    "0.0.0.0", "169.254.169.254", "224.0.0.1", "::", "fe80::1", "ff02::1", "::ffff:169.254.169.254", "::ffff:0.0.0.0",
    "64:ff9b::a9fe:a9fe", "not an address",
]  # fmt: skip
PUBLIC = ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_posted_to(address):
    assert choose_addresses([address], allow_private=False) == [address]


@pytest.mark.parametrize("address", [*PRIVATE, *NEVER])
def test_private_addresses_may_not_be_posted_to_however_they_are_written(address):
    assert choose_addresses([address], allow_private=False) == []


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "192.168.1.1", "::1", "fc00::1", "8.8.8.8"])
def test_private_addresses_may_be_where_the_target_says_so(address):
    assert choose_addresses([address], allow_private=True) == [address]


@pytest.mark.parametrize("address", NEVER)
def test_link_local_and_meaningless_addresses_never_may(address):
    assert choose_addresses([address], allow_private=True) == []


def test_of_several_addresses_those_that_may_not_be_posted_to_are_left_out():
    assert choose_addresses(["10.0.0.1", "8.8.8.8", "8.8.8.8", "::1"], allow_private=False) == ["8.8.8.8"]


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "2130706433", "0x7f.1", "0.0.0.0", "[::1]", "[::ffff:7f00:1]"]
)
def test_no_connection_is_made_to_a_name_that_leads_home(host):
    with receiving() as receiver, Sender(DeliverySettings()) as sender:
        posting = Posting("d1", f"https://{host}:{receiver.port}/", allow_private=False, headers={}, body=b"{}", now=0)
        outcome = sender.post(posting).result(30)
        assert outcome.error is not None
        assert outcome.error["code"] == "DELIVERY_ADDRESS_REFUSED"
        assert receiver.connections == []


def test_a_name_keeps_its_name_in_the_request_when_the_connection_is_made_to_its_address():
    with receiving() as receiver, Sender(DeliverySettings()) as sender:
        posting = Posting("d1", f"http://localhost:{receiver.port}/", allow_private=True, headers={}, body=b"{}", now=0)
        assert sender.post(posting).result(30).error is None
        assert receiver.received[0].headers["host"] == f"localhost:{receiver.port}"


def test_a_connection_to_a_private_address_is_never_used_for_a_target_that_may_not_have_one(deliveries, receiver):
    with Sender(DeliverySettings()) as sender:
        url = f"http://localhost:{receiver.port}/"
        assert (
            sender.post(Posting("d1", url, allow_private=True, headers={}, body=b"{}", now=0)).result(30).error is None
        )
        refused = sender.post(Posting("d2", url, allow_private=False, headers={}, body=b"{}", now=0)).result(30)
    assert refused.error is not None
    assert refused.error["code"] == "DELIVERY_ADDRESS_REFUSED"
    assert len(receiver.received) == 1


def test_a_target_with_a_name_that_leads_home_gets_nothing(deliveries, receiver):
    deliveries.target(f"https://localhost:{receiver.port}/", allow_private=False)
    deliveries.happen("c1")
    deliveries.deliver()
    assert from_json(deliveries.one().last_error or "{}")["code"] == "DELIVERY_ADDRESS_REFUSED"
    assert receiver.connections == []


def test_names_whose_lookup_hangs_end_in_time_and_hold_no_other_up(monkeypatch):
    found, released = socket.getaddrinfo, threading.Event()

    def find(host, *more, **named):
        if host in (b"slow.example", "slow.example"):
            released.wait(60)
            raise socket.gaierror("released")
        return found(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", find)
    settings = DeliverySettings(connect_ms=200, timeout_ms=60_000)
    with receiving() as receiver, Sender(settings) as sender:
        slow = Posting("d", "http://slow.example/", allow_private=True, headers={}, body=b"{}", now=0)
        waiting = [sender.post(slow) for _ in range(settings.concurrency - 1)]
        fast = Posting("f", receiver.url, allow_private=True, headers={}, body=b"{}", now=0)
        assert sender.post(fast).result(30).status_code == 204
        try:
            errors = [future.result(30).error for future in waiting]
        finally:
            released.set()
    assert {error and error["code"] for error in errors} == {"DELIVERY_TIMED_OUT"}
