"""What the plugins of this repository have on record: all that the documentation does not name as exempt."""

from __future__ import annotations

import re
from pathlib import Path

from synthetic.cli import main
from synthetic.graphql.runs import RUNS, Runs
from synthetic.kernel_fields import KERNEL_GRAPHQL
from synthetic.plugins.clashes import root_field_name
from synthetic.registry import load_registry
from synthetic.testing import expect_data, open_test_store

PAGE = Path(__file__).parents[3] / "docs" / "plugins" / "guide.md"


def shipped() -> dict[str, Runs]:
    """How each mutation is run, by its field."""
    records = [KERNEL_GRAPHQL, *(stamped.record for stamped in load_registry(None, environ={}).graphql)]
    return {root_field_name(field): field.metadata[RUNS] for record in records for field in record.mutations}


def test_exactly_the_mutations_that_the_documentation_names_are_not_recorded():
    (paragraph,) = re.findall(r"^Not recorded is .*?(?=\n\n)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    exempt = {name for name, runs in shipped().items() if runs.recorded is None}
    assert set(re.findall(r"`(\w+)`", paragraph)) - {"dryRun"} == exempt


def test_every_other_mutation_says_what_it_is_done_to():
    recorded = {name: runs.recorded for name, runs in shipped().items() if runs.recorded is not None}
    assert {name: record.name for name, record in recorded.items()} == {name: name for name in recorded}
    assert {name for name, record in recorded.items() if record.entity is None} == {"runRetention", "runBackup"}


def audited(store) -> list[tuple[str, str, str | None, str | None]]:
    sql = "SELECT name, outcome, entity_type, entity_id FROM audit_log WHERE kind <> 'ACCESS' ORDER BY seq"
    return store.read(lambda snapshot: snapshot.rows(sql))


def test_a_job_from_its_saving_to_its_cancelling_is_on_record(data_dir, capsys):
    with open_test_store(data_dir) as store:
        expect_data(store.graphql('mutation { saveJob(input: {id: "j1", kind: "build"}) { created } }'))
        expect_data(
            store.graphql('mutation { claimJob(input: {kinds: ["build"], worker: "builder-3"}) { job { id } } }')
        )
        expect_data(
            store.graphql('mutation { saveJobLimit(input: {kind: "build", runningMax: 2}) { limit { kind } } }')
        )
        expect_data(store.graphql('mutation { cancelJobs(input: {filter: {kinds: ["build"]}}) { changed } }'))
    for words in (
        ("jobs", "cancel", "j1", "--force"),
        ("jobs", "retry", "--kind", "build"),
        ("jobs", "retry", "--kind", "build", "--dry-run"),
        ("jobs", "limit", "build", "--none"),
        ("jobs", "cancel", "unknown"),
    ):
        main([*words, "--data", str(data_dir), "--set", "kernel.database.free_disk_bytes=0"])
    capsys.readouterr()
    with open_test_store(data_dir) as store:
        assert audited(store) == [
            ("saveJob", "DONE", "job", "j1"),
            ("claimJob", "DONE", "job", "j1"),
            ("saveJobLimit", "DONE", "job_limit", "build"),
            ("cancelJobs", "BEGUN", "job", "j1"),
            ("cancelJobs", "DONE", "job", "j1"),
            ("jobs cancel", "DONE", "job", "j1"),
            ("jobs retry", "BEGUN", "job", None),
            ("jobs retry", "DONE", "job", None),
            ("jobs limit", "DONE", "job_limit", "build"),
            ("jobs cancel", "FAILED", "job", "unknown"),
        ]
