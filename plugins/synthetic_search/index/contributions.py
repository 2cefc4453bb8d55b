"""What this theme gives to the kernel: a table of contents."""

from __future__ import annotations

from synthetic import Reference, Table, Travel
from synthetic_search.index.checks import CHECKS
from synthetic_search.index.indexing import INDEXER
from synthetic_search.index.metrics import METRICS
from synthetic_search.index.pending import MIRROR
from synthetic_search.theme import Theme

DERIVED = "Made from what other tables hold, and goes with it."

STAYS = Travel(stays="Each store indexes what it holds.")

THEME = Theme(
    tables=(
        Table(
            name="search_entities",
            purpose="Entities that are indexed.",
            key=("key",),
            kept=DERIVED,
            travel=STAYS,
            is_made_anew=True,
        ),
        Table(
            name="search_groups",
            purpose="What documents have in common: kind, construct, session, status and facets.",
            key=("key",),
            kept=DERIVED,
            travel=STAYS,
            is_made_anew=True,
        ),
        Table(
            name="search_values",
            purpose="The numbers by which the index of words knows values to filter by.",
            key=("key",),
            kept="One row for each construct, session, status, facet and so on that documents have; goes with them.",
            travel=STAYS,
            is_made_anew=True,
        ),
        Table(
            name="search_documents",
            purpose="Documents, or parts of long ones, and where their text stands.",
            key=("id",),
            references=(
                Reference(column="entity_key", table="search_entities", target="key"),
                Reference(column="group_key", table="search_groups", target="key", on_delete="refuse"),
            ),
            kept=DERIVED,
            travel=STAYS,
            is_made_anew=True,
        ),
        Table(
            name="search_pending",
            purpose="Entities that have changed and are to be indexed.",
            key=("kind", "entity_id"),
            kept="Goes as it is worked off.",
            travel=STAYS,
            is_made_anew=True,
        ),
        Table(
            name="search_text",
            purpose="Which words stand where: an index of full text that holds no text.",
            key=("rowid",),
            kept=DERIVED,
            travel=STAYS,
            is_made_anew=True,
        ),
        Table(
            name="search_words",
            purpose="The words of the index, as a view of it.",
            key=("term",),
            kept=DERIVED,
            travel=STAYS,
            is_made_anew=True,
        ),
    ),
    consumers=(MIRROR,),
    services=(INDEXER,),
    checks=CHECKS,
    metrics=METRICS,
)
