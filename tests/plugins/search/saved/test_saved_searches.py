"""Saved searches: kept, changed and deleted, and told of what is indexed after they were saved, each thing once."""

from __future__ import annotations

import pytest

from plugins.search.index.making import NOW, index_all, say, words
from synthetic import EventFilter, read_events, run_retention_batch
from synthetic.testing import ManualClock, copy_template, expect_data, expect_error, open_test_store
from synthetic_search.index import pending
from synthetic_search.index.filters import EVERYTHING
from synthetic_search.index.retrieval import list_matches
from synthetic_search.saved.services import look_for_searches

SAVE = """
mutation ($input: SaveSearchInput!) {
  saveSearch(input: $input) { created changed search { id name query filter version createdBy } }
}"""
HITS = """
query ($id: ID!) { savedSearch(id: $id) { hits { totalCount nodes {
  kind hitAt hit { title snippet { text highlights { start end } } }
} } } }"""


@pytest.fixture
def clock():
    return ManualClock(NOW)


@pytest.fixture
def store(template, tmp_path, clock):
    settings = {"plugins.search.saved_searches": "3"}
    with open_test_store(copy_template(template, tmp_path / "store"), clock=clock, settings=settings) as opened:
        yield opened


def save(store, **content):
    return expect_data(store.graphql(SAVE, {"input": content}))["saveSearch"]


def look(store):
    """Index what there is, and look for all searches."""
    index_all(store)
    while look_for_searches(store):
        pass


def hits(store, id):
    nodes = expect_data(store.graphql(HITS, {"id": id}))["savedSearch"]["hits"]["nodes"]
    return [node["hit"] and node["hit"]["snippet"]["text"] for node in nodes]


def told(store):
    events = store.read(read_events, 0, 10_000, EventFilter(types=frozenset({"saved_search.matched"}))).events
    return [(event.entity_id, len(event.data()["hits"])) for event in events]


def test_a_search_that_is_sent_twice_is_saved_once_and_changed_by_its_version(store):
    content = {"id": "s", "name": "Leases", "query": 'lease -"kept"', "filter": {"kinds": ["JOB"]}}
    saved = save(store, **content)
    assert saved["created"]
    assert saved["search"]["filter"] == {"kinds": ["JOB"]}
    again = save(store, **content)
    assert (again["created"], again["changed"], again["search"]) == (False, False, saved["search"])
    expect_error(store.graphql(SAVE, {"input": {"id": "s", "query": "other"}}), "CONFLICT")
    changed = save(store, id="s", ifVersion=1, filter=None)
    assert (changed["search"]["version"], changed["search"]["filter"]) == (2, {})
    listed = expect_data(store.graphql('{ savedSearches { nodes { id } } node(id: "SavedSearch:s") { id } }'))
    assert listed == {"savedSearches": {"nodes": [{"id": "s"}]}, "node": {"id": "s"}}
    expect_data(store.graphql('mutation { deleteSearch(input: {id: "s"}) { id } }'))
    expect_error(store.graphql('mutation { deleteSearch(input: {id: "s"}) { id } }'), "NOT_FOUND")


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"name": "x"}, "query"),
        ({"query": "x"}, "name"),
        ({"name": "", "query": "x"}, "name"),
        ({"name": "a\0b", "query": "x"}, "name"),
        ({"name": "x", "query": "x" * 10_001}, "query"),
        ({"name": "x", "query": "x", "filter": {"kinds": ["PLAN"]}}, "filter.kinds"),
        ({"name": "x", "query": "x", "ifVersion": 1}, "ifVersion"),
        ({"name": "x", "query": " "}, "query"),
        ({"name": "x", "query": "->", "filter": {"kinds": ["JOB"]}}, "query"),
    ],
)
def test_what_can_be_no_search_is_refused(store, content, field):
    error = expect_error(store.graphql(SAVE, {"input": content}), "BAD_USER_INPUT")
    assert error["extensions"]["details"]["field"] == field
    assert expect_data(store.graphql("{ savedSearches { totalCount } }")) == {"savedSearches": {"totalCount": 0}}


def test_there_are_at_most_as_many_as_the_settings_allow(store):
    for number in range(3):
        save(store, name=f"{number}", query="x")
    expect_error(store.graphql(SAVE, {"input": {"name": "4", "query": "x"}}), "SAVED_SEARCH_LIMIT")


def test_a_search_finds_what_is_indexed_after_it_was_saved_each_thing_once(store):
    say(store, "t", "An old lease.")
    look(store)
    save(store, id="s", name="Leases", query="lease -kept")
    look(store)
    assert hits(store, "s") == []
    say(store, "t", "A lease is lost.", "A lease is kept.", "Nothing of it.")
    job = 'mutation { saveJob(input: {id: "j", kind: "renew", command: "lease renew"}) { created } }'
    expect_data(store.graphql(job))
    look(store)
    assert sorted(hits(store, "s")) == ["", "A lease is lost."]
    assert told(store) == [("s", 2)]
    # A job that is indexed anew, since it has changed, is no new hit.
    expect_data(store.graphql('mutation { cancelJob(input: {id: "j"}) { job { status } } }'))
    look(store)
    assert told(store) == [("s", 2)]


