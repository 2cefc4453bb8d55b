"""Documents: saves and versions, the way from plans to what carries them out, filters, deletion, retention, checks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kernel.checks.kit import found_by, spoil
from synthetic import Store, SystemClock, from_json
from synthetic.testing import ManualClock, copy_template, expect_data, expect_error, open_test_store

DAY_MS = 86_400_000
SAVE = """
mutation ($input: SaveDocumentInput!) {
  saveDocument(input: $input) {
    created changed
    document {
      id kind title body status constructId storyId projectId metadata bodyBytes bodySha256 version createdBy updatedBy
    }
  }
}
"""
SAVE_CONSTRUCT = 'mutation ($id: ID!) { saveConstruct(input: {id: $id, type: "task", title: "A task"}) { created } }'
RELATE = """
mutation ($from: ID!, $to: ID!) {
  relateConstructs(input: {fromId: $from, kind: PLAN_TO_IMPLEMENTATION, toId: $to}) { created }
}
"""
VERSIONS = """
query ($id: ID!) {
  document(id: $id) { versions { totalCount nodes { version title body status constructId savedBy supersededAt } } }
}
"""


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock(monotonic=SystemClock())


@pytest.fixture(scope="module")
def store(template: Path, tmp_path_factory: pytest.TempPathFactory, clock: ManualClock) -> Iterator[Store]:
    directory = copy_template(template, tmp_path_factory.mktemp("documents") / "store")
    with open_test_store(
        directory,
        clock=clock,
        settings={
            "plugins.projections.keep_document_versions_ms": str(DAY_MS),
            "plugins.projections.document_body_characters": "1000",
            "plugins.projections.document_answer_bytes": "4000",
        },
    ) as opened:
        yield opened


@pytest.fixture
def ask(store: Store):
    return lambda document, **variables: expect_data(store.graphql(document, variables))


@pytest.fixture
def refused(store: Store):
    return lambda code, document, **variables: expect_error(store.graphql(document, variables), code)["extensions"]


@pytest.fixture
def save(ask, clock):
    """Save a document a second after the last; the payload."""

    def save(**fields: Any) -> dict[str, Any]:
        clock.advance(1_000)
        return ask(SAVE, input=fields)["saveDocument"]

    return save


def test_a_new_document_is_stored_as_sent_and_sent_again_it_is_the_same(ask, save):
    ask(SAVE_CONSTRUCT, id="c-new")
    told = {
        "id": "new", "kind": "PLAN", "title": "A plan", "body": "Écrire.", "status": "draft", "constructId": "c-new",
        "storyId": "s", "projectId": "p", "metadata": {"a": [1]},
    }  # fmt: skip
    payload = save(**told)
    assert (payload["created"], payload["changed"]) == (True, True)
    assert payload["document"] == told | {
        "version": 1, "bodyBytes": 8, "bodySha256": hashlib.sha256("Écrire.".encode()).hexdigest(),
        "createdBy": "anonymous", "updatedBy": "anonymous",
    }  # fmt: skip
    assert save(**told) == payload | {"created": False, "changed": False}
    assert save(id="new", title="A plan") == payload | {"created": False, "changed": False}


def test_every_version_is_kept_and_a_restore_is_a_save(ask, save):
    save(id="kept", kind="NOTE", title="One", body="First.")
    save(id="kept", title="Two", ifVersion=1)
    save(id="kept", body="Third.", status="done", ifVersion=2)
    versions = ask(VERSIONS, id="kept")["document"]["versions"]
    assert versions["totalCount"] == 3
    told = [(each["version"], each["title"], each["body"], each["status"]) for each in versions["nodes"]]
    assert told == [(3, "Two", "Third.", "done"), (2, "Two", "First.", None), (1, "One", "First.", None)]
    assert [each["supersededAt"] is None for each in versions["nodes"]] == [True, False, False]
    old = versions["nodes"][-1]
    restored = save(id="kept", title=old["title"], body=old["body"], status=old["status"], ifVersion=3)["document"]
    assert (restored["version"], restored["title"], restored["body"], restored["status"]) == (4, "One", "First.", None)
    assert ask(VERSIONS, id="kept")["document"]["versions"]["totalCount"] == 4


def test_other_content_needs_the_version_that_it_replaces(save, refused):
    save(id="version", kind="NOTE", title="One", body="First.")
    for sent in ({"body": "Second."}, {"body": "Second.", "ifVersion": 2}):
        error = refused("CONFLICT", SAVE, input={"id": "version", **sent})
        assert (error["details"]["storedVersion"], error["details"]["differs"]) == (1, ["body"])
    assert refused("CONFLICT", SAVE, input={"id": "unknown", "kind": "NOTE", "title": "T", "ifVersion": 1})


def test_what_is_not_acceptable_is_refused_and_named(refused):
    for field, sent in {
        "kind": {"title": "T"},
        "title": {"kind": "NOTE"},
        "body": {"kind": "NOTE", "title": "T", "body": "x" * 1_001},
        "metadata": {"kind": "NOTE", "title": "T", "metadata": [1]},
        "status": {"kind": "NOTE", "title": "T", "status": " "},
        "id": {"kind": "NOTE", "title": "T", "id": ""},
    }.items():
        assert refused("BAD_USER_INPUT", SAVE, input=sent)["details"] == {"field": field}
    sent = {"kind": "NOTE", "title": "T", "constructId": "none"}
    assert refused("NOT_FOUND", SAVE, input=sent)["details"]["field"] == "constructId"


def test_events_name_what_has_changed_and_tell_no_text(store, save):
    save(id="told", kind="NOTE", title="Secret title", body="Secret body")
    save(id="told", body="Other secret", status="done", ifVersion=1)
    rows = store.read(lambda tx: tx.rows("SELECT payload FROM domain_events WHERE entity_id = 'told'"))
    payloads = [from_json(text) for (text,) in rows]
    assert [(each["created"], each["version"], each["bodyBytes"]) for each in payloads] == [
        (True, 1, 11),
        (False, 2, 12),
    ]
    assert payloads[0]["changed"] == ["kind", "title", "metadata", "body"]
    assert payloads[1]["changed"] == ["status", "body"]
    assert "ecret" not in str(rows)


def test_the_event_of_a_document_that_leaves_a_construct_names_it(store, ask, save):
    for id in ("c-left", "c-next"):
        ask(SAVE_CONSTRUCT, id=id)
    save(id="left", kind="NOTE", title="One", constructId="c-left")
    save(id="left", constructId="c-next", ifVersion=1)
    save(id="left", title="Two", ifVersion=2)
    save(id="left", constructId=None, ifVersion=3)
    rows = store.read(lambda tx: tx.rows("SELECT payload FROM domain_events WHERE entity_id = 'left'"))
    assert [from_json(text)["previousConstructId"] for (text,) in rows] == [None, "c-left", None, "c-next"]


def test_an_answer_has_no_more_bodies_than_it_may(ask, save, refused):
    save(id="long", kind="NOTE", title="One", body="x" * 1_000)
    save(id="long", body="y" * 1_000, ifVersion=1)
    page = """{ nodes { bodyBytes body } }"""
    twice = f"""{{ one: document(id: "long") {{ body versions {page} }} two: document(id: "long") {{ body }} }}"""
    answer = ask(twice)
    assert answer["one"]["versions"]["nodes"] == [{"bodyBytes": 1_000, "body": each * 1_000} for each in "yx"]
    assert answer["one"]["body"] == answer["two"]["body"] == "y" * 1_000
    more = twice.replace("two:", f'three: document(id: "long") {{ versions {page} }} two:')
    assert refused("CONTENT_TOO_LARGE", more)["details"]["sizeBytesMax"] == 4_000


def test_the_way_from_a_plan_to_what_carries_it_out_is_walked_both_ways(ask, save):
    for id in ("way-plan", "way-1", "way-2"):
        ask(SAVE_CONSTRUCT, id=id)
    for to in ("way-2", "way-1"):
        ask(RELATE, **{"from": "way-plan", "to": to})
    save(id="way", kind="PLAN", title="A plan", constructId="way-plan")
    save(id="way-note", kind="NOTE", title="A note", constructId="way-plan")
    save(id="way-loose", kind="PLAN", title="A plan of nothing")
    document = """
    query ($id: ID!) { document(id: $id) { carriedOutBy { totalCount nodes { id plans { nodes { id } } } } } }
    """
    plans = {"nodes": [{"id": "way"}]}
    found = ask(document, id="way")["document"]["carriedOutBy"]
    assert sorted(found["nodes"], key=lambda node: node["id"]) == [
        {"id": "way-1", "plans": plans}, {"id": "way-2", "plans": plans},
    ]  # fmt: skip
    assert found["totalCount"] == 2
    assert ask(document, id="way-loose")["document"]["carriedOutBy"]["nodes"] == []
    construct = """{ construct(id: "way-plan") { plans { totalCount } documents { nodes { id } } } }"""
    assert ask(construct)["construct"] == {
        "plans": {"totalCount": 0}, "documents": {"nodes": [{"id": "way-note"}, {"id": "way"}]},
    }  # fmt: skip


def test_filters_find_documents_in_every_order(ask, save):
    for number, (kind, status, story) in enumerate(
        [("PLAN", "draft", "fs"), ("NOTE", None, "fs"), ("PLAN", "agreed", "other"), ("MEMO", "draft", "fs")]
    ):
        save(id=f"f{number}", kind=kind, status=status, storyId=story, projectId="fp", title=f"{9 - number}% f_t")

    def found(filter: str, more: str = "") -> list[str]:
        answer = ask(f'{{ documents(filter: {{projectId: "fp" {filter}}} {more}) {{ totalCount nodes {{ id }} }} }}')
        assert answer["documents"]["totalCount"] == len(answer["documents"]["nodes"])
        return [node["id"] for node in answer["documents"]["nodes"]]

    assert found("") == ["f3", "f2", "f1", "f0"]
    assert found('kind: ["PLAN", "MEMO"]') == ["f3", "f2", "f0"]
    assert found('status: ["draft"] storyId: "fs"') == ["f3", "f0"]
    assert found('ids: ["f1", "f2"] kind: ["NOTE"]') == ["f1"]
    assert found('text: "8% F_"') == ["f1"]
    assert found("kind: []") == []
    assert found("", "orderBy: TITLE_ASC") == ["f3", "f2", "f1", "f0"]
    assert found("", "orderBy: CREATED_AT_ASC") == ["f0", "f1", "f2", "f3"]
    answer = ask('{ documents(filter: {kind: ["PLAN", "MEMO"], status: ["draft"]}, first: 1) { nodes { id } } }')
    assert answer["documents"]["nodes"] == [{"id": "f3"}]


def test_a_document_goes_with_its_construct_and_by_itself_with_all_its_versions(store, ask, save, refused):
    ask(SAVE_CONSTRUCT, id="c-gone")
    for id, construct_id in (("gone-1", "c-gone"), ("gone-2", None)):
        save(id=id, kind="NOTE", title="One", constructId=construct_id)
        save(id=id, title="Two", ifVersion=1)
    ask('mutation { deleteConstruct(input: {id: "c-gone"}) { rows } }')
    delete = "mutation ($id: ID!) { deleteDocument(input: {id: $id}) { versions } }"
    assert ask(delete, id="gone-2") == {"deleteDocument": {"versions": 2}}
    assert refused("NOT_FOUND", delete, id="gone-2")["details"] == {"field": "id", "id": "gone-2"}
    counts = "SELECT (SELECT count(*) FROM documents WHERE id GLOB 'gone*'), count(*) FROM document_versions"
    assert store.read(lambda tx: tx.row(counts + " WHERE document_id GLOB 'gone*'")) == (0, 0)
    sql = "SELECT entity_id, construct_id FROM domain_events WHERE type = 'document.deleted' ORDER BY position"
    assert store.read(lambda tx: tx.rows(sql)) == [("gone-1", "c-gone"), ("gone-2", None)]


def test_retention_takes_old_versions_where_it_is_asked_to_and_never_the_newest(ask, save, clock):
    save(id="aged", kind="NOTE", title="One")
    save(id="aged", title="Two", ifVersion=1)
    clock.advance(DAY_MS - 60_000)
    save(id="aged", title="Three", ifVersion=2)
    run = 'mutation { runRetention(input: {rules: ["projections.document_versions"]}) { __typename } }'
    ask(run)
    assert [each["version"] for each in ask(VERSIONS, id="aged")["document"]["versions"]["nodes"]] == [3, 2, 1]
    clock.advance(60_000)
    ask(run)
    assert [each["version"] for each in ask(VERSIONS, id="aged")["document"]["versions"]["nodes"]] == [3, 2]


def test_the_checks_find_what_was_changed_by_hand(store, save):
    for id in ("spoilt-1", "spoilt-2", "spoilt-3"):
        save(id=id, kind="NOTE", title="One", body="Body.")
    for name in ("document_versions", "document_bodies"):
        assert found_by(store, f"projections.{name}") == []
    spoil(
        store,
        "UPDATE documents SET title = 'Other' WHERE id = 'spoilt-1'",
        "DELETE FROM document_versions WHERE document_id = 'spoilt-2'",
        "UPDATE document_versions SET body = 'Other.' WHERE document_id = 'spoilt-3'",
    )
    assert [id for id, _ in found_by(store, "projections.document_versions")] == ["spoilt-1", "spoilt-2"]
    assert [id for id, _ in found_by(store, "projections.document_bodies")] == ["spoilt-3"]
