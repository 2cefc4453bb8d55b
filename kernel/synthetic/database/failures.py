"""From what SQLite raises to the error contract.

One table, so that a failure has the same code whether it surfaced at BEGIN,
in a statement or at COMMIT. Constraint violations and SQL mistakes are not in
it: they are bugs of the caller, and leave as INTERNAL.
"""

from __future__ import annotations

import errno

import apsw

from synthetic.errors import (
    BadUserInputError,
    DatabaseBusyError,
    InternalError,
    NotAStoreError,
    StorageFailedError,
    StorageFullError,
    StorageReadOnlyError,
    StoreDamagedError,
    SyntheticError,
)

BUSY_RETRY_MS = 1_000
FULL_RETRY_MS = 10_000

DRIVER_ERRORS = (apsw.Error, OverflowError, UnicodeEncodeError, UnicodeDecodeError)
"""What the driver raises for a statement, for a value that it cannot bind, or for a stored text that is none."""


def translate(error: BaseException, system_errno: int = 0) -> BaseException:
    """The error that a caller may see in place of one from the driver.

    Args:
        error: What was raised while SQL ran.
        system_errno: The operating system's last error on that connection;
            tells a full disk from a broken one where SQLite does not.

    Returns:
        The error itself when it is not one of the driver's.
    """
    if isinstance(error, SyntheticError):
        return error
    if isinstance(error, (OverflowError, UnicodeEncodeError, apsw.TooBigError)):
        return BadUserInputError(
            "A number or text in the request is larger than the store can hold, or not valid text."
        )
    if isinstance(error, UnicodeDecodeError):
        return StoreDamagedError("The database is damaged: a text that it holds is no text.")
    if not isinstance(error, apsw.Error):
        return error
    # The last of them is raised when the locks of the log's index were held for ten seconds.
    if isinstance(error, (apsw.BusyError, apsw.LockedError, apsw.ProtocolError)):
        return DatabaseBusyError(retry_after_ms=BUSY_RETRY_MS)
    if isinstance(error, apsw.FullError) or (
        isinstance(error, (apsw.IOError, apsw.CantOpenError)) and system_errno in (errno.ENOSPC, errno.EDQUOT)
    ):
        return StorageFullError(retry_after_ms=FULL_RETRY_MS)
    if isinstance(error, (apsw.ReadOnlyError, apsw.CantOpenError, apsw.PermissionsError)):
        return StorageReadOnlyError()
    if isinstance(error, apsw.NotADBError):
        return NotAStoreError()
    if isinstance(error, apsw.CorruptError):
        return StoreDamagedError()
    if isinstance(error, apsw.IOError):
        return StorageFailedError()
    return InternalError("The store could not carry out a statement.")


def is_transient(error: BaseException) -> bool:
    """Whether waiting may mend it: only contention for locks is retried."""
    return isinstance(error, (apsw.BusyError, apsw.LockedError, DatabaseBusyError))
