"""The same schema behind Strawberry's own executor, as its users run it: `schema.execute`, with its caches.

The operation reads one snapshot in the event loop's thread, so that what is
compared is executors, not threads. Nothing of ours is in the way of a request
but the resolvers, and those who ask are not checked.
"""

from __future__ import annotations

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from strawberry import Schema
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from synthetic.clock import SystemClock
from synthetic.database.interruption import Interruption
from synthetic.graphql.context import OperationContext
from synthetic.kernel import Kernel
from synthetic.security.gate import ANONYMOUS


def with_caches(schema: Schema) -> Schema:
    """The schema, executed as Strawberry does without us; the kernel that it is of must not answer any more."""
    schema.extensions = (ParserCache, ValidationCache)
    schema.execution_context_class = StrawberryGraphQLCoreExecutionContext
    return schema


def create_app(kernel: Kernel) -> Starlette:
    """The application."""
    schema = with_caches(kernel.strawberry_schema)
    clock = SystemClock()

    async def handle(request: Request) -> Response:
        asked = orjson.loads(await request.body())
        watch = Interruption(clock, clock.monotonic() + 30)
        with kernel.database.snapshot(watch) as snapshot:
            context = OperationContext(kernel.database, ANONYMOUS, "", watch)
            context.enter(snapshot)
            result = await schema.execute(asked["query"], asked["variables"], context)
            context.leave()
        return Response(orjson.dumps({"data": result.data}), media_type="application/json")

    return Starlette(routes=[Route("/graphql", handle, methods=["POST"])])
