"""The hook of the index works as its documentation says, for plugins of third parties; mistakes are named."""

from __future__ import annotations

import inspect
import textwrap

import pytest

from plugins.search.index.making import found_ids, index_all, index_noted
from synthetic.errors import ConflictError
from synthetic.store import Store
from synthetic.testing import open_test_store
from synthetic_search import hookspecs
from synthetic_search.documents import SearchDocuments
from synthetic_search.index import pending
from thirdparty.distributions import Site, introduced_with, write_plugins_toml

NAMES = """
from collections.abc import Sequence

from synthetic import EventType, Snapshot, to_json
from synthetic_search.store import SearchDocument, SearchDocuments
"""
TABLE = """
@hookimpl
def register_tables():
    return (Table(name="notes", purpose="Notes.", kept="Few."),)

@hookimpl
def register_migrations():
    return (MigrationFolder("sample_notes"),)
"""
MIGRATION = """
CREATE TABLE notes (
    id TEXT PRIMARY KEY NOT NULL, body TEXT NOT NULL, construct_id TEXT, created_at INTEGER NOT NULL
) STRICT;
"""


def example() -> str:
    documentation = inspect.getdoc(hookspecs.register_search_documents) or ""
    return textwrap.dedent(documentation.partition("Example::")[2])


@pytest.fixture
def site(tmp_path, monkeypatch):
    site = Site(tmp_path / "site", monkeypatch)
    yield site
    site.forget()


@pytest.fixture
def install(site, data_dir):
    """Installs a plugin that keeps notes; the store's directory."""

    def install_plugin(code: str):
        introduction = introduced_with(requires=("search",))
        site.install(
            "notes",
            NAMES + introduction + TABLE + code,
            introduced=False,
            modules={"migrations/0001_notes.sql": MIGRATION},
        )
        write_plugins_toml(data_dir, {"notes": ""}, shipped=True)
        return data_dir

    return install_plugin


def write_note(store, id: str, body: str) -> None:
    store.write(
        lambda tx: tx.execute(
            "INSERT INTO notes (id, body, created_at) VALUES (:id, :body, 5)"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            {"id": id, "body": body},
        )
    )


def test_the_example_makes_notes_that_are_found(install):
    with open_test_store(install(example())) as store:
        write_note(store, "n1", "mend the lease")
        write_note(store, "n2", "feed the cat")
        index_all(store)
        assert found_ids(store, "lease") == ["n1"]
        write_note(store, "n1", "mend the roof")
        store.write(pending.note, [("note", "n1"), ("note", "n3")])
        index_noted(store)
        assert (found_ids(store, "lease"), found_ids(store, "roof")) == ([], ["n1"])


def inputs_of_index(store: Store) -> str:
    """The fingerprint of what the index depends on beside the log."""
    (inputs,) = [each.inputs for each in store.kernel.consumers if each.name == "search.index"]
    assert inputs is not None
    return inputs.fingerprint


def test_documents_of_a_plugin_that_is_taken_out_go(install, data_dir):
    with open_test_store(install(example())) as store:
        write_note(store, "n1", "mend the lease")
        index_all(store)
        wanted = inputs_of_index(store)
    write_plugins_toml(data_dir, {"notes": "enabled = false"}, shipped=True)
    with open_test_store(data_dir) as store:
        assert inputs_of_index(store) != wanted
        store.write(pending.begin)
        index_noted(store)
        assert found_ids(store, "lease") == []


def test_two_plugins_with_the_same_documents_stop_the_start(install):
    code = example().replace("NOTE", "MESSAGE")
    with pytest.raises(ConflictError, match="the same kind: MESSAGE"), open_test_store(install(code)):
        pass


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "note"},
        {"entity": "Note"},
        {"purpose": " "},
        {"version": 0},
        {"also": {"note": list}},
        {"read_at_once": 101},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_record_that_is_not_right_is_refused_where_it_is_made(wrong):
    right = {"kind": "NOTE", "entity": "note", "purpose": "Notes.", "read": list, "scan": list}
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SearchDocuments(**(right | wrong))
