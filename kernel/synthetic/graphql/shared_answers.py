"""One execution for all who subscribed to the same: what differs between them is only where they began.

The answer to one event depends on the document, the operation, its variables,
less those that only say where to begin, and the scopes of who asks; and on
nothing else that differs between callers, since whoever may read, may read all,
unless it selects a field that is told who asks: that is shared by those with
the same token. What an answer tells beside its event is as of when it was made,
so it is kept for a moment only, for those who catch up with the log at the same
time.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Coroutine, Hashable, Sequence
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    NamedTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    visit,
)

from synthetic.graphql.answers import Answer, GraphQLRequest
from synthetic.graphql.root_fields import root_fields
from synthetic.json_text import to_json
from synthetic.log.positions import Position
from synthetic.security.gate import Caller

KEPT = 256
"""Answers that are kept for subscribers who come to the same event a little later."""

KEPT_BYTES = 16 * 1024 * 1024
"""Their bytes together, of those that were written already; the last one is kept in any case."""

KEPT_SECONDS = 2.0
"""How long each is kept at least; at most twice as long."""

BEGIN_ARGUMENT = "after"
"""The argument of a subscription's field that says where a client goes on from."""


def audience_of(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    request: GraphQLRequest,
    caller: Caller,
    personal: frozenset[str] = frozenset(),
) -> Hashable | None:
    """What makes two subscriptions the same; None where that cannot be told.

    Args:
        document: What is asked.
        operation: Its subscription.
        request: Its text and variables.
        caller: Who asks.
        personal: Names of the fields that are told who asks (`find_personal`).
    """
    positions = _begin_variables(document, operation)
    variables = {name: value for name, value in request.variables.items() if name not in positions}
    try:
        same = request.query, request.operation_name, to_json(sorted(variables.items())), caller.scopes
    except TypeError:
        return None
    return (*same, caller.token_id) if _selects(document, personal) else same


def _selects(document: DocumentNode, names: frozenset[str]) -> bool:
    """Whether any field in a document has one of these names, whatever its type."""
    if not names:
        return False
    selections = _Selections()
    visit(document, selections)
    return not names.isdisjoint(selections.names)


def _begin_variables(document: DocumentNode, operation: OperationDefinitionNode) -> frozenset[str]:
    """Variables that say where to begin, and nothing else: they are positions, and used for that argument alone."""
    positions = [
        definition.variable.name.value
        for definition in operation.variable_definitions or ()
        if _is_position(definition.type)
    ]
    if not positions:
        return frozenset()
    uses = _Uses()
    for node in document.definitions:
        if node is operation or isinstance(node, FragmentDefinitionNode):
            visit(node, uses)
    begins = Counter(
        argument.value.name.value
        for field in root_fields(document, operation)
        for argument in field.arguments or ()
        if argument.name.value == BEGIN_ARGUMENT and isinstance(argument.value, VariableNode)
    )
    # Its definition is one use of a variable.
    return frozenset(name for name in positions if uses.counts[name] == begins[name] + 1)


def _is_position(node: object) -> bool:
    if isinstance(node, NonNullTypeNode):
        node = node.type
    return isinstance(node, NamedTypeNode) and node.name.value == "Position"


