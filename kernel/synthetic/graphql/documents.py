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
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
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
from synthetic.graphql.checked_document import CheckedDocument, Prepared, shortened
from synthetic.graphql.lexical import check_text
from synthetic.graphql.persisted_queries import PersistedQueries
from synthetic.kernel_settings import LimitSettings

VALIDATION_ERRORS = 20
"""Validation stops after this many errors: enough to mend a document by, and not worth asking for."""

MERGE_STEPS = 50_000
"""Comparisons of fields with one response name before validation gives up: about a tenth of a second.

They grow with the square of how often a name is repeated. A document of a
thousand different fields needs a few thousand of them.
"""

LOCATIONS = 10
"""Places that one error names at most."""

TOKENS_PER_DOCUMENT = 64
"""Kept documents and their plans share room for `limits.documents` times so many tokens and compiled fields.

Each of these takes 1 to 2 KB.
"""

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


class DocumentCache:
    """Prepares documents and keeps the valid ones, the least recently used going first.

    It may be used from any thread. Two threads that bring the same new
    document at once both check it, and one of them keeps it.

    Attributes:
        hits: Requests whose document was kept already.
        misses: Requests whose document had to be parsed and validated.
        persisted: Finds the texts of kept documents by their hashes.
    """

    def __init__(self, schema: GraphQLSchema, limits: LimitSettings) -> None:
        self.hits = 0
        self.misses = 0
        self.persisted = PersistedQueries(limits.document_bytes)
        self._schema = schema
        self._limits = limits
        self._kept: OrderedDict[str, CheckedDocument] = OrderedDict()
        self._weight = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, query: str) -> bool:
        return query in self._kept

    def find_kind(self, query: str, operation_name: str | None) -> str | None:
        """Whether a kept document's operation is a `query`, `mutation` or `subscription`; None if it is not kept."""
        checked = self._kept.get(query)
        operation = checked.find_operation(operation_name) if checked else None
        return operation.operation.value if operation else None

    def find(self, query: str) -> CheckedDocument | None:
        """A kept document; whoever uses it says so by `note_use`."""
        return self._kept.get(query)

    def note_use(self, query: str, checked: CheckedDocument) -> None:
        """A document that was found has been used, and is to be kept for longer."""
        with self._lock:
            self.hits += 1
            if self._kept.get(query) is checked:
                self._kept.move_to_end(query)
                if checked.weight != checked.counted:
                    # More of its plans was compiled meanwhile.
                    self._weigh(checked)

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
        checked = self.find(query)
        if checked is not None:
            self.note_use(query, checked)
            return checked.prepared(checked.operation(operation_name), variables)
        return self._prepare_new(query, operation_name, variables, hints=hints)

    def _prepare_new(
        self, query: str, operation_name: str | None, variables: Mapping[str, Any], *, hints: bool
    ) -> Prepared:
        with self._lock:
            self.misses += 1
        tokens = check_text(query, self._limits)
        checked = CheckedDocument(self._schema, _parsed(query), tokens, self._limits)
        try:
            operation = checked.operation(operation_name)
        except BadRequestError:
            # A document that is not valid says so first: it may be no executable document at all.
            self._validate(checked.document, hints=hints)
            raise
        prepared = checked.prepared(operation, variables)
        self._validate(checked.document, hints=hints)
        kept = self._keep(query, checked)
        return prepared if kept is checked else kept.prepared(kept.operation(operation_name), variables)

    def _validate(self, document: DocumentNode, *, hints: bool) -> None:
        errors = validate(self._schema, document, RULES, VALIDATION_ERRORS, hide_suggestions=not hints)
        if errors:
            raise DocumentErrors([_validation_error(error) for error in errors[:VALIDATION_ERRORS]])

    def _keep(self, query: str, checked: CheckedDocument) -> CheckedDocument:
        """Keep a document; the one that is kept, where another thread has brought the same."""
        room = self._limits.documents * TOKENS_PER_DOCUMENT
        if checked.weight > room:
            return checked
        with self._lock:
            present = self._kept.get(query)
            if present is not None:
                return present
            self._kept[query] = checked
            self.persisted.keep(query)
            self._weigh(checked)
        return checked

    def _weigh(self, checked: CheckedDocument) -> None:
        """Count what a kept document weighs by now, and make room for it; called under the lock."""
        weight = checked.weight
        self._weight += weight - checked.counted
        checked.counted = weight
        room = self._limits.documents * TOKENS_PER_DOCUMENT
        while len(self._kept) > self._limits.documents or self._weight > room:
            forgotten, dropped = self._kept.popitem(last=False)
            self.persisted.forget(forgotten)
            self._weight -= dropped.counted


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
