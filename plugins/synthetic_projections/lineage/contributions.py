"""What this theme gives to the kernel: a table of contents."""

from __future__ import annotations

from synthetic import GraphQL, Table
from synthetic_projections.lineage import query, subscription
from synthetic_projections.lineage.folds import TIMELINE
from synthetic_projections.theme import Theme

THEME = Theme(
    tables=(
        Table(
            name="timeline_mentions",
            purpose="Which events of other constructs, or of none, name a construct.",
            key=("construct_id", "occurred_at", "position"),
            kept="A few rows a construct; they go with the construct, or when the event has left the log. What names it"
            " once it has gone stays until then.",
        ),
    ),
    graphql=(GraphQL(queries=(query.timeline,), subscriptions=(subscription.timeline_updates,)),),
    consumers=(TIMELINE,),
)
