"""What is found by `search`: of each kind, with its snippet, its facets, and how its score came about."""

from __future__ import annotations

import pytest

from synthetic.testing import copy_template, expect_data, expect_error, open_test_store
from synthetic_search.asking.snippets import SnippetMaker, wanted_of
from synthetic_search.index.expressions import Phrase


@pytest.mark.parametrize(
    ("query", "kind", "id", "construct"),
    [
        ("renews workers", "CONSTRUCT", "c1", "c1"),
        ("zeppelin", "JOB", "j1", "c1"),
        ("gondola", "APPROVAL", "a1", "c1"),
        ("xylophone", "DEAD_LETTER", "d1", "c2"),
        ("quokka", "DOCUMENT", "n1", "c2"),
    ],
)
def test_things_of_each_kind_are_found_and_lead_to_their_node_and_construct(store, search, query, kind, id, construct):
    (hit,) = search(query, "nodes { kind id nodeId construct { id } constructId }")["nodes"]
    assert (hit["kind"], hit["id"], hit["constructId"], hit["construct"]) == (kind, id, construct, {"id": construct})
    node = expect_data(store.graphql("query ($id: ID!) { node(id: $id) { id } }", {"id": hit["nodeId"]}))
    assert node == {"node": {"id": id}}


def test_a_message_is_found_with_its_session(search):
    (hit,) = search('"Message 7"', "nodes { kind sessionId nodeId snippet { text } }")["nodes"]
    assert (hit["kind"], hit["sessionId"], hit["snippet"]["text"]) == ("MESSAGE", "s1", "Message 7 about pumpkins.")


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("retry", ["retryPolicy"]),
        ("naive", ["naïve"]),
        ("turnip*", ["turnips"]),
        ("代码", ["代码"]),
        ('"of naive"', ["of naïve"]),
    ],
)
def test_highlights_are_ranges_of_code_points(search, query, places):
    selection = "nodes { snippet { text highlights { start end } } }"
    snippets = [hit["snippet"] for hit in search(query, selection)["nodes"]]
    (snippet,) = [each for each in snippets if each["text"].startswith("🎃🎃")]
    # Python's characters are code points: a pumpkin is one of them, and two units of UTF-16.
    assert [snippet["text"][at["start"] : at["end"]] for at in snippet["highlights"]] == places


def test_of_a_long_document_the_snippet_is_of_the_part_that_matches(search):
    (hit,) = search("quokka", "nodes { snippet { text highlights { start end } } }")["nodes"]
    text, (place,) = hit["snippet"]["text"], hit["snippet"]["highlights"]
    assert text.startswith("…")
    assert text[place["start"] : place["end"]] == "quokka"
    assert len(text) < 300


def test_facets_count_all_that_matches_and_narrow_the_search(search):
    counted = search("keeper", "facets { name isExact values { value count } }")["facets"]
    facets = {each["name"]: each for each in counted}
    assert {each["value"]: each["count"] for each in facets["kind"]["values"]} == {
        "CONSTRUCT": 1, "JOB": 1, "APPROVAL": 1, "DOCUMENT": 1,
    }  # fmt: skip
    assert facets["construct"]["values"] == [{"value": "c1", "count": 3}, {"value": "c2", "count": 1}]
    assert facets["type"]["isExact"]
    narrowed = search("keeper", arguments='filter: {facets: [{name: "type", values: ["plan", "build"]}]}')
    assert {hit["id"] for hit in narrowed["nodes"]} == {"c1", "j1"}


@pytest.mark.parametrize(
    ("query", "filter", "ids"),
    [
        ("keeper kind:job", "{}", {"j1"}),
        ("keeper -kind:job -kind:approval", "{}", {"c1", "n1"}),
        ("keeper construct:c2", "{}", {"n1"}),
        ("keeper status:pending", "{}", {"j1", "a1"}),
        ("keeper -status:pending", '{constructIds: ["c1"]}', {"c1"}),
        ("keeper before:2000", "{}", set()),
        ("keeper", '{occurredFrom: "2000-01-01T00:00:00Z", kinds: ["JOB", "APPROVAL"]}', {"j1", "a1"}),
        ("keeper kind:job", '{kinds: ["APPROVAL"]}', set()),
        ("kind:construct", "{}", {"c1", "c2"}),
        ("kind:construct -parser", "{}", {"c1"}),
        ("keeper", "{kinds: []}", set()),
        ('keeper OR "fell silent"', "{}", {"c1", "j1", "a1", "n1", "d1"}),
        ("keeper AND live", "{}", {"a1"}),
        ("title:keeper", "{}", {"c1", "j1", "n1"}),
    ],
)
def test_what_is_said_in_the_query_and_beside_it_holds(search, query, filter, ids):
    answer = search(query, "totalCount isExact nodes { id }", f"mode: LEXICAL, filter: {filter}")
    assert {hit["id"] for hit in answer["nodes"]} == ids
    assert (answer["totalCount"], answer["isExact"]) == (len(ids), True)


