"""Queries that came before: what was found out about a request counts for the next that has the same bytes.

Clients poll: a dashboard asks the same every few seconds, with the same
variables. Parsing such a request, finding its document and plan, and coercing
its variables takes as long as a short query itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from graphql.execution.values import VariableValues

from synthetic.graphql.answers import GraphQLRequest
from synthetic.graphql.checked_document import CheckedDocument, Prepared
from synthetic.graphql.executor.arguments import UNCHANGEABLE
from synthetic.graphql.plans import KeptPlan

REQUESTS_MAX = 512
"""Requests that are remembered; when there are so many, all are forgotten."""

REQUEST_BYTES_MAX = 4_096
"""The longest request that is remembered."""


@dataclass(frozen=True, slots=True)
class KnownQuery:
    """A request for a query of a kept document that may be executed.

    Attributes:
        request: As it came, with the text of its document.
        checked: Its document, which may have been forgotten since (`Engine.has_kept`).
        prepared: Its operation.
        kept: Its plan.
        variables: Coerced.
        is_kept: Whether it is remembered, and its variables with it.
    """

    request: GraphQLRequest
    checked: CheckedDocument
    prepared: Prepared
    kept: KeptPlan
    variables: VariableValues
    is_kept: bool = False

    @property
    def is_lasting(self) -> bool:
        """Whether another execution may be given the same: none of its variables can be changed by the first."""
        return all(isinstance(value, UNCHANGEABLE) for value in self.variables.coerced.values())


class KnownQueries:
    """Queries by the bytes of their requests; it belongs to one event loop."""

    def __init__(self) -> None:
        self._known: dict[bytes, KnownQuery] = {}

    def find(self, body: bytes) -> KnownQuery | None:
        """What is known of a request that came before; None of others."""
        return self._known.get(body)

    def keep(self, body: bytes, known: KnownQuery) -> None:
        """Remember a request, if it may be."""
        # The text counts too: where only its hash was sent, it may be longer than its request.
        if max(len(body), len(known.request.query)) > REQUEST_BYTES_MAX or not known.is_lasting:
            return
        if len(self._known) >= REQUESTS_MAX:
            self._known.clear()
        self._known[body] = replace(known, is_kept=True)
