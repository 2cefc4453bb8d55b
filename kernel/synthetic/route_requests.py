"""`RouteRequest`: one request to a route of a plugin, and what the plugin may use to answer it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, TypeVarTuple
from urllib.parse import parse_qsl

from starlette.types import Scope as Connection

from synthetic.clock import Clock
from synthetic.database.database import Database
from synthetic.database.in_place_connection import OverBudget
from synthetic.database.interruption import Interruption
from synthetic.database.snapshot import Snapshot
from synthetic.database.surroundings import RecordT, ResourceT, Surroundings
from synthetic.database.transaction import Transaction
from synthetic.errors import RequestTimeoutError
from synthetic.graphql.body import SLOWEST_BYTES_PER_S, ClientGone
from synthetic.graphql.bounded_threads import BoundedThreads
from synthetic.graphql.http_exchange import RequestHeaders
from synthetic.graphql.sse_stream import STREAM_EXTENSION
from synthetic.graphql.started import Started
from synthetic.operations.model import OperationKind
from synthetic.operations.recorder import Recording, Subject
from synthetic.origin import Origin
from synthetic.route_channel import RouteChannel
from synthetic.security.callers import Caller, Scope
from synthetic.validation import bad_input

Ts = TypeVarTuple("Ts")
ResultT = TypeVar("ResultT")
SettingsT = TypeVar("SettingsT")

STEPS_MAX = 1_000
"""Steps of SQLite's virtual machine that a read may take on the event loop: some tens of rows by their ids."""

HOLD_SECONDS_MAX = 0.002
OK = 200


class ServerConnection(Protocol):
    """What the server's connection tells beside ASGI, and is asked here."""

    @property
    def has_left(self) -> bool:
        """Whether the connection has ended or is being ended."""
        ...


@dataclass(frozen=True, slots=True)
class RouteMeans:
    """What the requests of one server process are served with.

    Attributes:
        database: The store's.
        surroundings: Settings and resources.
        threads: For what waits for the disk.
        clock: For the time that reads may take.
        timeout_ms: How long a client may take over each part that it sends or takes.
    """

    database: Database
    surroundings: Surroundings
    threads: BoundedThreads
    clock: Clock
    timeout_ms: int


