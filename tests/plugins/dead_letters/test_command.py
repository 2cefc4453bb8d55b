"""`synthetic dead-letters` as an operator runs it, the hook's example, and the demo's part."""

from __future__ import annotations

import inspect
import json
import textwrap

import pytest

from plugins.dead_letters.outbox import PLUGIN
from synthetic import ReportedError, Snapshot
from synthetic.cli import main
from synthetic.demo import Fleet
from synthetic.demo.parts import load_parts
from synthetic.testing import open_test_store
from synthetic_dead_letters import hookspecs
from synthetic_dead_letters.store import (
    NewDeadLetter,
    RetryRequest,
    count_by_status,
    go_on_with_redrives,
    retry_dead_letter,
    save_dead_letter,
)
from thirdparty.distributions import Site, introduced_with, write_plugins_toml

NO_DISK_CHECK = ("--set", "kernel.database.free_disk_bytes=0")


@pytest.fixture
def site(tmp_path, monkeypatch):
    site = Site(tmp_path / "site", monkeypatch)
    yield site
    site.forget()


def save(store, id: str, payload: object = "done", **more: object) -> None:
    error = ReportedError(code="REFUSED", message="The message \x1b[31m was refused.")
    new = NewDeadLetter(source="outbox", payload=payload, error=error, **more)
    store.write(lambda tx: save_dead_letter(tx, new, letter_id=id))


def test_letters_are_listed_grouped_shown_edited_retried_and_ended(site, data_dir, tmp_path, capsys):
    site.install("outbox", PLUGIN, introduced=False)
    write_plugins_toml(data_dir, {"outbox": ""}, shipped=True)

    def run(*words: str, code: int = 0) -> str:
        found = main(["dead-letters", *words, "--data", str(data_dir), *NO_DISK_CHECK])
        captured = capsys.readouterr()
        assert found == code, captured.err
        assert "\x1b" not in captured.out
        return captured.err if code else captured.out

    assert run("list") == "no dead letters in all\n"
    with open_test_store(data_dir) as store:
        save(store, "a", payload="fail", key="k")
        save(store, "b", key="k")
        save(store, "c")
        save(store, "d")
        assert "4 PENDING in all" in run("list")
        (group,) = json.loads(run("groups", "--json"))["groups"]
        assert (group["letters"], group["sampleId"]) == (4, "d")
        assert "was refused" in run("show", "a")
        assert "GATEWAY_DOWN" in run("retry", "a")
        (tmp_path / "payload.json").write_text('"done"')
        edited = json.loads(run("retry", "a", "--payload", str(tmp_path / "payload.json"), "--json"))
        assert (edited["status"], edited["payload"], edited["originalPayload"]) == ("RESOLVED", "done", "fail")
        (tmp_path / "payload.json").write_text("{")
        assert "is no JSON" in run("retry", "b", "--payload", str(tmp_path / "payload.json"), code=65)
        assert json.loads(run("discard", "c", "--because", "Old.", "--json"))["resolution"] == "Old."
        assert "RESOLVED" in run("resolve", "d")
        assert run("redrive", "--source", "outbox", "--dry-run") == "1 letters would be retried\n"
        begun = json.loads(run("redrive", "--rate", "1000", "--json"))
        assert "RUNNING" in run("redrives")
        assert "CANCELLED" in run("cancel-redrive", begun["id"])
        entries = store.graphql("{ auditLog(first: 20) { nodes { name kind outcome } } }")["data"]["auditLog"]["nodes"]
        assert {"name": "dead-letters retry", "kind": "COMMAND", "outcome": "DONE"} in entries
        assert {"name": "dead-letters discard", "kind": "COMMAND", "outcome": "DONE"} in entries


def test_the_example_of_the_hook_works(site, tmp_path):
    _, _, example = (inspect.getdoc(hookspecs.register_dead_letter_sources) or "").partition("Example::")
    names = "from synthetic import *\nfrom synthetic_dead_letters.store import *\n"
    tables = """
@hookimpl
def register_tables():
    return (Table(name="outgoing", purpose="Messages.", kept="A test's."),)

@hookimpl
def register_migrations():
    return (MigrationFolder("sample_outgoing"),)
"""
    site.install(
        "outgoing",
        names + introduced_with(requires=("dead_letters",)) + tables + textwrap.dedent(example),
        introduced=False,
        modules={
            "migrations/0001_outgoing.sql": "CREATE TABLE outgoing (id TEXT NOT NULL PRIMARY KEY, message TEXT) STRICT;"
        },
    )
    write_plugins_toml(tmp_path / "store", {"outgoing": ""}, shipped=True)
    error = ReportedError(code="REFUSED", message="It was refused.")
    with open_test_store(tmp_path / "store") as store:
        for id, payload in (("a", {"to": "b"}), ("b", {})):
            new = NewDeadLetter(source="outgoing_message", payload=payload, error=error)
            store.write(lambda tx, id=id, new=new: save_dead_letter(tx, new, letter_id=id))
        assert retry_dead_letter(store, RetryRequest(letter_id="a")).status == "RESOLVED"
        assert retry_dead_letter(store, RetryRequest(letter_id="b")).code == "NO_RECIPIENT"
        assert store.read(lambda snapshot: snapshot.rows("SELECT id FROM outgoing")) == [("a",)]
        assert go_on_with_redrives(store) == 0


def test_the_demo_has_letters_of_which_some_are_open(store):
    (part,) = [part for part in load_parts(store.kernel.registry) if part.plugin == "dead_letters"]
    fleet = Fleet(seed=1, scale=1, now=store.kernel.clock.now_ms())
    save_construct = 'mutation ($id: ID!) { saveConstruct(input: {id: $id, type: "task", title: "x"}) { created } }'
    for construct in fleet.constructs():
        for moment in part.history(fleet, construct):
            store.graphql(save_construct, {"id": construct.id})
            store.write(moment.write)
    random = fleet.random("live")
    for _ in range(10):
        part.live(store, fleet, random)
    counts = store.read(count_by_status)
    assert counts["PENDING"] > 0
    assert counts["RESOLVED"] > 0
    assert store.read(Snapshot.value, "SELECT count(*) FROM dead_letters WHERE source <> 'message'") == 0
