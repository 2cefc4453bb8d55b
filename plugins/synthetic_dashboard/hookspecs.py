"""The hook that the dashboard offers to other plugins.

It is called like the kernel's own (see `synthetic.hookspecs`): once, when the
kernel is made, without arguments, and without doing any I/O.
"""

from __future__ import annotations

from synthetic import hookspec
from synthetic_dashboard.contributions import Dashboard


@hookspec
def register_dashboard() -> tuple[Dashboard, ...]:  # pyright: ignore[reportReturnType]
    """Add pages, panels on other pages, and links to entities.

    The modules are served from the folder `dashboard` of the plugin's package
    as they are, to whoever asks: they need no token, so they hold nothing that
    is secret. They run in the browser under the dashboard's content security
    policy (no inline script, no `eval`, no markup made of text), and import
    what they need from `/dashboard/kit.js`, which `docs/dashboard.md` lists.
    What they show they ask `/graphql` for. One that fails takes its own page or
    panel with it and nothing else.

    Returns:
        `Dashboard` records. They are shown by their `order`, then in the load
        order of the plugins. Two plugins with a page at one path, or a link of
        one entity, are a PLUGIN_CLASH at the start; a page or a link that the
        dashboard has itself, and a place or a package that cannot be, a
        PLUGIN_FAILED. A module that is not in the folder is refused with
        NOT_FOUND when the dashboard is first opened.

    Example::

        @hookimpl
        def register_dashboard():
            return (
                Dashboard(
                    package="synthetic_notes",
                    pages=(
                        Page(path="/notes", title="Notes", module="notes.js", group="Store"),
                        Page(path="/notes/:id", title="Note", module="note.js"),
                    ),
                    panels=(Panel(place="construct", title="Notes", module="notes_of_construct.js"),),
                    links=(EntityLink(entity="note", path="/notes/{id}"),),
                ),
            )
    """
