"""Errors that only a protocol of GraphQL clients has; what any request may get wrong is in `synthetic.errors`."""

from __future__ import annotations

from synthetic.error_contract import ExitCode, SyntheticError


class PersistedQueryNotFoundError(SyntheticError):
    """No document with this hash is kept; the message of its answers is `PersistedQueryNotFound`."""

    code = "PERSISTED_QUERY_NOT_FOUND"
    action = "Send the request again, with the document as `query` beside its hash."
    http_status = 400
    exit_code = ExitCode.DATA
