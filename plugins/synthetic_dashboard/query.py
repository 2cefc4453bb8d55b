"""The root field `dashboard`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from synthetic import Snapshot, query
from synthetic_dashboard.contributions import Dashboard
from synthetic_dashboard.site import SiteKeeper
from synthetic_dashboard.types import DashboardAdditions, DashboardEntityLink, DashboardPage, DashboardPanel


@query
def dashboard(snapshot: Snapshot) -> DashboardAdditions:
    """What plugins add to the dashboard, for its page."""
    site = snapshot.resource(SiteKeeper).site(snapshot.contributed(Dashboard))
    pages = [
        DashboardPage(
            path=page.path,
            title=page.title,
            module=site.address_of(each.package, page.module),
            group=page.group or None,
            order=page.order,
            package=each.package,
        )
        for each in site.added
        for page in each.pages
    ]
    panels = [
        DashboardPanel(
            place=panel.place,
            title=panel.title,
            module=site.address_of(each.package, panel.module),
            order=panel.order,
            package=each.package,
        )
        for each in site.added
        for panel in each.panels
    ]
    links = [DashboardEntityLink(entity_type=link.entity, path=link.path) for each in site.added for link in each.links]
    return DashboardAdditions(
        pages=sorted(pages, key=lambda page: page.order),
        panels=sorted(panels, key=lambda panel: panel.order),
        entity_links=links,
    )
