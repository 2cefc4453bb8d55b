"""What becomes of what is there already, by each policy, with rows of a third party."""

from __future__ import annotations

import pytest

from kernel.transfer import kit
from synthetic import BadUserInputError, ConflictError
from synthetic_artifacts.services import remove_files


def read(store, sql):
    return store.read(lambda snapshot: snapshot.rows(sql))


def test_fail_names_what_is_there_and_changes_nothing(places, opened):
    store = opened("full", places.full)
    before = kit.all_rows(store)
    with pytest.raises(ConflictError) as caught:
        kit.bring(store, places.plan)
    assert "constructs plan" in caught.value.details["keys"]
    assert kit.all_rows(store) == before


def test_skip_leaves_what_is_there_and_brings_the_rest(places, opened):
    store = opened()
    store.graphql('mutation { saveConstruct(input: {id: "plan", title: "Mine", type: "plan"}) { construct { id } } }')
    outcomes = kit.bring(store, places.workspace, "SKIP")
    assert {outcome.id: outcome.outcome for outcome in outcomes if outcome.kind == "CONSTRUCT"} == {
        "build": "IMPORTED",
        "plan": "SKIPPED",
    }
    assert read(store, "SELECT title FROM constructs WHERE id = 'plan'") == [("Mine",)]
    assert read(store, "SELECT id FROM notes") == [("n2",)]


def test_skip_passes_over_a_construct_of_which_a_part_is_there(places, opened):
    store = opened()
    store.graphql('mutation { saveSession(input: {id: "s1", agent: "other"}) { session { id } } }')
    outcomes = kit.bring(store, places.plan, "SKIP")
    assert outcomes[0].outcome == "SKIPPED"
    assert "sessions" in str(outcomes[0].reason)
    assert read(store, "SELECT count(*) FROM constructs") == [(0,)]
    assert read(store, "SELECT count(*) FROM artifacts") == [(0,)]


def test_overwrite_takes_away_what_has_been_added_since(places, opened, tmp_path):
    store = opened("full", places.full)
    store.graphql('mutation { saveSession(input: {id: "later", constructId: "plan"}) { session { id } } }')
    store.graphql(
        'mutation { saveConstruct(input: {id: "plan", ifVersion: 1, title: "Changed"}) { construct { id } } }'
    )
    outcomes = kit.bring(store, places.plan, "OVERWRITE")
    assert outcomes[0].outcome == "OVERWRITTEN"
    assert outcomes[0].deleted["sessions"] == 2
    assert read(store, "SELECT title FROM constructs WHERE id = 'plan'") == [("Plan",)]
    assert read(store, "SELECT id FROM sessions WHERE construct_id = 'plan'") == [("s1",)]
    assert read(store, "SELECT id, about, weight FROM notes WHERE construct_id = 'plan'") == [("n1", "build", 1.5)]
    # The relationship to a construct that is not in the export is there, since that is.
    assert read(store, "SELECT count(*) FROM construct_relationships") == [(1,)]
    # The file that was there goes with its row, so the one that comes has another name.
    path = read(store, "SELECT path FROM artifacts")[0][0]
    assert (path,) not in read(store, "SELECT path FROM artifact_removals")
    assert (store.kernel.directory.path / "artifacts" / path).is_file()


def test_overwriting_a_construct_whose_file_is_missing_brings_the_file_and_keeps_it(places, opened):
    store = opened("full", places.full)
    folder = store.kernel.directory.path / "artifacts"
    old = read(store, "SELECT path FROM artifacts")[0][0]
    (folder / old).unlink()
    # Without another file in it, the folder would count as that of another store.
    store.graphql(
        'mutation { createArtifact(input: {constructId: "build", type: "log", name: "o", text: "x"}) { created } }'
    )
    kit.bring(store, places.plan, "OVERWRITE")
    while remove_files(store):
        pass
    new = read(store, "SELECT path FROM artifacts WHERE id = 'a1'")[0][0]
    assert new != old
    assert (folder / new).read_bytes() == b"What came of it."
    # A file that was to be removed, and that an artifact has again, stays too.
    store.write(lambda tx: tx.execute("INSERT INTO artifact_removals VALUES (:path)", {"path": new}))
    while remove_files(store):
        pass
    assert (folder / new).is_file()


