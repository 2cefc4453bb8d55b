"""What a request says of the content that it wants: conditions, a range, and the hash of what it sends.

By RFC 9110 (conditional and range requests) and RFC 9530 (digests); pure.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

from synthetic import bad_input

RANGE = re.compile(r"bytes[ \t]*=[ \t]*([0-9]*)[ \t]*-[ \t]*([0-9]*)[ \t]*", re.ASCII | re.IGNORECASE)
TAG = re.compile(r'[ \t]*,*[ \t]*(?P<weak>W/)?"(?P<tag>[^"]*)"[ \t]*')
DIGITS_MAX = 18
"""A longer number is beyond the end of every file."""

SHA256 = re.compile(r"[0-9a-fA-F]{64}")


class ByteRange(NamedTuple):
    """A part of some content.

    Attributes:
        first: Offset of its first byte.
        length: How many bytes it has, at least one.
    """

    first: int
    length: int


class UnsatisfiableRange(Exception):  # noqa: N818 - told to the client in words of its own
    """The content has no byte of the range that is asked for."""


def etag_of(sha256: str) -> str:
    """The strong entity tag of content with this hash."""
    return f'"{sha256}"'


def names_tag(condition: str, sha256: str, *, strongly: bool) -> bool:
    """Whether an If-Match or If-None-Match names the content; what is no list of tags names nothing.

    Args:
        condition: The header.
        sha256: Of the content.
        strongly: Whether tags that are marked as weak count as different.
    """
    if condition.strip() == "*":
        return True
    place = 0
    while (found := TAG.match(condition, place)) is not None:
        if found["tag"] == sha256 and not (strongly and found["weak"]):
            return True
        place = found.end()
    return False


def find_range(header: str | None, if_range: str | None, sha256: str, size_bytes: int) -> ByteRange | None:
    """The part that a GET asks for.

    Args:
        header: Its Range.
        if_range: Its If-Range: the part is wanted only of the content with this tag.
        sha256: Of the content that is there.
        size_bytes: Its length.

    Returns:
        None where the whole is to be sent: there is no such header, it asks for several parts (which a server need not
        send), or in another unit, or is none.

    Raises:
        UnsatisfiableRange: The content has no byte of it.
    """
    if header is None or (if_range is not None and if_range.strip() != etag_of(sha256)):
        return None
    found = RANGE.fullmatch(header.strip())
    if found is None or found[0].rstrip().endswith("=-"):
        return None
    first, last = (_number(text) for text in found.groups())
    if first is None:
        if last is None:
            return None
        length = min(last, size_bytes)
        if not length:
            raise UnsatisfiableRange
        return ByteRange(size_bytes - length, length)
    if last is not None and last < first:
        return None
    if first >= size_bytes:
        raise UnsatisfiableRange
    end = size_bytes if last is None else min(last + 1, size_bytes)
    return ByteRange(first, end - first)


def announced_sha256(query: str | None, repr_digest: str | None, content_digest: str | None) -> str | None:
    """The hash that a sender says its content has, in hexadecimal digits.

    Args:
        query: The parameter `sha256`, in hexadecimal digits.
        repr_digest: The header Repr-Digest; of its hashes, `sha-256` counts.
        content_digest: The header Content-Digest; likewise.

    Raises:
        BadUserInputError: One of them is no hash, or they differ.
    """
    found: set[str] = set()
    if query is not None:
        if not SHA256.fullmatch(query):
            raise bad_input("sha256", "must be 64 hexadecimal digits")
        found.add(query.lower())
    for name, header in (("Repr-Digest", repr_digest), ("Content-Digest", content_digest)):
        digest = None if header is None else _sha256_of(name, header)
        if digest is not None:
            found.add(digest)
    if len(found) > 1:
        raise bad_input("sha256", "must be the same wherever the request names it")
    return next(iter(found), None)


def repr_digest_of(sha256: str) -> str:
    """The header Repr-Digest of content with this hash."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"


def _number(text: str) -> int | None:
    if not text:
        return None
    return int(text) if len(text) <= DIGITS_MAX else 10**DIGITS_MAX


def _sha256_of(name: str, header: str) -> str | None:
    for member in header.split(","):
        algorithm, _, value = member.strip().partition("=")
        if algorithm.strip().lower() != "sha-256":
            continue
        value = value.strip()
        try:
            digest = base64.b64decode(value[1:-1], validate=True)
        except (binascii.Error, ValueError):
            digest = b""
        if len(digest) != 32 or value[:1] + value[-1:] != "::":
            raise bad_input(name, "must have the form sha-256=:BASE64:")
        return digest.hex()
    return None
