"""The hooks' documentation holds: each example runs, and a shipped plugin uses each hook.

The examples are taken out of the docstrings. Each one alone is the module
`plugin` of a real distribution, which the loader must take; all of them
together are a plugin whose query, command and service are run on a real store.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import textwrap

import httpx
import pytest

from synthetic import hookspecs
from synthetic.app import create_app
from synthetic.checks.running import run_check
from synthetic.demo import Fleet
from synthetic.demo.parts import load_parts
from synthetic.plugins.hooks import RUN_TIME, Hooks
from synthetic.registry import load_registry
from synthetic.testing import expect_data, open_test_store, wait_until
from synthetic.testing_commands import run_command
from thirdparty.distributions import Site, introduced_with, write_plugins_toml

NAMES = """
from dataclasses import dataclass
from typing import NamedTuple

from synthetic import *
from synthetic.cli import DataOption, JsonOption, emit, open_store
"""
"""What an author has imported: the kernel's export list, and what commands are made of."""

MIGRATION = """
CREATE TABLE notes (
    id TEXT NOT NULL PRIMARY KEY,
    construct_id TEXT REFERENCES constructs (id),
    body TEXT NOT NULL,
    done_at INTEGER
) STRICT;
CREATE INDEX notes_by_done_at ON notes (done_at) WHERE done_at IS NOT NULL;
CREATE TABLE note_totals (day INTEGER PRIMARY KEY, notes INTEGER NOT NULL) STRICT;
"""


async def get_from(app, path):
    """The answer of an application to a GET."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        return await client.get(path)


NEEDED = {
    "register_consumers": ("register_tables", "register_events"),
    "register_demo": ("register_events",),
    "register_retention": ("register_tables", "register_settings"),
}
"""Examples that another one goes on from."""

HOOKS = sorted(Hooks().specs)
ALL_HOOKS = [*HOOKS, *RUN_TIME]


def example_of(hook: str) -> str:
    """The code after `Example::` in a hook's docstring."""
    documentation = inspect.getdoc(getattr(hookspecs, hook)) or ""
    _, found, example = documentation.partition("Example::")
    assert found, f"{hook} has no example"
    return textwrap.dedent(example)


@pytest.fixture
def site(tmp_path, monkeypatch):
    site = Site(tmp_path / "site", monkeypatch)
    yield site
    site.forget()


@pytest.mark.parametrize("hook", ALL_HOOKS)
def test_the_example_of_a_hook_is_taken_by_the_loader(site, tmp_path, hook):
    introduction = "" if hook == "register_plugin" else introduced_with()
    examples = "".join(example_of(each) for each in (*NEEDED.get(hook, ()), hook))
    site.install("notes", NAMES + introduction + examples, introduced=False)
    write_plugins_toml(tmp_path, {"notes": ""}, shipped=True)
    registry = load_registry(tmp_path, environ={})
    plugin = registry.find_plugin("notes")
    kind = hook.removeprefix("register_")
    match kind:
        case "plugin":
            assert plugin.record.requires == ("constructs",)
        case "settings":
            assert plugin.settings.length_max == 1_000
        case "prepare_connection":
            assert "notes" in [stamped.plugin for stamped in registry.connection_preparers]
        case "record_operation":
            assert "notes" in [stamped.plugin for stamped in registry.operation_recorders]
        case _:
            assert "notes" in [stamped.plugin for stamped in getattr(registry, kind)]


