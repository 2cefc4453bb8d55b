"""What this theme gives to the kernel: a table of contents."""

from __future__ import annotations

from synthetic import ErrorCode, GraphQL, Reference, RetentionRule, Table, Travel
from synthetic_search.saved import mutation, query, subscription
from synthetic_search.saved.errors import SavedSearchLimitError
from synthetic_search.saved.events import EVENTS, SEARCH_DELETED
from synthetic_search.saved.services import SERVICES
from synthetic_search.saved.types import SavedSearch, find_saved_search_nodes
from synthetic_search.theme import Theme

STAYS = Travel(stays="They go by places in the index of this store.")

THEME = Theme(
    tables=(
        Table(
            name="saved_searches",
            purpose="Searches that are kept, to hear of what they come to find.",
            deleted=SEARCH_DELETED,
            kept="People save and delete them; `saved_searches` in the settings bounds how many.",
            travel=STAYS,
        ),
        Table(
            name="saved_search_hits",
            purpose="What saved searches have found.",
            key=("key",),
            references=(Reference(column="search_id", table="saved_searches"),),
            travel=STAYS,
        ),
    ),
    events=EVENTS,
    errors=(ErrorCode(SavedSearchLimitError),),
    graphql=(
        GraphQL(
            queries=(query.saved_search, query.saved_searches),
            mutations=(mutation.save_search, mutation.delete_search),
            subscriptions=(subscription.saved_search_hits,),
            nodes={SavedSearch: find_saved_search_nodes},
        ),
    ),
    retention=(
        RetentionRule(
            name="saved_search_hits",
            purpose="Forgets what saved searches have found.",
            table="saved_search_hits",
            age_column="hit_at",
            keep_setting="keep_search_hits_ms",
        ),
    ),
    services=SERVICES,
)
