"""Signatures of requests, as Standard Webhooks has them (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable

from synthetic import bad_input

PREFIX = "whsec_"
SECRET_BYTES = 32
SECRET_BYTES_MIN, SECRET_BYTES_MAX = 24, 64
"""What Standard Webhooks allows."""


def make_secret() -> str:
    """A new secret of 32 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def check_secret(secret: str) -> str:
    """A secret that a caller brought, in the form in which it is stored.

    Raises:
        BadUserInputError: It is none; the message does not repeat it.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not SECRET_BYTES_MIN <= len(key) <= SECRET_BYTES_MAX:
        raise bad_input(
            "secret", f"must be `{PREFIX}` and the Base64 of {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} random bytes"
        )
    return PREFIX + base64.b64encode(key).decode()


def sign(secrets_in_use: Iterable[str], webhook_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: a signature for each secret.

    Args:
        secrets_in_use: Stored ones.
        webhook_id: The value of `webhook-id`.
        timestamp: The value of `webhook-timestamp`: Unix seconds.
        body: What is posted, byte for byte.
    """
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    keys = (base64.b64decode(secret.removeprefix(PREFIX)) for secret in secrets_in_use)
    return " ".join("v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys)
