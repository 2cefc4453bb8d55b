"""The index follows what the plugins keep: what is added, changed, deleted, made anew or cannot be read."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

from plugins.search.index.making import NOW, call_tool, found_ids, index_all, index_noted, say
from synthetic import Snapshot, Store, SystemClock, delete_owned
from synthetic.checks.running import run_check
from synthetic.contributions import Stamped
from synthetic.plugins.purge import purge_plugin
from synthetic.testing import ManualClock, expect_data, open_test_store, wait_until
from synthetic_artifacts.model import ArtifactContent
from synthetic_artifacts.store import create_artifact, delete_artifact
from synthetic_constructs.model import ConstructContent
from synthetic_constructs.store import save_construct
from synthetic_search.documents import SearchDocument, SearchDocuments
from synthetic_search.index import pending
from synthetic_search.index.checks import CHECKS
from synthetic_search.index.filters import Filters
from synthetic_search.index.indexing import index_pending, read_changes
from synthetic_search.index.model import month_of
from synthetic_search.index.places import find_places, read_documents
from synthetic_search.index.retrieval import find_newest
from synthetic_search.index.store import apply
from synthetic_sessions.store import SessionFacts, merge_session_facts
from synthetic_transcripts.store import MessageKind, MessageRole, NewMessage, append_messages

TABLES = ("search_entities", "search_groups", "search_documents", "search_pending", "search_text_docsize")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW, monotonic=SystemClock())


@pytest.fixture
def settings() -> dict[str, str]:
    return {}


@pytest.fixture
def store(data_dir: Path, clock: ManualClock, settings: dict[str, str]) -> Generator[Store]:
    with open_test_store(data_dir, clock=clock, settings=settings) as opened:
        yield opened


@contextlib.contextmanager
def at_work(store: Store) -> Generator[None]:
    """The background work of the store's process."""
    background = store.kernel.services()
    background.start()
    try:
        yield
    finally:
        background.stop()


def counts(store: Store) -> dict[str, int]:
    return {
        table: store.read(lambda snapshot, table=table: snapshot.value(f"SELECT count(*) FROM {table}"))
        for table in TABLES
    }


def note(store: Store, *entities: tuple[str, str]) -> None:
    store.write(pending.note, entities)


def save(store: Store, construct_id: str, title: str, if_version: int | None = None) -> None:
    content = ConstructContent(type="PLAN", title=title)
    store.write(lambda tx: save_construct(tx, content, id=construct_id, if_version=if_version))


def findings(store: Store) -> list[str]:
    """What the checks of the index find."""
    found: list[str] = []
    for check in CHECKS:
        if check.find_over_time is None:
            found += [finding.message for finding in store.read(run_check, Stamped("search", check)).findings]
        else:
            found += [finding.message for finding in check.find_over_time(Looking(store))]
    return found


class Looking:
    """The store, for a check that reads again and again."""

    def __init__(self, store: Store) -> None:
        self.read = store.read

    def go_on(self) -> None:
        """Nothing stops it."""


def ids_of(store: Store) -> set[int]:
    return {id for (id,) in store.read(lambda snapshot: snapshot.rows("SELECT id FROM search_documents"))}


def lag_of(store: Store) -> tuple[str, int]:
    modules = expect_data(store.graphql("{ syncStatus { module status lagEvents } }"))["syncStatus"]
    return next((each["status"], each["lagEvents"]) for each in modules if each["module"] == "search.index")


def test_what_happens_is_found_without_anybody_asking_for_it(store):
    with at_work(store):
        say(store, "t", "the retry failed")
        wait_until(lambda: found_ids(store, "retry") == ["t:1"])
        say(store, "t", "a second retry", "and a third retry")
        wait_until(lambda: len(found_ids(store, "retry")) == 3)
        wait_until(lambda: lag_of(store) == ("SYNCED", 0))
        delete_owned(store, "sessions", "s")
        wait_until(lambda: counts(store)["search_documents"] == counts(store)["search_text_docsize"] == 0)
    assert found_ids(store, "retry") == []


def test_what_is_noted_and_not_indexed_counts_as_lag(store):
    with at_work(store):
        wait_until(lambda: lag_of(store) == ("SYNCED", 0))
    before = lag_of(store)[1]
    store.write(pending.note, [("job", "j"), ("job", "k")])
    assert lag_of(store)[1] == before + 2


