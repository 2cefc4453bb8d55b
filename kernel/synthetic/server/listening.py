"""Sockets to listen on, and how many file descriptors there are for connections."""

from __future__ import annotations

import errno
import resource
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TypeAlias, cast

from synthetic.errors import AddressUnavailableError, SettingsInvalidError, SyntheticError
from synthetic.kernel_settings import KernelSettings
from synthetic.security.host_names import is_loopback

BACKLOG = 1_024
"""Connections that the system completes while the process is busy; it may allow for fewer."""

DESCRIPTORS_RESERVED = 192
"""For the database, logs, files being served, what a library opens for a moment, and connections being closed."""

CONNECTIONS_MIN = 16
ABSENT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
SHOWN_AS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - told apart, not bound
PORT_ATTEMPTS = 10

Address: TypeAlias = tuple[socket.AddressFamily, tuple[str, int]]
"""Family, and the address as `bind` takes it; of IPv6 it has two more parts."""


def listen(host: str, port: int) -> list[socket.socket]:
    """Bind every address of a host, all on one port.

    Args:
        host: A name or an address; a name may stand for several addresses.
        port: 0 for one that is free.

    Raises:
        AddressUnavailableError: The port is taken or not allowed, or the address is not this machine's.
        SettingsInvalidError: There is no such host.
    """
    addresses = _resolve(host, port)
    for _ in range(PORT_ATTEMPTS):
        try:
            return _bind_all(addresses, port)
        except OSError as error:
            # A free port was chosen for the first address, and is taken on the next: choose again.
            if port != 0 or error.errno != errno.EADDRINUSE:
                raise _explain(error, host, port) from error
    raise AddressUnavailableError(f"No port is free on all addresses of {host}.")


def require_loopback(host: str) -> None:
    """Refuse to let everybody in who is not on this machine.

    Raises:
        SettingsInvalidError: The host is, or has, an address that others can reach.
    """
    open_to_others = [address[0] for _, address in _resolve(host, 0) if not is_loopback(address[0])]
    if open_to_others:
        raise SettingsInvalidError(
            f"Without authentication the server listens on loopback alone, and {host} is {open_to_others[0]}.",
            action="Leave --no-auth out, or listen on 127.0.0.1.",
            details={"key": "kernel.server.host"},
        )


def address_of(listening: socket.socket) -> str:
    """`host:port` of a socket, as a URL has it; a wildcard address is shown as the loopback address of its kind."""
    name: tuple[str, int] = listening.getsockname()[:2]
    host, port = name
    shown = SHOWN_AS.get(host, host)
    return f"[{shown}]:{port}" if ":" in shown else f"{shown}:{port}"


def reserve_descriptors(settings: KernelSettings) -> int:
    """Raise this process's limit of file descriptors as far as its connections may need it.

    Returns:
        How many connections fit, at least `CONNECTIONS_MIN`.

    Raises:
        SettingsInvalidError: The system allows for hardly any.
    """
    wanted = settings.server.connections + settings.limits.sockets + settings.limits.streams
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + DESCRIPTORS_RESERVED
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    fit = wanted if soft == resource.RLIM_INFINITY else min(wanted, soft - DESCRIPTORS_RESERVED)
    if fit < min(wanted, CONNECTIONS_MIN):
        raise SettingsInvalidError(
            f"The limit of {soft} open files leaves no room for connections.",
            action=f"Raise it with `ulimit -n` to {needed}, or at least to {DESCRIPTORS_RESERVED + CONNECTIONS_MIN}.",
        )
    return fit


def _resolve(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise SettingsInvalidError(
            f"There is no host {host!r} to listen on.",
            action="Name an address of this machine in `kernel.server.host` or --host.",
            details={"key": "kernel.server.host"},
        ) from error
    return list(dict.fromkeys((family, cast("tuple[str, int]", address)) for family, _, _, _, address in found))


def _bind_all(addresses: Sequence[Address], port: int) -> list[socket.socket]:
    with ExitStack() as opened:
        bound: list[socket.socket] = []
        absent: OSError | None = None
        for family, address in addresses:
            try:
                listening = opened.enter_context(_bind(family, address, port))
            except OSError as error:
                # `localhost` is two addresses, of which a container often has one.
                if error.errno not in ABSENT:
                    raise
                absent = error
                continue
            port = listening.getsockname()[1]
            bound.append(listening)
        if absent is not None and not bound:
            raise absent
        opened.pop_all()
        return bound


def _bind(family: socket.AddressFamily, address: tuple[str, int], port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off only where a socket says that it is TCP; with it each answer takes 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind((address[0], port, *address[2:]))
        # From now on the port is ours: nobody else can take it before the server is up.
        listening.listen(BACKLOG)
        listening.setblocking(False)  # noqa: FBT003 - the standard library's
    except OSError:
        listening.close()
        raise
    return listening


def _explain(error: OSError, host: str, port: int) -> SyntheticError:
    if error.errno == errno.EADDRINUSE:
        return AddressUnavailableError(f"Port {port} of {host} is in use.")
    if error.errno == errno.EACCES:
        return AddressUnavailableError(
            f"This user may not listen on port {port}.", action="Choose a port from 1024 on with --port."
        )
    return AddressUnavailableError(
        f"The server cannot listen on {host}, port {port}: {error.strerror}.",
        action="Name an address of this machine with --host.",
    )