@dataclass(slots=True)
class RouteRequest:
    """One request to a route, and its answer.

    Who asks has been let in, with the scope that the route names for the
    method. The answer goes out by `answer`, or by `begin` and then `send` for
    each part. It gets the headers that every answer has (a correlation id,
    `nosniff`, a strict content security policy, `no-store`), unless the
    plugin sets them itself.

    Attributes:
        method: Of HTTP.
        path: The parameters of the path.
        caller: Who asks; `caller.name` is the token's.
        correlation_id: For the log; every event of a write carries it.
        connection: ASGI's scope. With it, `channel.receive` and `channel.send` an application of that kind may answer.
        channel: What comes from and goes to the client.
    """

    method: str
    path: Mapping[str, str]
    caller: Caller
    correlation_id: str
    connection: Connection
    channel: RouteChannel
    _means: RouteMeans = field(repr=False)
    _server: ServerConnection | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Find the server's connection."""
        extensions: dict[str, Any] = self.connection.get("extensions") or {}
        self._server = extensions.get(STREAM_EXTENSION)

    @property
    def headers(self) -> RequestHeaders:
        """The headers of the request."""
        return self.channel.headers

    @property
    def query(self) -> dict[str, str]:
        """What follows the path after a question mark.

        Raises:
            BadUserInputError: It names something twice, or is not UTF-8.
        """
        try:
            pairs = parse_qsl(self.connection["query_string"].decode("ascii"), keep_blank_values=True, errors="strict")
        except ValueError:
            raise bad_input("the query string", "must be percent-encoded UTF-8") from None
        values = dict(pairs)
        if len(values) != len(pairs):
            raise bad_input("the query string", "must name each parameter once")
        return values

    def require(self, scope: Scope) -> None:
        """Refuse what needs a scope that the route does not name.

        Raises:
            ForbiddenError: The caller's token does not have it.
        """
        self.caller.require(scope, self.connection["path"])

    def settings(self, settings_class: type[SettingsT]) -> SettingsT:
        """The loaded settings of a class."""
        return self._means.surroundings.settings(settings_class)

    def resource(self, resource_class: type[ResourceT]) -> ResourceT:
        """The kernel's one object of a class; see `Snapshot.resource`."""
        return self._means.surroundings.resource(resource_class)

    def contributed(self, record_class: type[RecordT]) -> tuple[RecordT, ...]:
        """The records of a class that the loaded plugins returned from a hook which a plugin offers, in load order."""
        return self._means.surroundings.contributed(record_class)

    async def read(self, function: Callable[[Snapshot, *Ts], ResultT], *args: *Ts) -> ResultT:
        """Run `function(snapshot, *args)` in a read transaction.

        A short one runs at once, on the event loop; one that turns out not to
        be is begun again in the reader pool. So it has no effects.
        """
        means = self._means
        try:
            return means.database.read_in_place(
                function,
                *args,
                interruption=Interruption(means.clock),
                steps_max=STEPS_MAX,
                hold_seconds_max=HOLD_SECONDS_MAX,
            )
        except OverBudget:
            return await means.database.read(function, *args)

    async def write(
        self,
        function: Callable[[Transaction, *Ts], ResultT],
        *args: *Ts,
        operation: str | None,
        entity_type: str | None = None,
        entity_id: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> ResultT:
        """Run `function(tx, *args)` in a write transaction in the caller's name; durable when it returns.

        Args:
            function: May be run more than once, so it has no effects outside its transaction.
            args: What it takes beside the transaction.
            operation: What is put on record (`record_operation`), such as `createArtifact`, done or failed; None: it
                is not put on record.
            entity_type: What it is done to; None: what its first event is about.
            entity_id: To which of them.
            details: Names, counts and flags for the record.

        Raises:
            Exception: What the function raises.
        """
        database, origin = self._means.database, Origin(self.caller.name, self.correlation_id)
        if operation is None or not database.recorder.is_wanted:
            return await database.write(function, *args, origin=origin)
        subject = Subject(entity_type, entity_id)
        recording = Recording(database.recorder, operation, OperationKind.MUTATION, subject, dict(details or {}))

        def recorded(tx: Transaction) -> ResultT:
            result = function(tx, *args)
            recording.done_in(tx)
            return result

        try:
            return await database.write(recorded, origin=origin)
        except Exception as error:
            await self.in_thread(recording.failed, database, origin, error)
            raise

    async def in_thread(self, function: Callable[[*Ts], ResultT], *args: *Ts) -> ResultT:
        """Run a function that waits for the disk in a thread.

        It is not stopped where the await is cancelled, which then ends with it: so what it uses can be let go of.
        Where a part of the body was taken already, or the answer has begun, it waits its turn: to refuse would waste
        what was done.

        Raises:
            OverloadedError: Too much waits already, and the request has not come so far.
        """
        threads = self._means.threads
        is_under_way = self.channel.is_begun or self.channel.is_taken
        running = (threads.begin_in_turn if is_under_way else threads.begin)(function, *args)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            # Who cancels again does not stop the thread either.
            while not running.done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait((running,))
            if not running.cancelled():
                running.exception()  # looked at, so that nobody is told of it: the await was cancelled
            raise

    async def parts(self) -> AsyncGenerator[bytes]:
        """The body of the request, in parts as they come; what is not taken yet holds the client up.

        Raises:
            RequestTimeoutError: A part did not come in time, or all of them come too slowly.
            ClientGone: The client left; what was begun is to be undone, and nobody to be told.
        """
        loop = asyncio.get_running_loop()
        size_bytes, waited = 0, 0.0
        while True:
            asked = loop.time()
            # Only the client's time counts, not what is done with each part.
            allowed = self._means.timeout_ms / 1000 + size_bytes / SLOWEST_BYTES_PER_S - waited
            message = await _within(self.channel.receive(), min(allowed, self._means.timeout_ms / 1000))
            waited += loop.time() - asked
            if message["type"] != "http.request":
                raise ClientGone
            part: bytes = message.get("body", b"")
            size_bytes += len(part)
            if part:
                yield part
            if not message.get("more_body", False):
                return

    async def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Begin the answer.

        Args:
            status: The status code.
            headers: By lower-case names, in Latin-1. With `content-length`, so many bytes must follow.
        """
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await self.channel.send({"type": "http.response.start", "status": status, "headers": raw})

    async def send(self, data: bytes | memoryview, *, more: bool = True) -> None:
        """Send a part of the answer's body, once the client has taken most of what was sent before.

        A client that takes nothing is cut off by the server.

        Args:
            data: The bytes, which do not change any more.
            more: Whether others follow.

        Raises:
            ClientGone: The client has left; let it pass.
        """
        await self.channel.send({"type": "http.response.body", "body": data, "more_body": more})
        # The server takes what is sent to nobody, and says nothing.
        if more and self._server is not None and self._server.has_left:
            raise ClientGone

    async def answer(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        """Send a whole answer; one with the status 200 goes to the network in one piece where that can be done.

        Args:
            status: The status code.
            headers: By lower-case names, in Latin-1; the length is added.
            body: The bytes.

        Raises:
            ValueError: A header cannot be sent.
        """
        if status == OK and self.channel.answer(headers, body):
            return
        await self.begin(status, {**headers, "content-length": str(len(body))})
        await self.send(body, more=False)


async def _within(work: Any, seconds: float) -> Any:
    """Await something for so long; a timer is made only for what waits."""
    coming: Started[Any] = Started(work)
    if coming.is_done:
        return coming.result
    try:
        async with asyncio.timeout(max(seconds, 0.0)):
            return await coming
    except TimeoutError:
        raise RequestTimeoutError from None
