"""`EncodedFile`: a file and its compressed forms, each made when it is first asked for."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import zstandard

SHORTEST_BYTES = 512
"""What is shorter than this fits in one packet either way."""


def _zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=16).compress(content)


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


ENCODINGS: Mapping[str, Callable[[bytes], bytes]] = {"zstd": _zstd, "gzip": _gzip}
"""By the names of HTTP (RFC 9110, 8.4.1; RFC 8878), the better one first. They take some milliseconds, once."""


@dataclass(slots=True)
class EncodedFile:
    """A file as it is served.

    Attributes:
        content: Its bytes.
        media_type: For `Content-Type`.
        entity_tag: Changes with the content.
    """

    content: bytes
    media_type: str
    entity_tag: str = field(init=False)
    _encoded: dict[str, bytes] = field(init=False, default_factory=dict[str, bytes])

    def __post_init__(self) -> None:
        self.entity_tag = f'W/"{hashlib.sha256(self.content).hexdigest()[:32]}"'

    def has(self, encoding: str) -> bool:
        """Whether it was compressed like this before, so that asking again takes no time."""
        return encoding == "identity" or encoding in self._encoded

    def encoded(self, encoding: str) -> bytes:
        """Its bytes in an encoding: `identity`, or one of `ENCODINGS`."""
        if encoding == "identity":
            return self.content
        found = self._encoded.get(encoding)
        if found is None:
            found = self._encoded[encoding] = ENCODINGS[encoding](self.content)
        return found

    def choose(self, accepted: str) -> str:
        """The encoding for a client, by its header `Accept-Encoding` (RFC 9110, 12.5.3)."""
        if len(self.content) < SHORTEST_BYTES:
            return "identity"
        weights = dict(_weighed(part) for part in accepted.lower().split(","))
        return next((name for name in ENCODINGS if weights.get(name, weights.get("*", 0.0)) > 0), "identity")


def _weighed(part: str) -> tuple[str, float]:
    name, _, parameter = part.partition(";")
    key, _, weight = parameter.strip().partition("=")
    try:
        return name.strip(), float(weight) if key.strip() == "q" else 1.0
    except ValueError:
        return name.strip(), 0.0