def test_a_search_that_is_changed_begins_anew_and_one_with_nothing_but_exclusions_finds_the_rest(store):
    save(store, id="s", name="x", query="nothing")
    say(store, "t", "A lease.")
    look(store)
    save(store, id="s", ifVersion=1, query="-kept kind:message")
    look(store)
    assert told(store) == []
    say(store, "t", "A lease is kept.", "Another one.")
    look(store)
    assert hits(store, "s") == ["Another one."]


def test_many_hits_are_told_in_several_events_and_forgotten_after_their_time(store, clock):
    save(store, id="s", name="Leases", query="lease")
    say(store, "t", *[f"Lease {number}." for number in range(45)])
    look(store)
    assert told(store) == [("s", 20), ("s", 20), ("s", 5)]
    clock.advance(30 * 86_400_000 + 1)
    assert store.write(run_retention_batch, "search.saved_search_hits").rows == 45
    assert hits(store, "s") == []


def test_the_hit_of_a_document_that_is_gone_is_null(store):
    save(store, id="s", name="Plans", query="quokka")
    content = 'id: "d", kind: "NOTE", title: "T", body: "A quokka."'
    expect_data(store.graphql(f"mutation {{ saveDocument(input: {{{content}}}) {{ created }} }}"))
    look(store)
    assert hits(store, "s") == ["A quokka."]
    expect_data(store.graphql('mutation { deleteDocument(input: {id: "d"}) { id } }'))
    assert hits(store, "s") == [None]


def test_what_is_only_indexed_anew_is_no_new_hit(store, clock):
    save_job = 'mutation { saveJob(input: {id: "j", kind: "renew", command: "lease renew"}) { created } }'
    expect_data(store.graphql(save_job))
    say(store, "t", "An old lease.")
    look(store)
    save(store, id="s", name="Leases", query="lease")
    store.write(pending.begin)
    look(store)
    assert told(store) == []
    say(store, "t", "A new lease.")
    index_all(store)
    # It is new whether or not everything was indexed anew before it was looked for.
    store.write(pending.begin)
    look(store)
    assert hits(store, "s") == ["A new lease."]
    clock.advance(30 * 86_400_000 + 1)
    store.write(run_retention_batch, "search.saved_search_hits")
    store.write(pending.begin)
    look(store)
    assert hits(store, "s") == []


def test_a_job_that_comes_to_match_by_a_change_is_a_hit(store):
    expect_data(store.graphql('mutation { saveJob(input: {id: "j", kind: "renew", command: "x"}) { created } }'))
    look(store)
    save(store, id="s", name="Cancelled", query="kind:job status:cancelled")
    expect_data(store.graphql('mutation { cancelJob(input: {id: "j"}) { job { status } } }'))
    look(store)
    assert told(store) == [("s", 1)]


@pytest.mark.parametrize(
    ("given", "kept"),
    [({"kinds": []}, {"kinds": []}), ({"occurredBefore": "1970-01-01T00:00:00Z"}, {"occurred_before": 0})],
)
def test_a_filter_that_nothing_can_fulfil_is_kept_as_it_is(store, given, kept):
    assert save(store, id="s", name="x", query="lease", filter=given)["search"]["filter"] == kept
    say(store, "t", "A lease.")
    look(store)
    assert told(store) == []


def test_a_search_that_cannot_be_looked_for_or_is_longer_than_is_allowed_now_holds_no_other_up(store, tmp_path):
    save(store, id="long", name="x", query="lease " * 30)
    save(store, id="broken", name="x", query="lease")
    save(store, id="sound", name="x", query="lease")
    broken = "UPDATE saved_searches SET filter = '{\"no_such\": 1}' WHERE id = 'broken'"
    store.write(lambda tx: tx.execute(broken))
    store.close()
    with open_test_store(tmp_path / "store", settings={"plugins.search.query_characters": "100"}) as again:
        say(again, "t", "A lease.")
        look(again)
        assert sorted(told(again)) == [("long", 1), ("sound", 1)]
        assert hits(again, "long") == ["A lease."]


def test_matches_are_listed_between_two_rows_of_the_index(store):
    say(store, "t", *[f"Lease {number}." for number in range(8)])
    index_all(store)

    def listed(limit, after, through):
        return store.read(
            lambda snapshot: list_matches(snapshot, words("lease"), EVERYTHING, limit, after=after, through=through)
        )

    everything, _ = store.read(lambda snapshot: list_matches(snapshot, None, EVERYTHING, 50))
    assert listed(3, everything[6], everything[2]) == (everything[2:5], False)
    assert listed(9, everything[6], everything[2]) == (everything[2:6], True)
