"""The hooks by which sources tell of failures work as their documentation says, for plugins of third parties."""

from __future__ import annotations

import inspect
import textwrap
from typing import Any

import pytest
from tests.plugins.ingest.kit import ingest
from tests.plugins.ingest.samples import append, jsonl, write
from tests.plugins.ingest.samples_of_runs import CHAT_LINES

import synthetic_ingest.hookspecs
import synthetic_jobs.hookspecs
from synthetic import Snapshot
from synthetic.errors import PluginClashError
from synthetic.testing import open_test_store
from synthetic_jobs import store as job_store
from thirdparty.distributions import Site, introduced_with, write_plugins_toml

NAMES = """
from collections.abc import Sequence
from synthetic import Transaction
from synthetic_ingest.store import IngestFile, IngestReject, RejectReaction
from synthetic_jobs.store import Job, JobReaction, JobStatus
"""

TABLE = """
@hookimpl
def register_tables():
    return (Table(name={table!r}, purpose="For a test.", key=({key!r},), kept="For a test."),)

@hookimpl
def register_migrations():
    return (MigrationFolder("sample_reactor"),)
"""


def example_of(hook: Any) -> str:
    documentation = inspect.getdoc(hook) or ""
    return textwrap.dedent(documentation.partition("Example::")[2])


@pytest.fixture
def install(data_dir, tmp_path, monkeypatch):
    """Installs the example of a hook, with its table; the directory of a store that loads it."""
    site = Site(tmp_path / "site", monkeypatch)

    def install_example(hook, table, key, columns):
        code = introduced_with(requires=("jobs", "ingest")) + NAMES + example_of(hook)
        code += TABLE.format(table=table, key=key)
        sql = f"CREATE TABLE {table} ({columns}) STRICT;"
        site.install("reactor", code, introduced=False, modules={"migrations/0001_table.sql": sql})
        write_plugins_toml(data_dir, {"reactor": ""}, shipped=True)
        return data_dir

    yield install_example
    site.forget()


def test_the_example_of_job_reactions_keeps_which_jobs_have_failed(install):
    hook = synthetic_jobs.hookspecs.register_job_reactions
    columns = "job_id TEXT NOT NULL PRIMARY KEY, failed_at INTEGER NOT NULL"
    with open_test_store(install(hook, "failures", "job_id", columns)) as store:
        for id in ("a", "b"):
            store.write(lambda tx, id=id: job_store.save_job(tx, {"kind": "build"}, job_id=id))
            token = store.write(job_store.claim_job, id, "builder-1").lease_token
            store.write(lambda tx, id=id, token=token: job_store.fail_job(tx, id, token, "No.", retryable=id == "a"))
        assert store.read(Snapshot.rows, "SELECT job_id FROM failures") == [("b",)]


def test_the_example_of_reject_reactions_counts_rejects_of_the_file_as_it_is_now(install, tmp_path):
    hook = synthetic_ingest.hookspecs.register_reject_reactions
    columns = "path TEXT NOT NULL PRIMARY KEY, rejects INTEGER NOT NULL"
    content = jsonl(*CHAT_LINES)
    path = write(tmp_path / "talk.jsonl", content + b"no json\n")
    with open_test_store(install(hook, "reject_counts", "path", columns)) as store:
        ingest(store, path)
        append(path, b"nor this\n")
        ingest(store, path)
        assert store.read(Snapshot.rows, "SELECT path, rejects FROM reject_counts") == [(str(path), 2)]
        write(path, content + b"no json\n", modified_at=1_770_009_000)
        ingest(store, path)
        assert store.read(Snapshot.rows, "SELECT path, rejects FROM reject_counts") == [(str(path), 1)]


def test_two_sources_of_one_name_are_a_clash(data_dir, tmp_path, monkeypatch):
    site = Site(tmp_path / "site", monkeypatch)
    source = """
from synthetic_dead_letters.store import DeadLetterSource

@hookimpl
def register_dead_letter_sources():
    return (DeadLetterSource(name="job", purpose="Jobs, too.", retry=lambda tx, letter: None),)
"""
    site.install("errands", introduced_with(requires=("dead_letters",)) + source, introduced=False)
    write_plugins_toml(data_dir, {"errands": ""}, shipped=True)
    clash = pytest.raises(PluginClashError, match="both contribute the source of dead letters `job`")
    with clash, open_test_store(data_dir):
        pass
    site.forget()
