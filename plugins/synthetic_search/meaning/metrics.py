"""What `/metrics` shows of the search by meaning."""

from __future__ import annotations

from synthetic import MetricReading, Snapshot

COUNTED_MAX = 100_000


def count_unembedded(snapshot: Snapshot) -> int:
    """How many documents the newest model has not embedded yet, up to a bound."""
    through = snapshot.value("SELECT through_id FROM search_models WHERE state <> 'RETIRED' ORDER BY key DESC LIMIT 1")
    if through is None:
        return 0
    sql = f"SELECT count(*) FROM (SELECT 1 FROM search_documents WHERE id > :through LIMIT {COUNTED_MAX})"
    return snapshot.value(sql, {"through": through})


def is_ready(snapshot: Snapshot) -> int:
    """Whether a model answers."""
    return snapshot.value("SELECT count(*) FROM search_models WHERE state = 'READY'")


def count_refused(snapshot: Snapshot) -> int:
    """How many documents the embedders of the models do not accept, up to a bound."""
    sql = f"""
        SELECT count(*) FROM (
            SELECT 1 FROM search_refused r JOIN search_models m ON m.key = r.model_key
            WHERE m.state <> 'RETIRED' LIMIT {COUNTED_MAX}
        )
    """
    return snapshot.value(sql)


METRICS = (
    MetricReading(
        name="synthetic_search_unembedded_documents",
        purpose="Documents that the newest model has not embedded yet; of more than 100000, so many.",
        read=count_unembedded,
    ),
    MetricReading(
        name="synthetic_search_refused_documents",
        purpose="Documents that the embedder does not accept, and that are tried again; of more than 100000, so many.",
        read=count_refused,
    ),
    MetricReading(
        name="synthetic_search_model_ready",
        purpose="1 if a model answers searches by meaning, else 0.",
        read=is_ready,
    ),
)
