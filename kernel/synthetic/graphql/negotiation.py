"""What a client sends and what it accepts: `Content-Type`, `Content-Encoding` and `Accept`.

The rules are those of GraphQL over HTTP: bodies are JSON in UTF-8; answers are
`application/graphql-response+json` for those who ask for it, and
`application/json` for everybody else, also for those who accept anything. Who
names `text/event-stream` gets one for a subscription, and for every operation
where it is liked best.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from synthetic.errors import UnsupportedMediaTypeError

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"
HTML = "text/html"
EVENT_STREAM = "text/event-stream"

UTF_8 = frozenset({"utf-8", "utf8"})


class MediaRange(NamedTuple):
    """One element of an `Accept` header.

    Attributes:
        media_type: `type/subtype`, in lower case; either may be `*`.
        quality: From 0 (not wanted) to 1.
    """

    media_type: str
    quality: float

    def precision(self, media_type: str) -> int:
        """How closely it names a media type: 3 exactly, 2 its main type, 1 anything, 0 something else."""
        if self.media_type == media_type:
            return 3
        if self.media_type == media_type.partition("/")[0] + "/*":
            return 2
        return int(self.media_type == "*/*")


class Wishes(NamedTuple):
    """What an `Accept` header comes to.

    Attributes:
        media_type: Of an answer that is no stream; None where the client accepts neither of the two.
        takes_stream: See `takes_stream`.
        wants_stream: See `wants_stream`.
        wants_page: Whether a page is liked best.
    """

    media_type: str | None
    takes_stream: bool
    wants_stream: bool
    wants_page: bool


@lru_cache(maxsize=256)
def wishes_of(accept: str | None) -> Wishes:
    """All that is asked of an `Accept` header, at once: a client sends the same one with each request."""
    return Wishes(
        media_type=preferred(accept, (GRAPHQL_RESPONSE, JSON)) if accept and accept.strip() else JSON,
        takes_stream=takes_stream(accept),
        wants_stream=wants_stream(accept),
        wants_page=accept is not None
        and HTML in accept.lower()
        and preferred(accept, (HTML, GRAPHQL_RESPONSE, JSON)) == HTML,
    )


def check_json_content(content_type: str | None, content_encoding: str | None) -> None:
    """Refuse a body that is anything but plain JSON in UTF-8.

    This is also what closes cross-site requests: no form and no script without
    the server's leave can send this type from another site.

    Raises:
        UnsupportedMediaTypeError: The type, the charset or the encoding is another.
    """
    if content_encoding is not None and content_encoding.strip().lower() not in ("", "identity"):
        raise UnsupportedMediaTypeError("The request body is compressed; this path takes it as it is.")
    if content_type is None:
        raise UnsupportedMediaTypeError("The request has no Content-Type.")
    if not _is_json(content_type):
        raise UnsupportedMediaTypeError


@lru_cache(maxsize=64)
def _is_json(content_type: str) -> bool:
    media_type, _, parameters = content_type.partition(";")
    charsets = [
        value.strip().strip('"').lower()
        for name, _, value in (parameter.partition("=") for parameter in parameters.split(";"))
        if name.strip().lower() == "charset"
    ]
    return media_type.strip().lower() == JSON and all(charset in UTF_8 for charset in charsets)


def takes_stream(accept: str | None) -> bool:
    """Whether the client names event streams among what it accepts: a subscription may be answered with one."""
    return accept is not None and EVENT_STREAM in accept.lower() and preferred(accept, (EVENT_STREAM,)) is not None


def wants_stream(accept: str | None) -> bool:
    """Whether the client likes an event stream better than any other answer."""
    return takes_stream(accept) and preferred(accept or "", (GRAPHQL_RESPONSE, JSON, EVENT_STREAM)) == EVENT_STREAM


@lru_cache(maxsize=256)
def preferred(accept: str, offered: tuple[str, ...]) -> str | None:
    """The offered media type that a client likes best.

    The range that names a type most closely says how much it is liked
    (RFC 9110, 12.5.1). Of those liked equally, the one that is named more
    closely wins, then `application/json` where none is named exactly, then the
    first one offered.

    Args:
        accept: The `Accept` header.
        offered: Media types, those to prefer first.

    Returns:
        One of them; None when the client accepts none.
    """
    ranges = _ranges(accept)
    best: tuple[float, int, bool] = (0.0, 0, False)
    chosen = None
    for media_type in offered:
        precision, quality = max(
            ((range_.precision(media_type), range_.quality) for range_ in ranges), default=(0, 0.0)
        )
        rank = (quality, precision, precision < 3 and media_type == JSON)
        if precision and quality > 0 and rank > best:
            best, chosen = rank, media_type
    return chosen


def _ranges(accept: str) -> list[MediaRange]:
    ranges: list[MediaRange] = []
    for element in accept.split(","):
        media_type, *parameters = element.split(";")
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "q":
                quality = _quality(value.strip())
        if media_type.strip():
            ranges.append(MediaRange(media_type.strip().lower(), quality))
    return ranges


def _quality(value: str) -> float:
    """A q-value; what is none counts as 1, as if it were not there."""
    try:
        quality = float(value)
    except ValueError:
        return 1.0
    return quality if 0 <= quality <= 1 else 1.0
