"""What embedders raise. A search answers without them: it is by words alone then, and says so."""

from __future__ import annotations

from synthetic import SyntheticError


class EmbedderError(SyntheticError):
    """The embedder could not make vectors of texts."""

    code = "SEARCH_EMBEDDER_FAILED"
    recoverable = True
    action = "Look at the settings of search whose names begin with `embedder`, and whether the service runs."


class EmbedderRefusedError(EmbedderError):
    """The embedder does not accept one of the texts."""

    code = "SEARCH_TEXT_REFUSED"
    recoverable = False
    action = "The document is found by its words. Lower `embedder_characters`, if texts are too long for the model."


class EmbedderUnknownError(SyntheticError):
    """The settings name an embedder that no loaded plugin brings."""

    code = "SEARCH_EMBEDDER_UNKNOWN"
    recoverable = False
    action = "Name one of those in the message with `embedder` in [plugins.search], or none."
