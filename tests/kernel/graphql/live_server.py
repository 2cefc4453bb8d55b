"""A real server in a thread of this process, over a real kernel with a small plugin of a third party."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect

from synthetic.clock import new_id
from synthetic.kernel import Kernel
from synthetic.security.tokens import create_token
from synthetic.server.listening import listen
from synthetic.server.process import Lifetime, run_server
from synthetic.testing import FAST_SETTINGS
from thirdparty.distributions import Site, write_plugins_toml

PATIENCE_SECONDS = 30.0
"""How long a test waits for something before it fails."""

SUBPROTOCOL = "graphql-transport-ws"

LAB = '''
import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Annotated

import strawberry

from synthetic import First, Long, Snapshot, Transaction, mutation, query, subscription

started = threading.Semaphore(0)
closed = threading.Semaphore(0)
kept = []
taken = []

Count = Annotated[int, strawberry.argument(description="How many.")]


@query
def echo(snapshot: Snapshot, text: Annotated[str, strawberry.argument(description="What to give back.")]) -> str:
    """Gives the text back."""
    return text


@query
def endless(snapshot: Snapshot) -> str:
    """Ends when it is interrupted."""
    started.release()
    sql = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c"
    try:
        return str(snapshot.value(sql))
    finally:
        closed.release()


@query
def beyond(snapshot: Snapshot) -> str:
    """Text that is not text."""
    return chr(0xD800)


@query
def letters(snapshot: Snapshot, count: Count) -> str:
    """Many letters."""
    return "x" * count


@strawberry.input(description="What to keep.")
class KeepInput:
    text: str = strawberry.field(description="A text.")


@mutation
def keep(tx: Transaction, input: KeepInput) -> int:
    """Keep a text; how many are kept."""
    kept.append(input.text)
    return len(kept)


@subscription
async def ticks(live, count: Count) -> AsyncIterator[int]:
    """Counts up to a number."""
    for number in range(count):
        yield number


@subscription
async def flood(live, size: Count) -> AsyncIterator[str]:
    """More than anybody reads."""
    started.release()
    try:
        while True:
            yield "x" * size
    finally:
        closed.release()


@subscription
async def silence(live) -> AsyncIterator[int]:
    """Says one thing, and then nothing."""
    try:
        yield 1
        await asyncio.Event().wait()
    finally:
        closed.release()


@subscription(latest=True)
async def newest(live) -> AsyncIterator[int]:
    """How often it was asked what is newest."""
    while True:
        taken.append(None)
        yield len(taken)


@hookimpl
def register_graphql():
    return (
        GraphQL(
            queries=(echo, endless, beyond, letters),
            mutations=(keep,),
            subscriptions=(ticks, flood, silence, newest),
        ),
    )
'''


@dataclass
class LiveServer:
    """A server that runs, and what a test needs to talk to it and to look into it."""

    url: str
    token: str
    kernel: Kernel
    lab: ModuleType
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        # Without TLS nothing is verified, and to load the authorities takes longer than most tests.
        self.client = httpx.Client(timeout=PATIENCE_SECONDS, trust_env=False, verify=False)

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    @property
    def address(self) -> tuple[str, int]:
        url = httpx.URL(self.url)
        return url.host, url.port or 80

    def make_token(self, *scopes: str) -> str:
        created = self.kernel.database.write_blocking(create_token, f"test {new_id()}", scopes)
        return created.secret

    def post(self, content: bytes | str | Iterator[bytes], **headers: str | None) -> httpx.Response:
        """Send a body as it is; a header that is None is left out."""
        given = {"content-type": "application/json", **self.headers, **_named(headers)}
        return self.client.post(self.url, content=content, headers={k: v for k, v in given.items() if v is not None})

    def ask(self, query: str, **headers: str | None) -> httpx.Response:
        """Send a document by POST."""
        return self.post(orjson.dumps({"query": query}), **headers)

    def get(self, params: Mapping[str, str] | None = None, **headers: str | None) -> httpx.Response:
        """Send a request in the URL."""
        given = {**self.headers, **_named(headers)}
        return self.client.get(self.url, params=params, headers={k: v for k, v in given.items() if v is not None})

    def raw(self) -> socket.socket:
        """A plain connection, for what no client library would send."""
        return socket.create_connection(self.address, PATIENCE_SECONDS)

    def connect(self, *, subprotocol: str | None = SUBPROTOCOL, **options: Any) -> connect:
        """A WebSocket, not yet open."""
        protocols: Any = [subprotocol] if subprotocol else None
        return connect(
            self.url.replace("http://", "ws://"),
            subprotocols=protocols,
            ping_interval=None,
            compression=None,
            proxy=None,
            **options,
        )


def _named(headers: Mapping[str, str | None]) -> dict[str, str | None]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@contextlib.contextmanager
def serve_lab(folder: Path, code: str = LAB, **settings: str) -> Iterator[LiveServer]:
    """Run a server until the end of the `with`.

    Args:
        folder: Empty; the store and the plugin are put there.
        code: Of the plugin.
        settings: Values by name below `kernel`, with `__` for a dot.
    """
    overrides = {**FAST_SETTINGS, **{f"kernel.{name.replace('__', '.')}": value for name, value in settings.items()}}
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        site = Site(folder / "site", patch)
        stack.callback(site.forget)
        site.install("lab", code)
        write_plugins_toml(folder / "store", {"lab": ""})
        kernel = Kernel.open(folder / "store", overrides=overrides, migrate=True)
        stack.callback(kernel.close)
        listening = listen("127.0.0.1", 0)
        port = listening[0].getsockname()[1]
        stack.callback(_in_thread(kernel, listening))
        server = LiveServer(f"http://127.0.0.1:{port}/graphql", "", kernel, sys.modules["sample_lab.plugin"])
        server.token = server.make_token("admin")
        stack.callback(server.client.close)
        yield server


def _in_thread(kernel: Kernel, listening: list[socket.socket]) -> Any:
    """Serve in a thread; returns what stops it. The server stops when the pipe to its parent ends."""
    ready = threading.Event()
    parent, own_end = os.pipe()
    lifetime = Lifetime(announce=ready.set, stopping=lambda: None, stop_signals=(), parent=parent)
    thread = threading.Thread(target=run_server, args=(kernel, listening, lifetime), kwargs={"no_auth": False})
    thread.start()

    def stop() -> None:
        os.close(own_end)
        thread.join(PATIENCE_SECONDS)
        os.close(parent)
        assert not thread.is_alive(), "the server does not stop"

    if not ready.wait(PATIENCE_SECONDS):
        stop()
        raise RuntimeError("the server does not start")
    return stop


async def say(connection: ClientConnection, **message: Any) -> None:
    """Send a message of the protocol."""
    await connection.send(orjson.dumps(message).decode())


async def hear(connection: ClientConnection) -> dict[str, Any]:
    """The next message that is no ping."""
    while True:
        message = orjson.loads(await connection.recv())
        if message != {"type": "ping"}:
            return message
