"""`Runs`: what a field's metadata tell the kernel about how the field is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from synthetic.graphql.context import PREPARED
from synthetic.graphql.executor import EVERYTHING, Asked
from synthetic.graphql.preparing import Prepare
from synthetic.operations.mutations import RecordedMutation
from synthetic.security.gate import Scope

if TYPE_CHECKING:
    from synthetic.graphql.context import OperationContext

PlainFunction = Callable[..., Any]

LATEST = "synthetic-latest"
READS = "synthetic-reads"
RUNS = "synthetic-runs"
"""Keys of what a field's metadata say to the kernel."""

ASKED = "asked"
"""The parameter of a field's function that tells what is asked for; like `prepared` no argument of the field."""


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
        takes_asked: Whether it wants to know what is asked for.
        needs: Attributes that it reads of its parents; None: any of them.
        scope: What the caller must be allowed.
        is_many: Whether a mutation's function takes the store, for many transactions.
        recorded: How a mutation is recorded; None: it is not.
        prepare: What is awaited before the snapshot is opened.
        frees: Whether a mutation goes on where the store's room is used up.
    """

    kind: Kind
    function: PlainFunction
    takes_asked: bool
    needs: tuple[str, ...] | None = None
    scope: Scope = Scope.READ
    is_many: bool = False
    recorded: RecordedMutation | None = None
    prepare: Prepare | None = None
    frees: bool = False

    def own(self, asked: Asked) -> dict[str, Any]:
        """The parameters that are no arguments of the field, apart from what was prepared."""
        return {ASKED: asked} if self.takes_asked else {}

    def own_here(self, context: OperationContext, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters that are no arguments of the field, where it is executed without a plan."""
        own = self.own(EVERYTHING)
        if self.prepare is not None:
            own[PREPARED] = context.prepare_here(self.prepare, arguments)
        return own
