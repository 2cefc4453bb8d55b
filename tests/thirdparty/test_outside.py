"""Plugins that are not of this repository, as wheels in an environment of their own: their whole life in a store."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from synthetic.testing import expect_data, expect_error, wait_until
from thirdparty.distributions import SHIPPED
from thirdparty.environments import Environment, fresh_environment

SAVE = """mutation {
    saveConstruct(input: { id: "c1", type: "plan", title: "Move the queue" }) { construct { id } }
    saveReview(input: { id: "r1", constructId: "c1", title: "Ready", body: "Thorough about backpressure." }) {
        review { id }
    }
}"""
READ = """{ constructs(first: 5) { nodes { id reviews(first: 5) { totalCount nodes { id title alike } } } } }"""
BROUGHT = '{ plugins(name: "reviews") { loaded { version distribution tables types requiredBy } } }'

REBUILT = re.compile(r'"|__[0-9]+\b')
"""What a rebuild adds to the definitions of a table and its indexes: quotes, and numbers to the names of indexes."""


def schema_of(data: Path) -> list[tuple[Any, ...]]:
    """All that a store's database is made of, as if none of its tables had ever been rebuilt."""
    with closing(sqlite3.connect(f"file:{data / 'synthetic.db'}?mode=ro", uri=True)) as connection:
        found = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchall()
    return sorted(tuple(REBUILT.sub("", text or "") for text in each) for each in found)


def rows_of(data: Path, table: str) -> int:
    with closing(sqlite3.connect(f"file:{data / 'synthetic.db'}?mode=ro", uri=True)) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


class Client:
    """Asks a server over HTTP."""

    def __init__(self, url: str, http: httpx.Client) -> None:
        self._url = url
        self._http = http

    def ask(self, query: str) -> dict[str, Any]:
        return self._http.post(self._url, json={"query": query}).json()

    def first_event(self, query: str) -> dict[str, Any]:
        """What a subscription delivers first, over server-sent events."""
        accept = {"Accept": "text/event-stream"}
        with self._http.stream("POST", self._url, json={"query": query}, headers=accept) as answer:
            for line in answer.iter_lines():
                if line.startswith("data:") and "{" in line:
                    return json.loads(line.removeprefix("data:"))["data"]
        raise AssertionError("the subscription ended")


def serve_and_ask(environment: Environment, data: Path) -> None:
    """What a server answers with both plugins: a field on another's type, a subscription, search, its own errors."""
    with environment.serving(data) as (url, headers), httpx.Client(headers=headers, timeout=60) as http:
        client = Client(url, http)
        position = client.ask("{ health { version } }")["extensions"]["position"]
        expect_data(client.ask(SAVE))
        expect_error(client.ask(SAVE.replace("Thorough", "Vague")), "CONFLICT")
        event = client.first_event(f'subscription {{ reviewUpdates(after: "{position}") {{ review {{ id title }} }} }}')
        assert event == {"reviewUpdates": {"review": {"id": "r1", "title": "Ready"}}}
        found = wait_until(
            lambda: expect_data(client.ask('{ search(query: "backpressure", first: 5) { nodes { kind id } } }'))[
                "search"
            ]["nodes"]
        )
        assert found == [{"kind": "REVIEW", "id": "r1"}]
        counted = {"id": "c1", "reviews": {"totalCount": 1, "nodes": [{"id": "r1", "title": "Ready", "alike": 1}]}}
        wait_until(lambda: expect_data(client.ask(READ))["constructs"]["nodes"] == [counted])
        assert expect_data(client.ask(BROUGHT))["plugins"]["loaded"] == [
            {
                "version": "0.1.0",
                "distribution": "synthetic-reviews",
                "tables": ["reviews"],
                "types": [
                    "DeleteReviewInput",
                    "DeleteReviewPayload",
                    "Review",
                    "ReviewUpdate",
                    "SaveReviewInput",
                    "SaveReviewPayload",
                ],
                "requiredBy": ["review_digests"],
            }
        ]
        # What a rebuild has replaced is removed in the background.
        wait_until(lambda: not [name for _, name, *_ in schema_of(data) if "__" in name])


