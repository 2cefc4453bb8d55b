"""What this theme gives to the kernel: a table of contents."""

from __future__ import annotations

from synthetic import ErrorCode, Reference, Service, Table, Travel
from synthetic_search.meaning import errors, services
from synthetic_search.meaning.checks import CHECKS
from synthetic_search.meaning.metrics import METRICS
from synthetic_search.theme import Theme

_OF_A_MODEL = (Reference(column="model_key", table="search_models", target="key", on_delete="refuse"),)

STAYS = Travel(stays="Each store makes vectors of what it holds.")

THEME = Theme(
    tables=(
        Table(
            name="search_models",
            purpose="Models by which documents are found by what they mean.",
            key=("key",),
            kept="One or two; what was replaced is deleted.",
            travel=STAYS,
            is_made_anew=True,
        ),
        Table(
            name="search_model_parts",
            purpose="What a model consists of that was learnt from the store.",
            key=("model_key", "number"),
            references=_OF_A_MODEL,
            kept="Some megabytes for each model, and goes with it.",
            travel=STAYS,
            is_made_anew=True,
        ),
        Table(
            name="search_vectors",
            purpose="A vector for each document, or part of a long one.",
            key=("model_key", "document_id"),
            references=_OF_A_MODEL,
            kept="Made from documents, and goes after them.",
            travel=STAYS,
            is_made_anew=True,
        ),
        Table(
            name="search_vector_blocks",
            purpose="The same vectors in bits, many side by side.",
            key=("model_key", "number"),
            references=_OF_A_MODEL,
            kept="As the vectors.",
            travel=STAYS,
            is_made_anew=True,
        ),
        Table(
            name="search_refused",
            purpose="Documents whose texts the embedder of a model does not accept.",
            key=("model_key", "document_id"),
            references=_OF_A_MODEL,
            kept="Until the document is embedded or has gone, or the model goes.",
            travel=STAYS,
            is_made_anew=True,
        ),
    ),
    errors=tuple(
        ErrorCode(error) for error in (errors.EmbedderError, errors.EmbedderRefusedError, errors.EmbedderUnknownError)
    ),
    services=(
        Service(
            name="embed",
            purpose="Makes vectors of documents, for the search by meaning.",
            opens=services.embedding,
            every_setting="embedder_every_ms",
        ),
    ),
    checks=CHECKS,
    metrics=METRICS,
)
