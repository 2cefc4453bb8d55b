"""What plugins hand to the dashboard with `register_dashboard`: frozen records that validate themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
PACKAGE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MODULE = re.compile(r"[a-z0-9][a-z0-9_-]*\.js")
PATH = re.compile(r"(/:?[a-z][a-z0-9_-]*)+")
LINK = re.compile(r"(/[a-z0-9_-]+)*/\{id\}")
PARAMETER = re.compile(r"(?<=/):[^/]+")

OWN_PATHS = (
    "/jobs",
    "/jobs/:id",
    "/constructs",
    "/constructs/:id",
    "/transcripts",
    "/transcripts/:id",
    "/sessions/:id",
    "/approvals",
    "/approvals/:id",
    "/dead-letters",
    "/dead-letters/:id",
    "/costs",
    "/search",
    "/storage",
    "/plugins",
)
"""Where the dashboard has pages itself (`static/pages.js`), apart from the overview at `/`."""

OWN_ENTITIES = ("construct", "job", "session", "transcript", "approval", "dead_letter", "module")
"""Entities that the dashboard links itself (`static/parts/entity.js`)."""

OWN_FOLDERS = ("pages", "parts", "style", "vendor")
"""Folders of the dashboard's own files."""

PLACES = ("overview", "construct", "job", "session", "approval", "dead_letter")
"""Pages that have room for panels; messages fill that of a transcript."""


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
        own = next((path for path in OWN_PATHS if _is_found_at(path, self.path)), None)
        _require(own is None, f"the page {self.path} would never be shown: the dashboard has its own at {own}")

    @property
    def shape(self) -> str:
        """Its path without the names of its parameters: two pages of one shape are found at the same addresses."""
        return PARAMETER.sub(":", self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A part of a page that another plugin, or the dashboard itself, has.

    Attributes:
        place: Which page: `overview`, `construct`, `job`, `session`, `approval` or `dead_letter`.
        title: Its heading.
        module: As for a page; its component is given `{id}`: which construct, job and so on the page is about.
        order: Its place among the panels of the page: a lower one comes first.
    """

    place: str
    title: str
    module: str
    order: int = 100

    def __post_init__(self) -> None:
        _require(self.place in PLACES, f"the place {self.place!r} must be one of {', '.join(PLACES)}")
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
        _require(self.entity not in OWN_ENTITIES, f"the dashboard itself shows where each {self.entity} is")
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
        _require(self.package not in OWN_FOLDERS, f"the package {self.package} is called as a folder of the dashboard")
        _require(self.pages or self.panels or self.links, f"{self.package} adds nothing to the dashboard")

    def unique_names(self) -> Iterator[tuple[str, str]]:
        """What no other plugin may add: the kernel refuses to start with two of one kind and name."""
        for page in self.pages:
            yield "page of the dashboard", page.shape
        for link in self.links:
            yield "link of the dashboard", link.entity


def _is_found_at(own: str, path: str) -> bool:
    """Whether the dashboard's own page is found at each address of another one."""
    parts, others = own.split("/"), path.split("/")
    return len(parts) == len(others) and all(
        mine.startswith(":") or mine == other for mine, other in zip(parts, others, strict=True)
    )


def _require(holds: object, problem: str) -> None:
    if not holds:
        raise ValueError(problem)


def _require_module(module: str) -> None:
    _require(MODULE.fullmatch(module), f"the module {module!r} must be the name of a file like notes.js")
