"""One execution for all who subscribed to the same: what differs between them is only where they began.

The answer to one event depends on the document, the operation and its
variables, less those of type Position, and on nothing that differs between
callers: whoever may read, may read all. What an answer tells beside its event
is as of when it was made, so it is kept for a moment only.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, NamedTuple

from graphql import ListTypeNode, NamedTypeNode, NonNullTypeNode, OperationDefinitionNode, TypeNode

from synthetic.graphql.answers import Answer, GraphQLRequest
from synthetic.graphql.documents import Prepared
from synthetic.json_text import to_json

KEPT = 256
"""Answers that are kept for subscribers who come to the same event a little later."""

KEPT_BYTES = 16 * 1024 * 1024
"""Their bytes together, of those that were written already; the last one is kept in any case."""

KEPT_SECONDS = 2.0
"""How long each is kept at least; at most twice as long."""


def audience_of(prepared: Prepared, request: GraphQLRequest) -> Hashable | None:
    """What makes two subscriptions the same; None where that cannot be told."""
    positions = _position_variables(prepared.operation)
    variables = {name: value for name, value in request.variables.items() if name not in positions}
    try:
        return request.query, request.operation_name, to_json(sorted(variables.items()))
    except TypeError:
        return None


def _position_variables(operation: OperationDefinitionNode) -> frozenset[str]:
    return frozenset(
        definition.variable.name.value
        for definition in operation.variable_definitions or ()
        if _name_of(definition.type) == "Position"
    )


def _name_of(node: TypeNode) -> str:
    while isinstance(node, NonNullTypeNode | ListTypeNode):
        node = node.type
    return node.name.value if isinstance(node, NamedTypeNode) else ""


class SharedAnswers:
    """Answers that are being made, or were made lately."""

    def __init__(self) -> None:
        self._made: OrderedDict[Hashable, _Shared] = OrderedDict()
        self._sweeping: asyncio.TimerHandle | None = None

    def count_kept(self) -> int:
        """How many there are."""
        return len(self._made)

    async def get(self, key: Hashable, make: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        """The answer for a key, made if nobody has asked for it yet.

        Who leaves while it is made does not keep it from the others. An answer
        with errors is made for each, since it carries a correlation id; a
        failure ends those who wait for it, and is not kept.
        """
        found = self._made.get(key)
        task = self._begin(key, make) if found is None else found.task
        # Most come when it is made already; to shield a task costs as much as to send the answer.
        answer = task.result() if task.done() else await asyncio.shield(task)
        return await make() if "errors" in answer.body else answer

    def _begin(self, key: Hashable, make: Callable[[], Coroutine[Any, Any, Answer]]) -> asyncio.Task[Answer]:
        loop = asyncio.get_running_loop()
        task = loop.create_task(make())
        self._made[key] = _Shared(loop.time(), task)

        def forget_failure(ended: asyncio.Task[Answer]) -> None:
            if (ended.cancelled() or ended.exception()) and (kept := self._made.get(key)) and kept.task is ended:
                del self._made[key]

        task.add_done_callback(forget_failure)
        size = sum(each.size() for each in self._made.values())
        while len(self._made) > 1 and (len(self._made) > KEPT or size > KEPT_BYTES):
            size -= self._made.popitem(last=False)[1].size()
        if self._sweeping is None:
            self._sweeping = loop.call_later(KEPT_SECONDS, self._sweep, loop)
        return task

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Forget what has been kept for long enough."""
        before = loop.time() - KEPT_SECONDS
        while self._made and next(iter(self._made.values())).begun <= before:
            self._made.popitem(last=False)
        self._sweeping = loop.call_later(KEPT_SECONDS, self._sweep, loop) if self._made else None


class _Shared(NamedTuple):
    begun: float
    task: asyncio.Task[Answer]

    def size(self) -> int:
        """Bytes of the answer, if it is made and written; nothing is known of others."""
        if not self.task.done() or self.task.cancelled() or self.task.exception():
            return 0
        written = self.task.result().written
        return 0 if written is None else len(written[1])