def test_groups_are_told_by_their_best_hit_and_their_size(search):
    answer = search("keeper", "totalCount nodes { id constructId groupSize }", "mode: LEXICAL, groupBy: CONSTRUCT")
    assert {hit["constructId"]: hit["groupSize"] for hit in answer["nodes"]} == {"c1": 3, "c2": 1}
    assert answer["totalCount"] == 2
    best = search("keeper construct:c1")["nodes"][0]
    assert best["id"] in {hit["id"] for hit in answer["nodes"]}


def test_a_score_is_explained_by_its_words(search):
    selection = "nodes { id score explanation { wordRank wordScore meaningRank words { phrase occurrences score } } }"
    hits = search("keeper zeppelin", selection)["nodes"]
    assert [hit["explanation"]["wordRank"] for hit in hits] == list(range(1, len(hits) + 1))
    first = hits[0]["explanation"]
    assert hits[0]["id"] == "j1"
    assert first["meaningRank"] is None
    assert {word["phrase"] for word in first["words"] if word["occurrences"]} == {"keeper", "zeppelin"}
    assert first["wordScore"] == pytest.approx(hits[0]["score"])
    assert sum(word["score"] for word in first["words"]) == pytest.approx(hits[0]["score"], rel=1e-6)


def test_a_query_of_words_that_occur_nowhere_is_answered_with_near_ones(search):
    answer = search('zepelin -parser "x"', "didYouMean nodes { id }")
    assert answer == {"didYouMean": 'zeppelin -parser "x"', "nodes": []}
    assert search("zeppelin", "didYouMean")["didYouMean"] is None


def test_a_query_of_which_nothing_can_be_searched_for_finds_nothing_and_says_why(store):
    count = "query ($query: String!) { search(query: $query) { totalCount isExact } }"
    assert expect_data(store.graphql(count, {"query": ""}))["search"]["totalCount"] > 0
    answer = store.graphql(count, {"query": "\U0001f383 ->"})
    assert expect_data(answer) == {"search": {"totalCount": 0, "isExact": True}}
    assert [notice["code"] for notice in answer["extensions"]["notices"]] == ["SEARCH_UNDERSTOOD_OTHERWISE"]


def test_what_was_understood_otherwise_is_mentioned(store):
    answer = store.graphql('{ search(query: "keeper kind:plan", mode: LEXICAL) { totalCount } }')
    (notice,) = answer["extensions"]["notices"]
    assert notice["code"] == "SEARCH_UNDERSTOOD_OTHERWISE"
    assert notice["message"].startswith("kind:plan is searched for as words")


@pytest.mark.parametrize("mode", ["SEMANTIC", "HYBRID"])
def test_a_search_by_meaning_without_a_model_is_by_words_and_says_so(store, mode):
    answer = store.graphql(f'{{ search(query: "zeppelin", mode: {mode}) {{ mode nodes {{ id }} }} }}')
    assert expect_data(answer) == {"search": {"mode": "LEXICAL", "nodes": [{"id": "j1"}]}}
    assert [notice["code"] for notice in answer["extensions"]["notices"]] == ["SEARCH_LEXICAL_ONLY"]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (f'query: "{"x" * 10_001}"', "query"),
        ('query: "a", filter: {kinds: ["PLAN"]}', "filter.kinds"),
        ('query: "a", filter: {constructIds: [""]}', "filter.constructIds"),
        ('query: "a", filter: {statuses: ["a\\u0000"]}', "filter.statuses"),
        ('query: "a", filter: {facets: [{name: "a", values: []}, {name: "a", values: []}]}', "filter.facets.name"),
        ('query: "a", first: -1', "first"),
        ('query: "a", after: "WzEsMiwzXQ"', "after"),
    ],
)
def test_what_cannot_be_meant_is_refused(store, arguments, field):
    error = expect_error(store.graphql(f"{{ search({arguments}) {{ totalCount }} }}"), "BAD_USER_INPUT")
    assert error["extensions"]["details"]["field"] == field


def test_what_is_gone_but_still_indexed_is_left_out(filled, tmp_path):
    with open_test_store(copy_template(filled, tmp_path / "store")) as store:
        expect_data(store.graphql('mutation { deleteDocument(input: {id: "n1"}) { id } }'))
        answer = store.graphql('{ search(query: "quokka OR zeppelin", mode: LEXICAL) { totalCount nodes { id } } }')
        assert expect_data(answer)["search"] == {"totalCount": 2, "nodes": [{"id": "j1"}]}


@pytest.mark.parametrize(
    ("prefix", "places"),
    [("key", ["keys"]), ("happy", ["Happyland"]), ("play", ["played"]), ("bus", ["Büsse"]), ("tryP", ["tryPolicies"])],
)
def test_what_begins_as_a_prefix_was_typed_is_highlighted(prefix, places):
    wanted = wanted_of((Phrase(prefix, is_prefix=True),))
    snippet = SnippetMaker(wanted, 200).make("keys of Happyland, played by a Büsse: tryPolicies")
    assert [snippet.text[at.start : at.end] for at in snippet.highlights] == places
