"""The parameters of a GraphQL request, wherever they come from, as a `GraphQLRequest`.

GraphQL over HTTP and graphql-transport-ws give the same four: `query`,
`operationName`, `variables` and `extensions`. Others are ignored, as both
specifications want. What is wrong with one is said by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import parse_qsl

from synthetic.errors import BadRequestError
from synthetic.graphql.answers import GraphQLRequest
from synthetic.graphql.body import parse_json
from synthetic.graphql.persisted_queries import EXTENSION

URL_PARAMETERS_MAX = 32


def request_of(parameters: object) -> GraphQLRequest:
    """The request that a JSON value makes.

    Raises:
        BadRequestError: It is no object, has neither `query` nor the hash of one, or a parameter is of another type.
    """
    if isinstance(parameters, list):
        raise BadRequestError(
            "Several operations in one request are not supported.", action="Send one JSON object for each operation."
        )
    if not isinstance(parameters, dict):
        raise BadRequestError("The request is not a JSON object.")
    given = cast("dict[str, Any]", parameters)
    extensions = _object(given, "extensions")
    query = given.get("query")
    if query is None:
        if extensions.get(EXTENSION) is None:
            raise BadRequestError("The parameter `query` is missing.")
        query = ""
    if not isinstance(query, str):
        raise BadRequestError("The parameter `query` must be a string.")
    operation_name = given.get("operationName")
    if operation_name is not None and not isinstance(operation_name, str):
        raise BadRequestError("The parameter `operationName` must be a string.")
    return GraphQLRequest(
        query=query,
        variables=_object(given, "variables"),
        operation_name=operation_name or None,
        extensions=extensions,
    )


def request_of_url(query_string: bytes, json_depth: int) -> GraphQLRequest | None:
    """The request that the query string of a URL makes.

    Args:
        query_string: As it came, percent-encoded.
        json_depth: How deep `variables` and `extensions` may be nested, each a JSON text.

    Returns:
        The request; None when there is neither `query` nor `extensions`, which may have its hash.

    Raises:
        BadRequestError: The query string is malformed, or a parameter comes twice or is of another type.
    """
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=URL_PARAMETERS_MAX,
        )
    except ValueError:
        raise BadRequestError(
            "The query string of the URL is malformed.", action="Send percent-encoded UTF-8."
        ) from None
    parameters: dict[str, Any] = {}
    for name, value in pairs:
        if name in parameters:
            raise BadRequestError("A parameter of the URL comes twice.", action="Send each parameter once.")
        parameters[name] = value
    if not parameters.keys() & {"query", "extensions"}:
        return None
    for name in ("variables", "extensions"):
        if parameters.get(name):
            parameters[name] = parse_json(parameters[name].encode(), json_depth)
        else:
            parameters.pop(name, None)
    return request_of(parameters)


def _object(parameters: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = parameters.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequestError(f"The parameter `{name}` must be an object.")
    return cast("dict[str, Any]", value)
