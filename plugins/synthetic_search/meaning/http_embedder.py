"""The embedder that asks an endpoint over HTTP, in the form of OpenAI's `POST /v1/embeddings`.

Many local servers understand it (llama.cpp, Ollama, vLLM, LM Studio, text
embeddings inference), and so do most that are paid for. The key is taken from
the environment, and never written to the store or the log.
"""

from __future__ import annotations

import logging
import math
import os
import weakref
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

import httpcore
import httpx
import msgspec

from synthetic import SettingsLookup, from_json, to_json
from synthetic_search.meaning.embedders import BATCH_MAX, DIMENSION_MAX, EmbeddedQuery
from synthetic_search.meaning.errors import EmbedderError, EmbedderRefusedError
from synthetic_search.meaning.posting import Poster, TooLargeError
from synthetic_search.settings import SearchSettings

ANSWER_BYTES = 65_536
NUMBER_BYTES = 32
"""An answer may have so many bytes, and so many for each number of a vector that was asked for."""

EXCERPT_CHARACTERS = 300

REFUSALS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY})
"""What a text that is too long, or that a server cannot read, is answered with."""

# Whatever the level of the log is: what libraries of HTTP tell of requests may name what is secret.
for _library in ("httpx", "httpcore"):
    logging.getLogger(_library).setLevel(logging.WARNING)


class _Vector(msgspec.Struct):
    embedding: Annotated[list[float], msgspec.Meta(max_length=DIMENSION_MAX)]
    index: Annotated[int, msgspec.Meta(ge=0)]


class _Vectors(msgspec.Struct):
    data: Annotated[list[_Vector], msgspec.Meta(max_length=BATCH_MAX)]


_DECODER = msgspec.json.Decoder(_Vectors)


class HttpEmbedder:
    """Asks an endpoint."""

    def __init__(self, settings: SearchSettings, *, model: str, document_prefix: str, query_prefix: str) -> None:
        """Make it; it connects with the first request.

        Args:
            settings: Endpoint, key and time-outs.
            model: Its name at the endpoint.
            document_prefix: Put before each text that is stored.
            query_prefix: Put before what somebody looks for.

        Raises:
            EmbedderError: The settings name no endpoint, or a variable that holds no key.
        """
        self._url = _read_url(settings)
        self._key = _read_key(settings.embedder_key_variable)
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key:
            self._headers["Authorization"] = f"Bearer {self._key}"
        self._settings = settings
        self._model = model
        self._document_prefix = document_prefix
        self._query_prefix = query_prefix
        self._poster = Poster()
        # One that was replaced may still be asked by a query: it is closed when nobody has it any more.
        self._closing = weakref.finalize(self, self._poster.close)

    def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text.

        Raises:
            EmbedderRefusedError: The endpoint does not accept one of the texts.
            EmbedderError: It does not answer, or with something else.
        """
        return self._embed([self._document_prefix + text for text in texts], self._settings.embedder_timeout_ms)

    def embed_query(self, text: str) -> EmbeddedQuery:
        """The vector of what somebody looks for.

        Raises:
            EmbedderError: As for documents.
        """
        return EmbeddedQuery(self._embed([self._query_prefix + text], self._settings.meaning_timeout_ms)[0])

    def close(self) -> None:
        """Close the connections."""
        self._closing()

    def _embed(self, texts: Sequence[str], timeout_ms: int) -> list[list[float]]:
        # Some servers refuse an empty text; a space means as little.
        body = {"model": self._model, "input": [text or " " for text in texts]}
        try:
            answer = self._poster.post(
                self._url,
                self._headers,
                msgspec.json.encode(body),
                timeout_ms=timeout_ms,
                bytes_max=ANSWER_BYTES + len(texts) * DIMENSION_MAX * NUMBER_BYTES,
            )
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            # What a library says of a request may have its headers in it, and so the key.
            raise EmbedderError(f"The embedder's endpoint did not answer: {type(error).__name__}.") from None
        except TooLargeError:
            raise EmbedderError("The embedder's endpoint answered with more than it should.") from None
        if answer.status != HTTPStatus.OK:
            raise self._refusal(answer.status, answer.content)
        return _vectors_of(answer.content, len(texts))

    def _refusal(self, status: int, content: bytes) -> EmbedderError:
        kind = EmbedderRefusedError if status in REFUSALS else EmbedderError
        said = content.decode(errors="replace")
        if self._key:
            said = said.replace(self._key, "[key]")
        details = {"status": status, "body": said[:EXCERPT_CHARACTERS]}
        return kind(f"The embedder's endpoint answered with {status}.", details=details)


def identify_http(lookup: SettingsLookup) -> str:
    """The model's name at the endpoint, and what texts are prefixed with, as JSON."""
    settings = lookup(SearchSettings)
    return to_json(
        {
            "model": settings.embedder_model,
            "document_prefix": settings.embedder_document_prefix,
            "query_prefix": settings.embedder_query_prefix,
        }
    )


def open_http(lookup: SettingsLookup, model: str, _fitted: bytes) -> HttpEmbedder:
    """Make the embedder of a model, at the endpoint of the settings."""
    return HttpEmbedder(lookup(SearchSettings), **from_json(model))


def _read_url(settings: SearchSettings) -> httpx.URL:
    """Where embeddings are asked for.

    Raises:
        EmbedderError: The setting is empty, no URL, or has a name or password in it.
    """
    if not settings.embedder_url:
        raise EmbedderError("The embedder `http` has no endpoint.", action="Set `embedder_url` in [plugins.search].")
    try:
        url = httpx.URL(settings.embedder_url)
    except (httpx.InvalidURL, UnicodeError):
        url = httpx.URL()
    if not url.host:
        raise EmbedderError("`embedder_url` is no URL.", action="Set `embedder_url` in [plugins.search].")
    if url.userinfo:
        raise EmbedderError(
            "`embedder_url` has a name or a password in it, and settings are shown.",
            action="Take it out; `embedder_key_variable` names the variable of the environment that holds a key.",
        )
    return url


def _read_key(variable: str) -> str:
    """The key that a variable of the environment holds; empty without a variable.

    Raises:
        EmbedderError: It holds none, or what no header can hold.
    """
    if not variable:
        return ""
    key = os.environ.get(variable, "").strip()
    if not key:
        raise EmbedderError(
            f"The environment has no {variable}, which should hold the embedder's key.",
            action="Start the server with it, or clear `embedder_key_variable` in [plugins.search].",
        )
    if not (key.isascii() and key.isprintable()):
        raise EmbedderError(
            f"What {variable} holds is no key: it has other characters than printable ones of ASCII.",
            action=f"Start the server with a {variable} that has the key alone.",
        )
    return key


def _vectors_of(content: bytes, count: int) -> list[list[float]]:
    try:
        found = sorted(_DECODER.decode(content).data, key=lambda each: each.index)
    except msgspec.DecodeError as error:
        raise EmbedderError(
            "The embedder's endpoint answered with something else than vectors.", details={"reason": str(error)}
        ) from error
    if [each.index for each in found] != list(range(count)):
        raise EmbedderError(f"The embedder's endpoint answered with {len(found)} vectors for {count} texts.")
    vectors = [each.embedding for each in found]
    sizes = {len(vector) for vector in vectors}
    if len(sizes) != 1 or 0 in sizes or not all(math.isfinite(sum(vector)) for vector in vectors):
        raise EmbedderError("The embedder's endpoint answered with vectors that cannot be compared.")
    return vectors
