"""References to what comes later, goes in between, or is in the same table; and imports that are gone on with."""

from __future__ import annotations

import pytest

from kernel.transfer import kit
from synthetic import ConflictError
from synthetic.testing import expect_data
from synthetic.transfer.archive_reading import ExportFile
from synthetic.transfer.importing import ImportRequest, import_export
from synthetic.transfer.policies import OnConflict


def read(store, sql):
    return store.read(lambda snapshot: snapshot.rows(sql))


class BrokenOffError(Exception):
    """Somebody has pulled the plug."""


def break_off(store, source, policy, after):
    """Import so many units."""
    done = []

    def advance(outcome):
        done.append(outcome)
        if len(done) == after:
            raise BrokenOffError

    with ExportFile.open_checked(source, kit.no) as file, pytest.raises(BrokenOffError):
        import_export(store, file, ImportRequest(on_conflict=OnConflict(policy)), advance, kit.no)


def tree(store):
    """Rows that point at a construct that comes later, and at rows of the same table whose keys come later."""
    store.write(lambda tx: tx.execute_many(
        "INSERT INTO notes (id, construct_id, session_id, body, parent_id, root_id) VALUES"
        " (:id, 'build', 's1', '{}', NULL, NULL)",
        [{"id": "z"}, {"id": "a"}, {"id": "m"}],
    ))  # fmt: skip
    store.write(lambda tx: tx.execute("UPDATE notes SET parent_id = 'm', root_id = 'z' WHERE id = 'a'"))
    store.write(lambda tx: tx.execute("UPDATE notes SET parent_id = 'z', root_id = 'z' WHERE id = 'm'"))


@pytest.mark.parametrize("policy", ["FAIL", "RENAME"])
def test_references_to_what_comes_later_are_set_when_it_has_come(places, opened, tmp_path, policy):
    source = opened("full", places.full)
    tree(source)
    kit.export(source, tmp_path / "out.zip")
    store = opened()
    break_off(store, tmp_path / "out.zip", policy, 2)
    assert read(store, "SELECT count(*) FROM notes WHERE session_id IS NOT NULL") == [(0,)]
    outcomes = kit.bring(store, tmp_path / "out.zip", policy)
    rows = "SELECT count(*), count(session_id), count(parent_id), count(root_id) FROM notes"
    assert read(store, rows) == read(source, rows) == [(5, 4, 2, 2)]
    assert read(store, "SELECT count(*) FROM notes AS n JOIN sessions AS s ON s.id = n.session_id") == [(4,)]
    assert [outcome.cleared for outcome in outcomes if outcome.kind == "CONSTRUCT"] == [{}, {}]
    assert read(store, "SELECT count(*) FROM imported_references") == [(0,)]


def test_overwriting_sets_again_what_other_rows_say_of_it(places, opened):
    store = opened("full", places.full)
    tree(store)
    expect_data(store.graphql('mutation { saveSession(input: {id: "later", constructId: "plan"}) { created } }'))
    store.write(lambda tx: tx.execute("UPDATE notes SET session_id = 'later' WHERE id = 'm'"))
    outcomes = kit.bring(store, places.plan, "OVERWRITE")
    assert read(store, "SELECT id, session_id FROM notes ORDER BY id") == [
        ("a", "s1"), ("m", None), ("n1", "s1"), ("n2", None), ("z", "s1"),
    ]  # fmt: skip
    assert read(store, "SELECT construct_id FROM workflow_transitions") == [("plan",)]
    # The session that was there beside that of the export is gone.
    assert outcomes[0].cleared == {"notes.session_id": 1}


def test_overwriting_tells_no_more_of_what_is_in_the_log_than_it_must(places, opened):
    store = opened("full", places.full)
    outcomes = kit.bring(store, places.plan, "OVERWRITE")
    assert read(store, "SELECT count(*) FROM domain_events WHERE type = 'idea.had'") == [(1,)]
    assert outcomes[0].events_again == outcomes[0].events > 0
    other = opened("other")
    for _ in range(2):
        outcomes = kit.bring(other, places.plan, "OVERWRITE")
    assert read(other, "SELECT count(*) FROM domain_events WHERE type = 'idea.had'") == [(1,)]
    assert outcomes[0].events_again == outcomes[0].events > 0
    assert kit.bring(opened("fresh"), places.plan)[0].events_again == 0


def test_what_clashes_beside_constructs_is_found_before_anything_comes(places, opened):
    store = opened()
    expect_data(store.graphql(
        'mutation { recordTransition(input: {id: "w1", workflowId: "other", to: "begun"}) { transition { id } } }'
    ))  # fmt: skip
    with pytest.raises(ConflictError) as caught:
        kit.bring(store, places.workspace)
    assert caught.value.details["keys"] == ["workflow_transitions w1"]
    assert read(store, "SELECT count(*) FROM constructs") == [(0,)]
    assert read(store, "SELECT count(*) FROM imports") == [(0,)]


def test_constructs_that_have_gone_since_come_again(places, opened):
    store = opened()
    break_off(store, places.workspace, "FAIL", 3)
    expect_data(store.graphql('mutation { deleteConstruct(input: {id: "build"}) { rows } }'))
    kit.bring(store, places.workspace)
    assert read(store, "SELECT id FROM constructs ORDER BY id") == [("build",), ("plan",)]
    assert read(store, "SELECT count(*) FROM construct_relationships") == [(1,)]


def test_another_policy_or_other_plugins_need_a_restart(places, opened):
    store = opened()
    break_off(store, places.workspace, "FAIL", 2)
    for policy, without in (("SKIP", ()), ("FAIL", ("notes",))):
        with pytest.raises(ConflictError) as caught:
            kit.bring(store, places.workspace, policy, without=without)
        assert "--restart" in str(caught.value.suggested_action)
    outcomes = kit.bring(store, places.workspace, "SKIP", is_restart=True)
    assert sorted(outcome.outcome for outcome in outcomes if outcome.kind == "CONSTRUCT") == ["IMPORTED", "SKIPPED"]
    assert read(store, "SELECT count(*) FROM constructs") == [(2,)]


@pytest.mark.parametrize("policy", ["FAIL", "SKIP", "OVERWRITE", "RENAME"])
def test_of_two_imports_of_a_file_at_once_one_is_refused(places, opened, policy):
    store = opened()

    def advance(_outcome):
        if read(store, "SELECT count(*) FROM imported_units") == [(1,)]:
            kit.bring(store, places.workspace, policy)

    request = ImportRequest(on_conflict=OnConflict(policy))
    with ExportFile.open_checked(places.workspace, kit.no) as file, pytest.raises(ConflictError, match="same file"):
        import_export(store, file, request, advance, kit.no)
    assert read(store, "SELECT count(*) FROM constructs") == [(2,)]
    assert read(store, "SELECT count(*) FROM imports") == [(0,)]
