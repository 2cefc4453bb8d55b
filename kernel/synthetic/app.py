"""The ASGI application of a kernel: routes, and what holds for all of them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp

from synthetic.answer_headers import EveryAnswer
from synthetic.database.in_place_connection import OverBudget
from synthetic.database.interruption import Interruption
from synthetic.errors import MethodNotAllowedError, NotFoundError, SyntheticError
from synthetic.front import Front
from synthetic.graphql.graphiql import GraphiQLFiles
from synthetic.graphql.http import GraphQLEndpoint
from synthetic.graphql.placer import STEPS_MAX
from synthetic.graphql.sse import StreamEndpoint
from synthetic.graphql.websocket import SocketEndpoint
from synthetic.health import READY_SECONDS, Readiness
from synthetic.kernel import Kernel
from synthetic.log.positions import read_position
from synthetic.log.sync.answer import ALARMING, answer_as_json, read_answer
from synthetic.logs import logger_for
from synthetic.metrics import CONTENT_TYPE
from synthetic.plain_errors import error_response
from synthetic.plugin_routes import PluginRoutes
from synthetic.prompt_answers import PromptAnswers
from synthetic.retention.clock_check import find_suspension
from synthetic.security.gate import Gate, Scope, find_authorization
from synthetic.validation import bad_input

GRAPHQL_PATH = "/graphql"
FLUSH_SECONDS = 60.0
EARLY_FLUSH_SECONDS = 1.0
EARLY_FLUSHES_MAX = 5
"""How often, between two flushes, refusals of a kind that is new are recorded at once."""

LAST_FLUSH_SECONDS = 1.0
"""How long a stop may wait to store when tokens were last used."""

LAST_WRITES_SECONDS = 5.0
"""How long the writes of a stop may wait, all together, for a lock that another process holds."""

CORS_SECONDS = 600
EXPOSED_HEADERS = ("x-correlation-id", "retry-after", "etag", "content-range", "content-disposition")

log = logger_for(__name__)


def create_app(kernel: Kernel, *, no_auth: bool = False) -> Application:
    """The application that serves a kernel.

    Routes: `/graphql` (HTTP, event streams and WebSocket); `/healthz` and `/readyz`, which
    need no token, since what probes them has none; `/metrics` and
    `/sync/status`, which need the scope `read`, since they tell how the store
    is used; `/`, which leads a browser to a plugin's page, or else to
    GraphiQL; and those of plugins.

    Args:
        kernel: Opened; whoever opened it closes it after the application has stopped.
        no_auth: Let everybody in; who asks for it makes sure that only this machine can connect.

    Raises:
        SettingsInvalidError: A host or origin in the settings is none.
    """
    gate = Gate(kernel.database, kernel.settings, no_auth=no_auth, clock=kernel.clock)
    limits = kernel.settings.limits
    server = kernel.settings.server
    streams = StreamEndpoint(kernel.engine, gate, limits, metrics=kernel.metrics, has_one_process=server.workers == 1)
    endpoint = GraphQLEndpoint(
        kernel.engine, gate, limits, streams, metrics=kernel.metrics, read_timeout_ms=server.read_timeout_ms
    )
    sockets = SocketEndpoint(kernel.engine, gate, limits, metrics=kernel.metrics)
    kernel.metrics.documents = kernel.engine.documents
    plain = PlainRoutes(kernel, gate)
    of_plugins = PluginRoutes(kernel, gate)

    def lifespan(_: Starlette) -> contextlib.AbstractAsyncContextManager[None]:
        return _running(kernel, gate, sockets, streams, of_plugins)

    every = EveryAnswer(varies_by_origin=bool(kernel.settings.security.origins))
    application = Application(
        lambda app: Front(
            app, endpoint, of_plugins, gate=gate, engine=kernel.engine, metrics=kernel.metrics, every=every
        ),
        PromptAnswers(kernel.engine, gate, limits, metrics=kernel.metrics, every=every),
        routes=[
            Route(GRAPHQL_PATH, endpoint=endpoint),
            WebSocketRoute(GRAPHQL_PATH, endpoint=sockets),
            Mount(f"{GRAPHQL_PATH}/static", app=GraphiQLFiles()),
            Route("/", plain.root),
            Route("/healthz", plain.healthz),
            Route("/readyz", plain.readyz),
            Route("/metrics", plain.metrics),
            Route("/sync/status", plain.sync_status),
            *(Route(f"/{word}{{rest:path}}", endpoint=of_plugins) for word in of_plugins.words),
        ],
        middleware=_for_pages_of(kernel.settings.security.origins),
        exception_handlers={HTTPException: _on_http_exception},
        lifespan=lifespan,
    )
    application.router.redirect_slashes = False
    return application


def _for_pages_of(origins: Sequence[str]) -> list[Middleware]:
    """What lets pages of other origins call."""
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=("*",),
            expose_headers=EXPOSED_HEADERS,
            allow_private_network=True,
            max_age=CORS_SECONDS,
        )
    ]


class Application(Starlette):
    """Starlette with `Front` around it, in the place of its own answer to what nobody caught.

    Attributes:
        prompt: Answers short requests without it, for a server that asks there first.
    """

    def __init__(self, enclose: Callable[[ASGIApp], ASGIApp], prompt: PromptAnswers, **given: Any) -> None:
        """Make it; `enclose` puts the outermost middleware around it, what else is given is Starlette's."""
        self._enclose = enclose
        self.prompt = prompt
        super().__init__(**given)

    def build_middleware_stack(self) -> ASGIApp:
        """Starlette's, less the part that answers unexpected exceptions."""
        app: ASGIApp = ExceptionMiddleware(self.router, handlers=self.exception_handlers, debug=self.debug)
        for middleware, args, kwargs in reversed(self.user_middleware):
            app = middleware(app, *args, **kwargs)
        return self._enclose(app)


