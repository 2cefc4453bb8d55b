"""`synthetic plugins check`: the suite of the test kit, for what is installed."""

from __future__ import annotations

UNDESCRIBED = """
from synthetic import query

@query
def thing_count(snapshot, colour: str = "red") -> int:
    "How many things there are."
    return 0

@hookimpl
def register_graphql():
    return (GraphQL(queries=(thing_count,)),)
"""

QUICK = ("--only", "loads_alone", "--only", "everything_is_described")


def test_each_check_of_each_loaded_plugin_is_told_of(line, things):
    line.list_plugins({"alpha": ""})
    found = line.run_json("plugins", "check", *QUICK)
    assert [(each["plugin"], each["check"], each["outcome"]) for each in found] == [
        ("alpha", "loads_alone", "PASSED"),
        ("alpha", "everything_is_described", "PASSED"),
    ]


def test_what_fails_is_named_and_ends_the_command_so(line, site):
    site.install("beta", UNDESCRIBED)
    page = line.run("plugins", "check", "beta", *QUICK, code=65)
    assert "beta: everything_is_described: " in page
    assert "colour" in page
    assert line.errors.startswith("CHECK_FAILED: A check has failed: beta: everything_is_described.")


def test_a_plugin_that_is_not_installed_or_a_check_that_is_not_there_is_refused(line, site):
    site.install("beta", UNDESCRIBED)
    assert line.fail("plugins", "check", "gamma", *QUICK, code=78)["code"] == "PLUGIN_FAILED"
    assert line.fail("plugins", "check", "beta", "--only", "luck", code=65)["code"] == "BAD_USER_INPUT"
