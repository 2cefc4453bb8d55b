"""`Runs`: what a field's metadata tell the kernel about how the field is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from synthetic.graphql.context import PREPARED
from synthetic.graphql.executor import EVERYTHING, Asked
from synthetic.graphql.json_columns import JsonColumn
from synthetic.graphql.preparing import Prepare
from synthetic.operations.mutations import RecordedMutation
from synthetic.security.callers import Caller, Scope

if TYPE_CHECKING:
    from synthetic.graphql.context import OperationContext

PlainFunction = Callable[..., Any]

LATEST = "synthetic-latest"
READS = "synthetic-reads"
RUNS = "synthetic-runs"
"""Keys of what a field's metadata say to the kernel."""

ASKED, CALLER = "asked", "caller"
"""Parameters of a field's function that tell what is asked for, and by whom; like `prepared` no arguments of it."""


class Kind(Enum):
    """What the function of a field runs on."""

    QUERY = "query"
    MUTATION = "mutation"
    BATCHED = "batched"


@dataclass(frozen=True, slots=True)
class Runs:
    """How a field made here is run.

    Attributes:
        kind: What its function runs on.
        function: The function.
        takes: Which of `asked` and `caller` it wants to know.
        needs: Attributes that it reads of its parents; None: any of them.
        scope: What the caller must be allowed.
        is_many: Whether a mutation's function takes the store, for many transactions.
        recorded: How a mutation is recorded; None: it is not.
        prepare: What is awaited before the snapshot is opened.
        frees: Whether a mutation goes on where the store's room is used up.
        written: How SQLite writes the field in a page of rows; None: it cannot.
    """

    kind: Kind
    function: PlainFunction
    takes: tuple[str, ...]
    needs: tuple[str, ...] | None = None
    scope: Scope = Scope.READ
    is_many: bool = False
    recorded: RecordedMutation | None = None
    prepare: Prepare | None = None
    frees: bool = False
    written: JsonColumn | None = None

    def own(self, asked: Asked, caller: Caller) -> dict[str, Any]:
        """The parameters that are no arguments of the field, apart from what was prepared."""
        return {name: asked if name == ASKED else caller for name in self.takes}

    def own_here(self, context: OperationContext, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters that are no arguments of the field, where it is executed without a plan."""
        own = self.own(EVERYTHING, context.caller)
        if self.prepare is not None:
            own[PREPARED] = context.prepare_here(self.prepare, arguments)
        return own
