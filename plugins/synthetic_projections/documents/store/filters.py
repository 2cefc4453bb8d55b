"""What a filter on documents is in SQL (see `selecting.py`), and the way from constructs to the plans they follow."""

from __future__ import annotations

from dataclasses import replace

from synthetic import Selection, Snapshot, check_text
from synthetic_constructs.store import RelationshipDirection, RelationshipKind, select_linked_constructs
from synthetic_projections.documents.model import PLAN, Criteria
from synthetic_projections.selecting import Condition, Span, select_rows

TEXT_CHARACTERS_MAX = 200
"""Longest text that is looked for."""

UNINDEXED_FILTER = "UNINDEXED_FILTER"
"""Code of the notice that a filter reads rows only to leave them out."""

_NARROWEST_FIRST = (
    Condition("id", "ids", "ids"),
    Condition("construct_id", "construct_id", "constructId"),
    Condition("story_id", "story_id", "storyId"),
    Condition("project_id", "project_id", "projectId"),
    Condition("kind", "kinds", "kind"),
    Condition("status", "statuses", "status"),
)


def select_documents(snapshot: Snapshot, criteria: Criteria, *, each: str | None = None) -> Selection:
    """The documents that meet the criteria.

    Args:
        snapshot: To mention in what no index serves.
        criteria: What is asked for.
        each: A column that names their parent, for `pages`.

    Raises:
        BadUserInputError: A value in the criteria is not acceptable, or they are too many.
    """
    span = Span("updated_at", criteria.updated_from, criteria.updated_before)
    selection = select_rows("documents", _NARROWEST_FIRST, criteria, span, each=each)
    if criteria.text is None:
        return selection
    check_text(criteria.text, "filter.text", characters_min=1, characters_max=TEXT_CHARACTERS_MAX)
    snapshot.notice(
        UNINDEXED_FILTER, "`text` is looked for in the title of every document that the rest of the filter leaves."
    )
    escaped = criteria.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return replace(
        selection,
        where=[*selection.where, "title LIKE :title_pattern ESCAPE '\\'"],
        params={**selection.params, "title_pattern": f"%{escaped}%"},
    )


def select_plans() -> Selection:
    """For each construct the plans of those that it carries out, for `pages`; `linked_at` is when it was said so."""
    links = select_linked_constructs(RelationshipKind.PLAN_TO_IMPLEMENTATION, RelationshipDirection.INCOMING)
    return Selection(
        f"(SELECT near_id, linked_at, id AS plan_construct_id FROM {links.source}) CROSS JOIN documents"
        " ON documents.construct_id = plan_construct_id AND documents.kind = :plan",
        list(links.where),
        {**links.params, "plan": PLAN},
        keys=("near_id", "id"),
    )
