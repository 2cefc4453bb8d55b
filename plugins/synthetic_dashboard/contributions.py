"""What plugins hand to the dashboard with `register_dashboard`: frozen records that validate themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
PACKAGE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MODULE = re.compile(r"[a-z0-9][a-z0-9_-]*\.js")
PATH = re.compile(r"(/:?[a-z][a-z0-9_-]*)+")
LINK = re.compile(r"(/[a-z0-9_-]+)*/\{id\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of its own.

    Attributes:
        path: What follows the `#` of its address: `/notes`, or `/notes/:id` with a parameter.
        title: What the navigation calls it, and the window.
        module: The file in the plugin's folder `dashboard`: an ES module whose default export is the page's
            component. It is given `{params, query}`: the parameters of the path, and a `URLSearchParams`.
        group: Under which heading of the navigation it stands; empty: it is not there, since links lead to it.
        order: Its place in the group, among those of other plugins: a lower one comes first.
    """

    path: str
    title: str
    module: str
    group: str = ""
    order: int = 100

    def __post_init__(self) -> None:
        _require(PATH.fullmatch(self.path), f"the path {self.path!r} must be segments like /notes or /:id")
        _require(self.title.strip(), f"the page {self.path} must have a title")
        _require_module(self.module)


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A part of a page that another plugin, or the dashboard itself, has.

    Attributes:
        place: Which page: `overview`, `construct`, `job`, `session`, `transcript`, `approval` or `dead_letter`.
        title: Its heading.
        module: As for a page; its component is given `{id}`: which construct, job and so on the page is about.
        order: Its place among the panels of the page: a lower one comes first.
    """

    place: str
    title: str
    module: str
    order: int = 100

    def __post_init__(self) -> None:
        _require(NAME.fullmatch(self.place), f"the place {self.place!r} must be a name like construct or dead_letter")
        _require(self.title.strip(), f"the panel for {self.place} must have a title")
        _require_module(self.module)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityLink:
    """Where an entity can be looked at, so that other pages link to it.

    Attributes:
        entity: Its type, as the `entityType` of events.
        path: The path of a page, with `{id}` for the entity's id: `/notes/{id}`.
    """

    entity: str
    path: str

    def __post_init__(self) -> None:
        _require(NAME.fullmatch(self.entity), f"the entity {self.entity!r} must be a name like job or dead_letter")
        _require(LINK.fullmatch(self.path), f"the path {self.path!r} must be words and {{id}} at its end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """What a plugin adds to the dashboard (`register_dashboard`).

    Attributes:
        package: Import name of the plugin's package, whose folder `dashboard` holds the modules, and whatever they
            import by relative paths: `.js`, `.css` and `.svg` files, without folders in it.
        pages: Pages of its own.
        panels: Parts of other pages.
        links: Where its entities can be looked at.
    """

    package: str
    pages: tuple[Page, ...] = ()
    panels: tuple[Panel, ...] = ()
    links: tuple[EntityLink, ...] = ()

    def __post_init__(self) -> None:
        _require(PACKAGE.fullmatch(self.package), f"the package {self.package!r} must be an import name")
        _require(self.pages or self.panels or self.links, f"{self.package} adds nothing to the dashboard")


def _require(holds: object, problem: str) -> None:
    if not holds:
        raise ValueError(problem)


def _require_module(module: str) -> None:
    _require(MODULE.fullmatch(module), f"the module {module!r} must be the name of a file like notes.js")
