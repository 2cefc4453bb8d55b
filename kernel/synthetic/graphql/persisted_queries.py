"""Automatic persisted queries: a document is sent once, and then named by the SHA-256 of its text.

The protocol is Apollo's. A request carries `extensions.persistedQuery`, which
is `{"version": 1, "sha256Hash": ...}`. With `query` beside it, the hash must be
that of the text. Without, the text is one that this process keeps; where it
keeps none, the client is told so and sends the text along.

Texts are kept by `synthetic.graphql.documents`, which keeps only documents
that are valid, and no more of them than it has room for. So nothing can be
filled with what is no document, and the least recently used goes first.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, cast

from synthetic.errors import BadUserInputError
from synthetic.graphql.errors import PersistedQueryNotFoundError

EXTENSION = "persistedQuery"
"""Its name in `extensions`."""

VERSION = 1
"""The only version that the protocol has."""

NOT_FOUND = "PersistedQueryNotFound"
"""Clients compare the message with this, some of them without a look at the code."""

SHA256_HASH = re.compile(r"[0-9a-f]{64}")


class PersistedQueries:
    """The texts of the documents that are kept, found by their hashes.

    Who keeps the documents says which; it may do so from one thread at a time,
    and any thread may look for a text meanwhile.
    """

    def __init__(self, document_bytes: int) -> None:
        """Make it.

        Args:
            document_bytes: Characters of the longest text worth hashing; a longer one is refused in any case.
        """
        self._document_bytes = document_bytes
        self._texts: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._texts)

    def keep(self, text: str) -> None:
        """From now on this text is found by its hash."""
        self._texts[hash_of(text)] = text

    def forget(self, text: str) -> None:
        """From now on it is not; it must be one that is kept."""
        del self._texts[hash_of(text)]

    def text_of(self, query: str, extensions: Mapping[str, Any]) -> str:
        """The document that a request asks for, by its text or by its hash.

        Args:
            query: The text as it came; empty where only the hash was sent.
            extensions: Those of the request.

        Raises:
            PersistedQueryNotFoundError: Only the hash was sent, and no kept document has it.
            BadUserInputError: What the extension says is malformed, of another
                version, or not the hash of the text.
        """
        given = extensions.get(EXTENSION)
        if given is None:
            return query
        sha256 = _hash_in(given)
        if not query:
            text = self._texts.get(sha256)
            if text is None:
                raise PersistedQueryNotFoundError(NOT_FOUND)
            return text
        if len(query) <= self._document_bytes and hash_of(query) != sha256:
            raise BadUserInputError(
                "`extensions.persistedQuery.sha256Hash` is not the hash of `query`.",
                action="Send the SHA-256 of the document as it stands in `query`, in UTF-8.",
                details={"field": "extensions.persistedQuery.sha256Hash"},
            )
        return query


def hash_of(text: str) -> str:
    """The SHA-256 of a text in UTF-8, in lower-case hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _hash_in(given: object) -> str:
    if not isinstance(given, dict):
        raise _refusal("must be an object", EXTENSION)
    persisted = cast("dict[str, Any]", given)
    version = persisted.get("version")
    if isinstance(version, bool) or version != VERSION:
        raise _refusal(f"must be {VERSION}", f"{EXTENSION}.version")
    sha256 = persisted.get("sha256Hash")
    if not isinstance(sha256, str) or not SHA256_HASH.fullmatch(sha256):
        raise _refusal("must be a SHA-256 in 64 lower-case hexadecimal digits", f"{EXTENSION}.sha256Hash")
    return sha256


def _refusal(problem: str, name: str) -> BadUserInputError:
    field = f"extensions.{name}"
    return BadUserInputError(f"`{field}` {problem}.", details={"field": field})