def test_everything_is_indexed_anew_when_that_is_asked_for(store):
    rebuild = (
        """mutation { requestResync(input: {module: "search.index", action: REBUILD}) { status { requested } } }"""
    )
    with at_work(store):
        say(store, "t", "the retry failed")
        save(store, "c", "Mend the retry")
        wait_until(lambda: len(found_ids(store, "retry")) == 2)
        wait_until(lambda: lag_of(store) == ("SYNCED", 0))
        before = ids_of(store)
        store.write(lambda tx: tx.execute("DELETE FROM search_text WHERE rowid = :id", {"id": min(before)}))
        assert len(findings(store)) == 1
        expect_data(store.graphql(rebuild))
        wait_until(lambda: len(found_ids(store, "retry")) == 2 and not before & ids_of(store))
        wait_until(lambda: lag_of(store) == ("SYNCED", 0))
    assert findings(store) == []
    store.write(lambda tx: tx.execute("UPDATE search_entities SET entity_id = 'other' WHERE entity_id = 't'"))
    assert findings(store) == ["The MESSAGE other is indexed, and is not there.", "The MESSAGE t is not indexed."]


def test_a_transcript_is_followed_where_it_was_left(store):
    say(store, "t", *(f"message {number}" for number in range(5)))
    index_all(store)
    before = counts(store)
    say(store, "t", "one more")
    note(store, ("transcript", "t"))
    (change,) = store.read(read_changes)
    assert ([each.ordinal for each in change.documents], change.is_new, change.through) == ([6], False, 6)
    index_noted(store)
    after = counts(store)
    assert (before["search_documents"], after["search_documents"], after["search_pending"]) == (5, 6, 0)


def test_a_transcript_that_is_made_anew_under_its_id_is_indexed_anew(store):
    say(store, "t", "old words", "older words")
    index_all(store)
    delete_owned(store, "sessions", "s")
    say(store, "t", "new text")
    note(store, ("transcript", "t"))
    index_noted(store)
    assert (found_ids(store, "words"), found_ids(store, "new")) == ([], ["t:1"])
    assert findings(store) == []


def test_a_transcript_that_is_indexed_anew_is_found_all_the_while(store, monkeypatch):
    monkeypatch.setattr("synthetic_search.index.indexing.STRETCH_DOCUMENTS", 10)
    say(store, "t", *(f"message {number}" for number in range(35)))
    index_all(store)
    before = ids_of(store)
    store.write(pending.begin)
    note(store, ("transcript", "t"))
    steps = 0
    while index_pending(store):
        steps += 1
        assert counts(store)["search_documents"] == counts(store)["search_text_docsize"] == 35
    assert steps == 4
    assert not before & ids_of(store)
    assert findings(store) == []


def test_messages_follow_their_session_into_another_construct(store):
    say(store, "t", "the zeppelin", "was found")
    say(store, "u", "another zeppelin", session_id="other")
    save(store, "c", "Plan")
    index_all(store)
    before = ids_of(store)
    store.write(lambda tx: merge_session_facts(tx, "s", SessionFacts(construct_id="c")))
    note(store, ("session", "s"), ("session", "other"))
    index_noted(store)
    assert found_ids(store, "zeppelin", Filters(construct_ids=("c",))) == ["t:1"]
    assert len(ids_of(store) - before) == 2
    assert findings(store) == []
    note(store, ("session", "s"))
    before = ids_of(store)
    index_noted(store)
    assert ids_of(store) == before


def test_values_that_no_document_has_any_more_are_forgotten(store):
    values = "SELECT dimension, value FROM search_values"
    save(store, "c", "Plan")
    index_all(store)
    kept = set(store.read(lambda snapshot: snapshot.rows(values)))
    say(store, "t", "words", occurred_at=NOW - 400 * 86_400_000)
    index_all(store)
    assert len(store.read(lambda snapshot: snapshot.rows(values))) > len(kept) + 3
    delete_owned(store, "sessions", "s")
    note(store, ("transcript", "t"))
    index_noted(store)
    assert set(store.read(lambda snapshot: snapshot.rows(values))) == kept


