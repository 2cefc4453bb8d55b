"""Host and Origin headers: which names this server answers to, and whose pages may call it.

A page of another site can make a visitor's browser send requests to a server
on the visitor's own machine or network, and DNS rebinding makes them look like
requests of the page's own origin. The Host header gives such a request away:
it names the attacker's host. So only known names are answered.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from synthetic.errors import ForbiddenError, SettingsInvalidError

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
DEFAULT_PORTS = {"http": 80, "https": 443}

AUTHORITY = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._~-]+))(?::([0-9]{1,5}))?")
"""host, or host:port; an IPv6 address stands in brackets."""

ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://([^/@?#]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Authority:
    """Who is meant by `host:port`.

    Attributes:
        host: In lower case, without brackets and without a last dot; an
            address in its shortest form.
        port: None where none is named.
    """

    host: str
    port: int | None


def find_authority(text: str) -> Authority | None:
    """Take `host`, `host:port`, `[address]` or `[address]:port` apart; None if it is none of them."""
    found = AUTHORITY.fullmatch(text)
    if found is None:
        return None
    address, name, port = found.groups()
    host = normalize_host(address or name)
    if (address and not is_address(host)) or (port and int(port) > 65_535):
        return None
    return Authority(host, int(port) if port else None)


def normalize_host(host: str) -> str:
    """One spelling for each host: `LocalHost.` is `localhost`, `::ffff:127.0.0.1` is `127.0.0.1`."""
    host = host.lower().removesuffix(".")
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def is_address(host: str) -> bool:
    """Whether it is an IP address rather than a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    return is_address(host) and ipaddress.ip_address(host).is_loopback


class HostNames:
    """The names that a server answers to and the origins whose pages may call it.

    Whatever it has accepted is remembered, up to a bound, so that the headers
    of a browser or client are taken apart once.
    """

    REMEMBERED_MAX = 1_000

    def __init__(self, listens_on: str, hosts: Sequence[str], origins: Sequence[str]) -> None:
        """Read the settings.

        Args:
            listens_on: Host that the server was told to listen on.
            hosts: `name` for any port, or `name:port`.
            origins: `scheme://host` or `scheme://host:port`.

        Raises:
            SettingsInvalidError: One of them is neither.
        """
        self._hosts = frozenset(_each_host(hosts)) | _names_of(listens_on)
        self._origins = frozenset(_each_origin(origins))
        self._accepted: set[tuple[str, str | None, str]] = set()

    def has_accepted(self, host: str, local_address: str) -> bool:
        """Whether `check` has accepted this host before, without an origin."""
        return (host, None, local_address) in self._accepted

    def check(self, host: str | None, origin: str | None, local_address: str) -> None:
        """Refuse a request for another host, or from a page of another origin.

        Args:
            host: The Host header.
            origin: The Origin header, where there is one.
            local_address: The address of this server that the client has connected to.

        Raises:
            ForbiddenError: It is refused.
        """
        if host is None:
            raise ForbiddenError("The request names no host.", action="Send one Host header.")
        key = (host, origin, local_address)
        if key in self._accepted:
            return
        authority = find_authority(host)
        if authority is None or not self._answers_to(authority, local_address):
            raise ForbiddenError(
                "This server does not answer to the host that the request names.",
                action="Use a name of this server, or add this one to `kernel.security.hosts`.",
                details={"host": host[:255]},
            )
        if origin is not None and not self._may_call(origin, authority):
            raise ForbiddenError(
                "Pages of this origin may not call this server.",
                action="Add the origin to `kernel.security.origins` if you trust it.",
                details={"origin": origin[:255]},
            )
        if len(self._accepted) < self.REMEMBERED_MAX:
            self._accepted.add(key)

    def _answers_to(self, authority: Authority, local_address: str) -> bool:
        return (
            authority.host in LOOPBACK_NAMES
            or authority.host == normalize_host(local_address)
            or Authority(authority.host, None) in self._hosts
            or authority in self._hosts
        )

    def _may_call(self, origin: str, host: Authority) -> bool:
        found = _find_origin(origin)
        if found is None:
            return False
        scheme, caller = found
        if (scheme, caller) in self._origins:
            return True
        default = DEFAULT_PORTS.get(scheme)
        # A proxy may speak TLS for us, so the scheme is not compared: a page of the same host and port is ours.
        return default is not None and caller == Authority(host.host, host.port or default)


def _find_origin(origin: str) -> tuple[str, Authority] | None:
    """Scheme and authority, the port always named."""
    found = ORIGIN.fullmatch(origin)
    authority = find_authority(found[2]) if found else None
    if found is None or authority is None:
        return None
    scheme = found[1].lower()
    return scheme, Authority(authority.host, authority.port or DEFAULT_PORTS.get(scheme))


def _names_of(listens_on: str) -> frozenset[Authority]:
    """The name or address listened on, but none for "all addresses": browsers reach this machine by 0.0.0.0."""
    host = normalize_host(listens_on)
    if is_address(host) and ipaddress.ip_address(host).is_unspecified:
        return frozenset()
    return frozenset({Authority(host, None)})


def _each_host(hosts: Sequence[str]) -> Iterable[Authority]:
    for host in hosts:
        authority = find_authority(host) or (Authority(normalize_host(host), None) if is_address(host) else None)
        if authority is None:
            raise SettingsInvalidError(
                f"kernel.security.hosts: {host!r} is no host name.", action="Write it as `name` or `name:port`."
            )
        yield authority


def _each_origin(origins: Sequence[str]) -> Iterable[tuple[str, Authority]]:
    for origin in origins:
        found = _find_origin(origin)
        if found is None:
            raise SettingsInvalidError(
                f"kernel.security.origins: {origin!r} is no origin.",
                action="Write it as `scheme://host` or `scheme://host:port`, without a path.",
            )
        yield found
