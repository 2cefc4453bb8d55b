"""What is exported and imported into an empty store is there again, whole, with rows of a third party."""

from __future__ import annotations

import pytest

from kernel.transfer import kit
from synthetic import NotFoundError
from synthetic.checks.declared import LoadedChecks
from synthetic.log.archive import archive_step
from synthetic.testing import ManualClock, copy_template, expect_data, open_test_store
from synthetic.transfer.archive_reading import ExportFile
from synthetic_constructs.services import index_metadata
from thirdparty.distributions import write_plugins_toml


def test_an_export_of_an_imported_workspace_holds_the_same(places, opened, tmp_path):
    with_everything, arrived = opened("full", places.full), opened()
    kit.bring(arrived, places.workspace)
    before, after = kit.content(with_everything, tmp_path / "1.zip"), kit.content(arrived, tmp_path / "2.zip")
    assert after.rows == before.rows
    assert len(before.rows) > 15
    assert {"notes", "note_pictures", "transcript_messages", "cost_events"} <= set(before.rows)


def test_a_files_bytes_come_along_and_are_served(places, opened):
    arrived = opened()
    outcomes = kit.bring(arrived, places.plan)
    assert sum(outcome.files for outcome in outcomes) == 1
    path = arrived.read(lambda snapshot: snapshot.value("SELECT path FROM artifacts WHERE id = 'a1'"))
    assert (arrived.kernel.directory.path / "artifacts" / path).read_bytes() == b"What came of it."


def test_events_get_new_positions_and_say_where_they_were(places, opened, tmp_path):
    source, arrived = opened("full", places.full), opened()
    kit.bring(arrived, places.workspace)
    rows = arrived.read(
        lambda snapshot: snapshot.rows(
            "SELECT e.position, o.origin_position, o.origin_epoch, e.id = o.origin_id FROM domain_events AS e"
            " JOIN event_origins AS o USING (position) ORDER BY e.position"
        )
    )
    epoch, head = source.read(lambda snapshot: snapshot.position())
    assert {row[2] for row in rows} == {epoch}
    assert {row[1] for row in rows} <= set(range(1, head + 1))
    assert all(row[3] for row in rows)
    # Handed on, they still say where they were first.
    again = opened("again")
    kit.export(arrived, tmp_path / "on.zip")
    kit.bring(again, tmp_path / "on.zip")
    origins = again.read(
        lambda snapshot: snapshot.rows("SELECT origin_epoch, origin_position FROM event_origins ORDER BY position")
    )
    assert set(origins) == {(row[2], row[1]) for row in rows}


def test_one_construct_comes_with_what_belongs_to_it_and_nothing_else(places, opened):
    arrived = opened()
    outcomes = kit.bring(arrived, places.plan)
    ids = arrived.read(lambda snapshot: {table: snapshot.value(f"SELECT group_concat(id) FROM {table}") for table in (
        "constructs", "sessions", "sync_jobs", "notes", "cost_events", "documents", "dead_letters", "pending_approvals"
    )})  # fmt: skip
    assert ids == {
        "constructs": "plan", "sessions": "s1", "sync_jobs": "j1", "notes": "n1", "cost_events": "c1",
        "documents": "d1", "dead_letters": "dl", "pending_approvals": "ap",
    }  # fmt: skip
    # The other end of the relationship is not there, so neither is the relationship, nor what is told of it.
    assert [outcome.left_out for outcome in outcomes] == [{}, {"construct_relationships": 1}]
    told = arrived.read(lambda snapshot: [each for (each,) in snapshot.rows("SELECT DISTINCT type FROM domain_events")])
    assert "construct_relationship.saved" not in told
    assert {"construct.saved", "idea.had", "transcript.messages_appended"} <= set(told)


def test_the_checks_of_all_plugins_find_nothing_after_an_import(places, opened):
    arrived = opened()
    kit.bring(arrived, places.workspace)
    checks = arrived.kernel.surroundings.resource(LoadedChecks)
    findings = arrived.read(
        lambda snapshot: [
            (check.record.name, snapshot.rows(check.record.sql)) for check in checks.checks if check.record.sql
        ]
    )
    assert len(findings) > 10
    assert [each for each in findings if each[1]] == []


def test_rows_of_an_absent_plugin_are_exported(places, opened, tmp_path):
    with_everything = opened("full", places.full)
    path = with_everything.kernel.directory.path
    with_everything.close()
    (path / "plugins.toml").unlink()
    with open_test_store(path) as store:
        assert kit.export(store, tmp_path / "out.zip").rows["notes"] == 2


