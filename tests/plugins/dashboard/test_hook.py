"""The hook of the dashboard works as its documentation says; what does not fit is named."""

from __future__ import annotations

import inspect
import re
import textwrap

import httpx
import pytest

from synthetic.app import create_app
from synthetic.errors import ConflictError, NotFoundError
from synthetic.testing import expect_data, open_test_store
from synthetic_dashboard import hookspecs
from synthetic_dashboard.contributions import Dashboard, EntityLink, Page, Panel
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


def test_two_pages_of_one_path_or_links_of_one_entity_are_refused():
    twice = Dashboard(package="synthetic_dashboard", pages=(PAGE, PAGE))
    with pytest.raises(ConflictError, match="the same path to the dashboard: /a"):
        make_site([twice])
    link = Dashboard(package="synthetic_dashboard", links=(EntityLink(entity="note", path="/a/{id}"),))
    with pytest.raises(ConflictError, match="the same entity to the dashboard: note"):
        make_site([link, link])
    with pytest.raises(NotFoundError, match=r"has no a\.js"):
        make_site([Dashboard(package="synthetic_dashboard", pages=(PAGE,))])


@pytest.mark.parametrize(
    ("record", "wrong", "message"),
    [
        (Page, {"path": "notes", "title": "Notes", "module": "notes.js"}, "the path 'notes'"),
        (Page, {"path": "/notes", "title": " ", "module": "notes.js"}, "must have a title"),
        (Page, {"path": "/notes", "title": "Notes", "module": "../notes.js"}, "the module"),
        (Panel, {"place": "Construct", "title": "Notes", "module": "notes.js"}, "the place"),
        (EntityLink, {"entity": "note", "path": "https://example.org/{id}"}, "the path"),
        (EntityLink, {"entity": "Note", "path": "/notes/{id}"}, "the entity"),
        (Dashboard, {"package": "a.b", "pages": (PAGE,)}, "the package"),
        (Dashboard, {"package": "notes"}, "adds nothing"),
    ],
)
def test_a_record_that_is_not_right_is_refused_where_it_is_made(record, wrong, message):
    with pytest.raises(ValueError, match=message):
        record(**wrong)
