"""From the text of a request to a document that may be executed: parsed, limited, validated, and kept.

A document is checked once and then found by its text. The order of the checks
is the order of what they cost: the text's limits (`synthetic.graphql.lexical`),
the parser, the limits of shape and cost, and validation last, because
graphql-core's is the dearest and not linear in the document. What a document
costs depends on its variables, so that is asked again for each request.

This file does not execute anything, and knows nothing of who asks; but for
`hints`: whoever may not read the schema is not told what they may have meant.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    SourceLocation,
    ValidationContext,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import ASTValidationRule, OverlappingFieldsCanBeMergedRule

from synthetic.errors import (
    BadRequestError,
    ParseFailedError,
    QueryTooComplexError,
    SyntheticError,
    ValidationFailedError,
)
from synthetic.graphql.cost import CostMeasure, PageSizes
from synthetic.graphql.lexical import check_text, too_complex
from synthetic.graphql.limits import FragmentOrder, check_shapes
from synthetic.kernel_settings import LimitSettings

VALIDATION_ERRORS = 20
"""Validation stops after this many errors: enough to mend a document by, and not worth asking for."""

MERGE_STEPS = 50_000
"""Comparisons of fields with one response name before validation gives up: about a tenth of a second.

They grow with the square of how often a name is repeated. A document of a
thousand different fields needs a few thousand of them.
"""

MESSAGE_LENGTH = 500
"""Messages quote the document, which may hold a name of a hundred thousand letters."""

LOCATIONS = 10
"""Places that one error names at most."""

TOKENS_PER_DOCUMENT = 256
"""Kept documents share room for `limits.documents` times this many tokens, at about 400 bytes each."""

COSTS_PER_OPERATION = 64
"""Costs remembered for the page sizes that an operation was asked with."""

LocatedError = tuple[SyntheticError, list[SourceLocation]]


class DocumentErrors(Exception):  # noqa: N818 - it carries errors, and is not one of the contract itself
    """A document is refused for several reasons, each with its places in the text.

    Attributes:
        errors: The errors of the contract with the places they are about.
    """

    def __init__(self, errors: list[LocatedError]) -> None:
        self.errors = errors
        super().__init__("; ".join(error.message for error, _locations in errors))


class BoundedMergeRule(OverlappingFieldsCanBeMergedRule):
    """graphql-core's rule with a budget that fits a server: its own lets a request take a second."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = MERGE_STEPS


