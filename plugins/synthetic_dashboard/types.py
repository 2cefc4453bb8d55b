"""What other plugins have added to the dashboard, as its page asks for it."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry


@strawberry.type(description="A page that a plugin adds to the dashboard.")
class DashboardPage:
    """A page of another plugin."""

    path: str = strawberry.field(description="What follows the # of its address; parameters begin with a colon.")
    title: str = strawberry.field(description="What the navigation calls it.")
    module: str = strawberry.field(description="Address of the ES module whose default export shows it.")
    group: str | None = strawberry.field(description="Its heading in the navigation; null: it is not there.")
    order: int = strawberry.field(description="Its place in the group: a lower one comes first.")
    package: str = strawberry.field(description="The package of the plugin.")


@strawberry.type(description="A part of a page that a plugin adds to the dashboard.")
class DashboardPanel:
    """A panel of another plugin."""

    place: str = strawberry.field(description="The page that it is a part of.")
    title: str = strawberry.field(description="Its heading.")
    module: str = strawberry.field(description="Address of the ES module whose default export shows it.")
    order: int = strawberry.field(description="Its place on the page: a lower one comes first.")
    package: str = strawberry.field(description="The package of the plugin.")


@strawberry.type(description="Where the dashboard shows entities of a type.")
class DashboardEntityLink:
    """A link to entities of another plugin."""

    entity_type: str = strawberry.field(description="The type, as events have it.")
    path: str = strawberry.field(description="The path of a page, with {id} in the place of the entity's id.")


@strawberry.type(description="What plugins add to the dashboard.")
class DashboardAdditions:
    """Answer of `dashboard`."""

    pages: list[DashboardPage] = strawberry.field(description="Pages, by their order.")
    panels: list[DashboardPanel] = strawberry.field(description="Parts of pages, by their order.")
    entity_links: list[DashboardEntityLink] = strawberry.field(description="Where entities are shown.")
