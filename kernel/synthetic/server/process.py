"""One process that serves: uvicorn, with our protocols, around the application of a kernel."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp

from synthetic.app import create_app
from synthetic.errors import ExitCode, InternalError
from synthetic.graphql.http_exchange import Prompt
from synthetic.kernel import Kernel
from synthetic.kernel_settings import KernelSettings, ServerSettings
from synthetic.logs import logger_for
from synthetic.metrics import Metrics
from synthetic.server.connections import Connections
from synthetic.server.garbage import LongLived
from synthetic.server.listener import Listener
from synthetic.server.listening import reserve_descriptors
from synthetic.server.protocol import HttpProtocol
from synthetic.server.short_answers import Departures
from synthetic.server.socket_protocol import SocketProtocol

TICKS_BETWEEN_SWEEPS = 5
"""uvicorn ticks ten times a second; half a second is exact enough for waits of many."""

STOP_GRACE_SECONDS = 10.0
"""What a stop may take beside waiting for requests: services, the last writes, closing the store."""

SWITCH_SECONDS = 0.000_5
"""How long a thread that computes keeps others waiting for the interpreter's lock.

Python's own 5 ms would hold up the event loop for as long, again and again,
while a thread of the pool makes a large answer: a read lets go of the lock for
each row.
"""

log = logger_for(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """How the start and end of a serving process are told to, and asked by, what is around it.

    Attributes:
        announce: Called once, when requests are served.
        stopping: Called once, when the stop begins.
        stop_signals: Signals that stop it; a second one stops it without waiting for requests.
        parent: A file descriptor that ends when the parent process has; None without one.
    """

    announce: Callable[[], None]
    stopping: Callable[[], None]
    stop_signals: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGINT)
    parent: int | None = None


class Server(uvicorn.Server):
    """uvicorn's server, which also sweeps its connections, and for which a stop on a signal is a normal end."""

    def __init__(self, config: uvicorn.Config, connections: Connections, lifetime: Lifetime) -> None:
        super().__init__(config)
        self._swept = connections
        self._lifetime = lifetime
        self._long_lived = LongLived()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, accept connections, then say so."""
        await super().startup([])
        for one in sockets or ():
            listener = Listener(one, self._swept, self._make_protocol)
            listener.start()
            # uvicorn closes it, and waits for it, like the asyncio server in whose place it stands.
            self.servers.append(cast("asyncio.base_events.Server", listener))
        if self._lifetime.parent is not None:
            asyncio.get_running_loop().add_reader(self._lifetime.parent, self._hear_parent, self._lifetime.parent)
        self._lifetime.announce()
        self._long_lived.begin()

    async def on_tick(self, counter: int) -> bool:
        """Sweep the connections, now and then."""
        if counter % TICKS_BETWEEN_SWEEPS == 0:
            self._swept.sweep()
            self._long_lived.note(len(self._swept))
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say that the stop begins, accept no more, then let requests end."""
        self._lifetime.stopping()
        for listener in self.servers:
            listener.close()
            # What was accepted a moment ago must be among the connections that are now asked to end.
            await listener.wait_closed()
        await super().shutdown(sockets)
        self._long_lived.end()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Stop on signals; unlike uvicorn's, a stop that was asked for does not end in the signal itself."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in self._lifetime.stop_signals}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """Begin to stop; the second time, without waiting for requests."""
        self.force_exit = self.should_exit
        self.should_exit = True

    def _make_protocol(self) -> asyncio.Protocol:
        make = cast("Callable[..., asyncio.Protocol]", self.config.http_protocol_class)
        return make(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    def _hear_parent(self, descriptor: int) -> None:
        """The parent says nothing; when it has gone, nobody would restart or stop this process any more."""
        if not os.read(descriptor, 1):
            asyncio.get_running_loop().remove_reader(descriptor)
            if not self.should_exit:
                log.warning("parent process gone")
            self.should_exit = True


@contextlib.contextmanager
def bounded_stop(settings: ServerSettings) -> Generator[Callable[[], None]]:
    """Make sure that a stop ends: the block gets what to call when it begins.

    A stop that takes longer than requests may have, and a grace beside, is cut
    short. What was answered is on the disk already, so nothing is lost but
    what was never acknowledged.
    """
    watchdog = threading.Timer(settings.shutdown_ms / 1000 + STOP_GRACE_SECONDS, _end_at_once)
    watchdog.daemon = True
    try:
        yield watchdog.start
    finally:
        watchdog.cancel()


def _end_at_once() -> None:
    log.error("the stop took too long")
    os._exit(ExitCode.INTERNAL)


def run_server(kernel: Kernel, listening: Sequence[socket.socket], lifetime: Lifetime, *, no_auth: bool) -> None:
    """Serve until a signal; the kernel and the sockets are for the caller to close.

    Raises:
        SettingsInvalidError: There is no room for connections.
        InternalError: The application did not start; the log says why.
    """
    application = create_app(kernel, no_auth=no_auth)
    serve_application(application, kernel.settings, kernel.metrics, listening, lifetime, prompt=application.prompt)


def serve_application(
    application: ASGIApp,
    settings: KernelSettings,
    metrics: Metrics,
    listening: Sequence[socket.socket],
    lifetime: Lifetime,
    *,
    prompt: Prompt | None = None,
) -> None:
    """Serve any ASGI application until a signal, as a kernel's is served.

    Args:
        application: Answers the requests.
        settings: Time-outs and how many connections there may be.
        metrics: Where connections are counted.
        listening: The sockets, which are for the caller to close.
        lifetime: What is told of the start and the stop.
        prompt: Answers short requests without the application.

    Raises:
        SettingsInvalidError: There is no room for connections.
        InternalError: The application did not start; the log says why.
    """
    connections = Connections(
        metrics,
        requests_max=settings.server.connections,
        total_max=reserve_descriptors(settings),
        read_seconds=settings.server.read_timeout_ms / 1000,
        keep_alive_seconds=settings.server.keep_alive_ms / 1000,
        monotonic=time.monotonic,
    )
    server = Server(_configure(application, settings, connections, prompt), connections, lifetime)
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        asyncio.run(server.serve(sockets=list(listening)))
    except SystemExit as error:
        raise InternalError("The server could not start; its log says why.") from error


def _configure(
    application: ASGIApp, settings: KernelSettings, connections: Connections, prompt: Prompt | None
) -> uvicorn.Config:
    protocols: Any = cast("Any", functools.partial)
    return uvicorn.Config(
        cast("Any", application),
        http=protocols(HttpProtocol, connections, Departures(), prompt),
        ws=protocols(SocketProtocol, connections),
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        # Whoever wants the addresses behind a proxy counted must not believe each client that claims to be one.
        proxy_headers=False,
        workers=1,
        timeout_keep_alive=math.ceil(settings.server.keep_alive_ms / 1000),
        timeout_graceful_shutdown=math.ceil(settings.server.shutdown_ms / 1000),
        ws_max_size=settings.limits.socket_frame_bytes,
        ws_per_message_deflate=False,
        # `synthetic.graphql.websocket` pings for itself.
        ws_ping_interval=None,
        ws_ping_timeout=None,
    )
