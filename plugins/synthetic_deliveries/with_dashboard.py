"""Deliveries in the dashboard: a page with all targets, and what was sent to them."""

from __future__ import annotations

from synthetic import hookimpl
from synthetic_dashboard.store import Dashboard, EntityLink, Page


@hookimpl
def register_dashboard() -> tuple[Dashboard, ...]:
    """The page, for all targets and for one."""
    return (
        Dashboard(
            package="synthetic_deliveries",
            pages=(
                Page(path="/deliveries", title="Deliveries", module="deliveries.js", group="Attention"),
                Page(path="/deliveries/:target", title="Deliveries to a target", module="deliveries.js"),
            ),
            links=(EntityLink(entity="delivery_target", path="/deliveries/{id}"),),
        ),
    )
