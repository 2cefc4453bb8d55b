"""What an answer must be: its data, or an error of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CONTRACT_KEYS = {
    "code",
    "message",
    "recoverable",
    "retryAfterMs",
    "action",
    "details",
    "correlationId",
    "occurredAt",
}
"""The keys of every error, whatever it was (docs/errors.md)."""


def expect_data(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The `data` of an answer that must not have errors."""
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


def expect_error(answer: Mapping[str, Any], code: str) -> dict[str, Any]:
    """The first error of an answer, which must have this code and the contract's shape."""
    error = answer["errors"][0]
    contract = error["extensions"]
    assert set(contract) == CONTRACT_KEYS, contract
    assert contract["code"] == code, contract
    assert contract["action"], contract
    return error