def test_rename_brings_a_copy_with_ids_rewritten_where_they_are_declared(places, opened):
    store = opened("full", places.full)
    outcomes = kit.bring(store, places.plan, "RENAME")
    new = outcomes[0].new_id
    assert new not in (None, "plan")
    copy = read(store, f"SELECT id, construct_id, session_id, about, body FROM notes WHERE construct_id = '{new}'")
    session = read(store, f"SELECT id FROM sessions WHERE construct_id = '{new}'")[0][0]
    # `build` is not in the export, so what names it still does.
    assert copy[0][1:] == (new, session, "build", '{"see":{"construct":"' + new + '"}}')
    assert copy[0][0] != "n1"
    # Texts stay as they are, and so does metadata, which nobody has declared to hold ids.
    assert read(store, f"SELECT title, metadata FROM constructs WHERE id = '{new}'") == [("Plan", '{"see":"plan"}')]
    letter = read(store, f"SELECT entity_id FROM dead_letters WHERE construct_id = '{new}'")
    assert letter == read(store, f"SELECT id FROM sync_jobs WHERE construct_id = '{new}'")
    # What must be unique in a store is emptied where that is possible, and left out where it is not.
    assert outcomes[0].cleared == {"sync_jobs.idempotency_key": 1}
    assert outcomes[0].left_out == {"thread_sessions": 1}


def test_rename_rewrites_the_ids_in_events(places, opened):
    store = opened("full", places.full)
    new = kit.bring(store, places.plan, "RENAME")[0].new_id
    session, transcript = read(
        store,
        "SELECT s.id, t.id FROM sessions AS s JOIN transcripts AS t ON t.session_id = s.id"
        f" WHERE s.construct_id = '{new}'",
    )[0]
    appended = read(
        store,
        "SELECT entity_id, payload ->> '$.sessionId' FROM domain_events"
        f" WHERE construct_id = '{new}' AND type = 'transcript.messages_appended'",
    )
    assert appended == [(transcript, session)]


def test_the_same_file_can_be_brought_in_as_a_copy_twice(places, opened):
    store = opened()
    ids = {kit.bring(store, places.plan, "RENAME")[0].new_id for _ in range(2)}
    assert {id for (id,) in read(store, "SELECT id FROM constructs")} == ids
    assert len(ids) == 2


def test_a_relationship_between_two_constructs_is_renamed_at_both_ends(places, opened):
    store = opened("full", places.full)
    new = {each.id: each.new_id for each in kit.bring(store, places.workspace, "RENAME") if each.id}
    links = read(store, "SELECT from_id, to_id FROM construct_relationships ORDER BY created_at, from_id")
    assert set(links) == {("plan", "build"), (new["plan"], new["build"])}


@pytest.mark.parametrize("policy", ["SKIP", "OVERWRITE", "RENAME"])
def test_a_trial_tells_what_would_be_done_and_does_nothing(places, opened, policy):
    store = opened("full", places.full)
    before = kit.all_rows(store)
    files = sorted((store.kernel.directory.path / "artifacts").rglob("*"))
    foreseen = kit.bring(store, places.workspace, policy, is_trial=True)
    assert kit.all_rows(store) == before
    assert sorted((store.kernel.directory.path / "artifacts").rglob("*")) == files
    done = kit.bring(store, places.workspace, policy)
    assert [(each.id, each.outcome, each.rows, each.events, each.left_out) for each in done] == [
        (each.id, each.outcome, each.rows, each.events, each.left_out) for each in foreseen
    ]


def test_a_trial_is_refused_where_the_import_would_be(places, opened):
    store = opened("full", places.full)
    before = kit.all_rows(store)
    for is_trial in (True, False):
        with pytest.raises(ConflictError) as caught:
            kit.bring(store, places.workspace, is_trial=is_trial)
        assert "constructs plan" in caught.value.details["keys"]
    assert kit.all_rows(store) == before
    empty = opened("empty")
    assert {each.outcome for each in kit.bring(empty, places.workspace, is_trial=True)} == {"IMPORTED"}
    assert read(empty, "SELECT count(*) FROM constructs") == [(0,)]


def test_a_plugin_that_is_left_out_is_left_out_with_what_it_has_told(places, opened):
    store = opened()
    with pytest.raises(BadUserInputError, match="without names 'session', and") as caught:
        kit.bring(store, places.plan, without=["session"])
    assert "sessions" in caught.value.to_contract("", 0)["action"]
    assert read(store, "SELECT count(*) FROM constructs") == [(0,)]
    for is_trial in (True, False):
        outcomes = kit.bring(store, places.plan, without=["sessions"], is_trial=is_trial)
        assert "sessions" not in outcomes[0].rows
    told = {module for (module,) in read(store, "SELECT module FROM domain_events")}
    assert "sessions" not in told
    assert {"constructs", "jobs"} <= told


def test_what_is_there_with_the_same_content_is_no_conflict_and_is_not_told_again(places, opened):
    store = opened("full", places.full)
    before = kit.all_rows(store)
    outcomes = kit.bring(store, places.workspace, "SKIP")
    assert sum(outcome.unchanged for outcome in outcomes) > 0
    assert kit.all_rows(store) == before
