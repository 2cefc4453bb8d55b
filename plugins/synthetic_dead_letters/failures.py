"""Why something failed: in the shape of the error contract, and what failures have in common. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from synthetic import ReportedError, SyntheticError, bad_input, check_id, check_json_object, check_text, iso_from_ms
from synthetic_dead_letters.model import LetterError

CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
CODE_CHARACTERS_MAX = 100
TEXT_CHARACTERS_MAX = 1_100
"""An error that was cut to a thousand characters says how many it had."""

DETAILS_BYTES_MAX = 16_384
DETAILS_DEPTH_MAX = 32
DEFAULT_ACTION = "Look for the reason where it failed."

_VARYING = re.compile(
    r"""
    [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}  # a UUID
    | \b(?=[0-9a-f]*[0-9])[0-9a-f]{8,}\b                           # a hash
    | '[^']{0,300}' | "[^"]{0,300}" | `[^`]{0,300}`                # what is quoted
    | \d+(?:[.,:]\d+)*                                             # a number, time or address
    """,
    re.IGNORECASE | re.VERBOSE,
)


def error_as_contract(error: LetterError, *, correlation_id: str, occurred_at: int) -> dict[str, Any]:
    """An error with the eight keys of the contract.

    Args:
        error: One of the contract's, what an outside module reports, or a mapping that has the keys already.
        correlation_id: For an error that has none.
        occurred_at: For an error that does not say when, Unix milliseconds UTC.

    Raises:
        BadUserInputError: A value does not fit.
    """
    match error:
        case SyntheticError():
            given: Mapping[str, Any] = error.to_contract(correlation_id, occurred_at)
        case ReportedError():
            given = {
                "code": error.code,
                "message": error.message,
                "recoverable": error.recoverable,
                "retryAfterMs": error.retry_after_ms,
                "action": error.action,
            }
        case _:
            given = error
    code = check_text(given.get("code"), "error.code", characters_max=CODE_CHARACTERS_MAX)
    if CODE.fullmatch(code) is None:
        raise bad_input("error.code", "must be upper-case words joined by underscores")
    message = check_text(given.get("message"), "error.message", characters_max=TEXT_CHARACTERS_MAX, characters_min=1)
    action = check_text(
        given.get("action") or DEFAULT_ACTION, "error.action", characters_max=TEXT_CHARACTERS_MAX, characters_min=1
    )
    retry_after_ms = given.get("retryAfterMs")
    if retry_after_ms is not None and (not isinstance(retry_after_ms, int) or retry_after_ms < 0):
        raise bad_input("error.retryAfterMs", "must be a whole number of milliseconds, not below 0")
    details: dict[str, Any] = dict(given.get("details") or {})
    check_json_object(details, "error.details", bytes_max=DETAILS_BYTES_MAX, depth_max=DETAILS_DEPTH_MAX)
    return {
        "code": code,
        "message": message,
        "recoverable": bool(given.get("recoverable", False)),
        "retryAfterMs": retry_after_ms,
        "action": action,
        "details": details,
        "correlationId": check_id(given.get("correlationId") or correlation_id, "error.correlationId"),
        "occurredAt": given.get("occurredAt") or iso_from_ms(occurred_at),
    }


def fingerprint_of(source: str, group: str | None, error: Mapping[str, Any]) -> str:
    """What failures that are alike have in common, as 64 hexadecimal digits.

    Unless the source says how it groups, failures are alike whose code is the
    same, and whose message differs in numbers, ids, hashes and quoted words
    alone.

    Args:
        source: Where the letter comes from.
        group: What the source groups by; None: by code and message.
        error: In the shape of the contract.
    """
    alike = f"{error['code']}\n{_VARYING.sub('?', error['message'])}" if group is None else group
    return hashlib.sha256(f"{source}\n{alike}".encode()).hexdigest()
