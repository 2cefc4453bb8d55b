"""What the plugin gives to the kernel: a table of contents."""

from __future__ import annotations

from synthetic import GraphQL, Plugin, Route, Settings, hookimpl
from synthetic_dashboard.query import dashboard
from synthetic_dashboard.routes import ROUTES
from synthetic_dashboard.settings import DashboardSettings


@hookimpl
def register_plugin() -> Plugin:
    """Who this is."""
    return Plugin(
        summary="Shows the store in the browser, live, with the button that mends each failure.",
        hooks="synthetic_dashboard.hookspecs",
    )


@hookimpl
def register_settings() -> tuple[Settings, ...]:
    """`[plugins.dashboard]`."""
    return (Settings(DashboardSettings),)


@hookimpl
def register_routes() -> tuple[Route, ...]:
    """The page and its files."""
    return ROUTES


@hookimpl
def register_graphql() -> tuple[GraphQL, ...]:
    """The root field `dashboard`."""
    return (GraphQL(queries=(dashboard,)),)