def test_the_examples_together_are_a_plugin_that_works(site, tmp_path):
    site.install(
        "notes",
        NAMES + "".join(example_of(hook) for hook in ALL_HOOKS),
        introduced=False,
        package="synthetic_notes",
        modules={"migrations/0001_notes.sql": MIGRATION},
    )
    write_plugins_toml(tmp_path, {"notes": ""}, shipped=True)
    with open_test_store(tmp_path) as store:
        for id, body in (("1", ""), ("2", "kept")):
            store.write(
                lambda tx, id=id, body=body: tx.execute(
                    "INSERT INTO notes (id, body) VALUES (:id, :body)", {"id": id, "body": body}
                )
            )
        assert expect_data(store.graphql("{ noteCount }")) == {"noteCount": 2}
        for run in (store.read, store.write):
            assert run(lambda snapshot: snapshot.value("SELECT words_in('one two')")) == 2
        (trim,) = [stamped.record for stamped in store.kernel.registry.services if stamped.plugin == "notes"]
        assert [store.write(trim.step), store.write(trim.step)] == [1, 0]
        background = store.kernel.services()
        background.start()
        store.write(sys.modules["synthetic_notes.plugin"].save_note, "3", "counted")
        totals = lambda snapshot: snapshot.rows("SELECT notes FROM note_totals")  # noqa: E731 - a read
        wait_until(lambda: store.read(totals) == [(1,)], "the total")
        background.stop()
        readings = store.kernel.metric_readings
        asyncio.run(readings.refresh(store.kernel.database))
        assert [family.samples[0].value for family in readings.collect() if family.name == "open_notes"] == [2]
        app = create_app(store.kernel, no_auth=True)
        assert asyncio.run(get_from(app, "/notes/2")).text == "kept"
        assert asyncio.run(get_from(app, "/notes/9")).json()["code"] == "NOT_FOUND"
        (bodies,) = [stamped for stamped in store.kernel.registry.checks if stamped.plugin == "notes"]
        assert store.read(run_check, bodies).findings == ()
        store.write(lambda tx: tx.execute("INSERT INTO notes (id, body, done_at) VALUES ('4', '', 1)"))
        (finding,) = store.read(run_check, bodies).findings
        assert (finding.entity_type, finding.message) == ("note", "The note 4 is done and empty.")
        store.write(lambda tx: tx.execute("DELETE FROM notes WHERE id = '4'"))
    words = ["notes", "count", "--json", "--data", str(tmp_path), "--set", "kernel.database.free_disk_bytes=0"]
    run = run_command(words)
    assert (run.stderr, run.stdout) == ("", '{"notes":2}\n')
    with open_test_store(tmp_path) as store:
        (part,) = [part for part in load_parts(store.kernel.registry) if part.plugin == "notes"]
        fleet = Fleet(seed=1, scale=1, now=1_800_000_000_000)
        (moment,) = part.history(fleet, next(fleet.constructs()))
        store.write(moment.write)
        part.live(store, fleet, fleet.random("live"))
        assert expect_data(store.graphql("{ noteCount }")) == {"noteCount": 4}
        saved = 'saveConstruct(input: {id: "c1", type: "task", title: "x"}) { created }'
        expect_data(store.graphql(f'mutation {{ {saved} deleteConstruct(input: {{id: "c1"}}) {{ rows }} }}'))
        deleted = "SELECT body FROM notes WHERE body LIKE '% deleted %'"
        assert store.read(lambda snapshot: snapshot.rows(deleted)) == [("anonymous deleted c1",)]


@pytest.mark.parametrize("hook", ALL_HOOKS)
def test_a_shipped_plugin_uses_the_hook(hook):
    plugins = load_registry(None, environ={}).plugins
    users = [plugin.name for plugin in plugins if hasattr(vars(plugin.module).get(hook), "synthetic_impl")]
    assert users, f"no shipped plugin implements {hook}"


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_says_what_it_returns_and_takes_nothing(hook):
    function = getattr(hookspecs, hook)
    assert "Returns:" in function.__doc__
    assert not inspect.signature(function).parameters


@pytest.mark.parametrize("hook", RUN_TIME)
def test_a_hook_that_runs_while_a_store_is_open_says_what_it_takes_and_what_raising_does(hook):
    function = getattr(hookspecs, hook)
    assert tuple(inspect.signature(function).parameters) == RUN_TIME[hook]
    for section in ("Args:", "Raises:", "When it runs", "What it must not do"):
        assert section in function.__doc__
