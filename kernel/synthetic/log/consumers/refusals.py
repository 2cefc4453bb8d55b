"""What a consumer cannot take in, told apart from what is the store's fault, and as sync status shows it."""

from __future__ import annotations

from typing import Any

from synthetic.clock import new_id
from synthetic.errors import (
    InternalError,
    MigrationEditedError,
    MigrationPendingError,
    NotAStoreError,
    StorageFailedError,
    StorageReadOnlyError,
    StoreDamagedError,
    StoreNewerError,
    SyntheticError,
)
from synthetic.logs import logger_for
from synthetic.services.lease import LeaseLostError

STORE_FAULTS = (
    StorageReadOnlyError,
    StorageFailedError,
    StoreDamagedError,
    NotAStoreError,
    StoreNewerError,
    MigrationPendingError,
    MigrationEditedError,
)
"""Waiting may not mend them, but they are no fault of an event."""

log = logger_for(__name__)


def is_refusal(error: Exception) -> bool:
    """Whether it is the consumer's code that failed: not the store, nor because another process has taken over."""
    if isinstance(error, LeaseLostError):
        return False
    return not isinstance(error, SyntheticError) or not (error.recoverable or isinstance(error, STORE_FAULTS))


def describe_refusal(name: str, position: int | None, error: Exception, now: int) -> dict[str, Any]:
    """The error in the shape of the contract; the log, under the same correlation id, tells more.

    Args:
        name: The consumer.
        position: Of the event, if it is one.
        error: What its code raised.
        now: Unix milliseconds.
    """
    correlation_id = new_id()
    log.error("consumer failed", consumer=name, position=position, correlation_id=correlation_id, exc_info=error)
    if isinstance(error, SyntheticError) and type(error) is not InternalError:
        return error.to_contract(correlation_id, now)
    shown = InternalError(
        "The consumer could not take in an event.",
        action="Mend the consumer's code, then ask for RETRY; or go on without the event, with RESUME.",
        details={"exception": type(error).__name__},
    )
    return shown.to_contract(correlation_id, now)