class PlainRoutes:
    """The routes beside GraphQL."""

    def __init__(self, kernel: Kernel, gate: Gate) -> None:
        self._kernel = kernel
        self._gate = gate
        self._readiness = Readiness(kernel)

    async def root(self, _request: Request) -> Response:
        """Lead a browser to the first page of a plugin, or else to GraphiQL."""
        pages = self._kernel.registry.pages
        return RedirectResponse(pages[0].path if pages else GRAPHQL_PATH)

    async def healthz(self, _request: Request) -> Response:
        """The process is alive and its event loop turns."""
        return JSONResponse({"status": "ok"})

    async def readyz(self, request: Request) -> Response:
        """Requests may be sent here; else 503 and the reason."""
        self._gate.count(self._gate.client_address(request.scope))
        await self._readiness.check()
        return JSONResponse({"status": "ready"})

    async def metrics(self, request: Request) -> Response:
        """Prometheus metrics of this process."""
        await self._require_reader(request)
        await self._look_at_retention()
        await self._kernel.metric_readings.refresh(self._kernel.database)
        return Response(self._kernel.metrics.text(), media_type=CONTENT_TYPE)

    async def sync_status(self, request: Request) -> Response:
        """How every module fares; with `strict=1`, 503 where one is FAILED or STALE."""
        await self._require_reader(request)
        strict = request.query_params.get("strict", "0")
        if strict not in ("0", "1"):
            raise bad_input("strict", "must be 0 or 1")
        position, statuses = await self._kernel.database.read(read_answer)
        is_alarming = strict == "1" and any(each.status in ALARMING for each in statuses)
        status = HTTPStatus.SERVICE_UNAVAILABLE if is_alarming else HTTPStatus.OK
        return JSONResponse(answer_as_json(position, statuses), status_code=status)

    async def _look_at_retention(self) -> None:
        """Read whether retention is suspended; those who watch a store that does not answer need the other metrics."""
        meter = self._kernel.retention_meter
        try:
            async with asyncio.timeout(READY_SECONDS):
                meter.suspended(await self._kernel.database.read(find_suspension) is not None)
        except (SyntheticError, TimeoutError):
            meter.suspended(None)

    async def _require_reader(self, request: Request) -> None:
        caller = await self._gate.admit(find_authorization(request.scope), self._gate.client_address(request.scope))
        caller.require(Scope.READ, request.url.path)


@contextlib.asynccontextmanager
async def _running(
    kernel: Kernel, gate: Gate, sockets: SocketEndpoint, streams: StreamEndpoint, of_plugins: PluginRoutes
) -> AsyncGenerator[None]:
    _open_in_place(kernel)
    if kernel.read_only:
        try:
            yield
        finally:
            await streams.close()
            await sockets.close()
            await asyncio.to_thread(of_plugins.close)
        return
    services = kernel.services()
    services.start()
    flushing = asyncio.create_task(_flush_now_and_then(gate))
    started = time.monotonic()
    try:
        yield
    finally:
        log.info("stopping", served_seconds=round(time.monotonic() - started, 3))
        flushing.cancel()
        await streams.close()
        await sockets.close()
        kernel.database.hurry(LAST_WRITES_SECONDS)
        await asyncio.to_thread(services.stop)
        await asyncio.to_thread(of_plugins.close)
        await _stored(gate.flush(seconds=LAST_FLUSH_SECONDS))


def _open_in_place(kernel: Kernel) -> None:
    """Let the first query that runs on the event loop find a connection that has read the schema already."""
    with contextlib.suppress(OverBudget, SyntheticError):
        kernel.database.read_in_place(
            read_position, interruption=Interruption(kernel.clock), steps_max=STEPS_MAX, bytes_max=0
        )


async def _flush_now_and_then(gate: Gate) -> None:
    while True:
        end, left = time.monotonic() + FLUSH_SECONDS, EARLY_FLUSHES_MAX
        while (rest := end - time.monotonic()) > 0:
            await asyncio.sleep(min(rest, EARLY_FLUSH_SECONDS))
            if left and gate.has_first_refusals:
                left -= 1
                await _stored(gate.flush_first())
        await _stored(gate.flush())


async def _stored(flush: Awaitable[None]) -> None:
    """Store who came and who was refused; it may wait, so a store that is busy or full is no reason to stop."""
    try:
        await flush
    except SyntheticError as error:
        log.warning("last use of tokens not stored", code=error.code)


async def _on_http_exception(_request: Request, exception: Exception) -> Response:
    """What Starlette's routing refuses: an unknown path or a method that the path has not."""
    status = getattr(exception, "status_code", HTTPStatus.NOT_FOUND)
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        error: SyntheticError = MethodNotAllowedError(action="Use GET.")
    else:
        error = NotFoundError("There is nothing at this path.", action=f"GraphQL is at {GRAPHQL_PATH}.")
    response = error_response(error)
    response.headers.update(getattr(exception, "headers", None) or {})
    return response
