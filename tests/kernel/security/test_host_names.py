from __future__ import annotations

import pytest

from synthetic.errors import ForbiddenError, SettingsInvalidError
from synthetic.security.host_names import Authority, HostNames, find_authority, is_loopback

LOCAL = "127.0.0.1"


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost:8787",
        "localhost.",
        "127.0.0.1",
        "127.0.0.1:1",
        "[::1]",
        "[::1]:8787",
        "[0:0:0:0:0:0:0:1]:5",
    ],
)
def test_loopback_names_are_answered_on_any_port(host: str):
    HostNames("127.0.0.1", (), ()).check(host, None, LOCAL)


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        "localhost.evil.example",
        "evil.example:8787",
        "127.0.0.1.nip.io",
        "localhost:99999",
        "localhost:x",
        "user@localhost",
        "localhost/path",
        "[localhost]",
        "::1",
        "192.168.1.5",
        "0.0.0.0:8787",
        "localhost, evil.example",
    ],
)
def test_other_hosts_are_refused(host: str | None):
    with pytest.raises(ForbiddenError):
        HostNames("127.0.0.1", (), ()).check(host, None, LOCAL)


def test_the_address_that_the_client_connected_to_is_answered():
    names = HostNames("0.0.0.0", (), ())
    names.check("192.168.1.5:8787", None, "192.168.1.5")
    names.check("10.0.0.7", None, "::ffff:10.0.0.7")
    names.check("[fe80::1]:8787", None, "fe80::1%eth0")
    with pytest.raises(ForbiddenError):
        names.check("192.168.1.6", None, "192.168.1.5")
    with pytest.raises(ForbiddenError):
        names.check("0.0.0.0:8787", None, "192.168.1.5")


def test_an_accepted_host_is_not_accepted_on_another_address():
    names = HostNames("0.0.0.0", (), ())
    names.check("192.168.1.5", None, "192.168.1.5")
    with pytest.raises(ForbiddenError):
        names.check("192.168.1.5", None, "192.168.1.6")


def test_the_name_listened_on_and_those_in_the_settings_are_answered():
    names = HostNames("store.lan", ("Store.Example.org", "other.example:8443", "2001:db8::5"), ())
    for host in ("store.lan:8787", "store.example.org", "STORE.example.org:1", "other.example:8443", "[2001:db8::5]:9"):
        names.check(host, None, LOCAL)
    for host in ("other.example", "other.example:8444", "example.org"):
        with pytest.raises(ForbiddenError):
            names.check(host, None, LOCAL)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:8787", "http://127.0.0.1:8787"),
        ("localhost:8787", "http://LOCALHOST:8787"),
        ("localhost", "http://localhost"),
        ("localhost", "http://localhost:80"),
        ("localhost", "https://localhost"),
        ("localhost:443", "https://localhost"),
        ("[::1]:8787", "http://[::1]:8787"),
    ],
)
def test_pages_of_the_same_origin_may_call(host: str, origin: str):
    HostNames("127.0.0.1", (), ()).check(host, origin, LOCAL)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://evil.example",
        "http://evil.example:8787",
        "http://localhost",
        "http://localhost:8788",
        "http://127.0.0.1:8787",
        "http://localhost:8787.evil.example",
        "http://localhost:8787/",
        "http://user@localhost:8787",
        "file://",
        "chrome-extension://abcdef",
    ],
)
def test_pages_of_other_origins_may_not(origin: str):
    with pytest.raises(ForbiddenError):
        HostNames("127.0.0.1", (), ()).check("localhost:8787", origin, LOCAL)


def test_origins_in_the_settings_may_call():
    names = HostNames("127.0.0.1", (), ("https://Front.example", "http://localhost:3000", "chrome-extension://abc"))
    for origin in (
        "https://front.example",
        "https://front.example:443",
        "http://localhost:3000",
        "chrome-extension://abc",
    ):
        names.check("localhost:8787", origin, LOCAL)
    for origin in ("http://front.example", "https://front.example:444", "http://localhost:3001"):
        with pytest.raises(ForbiddenError):
            names.check("localhost:8787", origin, LOCAL)


@pytest.mark.parametrize("host", ["", "http://x", "a b", "*.example.org"])
def test_a_setting_that_is_no_host_is_refused(host: str):
    with pytest.raises(SettingsInvalidError, match="hosts"):
        HostNames("127.0.0.1", (host,), ())


@pytest.mark.parametrize("origin", ["", "example.org", "https://example.org/", "*", "https://*.example.org"])
def test_a_setting_that_is_no_origin_is_refused(origin: str):
    with pytest.raises(SettingsInvalidError, match="origins"):
        HostNames("127.0.0.1", (), (origin,))


def test_what_was_accepted_is_remembered_up_to_a_bound():
    names = HostNames("127.0.0.1", (), ())
    names.REMEMBERED_MAX = 10
    for port in range(1, 100):
        names.check(f"localhost:{port}", None, LOCAL)
    assert len(names._accepted) == 10


def test_authorities_are_read_by_the_book():
    assert find_authority("[::FFFF:1.2.3.4]:80") == Authority("1.2.3.4", 80)
    assert find_authority("Example.ORG.:5") == Authority("example.org", 5)
    assert find_authority("[::1") is None
    assert find_authority("a:b:c") is None


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("0.0.0.0", False), ("10.0.0.1", False), ("host", False)],
)
def test_loopback_addresses_are_told_apart(address: str, expected: bool):
    assert is_loopback(address) is expected
