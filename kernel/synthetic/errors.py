"""The kernel's errors: one class for each code; the docstring is the message.

What every error has in common, and how it looks on the wire, is in
`synthetic.error_contract`, whose names are offered here too.
"""

from __future__ import annotations

from synthetic.error_contract import CODE_PATTERN, ExitCode, SyntheticError, default_message, iso_from_ms

__all__ = ["CODE_PATTERN", "ExitCode", "SyntheticError", "default_message", "iso_from_ms"]


class InternalError(SyntheticError):
    """Something unexpected went wrong inside the store."""

    code = "INTERNAL"


# What a request got wrong.


class BadUserInputError(SyntheticError):
    """A value in the request is not acceptable."""

    code = "BAD_USER_INPUT"
    action = "Correct the value and send the request again."
    http_status = 400
    exit_code = ExitCode.DATA


class NotFoundError(SyntheticError):
    """There is no such thing in this store."""

    code = "NOT_FOUND"
    action = "Check the id; it may have been deleted."
    http_status = 404
    exit_code = ExitCode.DATA


class ConflictError(SyntheticError):
    """What is stored differs from what the request assumes."""

    code = "CONFLICT"
    action = "Read the stored version, then send the change with its version as ifVersion."
    http_status = 409
    exit_code = ExitCode.DATA


class BadRequestError(SyntheticError):
    """The request is not a well-formed GraphQL request."""

    code = "BAD_REQUEST"
    action = "Send a JSON object with a string `query`, as GraphQL over HTTP describes."
    http_status = 400
    exit_code = ExitCode.DATA


class ParseFailedError(SyntheticError):
    """The GraphQL document cannot be parsed."""

    code = "GRAPHQL_PARSE_FAILED"
    action = "Correct the syntax of the document."
    http_status = 400
    exit_code = ExitCode.DATA


class ValidationFailedError(SyntheticError):
    """The GraphQL document does not fit the schema."""

    code = "GRAPHQL_VALIDATION_FAILED"
    action = "Compare the document with the schema (`synthetic schema`)."
    http_status = 400
    exit_code = ExitCode.DATA


class QueryTooComplexError(SyntheticError):
    """The GraphQL document asks for more than one request may."""

    code = "QUERY_TOO_COMPLEX"
    action = "Ask for fewer fields, smaller pages or fewer levels, or split the request."
    http_status = 400
    exit_code = ExitCode.DATA


class PayloadTooLargeError(SyntheticError):
    """The request body is larger than this server accepts."""

    code = "PAYLOAD_TOO_LARGE"
    action = "Send less at once, or raise `kernel.limits.body_bytes`."
    http_status = 413
    exit_code = ExitCode.DATA