def test_what_has_not_changed_is_not_indexed_again(store):
    save(store, "c", "Mend the retry")
    index_all(store)
    ids = store.read(lambda snapshot: snapshot.rows("SELECT id FROM search_documents"))
    note(store, ("construct", "c"))
    index_noted(store)
    assert store.read(lambda snapshot: snapshot.rows("SELECT id FROM search_documents")) == ids
    assert counts(store)["search_pending"] == 0


def test_what_is_new_what_has_changed_and_what_is_gone_are_told_apart_in_one_go(store):
    say(store, "gone", "words that go", session_id="gone")
    say(store, "grows", "words that stay", session_id="grows")
    save(store, "c", "Words of a plan")
    index_all(store)
    delete_owned(store, "sessions", "gone")
    say(store, "grows", "words that come", session_id="grows")
    save(store, "c", "Words of a better plan", if_version=1)
    save(store, "d", "Words of another plan")
    note(store, ("transcript", "gone"), ("transcript", "grows"), ("construct", "c"), ("construct", "d"))
    assert index_pending(store) == 4
    assert sorted(found_ids(store, "words")) == ["c", "d", "grows:1", "grows:2"]
    assert sorted(found_ids(store, "words", Filters(session_ids=("gone", "grows")))) == ["grows:1", "grows:2"]
    assert found_ids(store, "better", Filters(construct_ids=("c",))) == ["c"]
    assert counts(store)["search_pending"] == 0
    assert findings(store) == []


def test_more_than_one_transaction_takes_is_indexed_in_one_go_and_in_order(store, monkeypatch):
    monkeypatch.setattr("synthetic_search.index.indexing.DOCUMENTS_AT_ONCE", 10)
    for number in range(5):
        say(store, f"t{number}", *(f"words{number}" for _ in range(12)), session_id=f"s{number}")
    note(store, *(("transcript", f"t{number}") for number in range(5)))
    assert index_pending(store) == 5
    assert [len(found_ids(store, f"words{number}")) for number in range(5)] == [12] * 5
    entities = "SELECT entity_id FROM search_entities ORDER BY key"
    assert [id for (id,) in store.read(lambda snapshot: snapshot.rows(entities))] == [
        f"t{number}" for number in range(5)
    ]
    assert counts(store)["search_pending"] == 0
    assert findings(store) == []


def test_what_stands_behind_characters_that_are_none_is_found(store):
    say(store, "t", 'before\0after "quoted" back\\slash \x1bescape \U0001f600smile')
    index_all(store)
    for word in ("after", "quoted", "slash", "escape", "smile"):
        assert found_ids(store, word) == ["t:1"]


def test_an_artifact_is_found_by_its_text_until_it_is_deleted(store):
    save(store, "c", "Plan")
    content = ArtifactContent(construct_id="c", type="log", name="build.log", content_type="text/plain")
    artifact = create_artifact(store, content, [b"linker error in retryPolicy\n" * 5_000]).artifact
    binary = ArtifactContent(construct_id="c", type="dump", name="core.bin", content_type="application/octet-stream")
    create_artifact(store, binary, [b"linker error"])
    index_all(store)
    assert found_ids(store, "linker") == [artifact.id]
    assert found_ids(store, "retryPolicy", Filters(kinds=("ARTIFACT",), construct_ids=("c",))) == [artifact.id]
    assert len(found_ids(store, "core")) == 1
    store.write(delete_artifact, artifact.id)
    note(store, ("artifact", artifact.id))
    index_noted(store)
    assert found_ids(store, "linker") == []
    assert findings(store) == []


