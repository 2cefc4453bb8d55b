"""`synthetic plugins show`: one plugin, whatever became of it."""

from __future__ import annotations

import pytest

SETTINGS = """
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

@dataclass(frozen=True)
class ThingSettings:
    size: int = 1
    key: Annotated[str, Meta(extra={"secret": True})] = ""

@hookimpl
def register_settings():
    return (Settings(ThingSettings),)
"""

REQUIRES_ALPHA = "@hookimpl\ndef register_plugin():\n    return Plugin(summary='x', requires=('alpha',))\n"

TABLES = """
@hookimpl
def register_tables():
    return (Table(name="things", purpose="Things.", kept="A few."),)

@hookimpl
def register_migrations():
    return (MigrationFolder("sample_alpha"),)
"""

FIRST = {"migrations/0001_things.sql": "CREATE TABLE things (id TEXT NOT NULL PRIMARY KEY) STRICT;"}
SECOND = {"migrations/0002_colours.sql": "ALTER TABLE things ADD COLUMN colour TEXT;"}


@pytest.fixture
def stored(line, site):
    """A store of alpha, and of beta, which requires it."""
    site.install("alpha", TABLES + SETTINGS, modules=FIRST)
    site.install("beta", REQUIRES_ALPHA, introduced=False)
    line.list_plugins({"alpha": 'size = 2\nkey = "hunter2"', "beta": ""})
    line.run("migrate")
    return line


def test_a_loaded_plugin_is_shown_with_what_it_brings_keeps_and_takes_with_it(stored, tmp_path):
    found = stored.run_json("plugins", "show", "alpha")
    assert (found["state"], found["requiredBy"], found["problems"]) == ("loaded", ["beta"], [])
    assert found["installed"] == [
        {"distribution": "sample-alpha", "version": "1.0", "location": f"{tmp_path / 'site'}"}
    ]
    assert ("table", "things") in [(each["kind"], each["name"]) for each in found["contributions"]]
    (table,) = found["tables"]
    assert (table["name"], table["rows"]) == ("things", 0)
    assert found["bytes"] == table["bytes"] > 0
    assert found["purge"] == {"tables": [{"table": "things", "rows": 0}], "refusal": None}
    settings = {each["name"]: (each["value"], each["layer"]) for each in found["settings"]}
    assert settings["plugins.alpha.size"] == (2, "store")
    assert settings["plugins.alpha.key"] == ("(hidden)", "store")


def test_the_page_for_people_says_the_same_and_keeps_secrets(stored):
    page = stored.run("plugins", "show", "alpha")
    assert "hunter2" not in page + stored.run("status")
    assert "Without it, these cannot be loaded: beta." in page
    assert "Once it is disabled, `synthetic plugins purge alpha` would remove things (0 rows)." in page


def test_a_secret_that_does_not_fit_is_not_told_either(stored):
    stored.list_plugins({"alpha": "key = 8472"})
    assert stored.run("plugins", code=78) != ""
    assert "plugins.alpha.key must be a text, not what is there." in stored.errors
    assert "8472" not in stored.errors


def test_a_plugin_with_new_migrations_is_shown_with_what_the_store_lacks(stored, site):
    site.install("alpha", TABLES + SETTINGS, modules=FIRST | SECOND)
    (problem,) = stored.run_json("plugins", "show", "alpha")["problems"]
    assert problem["code"] == "MIGRATION_PENDING"
    assert "alpha 0002_colours" in problem["message"]


def test_a_plugin_that_is_older_than_its_tables_is_shown_with_that(stored, site):
    site.install("alpha", TABLES + SETTINGS, modules=FIRST | SECOND)
    stored.run("migrate")
    (site.folder / "sample_alpha" / "migrations" / "0002_colours.sql").unlink()
    (problem,) = stored.run_json("plugins", "show", "alpha")["problems"]
    assert problem["code"] == "STORE_NEWER"


def test_one_that_is_not_loaded_is_shown_with_why_and_what_it_has_left(stored, site):
    stored.list_plugins({"beta": "enabled = false"})
    assert stored.run_json("plugins", "show", "alpha")["state"] == "not listed"
    assert stored.run_json("plugins", "show", "alpha")["tables"][0]["name"] == "things"
    assert stored.run_json("plugins", "show", "beta")["state"] == "disabled"
    site.install("gamma", "import absent_module")
    stored.list_plugins({"gamma": "optional = true"})
    found = stored.run_json("plugins", "show", "gamma")
    assert found["state"] == "left out"
    assert "importing sample_gamma.plugin failed" in found["problems"][0]["message"]


def test_one_that_is_not_installed_any_more_is_shown_by_what_it_has_left(stored, site):
    site.forget()
    for metadata in site.folder.glob("sample_alpha-*.dist-info/entry_points.txt"):
        metadata.unlink()
    stored.list_plugins()
    found = stored.run_json("plugins", "show", "alpha")
    assert (found["state"], found["installed"]) == ("absent", [])
    (listed,) = [each for each in stored.run_json("plugins", "list") if each["name"] == "alpha"]
    assert (listed["state"], listed["tables"]) == ("absent", ["things"])
    stored.run("plugins", "purge", "alpha", "--yes")
    assert stored.fail("plugins", "show", "alpha", code=65)["code"] == "NOT_FOUND"


def test_where_plugins_cannot_be_loaded_it_is_still_shown_and_says_why(stored, site):
    site.install("gamma", "import absent_module")
    stored.list_plugins({"alpha": "", "gamma": ""})
    found = stored.run_json("plugins", "show", "alpha")
    assert found["state"] == "not known"
    assert found["problems"][0]["code"] == "PLUGIN_FAILED"
    assert found["tables"][0]["name"] == "things"


@pytest.mark.parametrize("name", ["alhpa", "a\x00b", "x" * 10_000])
def test_what_nobody_knows_is_not_found(stored, name):
    assert stored.fail("plugins", "show", name, code=65)["code"] == "NOT_FOUND"
