"""`PluginRoutes`: serves the paths that plugins answer to (`register_routes`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from synthetic.errors import MethodNotAllowedError, NotFoundError, SyntheticError
from synthetic.exits import staying
from synthetic.graphql.body import ClientGone, discard_body
from synthetic.graphql.bounded_threads import BoundedThreads
from synthetic.graphql.http_exchange import SERVER_EXTENSION, RequestHeaders
from synthetic.kernel import Kernel
from synthetic.logs import correlation_id, logger_for
from synthetic.plain_errors import error_response
from synthetic.route_channel import RouteChannel
from synthetic.route_contributions import Route, parameter_of
from synthetic.route_requests import RouteMeans, RouteRequest
from synthetic.security.callers import STRANGER, Scope
from synthetic.security.gate import Gate, find_authorization

THREADS = 8
THREAD_PLACES = 256
"""How many pieces of work wait for the disk at once, before clients are told to come later."""

log = logger_for(__name__)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A route's path, to be compared with that of a request."""

    route: Route
    words: tuple[tuple[int, bytes], ...]
    parameters: tuple[tuple[int, str], ...]
    length: int

    @classmethod
    def of(cls, route: Route) -> _Pattern:
        """Take a route's path apart."""
        segments = route.segments
        named = [(place, parameter_of(segment)) for place, segment in enumerate(segments)]
        return cls(
            route=route,
            words=tuple((place, segments[place].encode()) for place, name in named if name is None),
            parameters=tuple((place, name) for place, name in named if name is not None),
            length=len(segments),
        )

    def match(self, segments: Sequence[bytes]) -> dict[str, str] | None:
        """The parameters that a path gives, or None where it is another path."""
        if len(segments) != self.length or any(segments[place] != word for place, word in self.words):
            return None
        try:
            found = {name: _decoded(segments[place]) for place, name in self.parameters}
        except UnicodeDecodeError:
            return None
        return found if all(found.values()) else None


def _decoded(segment: bytes) -> str:
    return (unquote_to_bytes(segment) if b"%" in segment else segment).decode("utf-8")


class PluginRoutes:
    """An ASGI application for all routes of the loaded plugins."""

    def __init__(self, kernel: Kernel, gate: Gate) -> None:
        """Take the routes of a kernel's plugins; `gate` lets callers in."""
        self._gate = gate
        self._by_word: dict[str, list[_Pattern]] = {}
        for stamped in kernel.registry.routes:
            self._by_word.setdefault(stamped.record.segments[0], []).append(_Pattern.of(stamped.record))
        self._threads = BoundedThreads("routes", THREADS, THREAD_PLACES, kernel.metrics)
        self._means = RouteMeans(
            database=kernel.database,
            surroundings=kernel.surroundings,
            threads=self._threads,
            clock=kernel.clock,
            timeout_ms=kernel.settings.server.read_timeout_ms,
        )

    @property
    def words(self) -> tuple[str, ...]:
        """The first segments of all paths."""
        return tuple(self._by_word)

    def has(self, path: str) -> bool:
        """Whether a path is below a word of a plugin."""
        return path[1:].partition("/")[0] in self._by_word

    def close(self) -> None:
        """Wait for what the threads do."""
        self._threads.close()

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Answer one HTTP request.

        Raises:
            Exception: What the plugin raises that is no error of the contract, or once its answer has begun.
        """
        extensions: dict[str, Any] = scope.get("extensions") or {}
        channel = RouteChannel(RequestHeaders(scope["headers"]), receive, send, whole=extensions.get(SERVER_EXTENSION))
        try:
            await self._serve(scope, channel)
        except ClientGone:
            return
        except SyntheticError as error:
            if channel.is_begun:
                log.warning("answer broken off", code=error.code, reason=error.message)
                raise
            await _refuse(scope, channel, error)

    async def _serve(self, scope: Connection, channel: RouteChannel) -> None:
        method: str = scope["method"]
        client = self._gate.client_address(scope)
        found = self._find(scope)
        if found is not None and found[0].methods.get(method, Scope.READ) is None:
            self._gate.count(client)
            caller = STRANGER
        else:
            caller = await self._gate.admit(find_authorization(scope), client)
        if found is None:
            raise NotFoundError("There is nothing at this path.", action="Compare the path with the documentation.")
        route, parameters = found
        if method not in route.methods:
            channel.refusal_headers["allow"] = ", ".join(route.methods)
            raise MethodNotAllowedError(action=f"Use {' or '.join(route.methods)}.")
        needed = route.methods[method]
        if needed is not None:
            caller.require(needed, route.path)
        with staying(f"the route {route.path}"):
            await route.serve(RouteRequest(method, parameters, caller, correlation_id(), scope, channel, self._means))

    def _find(self, scope: Connection) -> tuple[Route, dict[str, str]] | None:
        """The route for a request and the parameters of its path; the first that fits, or None."""
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        segments = raw.partition(b"?")[0][1:].split(b"/")
        for pattern in self._by_word.get(segments[0].decode("latin-1"), ()):
            parameters = pattern.match(segments)
            if parameters is not None:
                return pattern.route, parameters
        return None


async def _refuse(scope: Connection, channel: RouteChannel, error: SyntheticError) -> None:
    """Answer with an error; where the client is still sending, take a little more and end the connection."""
    response = error_response(error)
    response.headers.update(channel.refusal_headers)
    if not channel.has_unread_body:
        await response(scope, channel.receive, channel.send)
        return
    headers = [*response.raw_headers, (b"connection", b"close")]
    await channel.send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await channel.send({"type": "http.response.body", "body": response.body, "more_body": True})
    await discard_body(channel.receive)
    await channel.send({"type": "http.response.body", "body": b"", "more_body": False})
