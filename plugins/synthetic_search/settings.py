"""`[plugins.search]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """`[plugins.search]`: what is indexed, and what a search may cost."""

    body_characters: Annotated[
        int,
        Meta(ge=1_000, description="Most characters of a document that are indexed; what comes after them is not."),
    ] = 1_000_000
    part_characters: Annotated[
        int,
        Meta(ge=500, description="A longer document is indexed in parts of about so many characters."),
    ] = 8_000
    title_weight: Annotated[
        float, Meta(ge=0, le=100, description="How much a word in a title counts; in a body it counts 1.")
    ] = 2.0
    scored_matches: Annotated[
        int,
        Meta(
            ge=100,
            le=1_000_000,
            description="Most documents that a search by words gives a score; of more matches, the newest.",
        ),
    ] = 5_000
    query_characters: Annotated[int, Meta(ge=100, le=1_000_000, description="Most characters of a query.")] = 10_000
    results: Annotated[
        int, Meta(ge=10, le=10_000, description="Most hits of a search that can be paged through, the best ones.")
    ] = 1_000
    snippet_characters: Annotated[
        int, Meta(ge=40, le=4_000, description="About how many characters of a document a snippet has.")
    ] = 240
    embedder: Annotated[
        str,
        Meta(
            description="What makes vectors of texts for the search by meaning: learnt, http, sentence_transformers,"
            " model2vec, or one that a plugin brings. Empty: nothing does."
        ),
    ] = "learnt"
    embedder_url: Annotated[
        str, Meta(pattern="^(https?://.+)?$", description="For `http`: where embeddings are asked for.")
    ] = ""
    embedder_model: Annotated[str, Meta(max_length=200, description="For `http`: the model's name there.")] = ""
    embedder_key_variable: Annotated[
        str,
        Meta(
            max_length=200,
            description="For `http`: the variable of the environment that holds the key; empty: there is none.",
        ),
    ] = ""
    embedder_path: Annotated[
        str, Meta(description="For `sentence_transformers` and `model2vec`: the folder of the model.")
    ] = ""
    embedder_document_prefix: Annotated[
        str, Meta(max_length=1_000, description="What the model wants to be put before each text that is stored.")
    ] = ""
    embedder_query_prefix: Annotated[
        str, Meta(max_length=1_000, description="What the model wants to be put before what somebody looks for.")
    ] = ""
    embedder_characters: Annotated[
        int,
        Meta(ge=100, le=1_000_000, description="Most characters of a document, or a part of one, that are embedded."),
    ] = 4_000
    embedder_timeout_ms: Annotated[
        int, Meta(ge=100, le=600_000, description="For `http`: how long it may take to embed a batch of documents.")
    ] = 60_000
    embedder_every_ms: Annotated[
        int, Meta(ge=10, le=600_000, description="How often the embedder looks for new documents while there are none.")
    ] = 2_000
    embedder_learns_from: Annotated[
        int, Meta(ge=100, le=200_000, description="For `learnt`: most documents that it learns from.")
    ] = 20_000
    embedder_learns_at: Annotated[
        int, Meta(ge=2, description="For `learnt`: with fewer documents than this nothing is learnt.")
    ] = 200
    meaning_timeout_ms: Annotated[
        int,
        Meta(ge=10, le=60_000, description="So long a search waits for its vector; then it is by words alone."),
    ] = 1_500
    hybrid_rank_constant: Annotated[
        int,
        Meta(ge=1, le=10_000, description="k of reciprocal rank fusion: the more, the less the first ranks count."),
    ] = 20
    hybrid_words_weight: Annotated[
        float, Meta(ge=0, le=1_000, description="How much the ranks by words count in a hybrid search.")
    ] = 1.0
    hybrid_meaning_weight: Annotated[
        float, Meta(ge=0, le=1_000, description="How much the ranks by meaning count in a hybrid search.")
    ] = 1.0
    saved_searches: Annotated[int, Meta(ge=0, le=10_000, description="Most searches that are saved.")] = 200
    keep_search_hits_ms: Annotated[
        int,
        Meta(
            ge=0,
            description="How long it is kept what a saved search has found; 0: for ever. What was forgotten is found "
            "again when it changes.",
        ),
    ] = 2_592_000_000
