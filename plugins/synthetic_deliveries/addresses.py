"""Which addresses may be posted to.

A name is resolved once, right before the connection, and the connection is made
to an address that was judged: a name that resolves to something else a moment
later gains nothing. What is judged is where packets would end up, so an IPv4
address in an IPv6 one (mapped, 6to4, Teredo, NAT64) counts as itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

NAT64 = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


def choose_addresses(found: Iterable[str], *, allow_private: bool) -> list[str]:
    """Those of some addresses, in their order, that may be connected to.

    Args:
        found: As the resolver gives them.
        allow_private: Whether private and loopback addresses may.
    """
    return [each for each in dict.fromkeys(found) if _may_be_reached(each, allow_private=allow_private)]


def _may_be_reached(text: str, *, allow_private: bool) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return all(_is_allowed(each, allow_private=allow_private) for each in _ends_of(address))


def _is_allowed(address: Address, *, allow_private: bool) -> bool:
    # Link-local ones are never a receiver's, but often those of a cloud's metadata service.
    if address.is_multicast or address.is_unspecified or address.is_link_local:
        return False
    if allow_private:
        return True
    return address.is_global and not address.is_reserved and not getattr(address, "is_site_local", False)


def _ends_of(address: Address) -> list[Address]:
    """Where packets to an address end up: itself, or the IPv4 addresses in it."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address.sixtofour]
    if address.teredo is not None:
        return list(address.teredo)
    if address in NAT64:
        return [IPv4Address(int(address) & 0xFFFF_FFFF)]
    return [address]
