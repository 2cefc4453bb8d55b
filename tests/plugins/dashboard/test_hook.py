"""The hook of the dashboard works as its documentation says; what does not fit is named."""

from __future__ import annotations

import inspect
import re
import textwrap
from importlib import resources

import httpx
import pytest

from synthetic.app import create_app
from synthetic.errors import NotFoundError, PluginClashError, PluginFailedError
from synthetic.testing import expect_data, open_test_store
from synthetic_dashboard import hookspecs
from synthetic_dashboard.contributions import (
    OWN_ENTITIES,
    OWN_FOLDERS,
    OWN_PATHS,
    PLACES,
    Dashboard,
    EntityLink,
    Page,
    Panel,
)
from synthetic_dashboard.site import make_site
from thirdparty.distributions import Site, introduced_with, write_plugins_toml

NAMES = """
from synthetic_dashboard.store import Dashboard, EntityLink, Page, Panel
"""
MODULES = ("notes.js", "note.js", "notes_of_construct.js")
COMPONENT = 'import { html } from "/dashboard/kit.js";\nexport default () => html`<p>Notes</p>`;\n'
QUERY = """
query {
  dashboard {
    pages { path title module group order package }
    panels { place title module order package }
    entityLinks { entityType path }
  }
}
"""
PAGE = Page(path="/a", title="A", module="a.js")


def example() -> str:
    documentation = inspect.getdoc(hookspecs.register_dashboard) or ""
    return textwrap.dedent(documentation.partition("Example::")[2])


@pytest.fixture
def site(tmp_path, monkeypatch):
    site = Site(tmp_path / "site", monkeypatch)
    yield site
    site.forget()


@pytest.fixture
def install(site, data_dir):
    """Installs a plugin that adds to the dashboard; the store's directory."""

    def install_plugin(code: str, modules: dict[str, str]):
        site.install(
            "notes", NAMES + introduced_with(requires=("dashboard",)) + code, introduced=False, modules=modules
        )
        write_plugins_toml(data_dir, {"notes": ""}, shipped=True)
        return data_dir

    return install_plugin


@pytest.mark.anyio
async def test_the_example_adds_pages_panels_and_links(install):
    code = example().replace("synthetic_notes", "sample_notes")
    directory = install(code, {f"dashboard/{name}": COMPONENT for name in MODULES})
    with open_test_store(directory) as store:
        added = expect_data(store.graphql(QUERY))["dashboard"]
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(create_app(store.kernel)), base_url="http://localhost"
        ) as client:
            module = await client.get(added["panels"][0]["module"])
    own = [page for page in added["pages"] if page["package"] == "sample_notes"]
    assert [(page["path"], page["title"], page["group"]) for page in own] == [
        ("/notes", "Notes", "Store"),
        ("/notes/:id", "Note", None),
    ]
    assert [(panel["place"], panel["package"]) for panel in added["panels"]] == [("construct", "sample_notes")]
    assert {"entityType": "note", "path": "/notes/{id}"} in added["entityLinks"]
    assert re.fullmatch(r"/dashboard/[0-9a-f]{16}/sample_notes/notes_of_construct\.js", added["panels"][0]["module"])
    assert (module.status_code, module.text) == (200, COMPONENT)


def test_a_module_that_is_missing_is_named(install):
    code = example().replace("synthetic_notes", "sample_notes")
    with open_test_store(install(code, {"dashboard/notes.js": COMPONENT})) as store:
        error = store.graphql(QUERY)["errors"][0]["extensions"]
    assert error["code"] == "NOT_FOUND"
    assert error["details"]["modules"] == ["note.js", "notes_of_construct.js"]


OTHER = """
@hookimpl
def register_dashboard():
    return (Dashboard(package="sample_other", pages=({pages},), links=({links},)),)
"""


@pytest.mark.parametrize(
    ("added", "kind", "name"),
    [
        ({"pages": 'Page(path="/notes/:key", title="Note", module="a.js")', "links": ""}, "page", "/notes/:"),
        ({"pages": "", "links": 'EntityLink(entity="note", path="/elsewhere/{id}")'}, "link", "note"),
    ],
)
def test_what_two_plugins_add_refuses_the_start_and_both_are_named(site, install, added, kind, name):
    directory = install(example(), {})
    pages, links = added["pages"], added["links"]
    code = OTHER.replace("({pages},)", f"({pages},)" if pages else "()")
    code = code.replace("({links},)", f"({links},)" if links else "()")
    site.install("other", NAMES + introduced_with(requires=("dashboard",)) + code, introduced=False)
    write_plugins_toml(directory, {"notes": "", "other": ""}, shipped=True)
    with pytest.raises(PluginClashError) as caught, open_test_store(directory):
        pass
    assert caught.value.details == {"kind": f"{kind} of the dashboard", "name": name, "plugins": ["notes", "other"]}


def test_a_plugin_that_adds_what_the_dashboard_has_refuses_the_start_and_is_named(install):
    directory = install(example().replace("/notes/:id", "/jobs/recent"), {})
    with (
        pytest.raises(PluginFailedError, match=r"notes.*the dashboard has its own at /jobs/:id"),
        open_test_store(directory),
    ):
        pass


def test_what_the_dashboard_has_itself_is_known():
    static = resources.files("synthetic_dashboard") / "static"
    pages, entities = (static / name for name in ("pages.js", "parts/entity.js"))
    assert set(re.findall(r'\bpath: "([^"]+)"', pages.read_text())) == {"/", *OWN_PATHS}
    assert tuple(re.findall(r'^  (\w+): "/', entities.read_text(), re.MULTILINE)) == OWN_ENTITIES
    assert sorted(entry.name for entry in static.iterdir() if entry.is_dir()) == sorted(OWN_FOLDERS)
    modules = [file for folder in ("pages", "parts") for file in (static / folder).iterdir()]
    found = {place for file in modules for place in re.findall(r'\$\{Panels\} place="(\w+)"', file.read_text())}
    assert found == set(PLACES)


def test_a_module_that_is_not_there_is_named_by_its_package():
    with pytest.raises(NotFoundError, match=r"has no a\.js"):
        make_site([Dashboard(package="synthetic_dashboard", pages=(PAGE,))])


@pytest.mark.parametrize(
    ("record", "wrong", "message"),
    [
        (Page, {"path": "notes", "title": "Notes", "module": "notes.js"}, "the path 'notes'"),
        (Page, {"path": "/notes", "title": " ", "module": "notes.js"}, "must have a title"),
        (Page, {"path": "/notes", "title": "Notes", "module": "../notes.js"}, "the module"),
        (Panel, {"place": "Construct", "title": "Notes", "module": "notes.js"}, "the place"),
        (Panel, {"place": "costs", "title": "Notes", "module": "notes.js"}, "the place"),
        (Page, {"path": "/jobs/:key", "title": "Notes", "module": "notes.js"}, "its own at /jobs/:id"),
        (EntityLink, {"entity": "job", "path": "/notes/{id}"}, "the dashboard itself"),
        (Dashboard, {"package": "parts", "pages": (PAGE,)}, "a folder of the dashboard"),
        (EntityLink, {"entity": "note", "path": "https://example.org/{id}"}, "the path"),
        (EntityLink, {"entity": "Note", "path": "/notes/{id}"}, "the entity"),
        (Dashboard, {"package": "a.b", "pages": (PAGE,)}, "the package"),
        (Dashboard, {"package": "notes"}, "adds nothing"),
    ],
)
def test_a_record_that_is_not_right_is_refused_where_it_is_made(record, wrong, message):
    with pytest.raises(ValueError, match=message):
        record(**wrong)
