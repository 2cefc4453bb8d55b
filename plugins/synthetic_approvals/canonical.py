"""The one form in which arguments are stored, shown, hashed and compared.

The form is that of RFC 8785: equal values are equal bytes, whatever order,
spaces or spelling of numbers they were sent in. What its readers could take in
two ways (I-JSON, RFC 7493) is refused before: integers beyond 2^53 - 1, numbers
that are not finite, half of a surrogate pair.
"""

from __future__ import annotations

import hashlib

import rfc8785

from synthetic import check_json_object, from_json
from synthetic_approvals.settings import ApprovalSettings


def check_arguments(arguments: object, limits: ApprovalSettings) -> str:
    """The arguments of a tool, in canonical form.

    Args:
        arguments: A JSON object, as a parser makes it.
        limits: How large and deep it may be.

    Raises:
        BadUserInputError: It is no object, too large, too deep, or cannot be kept exactly.
    """
    text = check_json_object(arguments, "arguments", bytes_max=limits.arguments_bytes, depth_max=limits.arguments_depth)
    # The kernel's form orders keys by code points, that of RFC 8785 by UTF-16 units.
    return rfc8785.dumps(from_json(text)).decode()


def hash_arguments(canonical: str) -> str:
    """SHA-256 of arguments in canonical form, in lower-case hexadecimal digits."""
    return hashlib.sha256(canonical.encode()).hexdigest()


def hash_words(words: str | None) -> str | None:
    """SHA-256 of a reason or a comment, in lower-case hexadecimal digits; None of none."""
    return None if words is None else hashlib.sha256(words.encode()).hexdigest()