RULES: tuple[type[ASTValidationRule], ...] = tuple(
    BoundedMergeRule if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that may be executed.

    Attributes:
        document: The whole document, parsed and valid.
        operation: The operation that was asked for.
        cost: About how many fields the answer may have.
    """

    document: DocumentNode
    operation: OperationDefinitionNode
    cost: int


class CheckedDocument:
    """A document within the limits that do not depend on variables.

    Attributes:
        document: The syntax tree.
        tokens: Its number of lexical tokens: what it weighs in the cache.
    """

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, tokens: int, limits: LimitSettings) -> None:
        self.document = document
        self.tokens = tokens
        self._limits = limits
        self._operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        order = FragmentOrder.of(fragments)
        check_shapes(self._operations, fragments, order, limits)
        self._measure = CostMeasure(schema, fragments, order)
        self._costs: dict[int, tuple[tuple[str, ...], dict[tuple[int | None, ...], int]]] = {}

    def find_operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation of that name; without one, the only operation."""
        if name is None:
            return self._operations[0] if len(self._operations) == 1 else None
        return next((node for node in self._operations if node.name is not None and node.name.value == name), None)

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation that a request asks for.

        Raises:
            BadRequestError: There is none of that name, or none was named and there is not exactly one.
        """
        found = self.find_operation(name)
        if found is not None:
            return found
        if name is not None:
            raise BadRequestError(
                f"The document has no operation named {shortened(name)!r}.",
                action="Send the name of an operation of the document as `operationName`.",
            )
        names = [shortened(operation.name.value) for operation in self._operations if operation.name][:10]
        raise BadRequestError(
            "The document has several operations, and `operationName` does not say which one to run."
            if self._operations
            else "The document has no operation.",
            action="Send the name of an operation of the document as `operationName`."
            if self._operations
            else "Send a document with a query, a mutation or a subscription.",
            details={"operationNames": names} if names else None,
        )

    def check_cost(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
        """What an operation costs with these variables.

        Raises:
            QueryTooComplexError: It is more than `limits.cost`.
        """
        sizes = PageSizes(operation, variables, self._limits.page_size_default)
        known = self._costs.get(id(operation))
        cost = known[1].get(sizes.key(known[0])) if known else None
        if cost is None:
            cost = self._measure.cost(operation, sizes)
            names, costs = self._costs.setdefault(id(operation), (tuple(sorted(sizes.variables_used)), {}))
            if len(costs) < COSTS_PER_OPERATION:
                costs[sizes.key(names)] = cost
        if cost > self._limits.cost:
            raise too_complex("cost", self._limits.cost, f"The operation may answer {cost:,} fields")
        return cost


class DocumentCache:
    """Prepares documents and keeps the valid ones, the least recently used going first.

    It may be used from any thread. Two threads that bring the same new
    document at once both check it, and one of them keeps it.

    Attributes:
        hits: Requests whose document was kept already.
        misses: Requests whose document had to be parsed and validated.
    """

    def __init__(self, schema: GraphQLSchema, limits: LimitSettings) -> None:
        self.hits = 0
        self.misses = 0
        self._schema = schema
        self._limits = limits
        self._kept: OrderedDict[str, CheckedDocument] = OrderedDict()
        self._tokens = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, query: str) -> bool:
        with self._lock:
            return query in self._kept

    def find_kind(self, query: str, operation_name: str | None) -> str | None:
        """Whether a kept document's operation is a `query`, `mutation` or `subscription`; None if it is not kept."""
        with self._lock:
            checked = self._kept.get(query)
        operation = checked.find_operation(operation_name) if checked else None
        return operation.operation.value if operation else None

    def prepare(
        self, query: str, operation_name: str | None, variables: Mapping[str, Any], *, hints: bool = True
    ) -> Prepared:
        """Parse, limit and validate a document, or find it as it was prepared before.

        Args:
            query: The document.
            operation_name: The operation to run; may be None when there is only one.
            variables: As the client sent them: page sizes in them count.
            hints: Whether errors may say what in the schema was meant.

        Raises:
            DocumentErrors: It cannot be parsed, or does not fit the schema.
            QueryTooComplexError: It exceeds a limit.
            BadRequestError: It does not have the operation.
        """
        with self._lock:
            checked = self._kept.get(query)
            if checked is not None:
                self._kept.move_to_end(query)
                self.hits += 1
            else:
                self.misses += 1
        if checked is not None:
            operation = checked.operation(operation_name)
            return Prepared(checked.document, operation, checked.check_cost(operation, variables))
        return self._prepare_new(query, operation_name, variables, hints=hints)

    def _prepare_new(
        self, query: str, operation_name: str | None, variables: Mapping[str, Any], *, hints: bool
    ) -> Prepared:
        tokens = check_text(query, self._limits)
        checked = CheckedDocument(self._schema, _parsed(query), tokens, self._limits)
        try:
            operation = checked.operation(operation_name)
        except BadRequestError:
            # A document that is not valid says so first: it may be no executable document at all.
            self._validate(checked.document, hints=hints)
            raise
        cost = checked.check_cost(operation, variables)
        self._validate(checked.document, hints=hints)
        self._keep(query, checked)
        return Prepared(checked.document, operation, cost)

    def _validate(self, document: DocumentNode, *, hints: bool) -> None:
        errors = validate(self._schema, document, RULES, VALIDATION_ERRORS, hide_suggestions=not hints)
        if errors:
            raise DocumentErrors([_validation_error(error) for error in errors[:VALIDATION_ERRORS]])

    def _keep(self, query: str, checked: CheckedDocument) -> None:
        room = self._limits.documents * TOKENS_PER_DOCUMENT
        if checked.tokens > room:
            return
        with self._lock:
            replaced = self._kept.pop(query, None)
            self._kept[query] = checked
            self._tokens += checked.tokens - (replaced.tokens if replaced else 0)
            while len(self._kept) > self._limits.documents or self._tokens > room:
                _query, dropped = self._kept.popitem(last=False)
                self._tokens -= dropped.tokens


def _parsed(query: str) -> DocumentNode:
    try:
        return parse(query)
    except GraphQLSyntaxError as error:
        raise DocumentErrors([(ParseFailedError(shortened(error.message)), _places(error))]) from None


def _validation_error(error: GraphQLError) -> LocatedError:
    if error.message == "Validation aborted.":
        return (
            QueryTooComplexError(
                "The document repeats so many fields and fragments that they cannot all be compared.",
                details={"limit": "merge steps", "allowed": MERGE_STEPS},
            ),
            [],
        )
    return ValidationFailedError(shortened(error.message)), _places(error)


def _places(error: GraphQLError) -> list[SourceLocation]:
    return (error.locations or [])[:LOCATIONS]


def shortened(text: str) -> str:
    """Text as an error message may quote it."""
    return text if len(text) <= MESSAGE_LENGTH else text[: MESSAGE_LENGTH - 1] + "…"