class UnsupportedMediaTypeError(SyntheticError):
    """The request body is of a media type that this path does not take."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    action = "Send `Content-Type: application/json`, in UTF-8 and not compressed."
    http_status = 415
    exit_code = ExitCode.DATA


class NotAcceptableError(SyntheticError):
    """The client accepts no media type that this path can answer with."""

    code = "NOT_ACCEPTABLE"
    action = "Accept `application/graphql-response+json`, `application/json` or `text/event-stream`."
    http_status = 406
    exit_code = ExitCode.DATA


class MethodNotAllowedError(SyntheticError):
    """This path does not answer to this HTTP method."""

    code = "METHOD_NOT_ALLOWED"
    action = "Use POST; GET is for queries only."
    http_status = 405
    exit_code = ExitCode.USAGE


class RequestTimeoutError(SyntheticError):
    """The request did not arrive in time."""

    code = "REQUEST_TIMEOUT"
    recoverable = True
    action = "Send the request again, without pauses."
    http_status = 408
    exit_code = ExitCode.TRY_AGAIN


# Who asks, and how often.


class UnauthenticatedError(SyntheticError):
    """The request carries no valid token."""

    code = "UNAUTHENTICATED"
    action = "Send `Authorization: Bearer TOKEN`; `synthetic token create` makes one."
    http_status = 401
    exit_code = ExitCode.FORBIDDEN


class ForbiddenError(SyntheticError):
    """The token, or where the request comes from, does not allow this."""

    code = "FORBIDDEN"
    action = "Use a token with the scope that is needed."
    http_status = 403
    exit_code = ExitCode.FORBIDDEN


class RateLimitedError(SyntheticError):
    """Too many requests came from this client."""

    code = "RATE_LIMITED"
    recoverable = True
    action = "Wait for retryAfterMs, then send it again."
    http_status = 429
    exit_code = ExitCode.TRY_AGAIN


class OverloadedError(SyntheticError):
    """The store has more work waiting than it takes on."""

    code = "OVERLOADED"
    recoverable = True
    action = "Wait for retryAfterMs, then send it again."
    http_status = 503
    exit_code = ExitCode.TRY_AGAIN


class DeadlineExceededError(SyntheticError):
    """The operation took longer than it may, and was stopped."""

    code = "DEADLINE_EXCEEDED"
    recoverable = True
    action = "Ask for less at once, or raise `kernel.limits.operation_ms`."
    http_status = 503
    exit_code = ExitCode.TRY_AGAIN


class CancelledError(SyntheticError):
    """The operation was cancelled before it was done; nothing of it was stored."""

    code = "CANCELLED"
    recoverable = True
    action = "Send it again if it is still wanted."
    http_status = 503
    exit_code = ExitCode.TRY_AGAIN


# What storage does.


class DatabaseBusyError(SyntheticError):
    """Another process holds the write lock of the store."""

    code = "DATABASE_BUSY"
    recoverable = True
    action = "Send it again after retryAfterMs; if it stays, find the process that holds the lock."
    http_status = 503
    exit_code = ExitCode.TRY_AGAIN


class StorageFullError(SyntheticError):
    """The disk of the store is full; reads go on."""

    code = "STORAGE_FULL"
    recoverable = True
    action = "Free space on the disk of the data directory, then send it again."
    http_status = 507
    exit_code = ExitCode.STORAGE


class StorageReadOnlyError(SyntheticError):
    """The data directory cannot be written."""

    code = "STORAGE_READ_ONLY"
    action = "Give the server's user write access to the data directory and what is in it."
    http_status = 503
    exit_code = ExitCode.STORAGE


class StorageFailedError(SyntheticError):
    """The disk or file system under the store reports an error."""

    code = "STORAGE_FAILED"
    action = "Check the disk and the kernel log of the machine; nothing was stored."
    http_status = 503
    exit_code = ExitCode.STORAGE


class StoreDamagedError(SyntheticError):
    """The database file is damaged."""

    code = "STORE_DAMAGED"
    action = (
        "See with `synthetic check` what is damaged, then restore a backup (`synthetic restore latest`),"
        " or salvage what can be read (`synthetic recover`)."
    )
    http_status = 503
    exit_code = ExitCode.STORAGE


class NotAStoreError(SyntheticError):
    """The database file is not a Synthetic store."""

    code = "NOT_A_STORE"
    action = "Name the right directory with --data, or move the file out of the way."
    http_status = 503
    exit_code = ExitCode.CONFIGURATION


class NoStoreError(SyntheticError):
    """There is no store in the data directory."""

    code = "NO_STORE"
    action = "Name the right directory with --data, or make a store with `synthetic migrate`."
    http_status = 503
    exit_code = ExitCode.CONFIGURATION


class StoreNewerError(SyntheticError):
    """The store was written by a newer version than this one."""

    code = "STORE_NEWER"
    action = "Upgrade this installation to at least the version that wrote the store."
    http_status = 503
    exit_code = ExitCode.CONFIGURATION


class MigrationPendingError(SyntheticError):
    """The store needs migrations before this version can write to it."""

    code = "MIGRATION_PENDING"
    action = "Run `synthetic migrate`."
    http_status = 503
    exit_code = ExitCode.CONFIGURATION


class MigrationEditedError(SyntheticError):
    """A migration that was applied to this store was changed afterwards."""

    code = "MIGRATION_EDITED"
    action = "Put the migration back as it was released, and bring the change as a new one."
    http_status = 503
    exit_code = ExitCode.CONFIGURATION


class MigrationFailedError(SyntheticError):
    """A migration could not be applied; the store is as it was before it."""

    code = "MIGRATION_FAILED"
    action = "Read the reason, mend the migration or the plugin, and run `synthetic migrate` again."
    http_status = 503
    exit_code = ExitCode.CONFIGURATION


# How the installation is set up.


class SqliteUnsupportedError(SyntheticError):
    """The SQLite library of this installation can corrupt or cannot serve a store."""

    code = "SQLITE_UNSUPPORTED"
    action = "Install a newer `apsw` (3.51.3 or newer)."
    exit_code = ExitCode.CONFIGURATION


class FileSystemUnsupportedError(SyntheticError):
    """The file system of the data directory cannot hold a store."""

    code = "FILE_SYSTEM_UNSUPPORTED"
    action = "Put the data directory on a local disk; network file systems lose locks."
    exit_code = ExitCode.CONFIGURATION


class SettingsInvalidError(SyntheticError):
    """A setting is unknown or has a value that does not fit."""

    code = "SETTINGS_INVALID"
    action = "Correct the setting where the message says it stands."
    exit_code = ExitCode.CONFIGURATION


class PluginFailedError(SyntheticError):
    """A plugin cannot be loaded, or does what it has not declared."""

    code = "PLUGIN_FAILED"
    action = "Mend or upgrade the plugin, or take it out of plugins.toml."
    exit_code = ExitCode.CONFIGURATION


class PluginClashError(SyntheticError):
    """Two plugins contribute the same name."""

    code = "PLUGIN_CLASH"
    action = "Take one of the two out of plugins.toml, or rename what clashes in one of them."
    exit_code = ExitCode.CONFIGURATION


class AddressUnavailableError(SyntheticError):
    """The server cannot listen on the address."""

    code = "ADDRESS_UNAVAILABLE"
    recoverable = True
    action = "Stop what listens there, or choose another port with --port."
    exit_code = ExitCode.UNAVAILABLE


class WorkerFailedError(SyntheticError):
    """A worker process of the server could not start."""

    code = "WORKER_FAILED"
    action = "Read the server's log, which says more."
    exit_code = ExitCode.UNAVAILABLE
