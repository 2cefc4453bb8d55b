"""`synthetic plugins` and `synthetic schema`: neither needs a store."""

from __future__ import annotations

import pytest
from graphql import build_schema

FIELD = """
from synthetic import query

@query
def thing_count(snapshot) -> int:
    "How many things there are."
    return 0

@hookimpl
def register_graphql():
    return (GraphQL(queries=(thing_count,)),)
"""


def states(line, **plugins):
    line.list_plugins(plugins)
    return {each["name"]: each["state"] for each in line.run_json("plugins")}


def test_each_plugin_has_its_state(line, site):
    for name in ("alpha", "beta", "gamma"):
        site.install(name, "")
    site.install("delta", "import absent_module")
    found = states(line, alpha="", beta="enabled = false", delta="optional = true")
    assert {name: found[name] for name in ("alpha", "beta", "gamma", "delta", "ingest")} == {
        "alpha": "loaded",
        "beta": "disabled",
        "gamma": "not listed",
        "delta": "left out",
        "ingest": "disabled",
    }


def test_a_loaded_plugin_is_described(line, things):
    line.list_plugins({"alpha": ""})
    (alpha,) = [each for each in line.run_json("plugins") if each["name"] == "alpha"]
    assert line.run_json("plugins", "list") == line.run_json("plugins")
    assert alpha == {
        "name": "alpha",
        "state": "loaded",
        "version": "1.0",
        "distribution": "sample-alpha",
        "summary": "A sample.",
        "requires": [],
        "optional": False,
        "tables": ["things"],
        "commands": [],
        "reason": None,
    }


def test_the_page_for_people_says_why_one_is_left_out_and_what_to_do(line, site):
    site.install("alpha", "import absent_module")
    line.list_plugins({"alpha": "optional = true"})
    page = line.run("plugins")
    assert "alpha is left out: The plugin alpha: importing sample_alpha.plugin failed" in page
    assert "Mend or upgrade the plugin" in page


def test_the_schema_holds_the_fields_of_the_loaded_plugins(line, site):
    site.install("alpha", FIELD)
    line.list_plugins({"alpha": ""})
    schema = build_schema(line.run("schema"))
    assert "thingCount" in schema.query_type.fields
    assert line.run_json("schema") == {"schema": line.run("schema")}
    line.list_plugins()
    assert "thingCount" not in line.run("schema")


def test_a_schema_that_is_the_same_as_the_one_in_a_file_passes(line, tmp_path):
    (tmp_path / "schema.graphql").write_text(line.run("schema"))
    assert "The schema is the one in" in line.run("schema", "--check", str(tmp_path / "schema.graphql"))
    assert line.run_json("schema", "--check", str(tmp_path / "schema.graphql")) == {"same": True}


def test_a_schema_that_differs_from_the_one_in_a_file_is_a_conflict_and_is_shown(line, site, tmp_path):
    (tmp_path / "schema.graphql").write_text(line.run("schema"))
    site.install("alpha", FIELD)
    line.list_plugins({"alpha": ""})
    words = ("schema", "--check", str(tmp_path / "schema.graphql"))
    assert "+  thingCount: Int!" in line.run(*words, code=65)
    assert line.errors.startswith("CONFLICT: The schema differs from the one in")
    assert "+  thingCount: Int!" in line.fail(*words, code=65)["details"]["differences"]


@pytest.mark.parametrize("name", ["absent.graphql", "."])
def test_a_file_that_cannot_be_compared_with_is_a_usage_error(line, tmp_path, name):
    assert line.fail("schema", "--check", str(tmp_path / name), code=64)["code"] == "BAD_USER_INPUT"


def test_neither_makes_a_store(line):
    line.run("plugins")
    line.run("schema")
    assert not (line.data_dir / "synthetic.db").exists()
