"""What must hold of models and vectors, and no constraint can say."""

from __future__ import annotations

from synthetic import Check

CHECKS = (
    Check(
        name="model_parts",
        purpose="What a learnt model consists of is there from the first piece to the last.",
        sql="SELECT model_key, 'Of the model ' || model_key || ' of search, pieces are missing.'"
        " FROM search_model_parts GROUP BY model_key HAVING max(number) + 1 <> count(*)",
        entity="search_model",
    ),
    Check(
        name="vector_blocks",
        purpose="Every vector of a model is in one of its blocks, so that it can be found.",
        sql="SELECT m.key, 'The model ' || m.key || ' of search has vectors that are in no block.' FROM search_models m"
        " WHERE m.state <> 'RETIRED' AND (SELECT count(*) FROM search_vectors WHERE model_key = m.key)"
        " > (SELECT coalesce(sum(documents), 0) FROM search_vector_blocks WHERE model_key = m.key)",
        entity="search_model",
        effort="full",
    ),
    Check(
        name="vector_sizes",
        purpose="The vectors of a model are of one size.",
        sql="SELECT v.document_id, 'The vector of the document ' || v.document_id || ' of search has '"
        " || length(v.levels) || ' numbers.' FROM search_vectors v JOIN search_models m ON m.key = v.model_key"
        " WHERE m.state <> 'RETIRED' AND length(v.levels) <> length(m.middle) / 4",
        entity="search_document",
        effort="full",
    ),
)
