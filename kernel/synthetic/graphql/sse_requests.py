"""What requests about reserved event streams carry beside a GraphQL operation."""

from __future__ import annotations

from urllib.parse import parse_qsl

from synthetic.errors import BadRequestError
from synthetic.graphql.answers import GraphQLRequest
from synthetic.graphql.http_exchange import Exchange

TOKEN_HEADER = "x-graphql-event-stream-token"  # noqa: S105 - the name of a header
TOKEN_PARAMETER = "token"  # noqa: S105 - the name of a parameter
OPERATION_PARAMETER = "operationId"
OPERATION_ID_BYTES_MAX = 128
PARAMETERS_MAX = 32


def find_stream_token(exchange: Exchange) -> str | None:
    """The token of a reserved stream that a request carries, in a header or in its URL."""
    return exchange.headers.get(TOKEN_HEADER) or find_parameter(exchange, TOKEN_PARAMETER)


def operation_id_of(request: GraphQLRequest) -> str:
    """The id that a client gives to an operation of a reserved stream.

    Raises:
        BadRequestError: There is none, or it is none that can be used.
    """
    id = request.extensions.get("operationId")
    if not isinstance(id, str) or not id or not id.isprintable() or len(id.encode()) > OPERATION_ID_BYTES_MAX:
        raise BadRequestError(
            f"`extensions.operationId` must be printable text of 1 to {OPERATION_ID_BYTES_MAX} bytes.",
            action="Give each operation of a reserved stream an id of its own.",
        )
    return id


def find_parameter(exchange: Exchange, name: str) -> str | None:
    """The first parameter of the URL with this name, if there is one that says something."""
    query: bytes = exchange.scope["query_string"]
    if not query or name.encode() not in query:
        return None
    try:
        pairs = parse_qsl(query.decode("ascii"), max_num_fields=PARAMETERS_MAX)
    except ValueError:
        return None
    return next((value for key, value in pairs if key == name), None)