def live_a_life(environment: Environment, folder: Path) -> None:
    """Enabled, used, exported, imported, aged, disabled and purged; the store is then made as it was before.

    The folder keeps what was exported, as `c1.zip`.
    """
    data, file = folder / "store", folder / "c1.zip"
    made, listed, alone, both = environment.commands(
        (data, "migrate"),
        (data, "plugins list"),
        (data, "plugins enable review_digests"),
        (data, "plugins enable reviews review_digests"),
    )
    assert made.code == 0, made.errors
    assert {"reviews", "review_digests", "hostile"} <= {
        each["name"] for each in listed.data() if each["state"] == "not listed"
    }
    assert "The plugin review_digests requires reviews, which is not listed" in alone.error()["message"]
    assert both.data()["pendingMigrations"] == ["reviews 0001_reviews", "review_digests 0001_digests"]
    before = schema_of(data)
    serve_and_ask(environment, data)
    exported, checked, required, enabled, imported, *ends = environment.commands(
        (data, f"export --construct c1 --to {file}"),
        (data, "check"),
        (data, "plugins disable reviews"),
        (folder / "other", "plugins enable reviews"),
        (folder / "other", f"import {file}"),
        (data, "retention --run --rule reviews.old --set plugins.reviews.keep_ms=1"),
        (data, "plugins disable review_digests reviews"),
        (data, "plugins show reviews"),
        (data, f"export --workspace --to {folder / 'all.zip'}"),
        (data, "plugins purge review_digests --yes"),
        (data, "plugins purge reviews --yes"),
    )
    assert exported.data()["rows"]["reviews"] == 1
    assert checked.data()["status"] == "PASSED"
    assert required.error()["message"] == "review_digests cannot be without reviews."
    assert [each.code for each in (enabled, imported)] == [0, 0], imported.errors
    assert rows_of(folder / "other", "reviews") == 1
    aged, disabled, kept, exported_without, *purged = ends
    assert aged.code == 0, aged.errors
    assert disabled.data()["changed"] == ["review_digests", "reviews"]
    assert (kept.data()["state"], kept.data()["tables"][0]["rows"]) == ("disabled", 0)
    assert exported_without.code == 0, exported_without.errors
    assert [each.data()["tables"][0]["table"] for each in purged] == ["review_digests", "reviews"]
    assert schema_of(data) == before


def test_plugins_from_outside_live_their_life_and_leave_the_store_as_it_was(environment, tmp_path):
    live_a_life(environment, tmp_path)


def run_own_tests(environment: Environment, folder: Path) -> str:
    """The tests that come with the distribution, away from its folder: of what is installed."""
    tests = shutil.copytree(environment.made / "tests", folder / "tests")
    done = environment.run("-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests), cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.full
def test_the_tests_that_come_with_it_pass(environment, tmp_path):
    assert "passed" in run_own_tests(environment, tmp_path)


HOSTILE = """
import json, os, sys
from pathlib import Path
import synthetic, synthetic_sessions, synthetic_reviews
from fleet_hostile.plugin import CONTRIBUTION_HOOKS
from synthetic.errors import SyntheticError
from synthetic.registry import load_registry
folder = Path(sys.argv[1])
ways = ("raise", "unspeakable", "exit", "rubbish", "nonsense")
found = []
hooks = ("register_plugin", *CONTRIBUTION_HOOKS)
for number, hook in enumerate(hooks if sys.argv[2] == "all" else hooks[::3]):
    for way in ways if sys.argv[2] == "all" else [ways[number % len(ways)]]:
        os.environ["FLEET_HOSTILE"] = f"{hook}:{way}"
        try:
            load_registry(folder / "strict", environ={})
            refused = None
        except SyntheticError as error:
            refused = [error.code, error.message]
        left = load_registry(folder / "optional", environ={})
        found.append([hook, way, refused, [each.name for each in left.left_out], len(left.plugins)])
json.dump([[synthetic.__file__, synthetic_sessions.__file__, synthetic_reviews.__file__], found], sys.stdout)
"""


@pytest.mark.parametrize(("ways", "count"), [("some", 6), pytest.param("all", 80, marks=pytest.mark.full)])
def test_one_that_is_hostile_in_any_hook_is_stopped_there_by_name_and_harms_no_other(
    environment, tmp_path, ways, count
):
    for name, line in (("strict", ""), ("optional", "optional = true\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "plugins.toml").write_text(f"[plugins.reviews]\n[plugins.hostile]\n{line}")
    done = environment.run("-c", HOSTILE, str(tmp_path), ways)
    assert done.returncode == 0, done.stderr
    places, found = json.loads(done.stdout)
    assert all(place.startswith(f"{environment.folder}/lib") for place in places)  # the wheels
    assert len(found) == count
    for hook, way, refused, left_out, loaded in found:
        assert refused is not None, (hook, way)
        code, message = refused
        assert (code, message.startswith(f"The plugin hostile: its {hook} ")) == ("PLUGIN_FAILED", True), message
        assert (left_out, loaded) == (["hostile"], len(SHIPPED) + 1), (hook, way)  # the shipped ones, and reviews


@pytest.mark.full
@pytest.mark.timeout(900)
def test_with_nothing_but_what_pip_finds_all_of_it_holds_too(tmp_path):
    environment = fresh_environment(tmp_path / "fresh")
    live_a_life(environment, tmp_path)
    bare, file = tmp_path / "bare", tmp_path / "c1.zip"
    refused, without = environment.commands((bare, f"import {file}"), (bare, f"import {file} --without reviews"))
    assert refused.error()["code"] == "CONFLICT"
    assert without.code == 0, without.errors
    run_own_tests(environment, tmp_path / "own")