class _Uses(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.counts = Counter[str]()

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.counts[node.name.value] += 1


class _Selections(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names = set[str]()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self.names.add(node.name.value)


class Happened(NamedTuple):
    """Something that a source has yielded.

    Attributes:
        root: The thing.
        position: Where to go on after it; None where it does not say so, and its answer is not shared.
    """

    root: Any
    position: Position | None


def happened_of(roots: Sequence[Any]) -> list[Happened]:
    """What a source has yielded, with positions; of several with the same position, only the first is known by it."""
    happened: list[Happened] = []
    seen: set[Position] = set()
    for root in roots:
        position = getattr(root, "position", None)
        if isinstance(position, Position) and position not in seen:
            seen.add(position)
            happened.append(Happened(root, position))
        else:
            happened.append(Happened(root, None))
    return happened


MakeAnswers = Callable[[Sequence[Any]], Coroutine[Any, Any, list[Answer]]]
"""Executes the document for several roots at once, and gives their answers in the same order."""


class SharedAnswers:
    """Answers that are being made, or were made lately."""

    def __init__(self) -> None:
        self._made: OrderedDict[Hashable, _Shared] = OrderedDict()
        self._bytes = 0
        self._uncounted: dict[Hashable, _Shared] = {}
        self._sweeping: asyncio.TimerHandle | None = None

    async def get(self, audience: Hashable, happened: Sequence[Happened], make: MakeAnswers) -> list[Answer]:
        """The answers to things that happened, in order; those that nobody has asked for yet are made together.

        Who leaves while they are made does not keep them from the others. A
        failure ends those who wait for it, and is not kept.
        """
        found: dict[Position, _Shared] = {}
        for each in happened:
            if each.position is not None and (kept := self._made.get((audience, each.position))):
                found[each.position] = kept
        missing = [each for each in happened if each.position not in found]
        begun = self._begin(audience, missing, make) if missing else []
        answers: list[Answer] = []
        for each in happened:
            shared = None if each.position is None else found.get(each.position)
            shared = shared or begun.pop(0)
            # Most come when it is made already; to shield a task costs as much as to send the answer.
            made = shared.task.result() if shared.task.done() else await asyncio.shield(shared.task)
            answers.append(made[shared.place])
        return answers

    def _begin(self, audience: Hashable, happened: Sequence[Happened], make: MakeAnswers) -> list[_Shared]:
        loop = asyncio.get_running_loop()
        task = loop.create_task(make([each.root for each in happened]))
        begun = [_Shared(loop.time(), task, place) for place in range(len(happened))]
        keys: list[Hashable] = []
        for each, shared in zip(happened, begun, strict=True):
            if each.position is not None:
                keys.append((audience, each.position))
                self._keep(keys[-1], shared)

        def forget_failure(ended: asyncio.Task[list[Answer]]) -> None:
            if ended.cancelled() or ended.exception():
                for key in keys:
                    if (kept := self._made.get(key)) and kept.task is ended:
                        self._forget(key)

        task.add_done_callback(forget_failure)
        self._bound()
        if self._sweeping is None:
            self._sweeping = loop.call_later(KEPT_SECONDS, self._sweep, loop)
        return begun

    def _keep(self, key: Hashable, shared: _Shared) -> None:
        if key in self._made:
            self._forget(key)
        self._made[key] = self._uncounted[key] = shared

    def _forget(self, key: Hashable) -> None:
        self._bytes -= self._made.pop(key).counted_bytes
        self._uncounted.pop(key, None)

    def _bound(self) -> None:
        # Nothing is known of what is not written yet, so it is asked again; each is counted once.
        for key, shared in tuple(self._uncounted.items()):
            if size := shared.size():
                shared.counted_bytes = size
                self._bytes += size
                del self._uncounted[key]
        while len(self._made) > 1 and (len(self._made) > KEPT or self._bytes > KEPT_BYTES):
            self._forget(next(iter(self._made)))

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Forget what has been kept for long enough."""
        before = loop.time() - KEPT_SECONDS
        while self._made:
            oldest = next(iter(self._made))
            if self._made[oldest].begun > before:
                break
            self._forget(oldest)
        self._sweeping = loop.call_later(KEPT_SECONDS, self._sweep, loop) if self._made else None


class _Shared:
    """An answer, as one of several that are made together.

    Attributes:
        begun: When that was, on the loop's clock.
        task: Makes them.
        place: Of this one among them.
        counted_bytes: Its bytes, as far as they were counted.
    """

    __slots__ = ("begun", "counted_bytes", "place", "task")

    def __init__(self, begun: float, task: asyncio.Task[list[Answer]], place: int) -> None:
        self.begun = begun
        self.task = task
        self.place = place
        self.counted_bytes = 0

    def size(self) -> int:
        """Bytes of the answer, if it is made and written; nothing is known of others."""
        if not self.task.done() or self.task.cancelled() or self.task.exception():
            return 0
        written = self.task.result()[self.place].written
        return 0 if written is None else len(written[1])
