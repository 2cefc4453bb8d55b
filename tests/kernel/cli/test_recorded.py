"""Commands that change a store are on record, under their own names, with what became of them."""

from __future__ import annotations

import os
import pwd

import pytest

from synthetic.cli.stores import open_store
from synthetic.errors import ExitCode
from synthetic.testing import open_test_store, running_server
from thirdparty.ledger import Entry, entries_of, install_ledger

USER = pwd.getpwuid(os.getuid()).pw_name
FIRST_TOKEN = {"tokenName": "first", "scopes": ["admin"], "user": USER}


@pytest.fixture
def recorded(site, line):
    """A command line on a store with a ledger that is not made yet."""
    install_ledger(site, line.data_dir, extra="[kernel.database]\nfree_disk_bytes = 0\n")
    return line


def entries(line) -> list[Entry]:
    with open_store(line.data_dir) as store:
        return entries_of(store)


def told(entry: Entry) -> tuple[str, str, str | None]:
    return entry.name, entry.outcome, entry.entity


def test_migrations_are_recorded_once_they_are_applied(recorded):
    recorded.run("migrate", "--dry-run")
    recorded.run("migrate")
    recorded.run("migrate")
    (entry,) = entries(recorded)
    assert told(entry) == ("migrate", "DONE", None)
    assert (entry.kind, entry.actor) == ("COMMAND", "command:migrate")
    assert entry.details["applied"]["ledger"] == 1


def test_making_and_revoking_a_token_is_recorded_without_the_token(recorded):
    recorded.run("migrate")
    made = recorded.run_json("token", "create", "front end", "--scope", "write")
    recorded.run("token", "list")
    recorded.run("token", "revoke", made["id"])
    recorded.run("token", "revoke", "unknown", code=ExitCode.DATA)
    _, created, revoked, failed = entries(recorded)
    assert told(created) == ("token create", "DONE", f"token:{made['id']}")
    assert (created.actor, created.details) == (
        "command:token create",
        {"tokenName": "front end", "scopes": ["write"], "user": USER},
    )
    assert told(revoked) == ("token revoke", "DONE", f"token:{made['id']}")
    assert told(failed) == ("token revoke", "FAILED", "token:unknown")
    assert failed.code == "NOT_FOUND"
    assert made["token"] not in str(entries(recorded))


def test_a_token_that_cannot_be_recorded_is_not_made(recorded):
    recorded.run("migrate")
    with open_store(recorded.data_dir) as store:
        store.write(lambda tx: tx.execute("INSERT INTO unwelcome (name) VALUES ('token create')"))
    recorded.run("token", "create", "front end", code=ExitCode.INTERNAL)
    assert recorded.run_json("token", "list") == []


def test_retention_is_recorded_when_it_deletes_and_not_when_it_only_looks(recorded):
    recorded.run("migrate")
    recorded.run("retention")
    recorded.run("retention", "--run")
    recorded.run("retention", "--confirm-clock")
    _, begun, ran, confirmed = entries(recorded)
    assert told(begun) == ("retention", "BEGUN", None)
    assert told(ran) == ("retention", "DONE", None)
    assert ran.correlation_id == begun.correlation_id
    assert ran.details == {"rules": [], "rows": 0, "complete": True, "user": USER}
    assert confirmed.name == "retention"
    assert confirmed.details["confirmClock"] is True


def test_purging_a_plugin_is_recorded(recorded, site, things):
    settings = {"extra": "[kernel.database]\nfree_disk_bytes = 0\n"}
    install_ledger(site, recorded.data_dir, "alpha", **settings)
    recorded.run("migrate")
    install_ledger(site, recorded.data_dir, **settings)
    recorded.run("plugins", "purge", "alpha", "--dry-run")
    recorded.run("plugins", "purge", "alpha", "--yes")
    recorded.run("plugins", "purge", "alpha", "--yes", code=ExitCode.DATA)
    purged = entries(recorded)[1:]
    # The second has found nothing to purge before there was anything to do.
    assert [told(entry) for entry in purged] == [("plugins purge", "DONE", "plugin:alpha")]