def test_documents_that_may_be_long_are_read_one_by_one_and_without_text_where_none_is_asked_for(store, monkeypatch):
    read, titles = [], []

    def document(id: str, body: str) -> SearchDocument:
        return SearchDocument(id, f"{id}.log", body, NOW)

    def read_each(_: Snapshot, ids: Sequence[str]) -> list[SearchDocument | None]:
        read.append(len(ids))
        return [document(id, "a long log that says little\n" * 1_000) for id in ids]

    def read_titles(_: Snapshot, ids: Sequence[str]) -> list[SearchDocument | None]:
        titles.extend(ids)
        return [document(id, "") for id in ids]

    for at_once in (1, 100):
        source = SearchDocuments(
            kind="THING",
            entity="thing",
            purpose="Things.",
            read=read_each,
            scan=lambda *_: [],
            read_at_once=at_once,
            read_titles=read_titles,
        )
        monkeypatch.setattr(Snapshot, "contributed", lambda self, record_class, given=source: (given,))
        monkeypatch.setattr("synthetic_search.index.places.CHARACTERS_AT_ONCE", 150_000)
        note(store, *(("thing", f"{at_once}-{number:02}") for number in range(12)))
        index_noted(store)
        newest = store.read(find_newest, Filters(), 12).hits
        places = [place for place in store.read(find_places, [hit.id for hit in newest]) if place]
        documents = store.read(read_documents, places)
        assert [(each.title, len(each.body) <= 8_000) for each in documents] == [
            (f"{at_once}-{number:02}.log", True) for number in reversed(range(12))
        ]
        # Of four parts of 8,000 characters, as many as have 150,000.
        assert read == ([1] * 24 if at_once == 1 else [12, 4, 4, 4])
        read.clear()
        named = store.read(lambda snapshot, places=places: read_documents(snapshot, places, with_bodies=False))
        assert [each.body for each in named] == [""] * 12
        assert (len(titles), read) == (12, [])
        titles.clear()


def test_more_than_one_transaction_takes_is_deleted_in_several(store, monkeypatch):
    monkeypatch.setattr("synthetic_search.index.store.DELETED_AT_ONCE", 20)
    say(store, "t", *(f"message {number}" for number in range(45)))
    index_all(store)
    delete_owned(store, "sessions", "s")
    note(store, ("transcript", "t"))
    assert index_pending(store) == 1
    assert 0 < counts(store)["search_documents"] < 45
    index_noted(store)
    assert not any(counts(store).values())


def test_a_change_that_comes_while_another_is_indexed_is_not_lost(store):
    say(store, "t", "first")
    note(store, ("transcript", "t"))
    changes = store.read(read_changes)
    say(store, "t", "second")
    note(store, ("transcript", "t"))
    store.write(apply, changes)
    assert counts(store)["search_pending"] == 1
    index_noted(store)
    assert (found_ids(store, "first"), found_ids(store, "second")) == (["t:1"], ["t:2"])


def test_a_rebuild_that_begins_while_something_is_indexed_still_indexes_all_of_it_anew(store):
    def rows() -> dict[str, set[int]]:
        found = store.read(
            lambda snapshot: snapshot.rows(
                "SELECT e.kind, d.id FROM search_documents d JOIN search_entities e ON e.key = d.entity_key"
            )
        )
        return {kind: {id for of, id in found if of == kind} for kind, _ in found}

    # One entity has one document; the other so many that they are indexed in two stretches.
    save = 'mutation { saveJob(input: {id: "j", kind: "build", command: "make"}) { created } }'
    expect_data(store.graphql(save))
    say(store, "t", *(f"word {number}" for number in range(1_200)))
    note(store, ("job", "j"), ("transcript", "t"))
    index_pending(store)
    note(store, ("job", "j"))
    changes, before = store.read(read_changes), rows()
    assert {kind: len(ids) for kind, ids in before.items()} == {"JOB": 1, "MESSAGE": 1_000}
    store.write(pending.begin)
    store.write(apply, changes)
    index_all(store)
    after = rows()
    assert {kind: len(ids) for kind, ids in after.items()} == {"JOB": 1, "MESSAGE": 1_200}
    assert not any(after[kind] & before[kind] for kind in before)


def test_what_cannot_be_read_is_put_off_and_holds_nothing_up(store, clock, monkeypatch):
    broken = {"is": True}

    def read(snapshot: Snapshot, ids):
        if broken["is"] and "bad" in ids:
            raise ValueError("cannot be read")
        return [SearchDocument(id, "thing", f"text of {id}", NOW) for id in ids]

    source = SearchDocuments(kind="THING", entity="thing", purpose="Things.", read=read, scan=lambda *_: [])
    monkeypatch.setattr(Snapshot, "contributed", lambda self, record_class: (source,))
    note(store, ("thing", "good"), ("thing", "bad"), ("stranger", "x"))
    index_noted(store)
    assert found_ids(store, "good") == ["good"]
    ((kind, id, failures, error, due_at),) = store.read(
        lambda snapshot: snapshot.rows("SELECT kind, entity_id, failures, error, due_at FROM search_pending")
    )
    assert (kind, id, failures, error, due_at - NOW) == ("THING", "bad", 1, "ValueError", pending.RETRY_FIRST_MS)
    assert store.read(pending.waiting, 10) == (1, NOW)
    broken["is"] = False
    clock.advance(pending.RETRY_FIRST_MS)
    index_noted(store)
    assert found_ids(store, "bad") == ["bad"]
    assert counts(store)["search_pending"] == 0


