from __future__ import annotations

import errno
import resource
import socket

import pytest

from synthetic.errors import SettingsInvalidError
from synthetic.kernel_settings import KernelSettings
from synthetic.server import listening
from synthetic.server.listening import (
    AddressUnavailableError,
    address_of,
    listen,
    require_loopback,
    reserve_descriptors,
)


def close_all(bound: list[socket.socket]) -> None:
    for one in bound:
        one.close()


def test_a_free_port_is_the_same_on_every_address_of_a_host():
    bound = listen("localhost", 0)
    assert len({one.getsockname()[1] for one in bound}) == 1
    close_all(bound)


def test_answers_are_not_held_back():
    """asyncio sets TCP_NODELAY on sockets of this protocol alone, and accepted ones take it over."""
    bound = listen("127.0.0.1", 0)
    assert bound[0].proto == socket.IPPROTO_TCP
    close_all(bound)


def test_when_the_port_is_taken_on_a_later_address_another_one_is_chosen(monkeypatch: pytest.MonkeyPatch):
    attempts: list[int] = []
    real = listening._bind_all

    def taken_at_first(addresses, port):
        attempts.append(port)
        if len(attempts) == 1:
            raise OSError(errno.EADDRINUSE, "taken")
        return real(addresses, port)

    monkeypatch.setattr(listening, "_bind_all", taken_at_first)
    close_all(listen("127.0.0.1", 0))
    assert attempts == [0, 0]


def test_a_taken_port_is_not_waited_for_and_nothing_stays_bound():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(AddressUnavailableError, match="in use"):
        listen("127.0.0.1", taken.getsockname()[1])


@pytest.mark.parametrize(
    ("number", "words"), [(errno.EACCES, "may not listen on port 80"), (errno.ENOBUFS, "cannot listen on 127.0.0.1")]
)
def test_what_the_system_refuses_is_said(monkeypatch: pytest.MonkeyPatch, number: int, words: str):
    def refused(*_: object) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr(listening, "_bind_all", refused)
    with pytest.raises(AddressUnavailableError, match=words):
        listen("127.0.0.1", 80)


def test_the_search_for_a_free_port_ends(monkeypatch: pytest.MonkeyPatch):
    def taken(*_: object) -> None:
        raise OSError(errno.EADDRINUSE, "taken")

    monkeypatch.setattr(listening, "_bind_all", taken)
    with pytest.raises(AddressUnavailableError, match="No port is free"):
        listen("127.0.0.1", 0)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a" * 70, "bad host"])
def test_a_host_that_does_not_exist_is_a_wrong_setting(host: str):
    with pytest.raises(SettingsInvalidError, match="no host"):
        listen(host, 0)


def test_an_address_of_another_machine_cannot_be_listened_on():
    with pytest.raises(AddressUnavailableError, match=r"203\.0\.113\.7"):
        listen("203.0.113.7", 0)


def test_an_address_family_that_the_machine_lacks_is_left_out():
    bound = listening._bind_all([(socket.AF_INET, ("203.0.113.7", 0)), (socket.AF_INET, ("127.0.0.1", 0))], 0)
    assert [one.getsockname()[0] for one in bound] == ["127.0.0.1"]
    close_all(bound)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_may_do_without_authentication(host: str):
    require_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "203.0.113.7"])
def test_other_addresses_may_not(host: str):
    with pytest.raises(SettingsInvalidError, match="loopback"):
        require_loopback(host)


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]"), ("::", "[::1]")]
)
def test_the_address_in_a_url_can_be_opened(host: str, shown: str):
    bound = listen(host, 0)
    assert address_of(bound[0]) == f"{shown}:{bound[0].getsockname()[1]}"
    close_all(bound)


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch):
    """The limit of open files as a pair that a test sets and the code changes."""
    found = {"limit": (0, 0)}
    monkeypatch.setattr(resource, "getrlimit", lambda _: found["limit"])
    monkeypatch.setattr(resource, "setrlimit", lambda _, limit: found.update(limit=limit))
    return found


WANTED = 1_000 + 10_000 + 2_000


@pytest.mark.parametrize(
    ("given", "then", "fit"),
    [
        ((256, 1_000_000), (WANTED + 192, 1_000_000), WANTED),
        ((256, resource.RLIM_INFINITY), (WANTED + 192, resource.RLIM_INFINITY), WANTED),
        ((1_024, 4_096), (4_096, 4_096), 4_096 - 192),
        ((100_000, 100_000), (100_000, 100_000), WANTED),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), (resource.RLIM_INFINITY, resource.RLIM_INFINITY), WANTED),
    ],
)
def test_the_limit_of_open_files_is_raised_as_far_as_needed_and_connections_fit_into_it(limits, given, then, fit):
    limits["limit"] = given
    assert reserve_descriptors(KernelSettings()) == fit
    assert limits["limit"] == then


def test_too_low_a_limit_is_refused_with_what_to_do(limits):
    limits["limit"] = (200, 200)
    with pytest.raises(SettingsInvalidError, match="200 open files") as caught:
        reserve_descriptors(KernelSettings())
    assert "ulimit -n" in caught.value.suggested_action