def test_the_commands_of_a_plugin_are_recorded_through_the_same_door(recorded, site):
    code = """
    from synthetic.cli import DataOption, open_store

    def fill(data: DataOption = None) -> None:
        "Fill it."
        with open_store(data) as store:
            store.operation(entity_type="well", entity_id="1").write(lambda tx: None)
            with store.operation(details={"many": True}) as operation:
                operation.about("well", "2")
                raise KeyboardInterrupt

    @hookimpl
    def register_commands():
        return (Command("wells", summary="Wells.", verbs=(Command("fill", fill),)),)
    """
    site.install("wells", code)
    install_ledger(site, recorded.data_dir, "wells", extra="[kernel.database]\nfree_disk_bytes = 0\n")
    recorded.run("migrate")
    recorded.run("wells", "fill", code=130)
    _, first, begun, second = entries(recorded)
    assert told(begun) == ("wells fill", "BEGUN", None)
    assert told(first) == ("wells fill", "DONE", "well:1")
    assert (told(second), second.code) == (("wells fill", "FAILED", "well:2"), "CANCELLED")
    assert second.message == "It was stopped before it was complete."
    assert first.correlation_id == second.correlation_id


def test_a_program_names_what_it_does(recorded):
    with open_test_store(recorded.data_dir) as store:
        with pytest.raises(ValueError, match="needs a name"):
            store.operation()
        assert store.operation("tidy", entity_type="shelf").write(lambda tx, more: 1 + more, 2) == 3
        (entry,) = entries_of(store)
        assert (told(entry), entry.actor) == (("tidy", "DONE", "shelf:None"), "program")


def test_a_server_records_its_first_token_and_whom_it_let_in_or_refused(recorded):
    import httpx

    with running_server(recorded.data_dir) as server:
        query = {"query": "{ health { version } }"}
        assert httpx.post(server.url, json=query, headers=server.headers).status_code == 200
        assert httpx.post(server.url, json=query).status_code == 401
        foreign = {**server.headers, "Origin": "https://elsewhere.example"}
        assert httpx.post(server.url, json=query, headers=foreign).status_code == 403
        assert server.stop() == 0
    migrated, created, *accesses = entries(recorded)
    assert (migrated.name, migrated.actor) == ("migrate", "command:serve")
    assert (created.name, created.actor, created.details) == ("token create", "command:serve", FIRST_TOKEN)
    assert {(each.name, each.outcome, each.actor) for each in accesses} == {
        ("token use", "DONE", "first"),
        ("authenticate", "REFUSED", "unknown"),
        ("origin", "REFUSED", "unknown"),
    }
    assert {each.details["client"] for each in accesses} == {"127.0.0.1"}
    assert server.token not in str(entries(recorded))


def test_switching_a_plugin_is_recorded_once_it_changes_something(recorded, site):
    site.install("alpha", "")
    recorded.run("plugins", "enable", "alpha")  # there is no store yet, and no place for a record
    recorded.run("migrate")
    recorded.run("plugins", "enable", "alpha")
    recorded.run("plugins", "disable", "alpha", "--dry-run")
    assert recorded.run_json("plugins", "disable", "alpha")["unrecorded"] is None
    _, begun, done = entries(recorded)
    assert told(begun) == ("plugins disable", "BEGUN", "plugin:alpha")
    assert told(done) == ("plugins disable", "DONE", "plugin:alpha")
    assert done.details == {"plugins": ["alpha"], "user": USER}


def test_a_plugin_that_lets_nothing_be_recorded_can_be_switched_off(recorded, site):
    site.install("mute", "@hookimpl\ndef record_operation(tx, operation):\n    raise RuntimeError('hunter2')")
    recorded.run("migrate")
    recorded.run("plugins", "enable", "mute")
    switched = recorded.run_json("plugins", "disable", "mute")
    assert (switched["changed"], switched["unrecorded"]) == (["mute"], "RuntimeError")
    assert [entry.name for entry in entries(recorded)][-1] == "plugins enable"
