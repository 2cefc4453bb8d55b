"""What clients send in: the filter of a search."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import strawberry

from synthetic import DateTime, bad_input, check_id
from synthetic_search.index.filters import Filters

VALUES_MAX = 500
"""Most values of one condition."""

FACETS_MAX = 8
"""Most facets that a filter may name."""


@strawberry.input(description="A facet, and the values that it may have.")
class SearchFacetFilter:
    """A condition on a facet."""

    name: str = strawberry.field(description="The facet: `type`, `project`, `role`, or another that a kind has.")
    values: list[str] = strawberry.field(description="Its value is one of these.")


@strawberry.input(description="Which documents are meant, whatever they say. All that is said here must hold.")
class SearchFilter:
    """The filter of `search`."""

    kinds: list[str] | None = strawberry.field(default=None, description="The kind is one of these: MESSAGE, JOB.")
    construct_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="It belongs to one of these constructs."
    )
    session_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="It belongs to one of these sessions."
    )
    statuses: list[str] | None = strawberry.field(default=None, description="The status is one of these.")
    facets: list[SearchFacetFilter] | None = strawberry.field(default=None, description="By facets.")
    occurred_from: DateTime | None = strawberry.field(default=None, description="It happened at this instant or later.")
    occurred_before: DateTime | None = strawberry.field(default=None, description="It happened before this instant.")

    def filters(self, kinds: Collection[str]) -> Filters:
        """What it says.

        Args:
            kinds: The kinds that there are.

        Raises:
            BadUserInputError: A value is not acceptable, or they are too many.
        """
        unknown = sorted(set(self.kinds or ()) - set(kinds))
        if unknown:
            raise bad_input("filter.kinds", f"must be of {', '.join(sorted(kinds))}, not {unknown[0][:100]}")
        return Filters(
            kinds=_values(self.kinds, "filter.kinds"),
            construct_ids=_values(self.construct_ids, "filter.constructIds"),
            session_ids=_values(self.session_ids, "filter.sessionIds"),
            statuses=_values(self.statuses, "filter.statuses"),
            facets=_facets(self.facets or ()),
            occurred_from=self.occurred_from,
            occurred_before=self.occurred_before,
        )


def filters_as_json(filters: Filters) -> dict[str, Any]:
    """What a filter says, as JSON that `filters_from_json` reads; what says nothing is left out."""
    names = ("kinds", "construct_ids", "session_ids", "statuses", "facets", "occurred_from", "occurred_before")
    said = {name: getattr(filters, name) for name in names}
    # An empty list of kinds says that there are none, and 0 is an instant: only None and no facets say nothing.
    return {name: value for name, value in said.items() if value is not None and value != {}}


def filters_from_json(stored: Mapping[str, Any]) -> Filters:
    """The filter that was stored."""
    read = {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
    facets = {name: tuple(values) for name, values in stored.get("facets", {}).items()}
    return Filters(**{**read, "facets": facets})


def _values(values: Sequence[str] | None, field: str) -> tuple[str, ...] | None:
    if values is None:
        return None
    if len(values) > VALUES_MAX:
        raise bad_input(field, f"must hold at most {VALUES_MAX} values")
    return tuple(sorted({check_id(str(value), field) for value in values}))


def _facets(conditions: Sequence[SearchFacetFilter]) -> dict[str, tuple[str, ...]]:
    if len(conditions) > FACETS_MAX:
        raise bad_input("filter.facets", f"must name at most {FACETS_MAX} facets")
    found: dict[str, tuple[str, ...]] = {}
    for condition in conditions:
        name = check_id(condition.name, "filter.facets.name")
        if name in found:
            raise bad_input("filter.facets.name", f"names {name} twice")
        found[name] = _values(condition.values, "filter.facets.values") or ()
    return found