def test_secrets_and_what_is_about_one_machine_stay(places, opened, tmp_path):
    store = opened("full", places.full)
    exported = kit.export(store, tmp_path / "out.zip")
    stay = {"tokens", "delivery_targets", "ingest_files", "leases", "artifact_folder", "audit_log", "workflows"}
    assert not stay & set(exported.rows)


def test_what_is_on_record_of_all_that_a_construct_has_goes_along_as_evidence(places):
    with ExportFile.open_checked(places.plan, kit.no) as file:
        (member,) = file.manifest.evidence
        rows = [dict(zip(member.columns, row, strict=True)) for row in file.rows(member)]
    about = {(row["entity_type"], row["entity_id"]) for row in rows}
    assert {("construct", "plan"), ("session", "s1"), ("artifact", "a1"), ("document", "d1")} <= about
    assert not {"build", "s2", "alone"} & {id for _, id in about}


def test_a_construct_that_is_not_there_leaves_no_file(opened, tmp_path):
    with pytest.raises(NotFoundError):
        kit.export(opened(), tmp_path / "out.zip", ["none"])
    assert not (tmp_path / "out.zip").exists()


def test_events_that_have_left_the_log_for_its_archive_travel_too(places, tmp_path):
    clock, keep_ms = ManualClock(), 60_000
    settings = {"kernel.events.keep_ms": str(keep_ms), "kernel.events.segment_events": "10"}
    path = copy_template(places.full, tmp_path / "full")
    with open_test_store(path, settings=settings, clock=clock) as store:
        before = kit.content(store, tmp_path / "before.zip")
        clock.advance(100 * 86_400_000)
        while archive_step(store.kernel.directory.archive, store):
            pass
        left = store.read(lambda snapshot: snapshot.value("SELECT count(*) FROM domain_events"))
        after = kit.content(store, tmp_path / "after.zip")
        plan = kit.content(store, tmp_path / "plan.zip", ["plan"])
    assert left < len(before.rows["domain_events"])
    assert after.rows == before.rows
    with open_test_store(copy_template(places.full, tmp_path / "other")) as store:
        assert kit.content(store, tmp_path / "whole.zip", ["plan"]).rows == plan.rows


def test_metadata_is_indexed_by_the_keys_that_the_receiving_store_declares(places, tmp_path):
    path = copy_template(places.empty, tmp_path / "copy")
    with open_test_store(path, settings={"plugins.constructs.metadata_keys": '["see"]'}) as store:
        while store.write(index_metadata):
            pass
        kit.bring(store, places.plan)
        while store.write(index_metadata):
            pass
        rows = store.read(lambda snapshot: snapshot.rows("SELECT construct_id, key, value FROM construct_metadata"))
    assert rows == [("plan", "see", '"plan"')]


def test_a_file_that_is_gone_is_named_and_its_row_says_that_it_is_missing(places, opened, tmp_path):
    source, arrived = opened("full", places.full), opened()
    path = source.read(lambda snapshot: snapshot.value("SELECT path FROM artifacts"))
    (source.kernel.directory.path / "artifacts" / path).unlink()
    assert kit.export(source, tmp_path / "out.zip").missing == (path,)
    outcomes = kit.bring(arrived, tmp_path / "out.zip")
    assert sum(outcome.missing_files for outcome in outcomes) == 1
    assert arrived.read(lambda snapshot: snapshot.rows("SELECT id, status FROM artifacts")) == [("a1", "MISSING")]
    # The folder, in which there is nothing yet, is this store's all the same.
    created = arrived.graphql(
        'mutation { createArtifact(input: {id: "a2", constructId: "plan", type: "log", name: "o", text: "x"}) {'
        " artifact { id } } }"
    )
    expect_data(created)


def test_a_store_that_never_had_constructs_is_exported_and_comes_in_again(tmp_path):
    stores = [tmp_path / "first", tmp_path / "second"]
    for directory in stores:
        directory.mkdir()
        write_plugins_toml(directory, {})
    with open_test_store(stores[0]) as store:
        assert kit.export(store, tmp_path / "workspace.zip").constructs == 0
        with pytest.raises(NotFoundError, match="no construct with the id 'plan'"):
            kit.export(store, tmp_path / "plan.zip", ["plan"])
    with open_test_store(stores[1]) as store:
        for policy in ("FAIL", "OVERWRITE"):
            kit.bring(store, tmp_path / "workspace.zip", policy)