def test_what_is_held_of_a_kind_that_nobody_has_any_more_goes_with_a_rebuild(store):
    say(store, "t", "the retry failed")
    index_all(store)
    store.write(lambda tx: tx.execute("UPDATE search_entities SET kind = 'GONE'"))
    store.write(pending.begin)
    index_noted(store)
    assert found_ids(store, "retry") == []
    assert counts(store)["search_entities"] == 0


def test_a_scan_goes_over_all_that_is_there_and_all_that_is_held(store):
    for number in range(5):
        say(store, f"t{number}", "words", session_id=f"s{number}")
    index_all(store)
    delete_owned(store, "sessions", "s0")
    seen, cursor = [], None
    while found := store.read(pending.scan, cursor, 2):
        seen += [(entity_type, id) for _, entity_type, id in found]
        cursor = found[-1][0]
    assert {("transcript", f"t{number}") for number in range(5)} <= set(seen)
    assert seen.count(("transcript", "t1")) == 2


def test_a_month_is_counted_from_the_first_one():
    assert (month_of(0), month_of(-5), month_of(31 * 86_400_000)) == (0, 0, 1)
    assert month_of(10**18) == month_of(253_402_300_799_999)


def test_without_documents_nothing_is_found(store):
    assert store.read(find_newest, Filters(), 5).hits == ()
    assert found_ids(store, "anything") == []


@pytest.mark.parametrize("settings", [{"plugins.transcripts.answer_bytes": "1048576"}])
def test_messages_that_are_too_large_together_are_read_in_turns(store):
    say(store, "t", *(f"number{number} " + "word " * 50_000 for number in range(9)))
    index_all(store)
    ordinals = "SELECT count(DISTINCT ordinal) FROM search_documents"
    assert store.read(lambda snapshot: snapshot.value(ordinals)) == 9
    assert found_ids(store, "number7") == ["t:8"]
    newest = store.read(find_newest, Filters(), 50).hits
    places = [place for place in store.read(find_places, [hit.id for hit in newest]) if place]
    assert len([document for document in store.read(read_documents, places) if document]) == 9


def test_a_message_that_calls_a_tool_is_found_by_what_it_is_called_with(store):
    call_tool(store, "t", "EditFile", {"path": "kernel/store.py", "edits": [{"old": "leaseMs", "new": 5}], "all": True})
    index_all(store)
    assert found_ids(store, "leaseMs") == found_ids(store, "store.py") == found_ids(store, "edit") == ["t:1"]


def test_a_message_whose_list_of_blocks_is_empty_hides_no_other(store):
    say(store, "t", "before it")
    for number, calls in enumerate((0, 1)):
        kind = MessageKind.TOOL_CALL if calls else MessageKind.TEXT
        message = NewMessage(
            source_id=f"empty {number}", role=MessageRole.ASSISTANT, kind=kind, blocks=[], tool_calls=calls
        )
        store.write(append_messages, "t", [message])
    say(store, "t", "behind it")
    index_all(store)
    assert (found_ids(store, "before"), found_ids(store, "behind")) == (["t:1"], ["t:4"])


def test_the_tables_can_be_purged_once_the_plugin_is_taken_out(data_dir, store):
    say(store, "t", "the retry failed")
    index_all(store)
    store.close()
    (data_dir / "plugins.toml").write_text("[plugins.search]\nenabled = false\n")
    with open_test_store(data_dir) as without:
        purged = {table.name: table.rows for table in without.write(purge_plugin, "search")}
        left = without.read(lambda snapshot: snapshot.rows("SELECT name FROM sqlite_schema WHERE name GLOB 'search*'"))
    assert (purged["search_documents"], purged["search_text"], left) == (1, 1, [])
