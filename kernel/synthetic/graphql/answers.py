"""Requests and answers, free of any transport; and how a failure looks in an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import ExecutionResult, GraphQLError, SourceLocation
from strawberry.exceptions import StrawberryGraphQLError

from synthetic.clock import Clock
from synthetic.error_contract import bounded
from synthetic.errors import BadUserInputError, ForbiddenError, InternalError, SyntheticError
from synthetic.graphql.documents import DocumentErrors
from synthetic.log.positions import Position
from synthetic.logs import logger_for

log = logger_for(__name__)

ERRORS_SHOWN = 50
REQUEST_ERROR_STATUS = 400
NOT_PERMITTED = "Leave the field out, or ask as somebody who may see it."


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """What a client asks for, after its transport has been taken off.

    Attributes:
        query: The document; empty where it is to be found by its hash (`synthetic.graphql.persisted_queries`).
        variables: Their values, as JSON had them.
        operation_name: Which operation of the document; None if it has one.
        extensions: What clients add to the protocol.
    """

    query: str
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any])
    operation_name: str | None = None
    extensions: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(slots=True)
class Answer:
    """What goes back.

    Attributes:
        body: `data`, `errors`, `extensions`, ready for orjson.
        status: HTTP status under `application/graphql-response+json`.
        executed: False for a request error, which has no `data`.
        position: Where the log stood when it was read or written; of what a
            subscription yields, where to go on after it.
        written: Once they were made, its bytes, which may go to many subscribers;
            and the answer that they are of, if this one cannot be sent.
        weight: About how many values it has, without those of lists that are JSON already.
        json_size: How many characters these have.
    """

    body: dict[str, Any]
    status: int
    executed: bool
    position: Position | None = None
    written: tuple[Answer | None, bytes] | None = None
    weight: int = 0
    json_size: int = 0


class AnswerRenderer:
    """Makes answers of what an execution gave."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def result(
        self,
        result: ExecutionResult,
        correlation_id: str,
        notices: list[tuple[str, str]],
        position: Position | None = None,
    ) -> Answer:
        """The answer of an operation that was executed, or whose variables did not fit."""
        body: dict[str, Any] = {}
        request_error = result.data is None and any(error.path is None for error in result.errors or ())
        if result.errors:
            body["errors"] = [
                self._graphql_error(error, correlation_id, in_request=request_error)
                for error in result.errors[:ERRORS_SHOWN]
            ]
        if not request_error:
            body["data"] = result.data
        extensions: dict[str, Any] = {}
        if position is not None and not request_error:
            extensions["position"] = str(position)
        if notices:
            extensions["notices"] = [{"code": code, "message": message} for code, message in notices]
        if extensions:
            body["extensions"] = extensions
        status = REQUEST_ERROR_STATUS if request_error else 200
        return Answer(body=body, status=status, executed=not request_error, position=position)

    def _graphql_error(self, error: GraphQLError, correlation_id: str, *, in_request: bool) -> dict[str, Any]:
        cause = error.original_error
        while isinstance(cause, GraphQLError) and cause.original_error is not None:
            cause = cause.original_error
        if isinstance(cause, SyntheticError):
            known: SyntheticError = cause
        elif in_request or _is_about_input(error, cause):
            known = BadUserInputError(error.message)
        elif isinstance(cause, StrawberryGraphQLError):
            # A permission class refused; its message is written for the one who asks.
            known = ForbiddenError(cause.message, action=NOT_PERMITTED)
        else:
            log.error("resolver failed", correlation_id=correlation_id, path=error.path, exc_info=cause or error)
            known = InternalError()
        # What the document's own values did wrong is told by graphql-core with the place; the rest by the contract.
        message = error.message if in_request else known.message
        return self._error(known, message, correlation_id, locations=error.locations, path=error.path)

    def document_errors(self, errors: DocumentErrors, correlation_id: str) -> Answer:
        """The answer for a document that cannot be executed."""
        shown = [
            self._error(error, error.message, correlation_id, locations=locations)
            for error, locations in errors.errors[:ERRORS_SHOWN]
        ]
        return Answer(body={"errors": shown}, status=REQUEST_ERROR_STATUS, executed=False)

    def _error(
        self,
        error: SyntheticError,
        message: str,
        correlation_id: str,
        *,
        locations: list[SourceLocation] | None = None,
        path: list[str | int] | None = None,
    ) -> dict[str, Any]:
        shown: dict[str, Any] = {"message": bounded(message)}
        if locations:
            shown["locations"] = [{"line": location.line, "column": location.column} for location in locations]
        if path:
            shown["path"] = path
        shown["extensions"] = error.to_contract(correlation_id, self._clock.now_ms())
        return shown

    def error(self, error: SyntheticError, correlation_id: str) -> Answer:
        """The answer for an error that kept the operation from being executed."""
        body = {"errors": [self._error(error, error.message, correlation_id)]}
        return Answer(body=body, status=error.http_status, executed=False)


def _is_about_input(error: GraphQLError, cause: Exception | None) -> bool:
    """Whether graphql-core refused an argument's value, rather than a resolver's result."""
    refused = cause if isinstance(cause, GraphQLError) else error
    return isinstance(cause, GraphQLError | None) and bool(refused.nodes)
