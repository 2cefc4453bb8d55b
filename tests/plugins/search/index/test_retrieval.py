"""What is found by words, and in which order."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from plugins.search.index.making import NOW, call_tool, found_ids, index_all, index_noted, kinds_of, say, words
from synthetic import Store
from synthetic.testing import copy_template, open_test_store
from synthetic_search.index.explaining import explain_words
from synthetic_search.index.expressions import All, AnyOf, Near, Phrase, Ranked, Without
from synthetic_search.index.filters import EVERYTHING, Filters
from synthetic_search.index.pending import begin
from synthetic_search.index.places import find_places, read_documents
from synthetic_search.index.retrieval import (
    find_by_words,
    find_newest,
    list_matches,
    which_match,
)
from synthetic_search.index.suggesting import suggest

DAY_MS = 86_400_000
SETTINGS = {"plugins.search.part_characters": "500", "plugins.search.scored_matches": "1000"}
LONG = "filler of a long report " * 60 + "the needle stands here " + "and more filler follows " * 60

TYPED = ("keyboards", "anything", "everybody", "players", "happy", "reset it", "results", "a database resides")
PREFIXES = {"key": 1, "any": 2, "every": 3, "play": 4, "happy": 5, "databa": 8, "Keyb": 1}


@pytest.fixture(scope="module")
def store(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Store]:
    directory = copy_template(template, tmp_path_factory.mktemp("retrieval") / "store")
    with open_test_store(directory, settings=SETTINGS) as opened:
        say(
            opened,
            "code",
            "The retryPolicy of the worker failed: connection reset by peer",
            "Retrying with exponential backoff",
            "日本語のテストです",
            "caffè latte and naïve parsing",
            "def parse_http_header(value): return sha256(value)",
            session_id="coding",
        )
        say(opened, "old", "an old note about retrying", session_id="old", occurred_at=NOW - 400 * DAY_MS)
        say(opened, "many", *(f"common words number {number} ordinary" for number in range(1_200)), session_id="many")
        say(opened, "long", LONG, session_id="long")
        say(opened, "typed", *TYPED, session_id="typed")
        say(opened, "rare", "common words with a singular exception", session_id="rare")
        call_tool(opened, "calls", "GrepTool", {"pattern": "backoff", "paths": ["kernel/retry.py", 7]})
        index_all(opened)
        yield opened


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("retryPolicy", {"code:1"}),
        ("retrypolicy", {"code:1"}),
        ("policy", {"code:1"}),
        ("naive", {"code:4"}),
        ("CAFFE", {"code:4"}),
        ("日本", {"code:3"}),
        ("テスト", {"code:3"}),
        ("parse_http_header", {"code:5"}),
        ("sha", {"code:5"}),
        ("greptool", {"calls:1"}),
        ("backoff", {"code:2", "calls:1"}),
        ("retry.py", {"calls:1"}),
        ("needle", {"long:1"}),
        ("nowhere", set()),
        ('"*^():{}-+', set()),
        ("", set()),
    ],
)
def test_words_find_what_says_them(store, asked, found):
    assert set(found_ids(store, words(asked))) >= found
    if asked != "retry.py":
        assert set(found_ids(store, words(asked))) == found


def test_what_has_more_of_the_words_and_rarer_ones_comes_first(store):
    assert found_ids(store, "worker retrying backoff")[0] in {"code:1", "code:2"}
    assert found_ids(store, "common singular")[0] == "rare:1"


def test_a_title_counts_more_than_a_body(store):
    assert found_ids(store, Ranked((Phrase("greptool"),))) == ["calls:1"]
    assert found_ids(store, Phrase("grep", column="title")) == ["calls:1"]
    assert found_ids(store, Phrase("grep", column="body")) == []


def test_phrases_prefixes_and_nearness_are_exact(store):
    assert found_ids(store, Phrase("connection reset")) == ["code:1"]
    assert found_ids(store, Phrase("reset connection")) == []
    assert found_ids(store, Phrase("retry policy")) == ["code:1"]
    assert found_ids(store, Phrase("expon", is_prefix=True)) == ["code:2"]
    assert found_ids(store, Phrase("ex", is_prefix=True)) == []
    assert found_ids(store, Near((Phrase("worker"), Phrase("reset")), 3)) == ["code:1"]
    assert found_ids(store, Near((Phrase("retryPolicy"), Phrase("peer")), 1)) == []


def test_expressions_are_combined(store):
    backoff, retry = Phrase("backoff"), Phrase("retrying")
    assert set(found_ids(store, All((backoff, retry)))) == {"code:2", "calls:1"}
    assert set(found_ids(store, Without(backoff, Phrase("exponential")))) == {"calls:1"}
    assert set(found_ids(store, AnyOf((Phrase("needle"), Phrase("singular"))))) == {"long:1", "rare:1"}
    assert found_ids(store, All((Phrase("..."), Phrase("needle")))) == ["long:1"]
    assert found_ids(store, Without(Phrase("!"), Phrase("needle"))) == []


def test_filters_narrow_what_is_found(store):
    assert set(found_ids(store, "retrying", Filters(session_ids=("old",)))) == {"old:1"}
    assert "old:1" not in found_ids(store, "retrying", Filters(not_session_ids=("old",)))
    assert found_ids(store, "retrying", Filters(occurred_before=NOW - 300 * DAY_MS)) == ["old:1"]
    assert "old:1" not in found_ids(store, "retrying", Filters(occurred_from=NOW - 300 * DAY_MS))
    assert found_ids(store, "backoff", Filters(facets={"type": ("TOOL_CALL",)})) == ["calls:1"]
    assert found_ids(store, "backoff", Filters(facets={'odd"name': ("x",)})) == []
    assert found_ids(store, "retrying", Filters(kinds=("JOB",))) == []
    assert found_ids(store, "retrying", Filters(kinds=())) == []
    assert found_ids(store, "common", Filters(session_ids=("rare",))) == ["rare:1"]


def test_a_time_within_a_month_is_told_to_the_millisecond(store):
    at = NOW - 400 * DAY_MS
    assert found_ids(store, "retrying", Filters(occurred_from=at, occurred_before=at + 1)) == ["old:1"]
    assert found_ids(store, "retrying", Filters(occurred_from=at + 1, occurred_before=at + 2)) == []


def test_of_a_word_that_very_many_have_the_newest_are_looked_at(store):
    found = store.read(find_by_words, words("ordinary"), EVERYTHING, 5)
    assert (len(found.hits), found.matched, found.is_complete) == (5, 1_000, False)
    ids = [place.ordinal for place in store.read(find_places, [hit.id for hit in found.hits])]
    assert min(ids) > 200


def test_a_rare_word_leads_however_common_the_others_are(store):
    found = store.read(find_by_words, words("common words singular"), EVERYTHING, 5)
    assert (found.matched, found.is_complete) == (999, False)
    (place,) = store.read(find_places, [found.hits[0].id])
    assert place.entity_id == "rare"


@pytest.mark.parametrize("rare", ["nowhere", "singular", "needle retrying"])
def test_a_rare_word_hides_nothing_that_has_the_common_one(store, rare):
    found = store.read(find_by_words, words(f"{rare} ordinary"), EVERYTHING, 2_000)
    assert (found.matched > 900, found.is_complete) == (True, False)
    ids, are_all = store.read(list_matches, words(f"{rare} ordinary"), EVERYTHING, 2_000)
    assert (len(ids) >= 1_200, are_all) == (True, True)


@pytest.mark.parametrize("filters", [EVERYTHING, Filters(kinds=("MESSAGE",))])
def test_of_words_that_are_all_common_what_has_each_of_them_is_found_however_old(tmp_path, template, filters):
    settings = {"plugins.search.scored_matches": "100"}
    with open_test_store(copy_template(template, tmp_path / "store"), settings=settings) as store:
        say(store, "first", "pumpkins and turnips", "pumpkins, turnips and a lantern")
        say(store, "then", *(f"{word} only" for _ in range(1_100) for word in ("pumpkins", "turnips")))
        index_all(store)
        assert found_ids(store, "pumpkins turnips", filters)[:2] == ["first:1", "first:2"]
        without = Without(words("pumpkins turnips"), Phrase("lantern"))
        assert "first:2" not in found_ids(store, without, filters)
        found = store.read(lambda snapshot: find_by_words(snapshot, words("pumpkins turnips"), filters, 5))
        assert (len(found.hits), found.is_complete) == (5, False)


def test_in_a_small_index_every_match_is_given_its_score(store):
    found = store.read(
        lambda snapshot: find_by_words(snapshot, words("number the"), EVERYTHING, 5, scored_matches=5_000)
    )
    assert found.is_complete
    assert found.matched > 1_200


def test_ids_that_are_used_up_say_nothing_of_how_common_a_word_is(tmp_path, template):
    with open_test_store(copy_template(template, tmp_path / "store"), settings=SETTINGS) as again:
        say(again, "a", *(f"ordinary words {number}" for number in range(1_100)))
        for _ in range(3):
            index_all(again)
            again.write(begin)
            index_noted(again)
        index_all(again)

        def count(snapshot):
            asked = Ranked((Phrase("ordinary"),))
            (told,) = explain_words(snapshot, asked, list_matches(snapshot, asked, EVERYTHING, 1)[0])
            return told[0].documents

        assert again.read(count) == 1_100


def test_prefixes_are_what_was_typed_and_not_their_stems(store):
    for prefix, text in PREFIXES.items():
        assert found_ids(store, Phrase(prefix, is_prefix=True), Filters(session_ids=("typed",))) == [f"typed:{text}"]
    assert set(found_ids(store, Phrase("res", is_prefix=True), Filters(session_ids=("typed",)))) == {
        "typed:6",
        "typed:7",
        "typed:8",
    }
    assert found_ids(store, Phrase("ke", is_prefix=True), Filters(session_ids=("typed",))) == []


def test_matches_are_listed_between_two_rows(store):
    every, _ = store.read(list_matches, words("ordinary"), EVERYTHING, 5_000)
    for asked in (words("ordinary"), None):
        some, are_all = store.read(
            lambda snapshot, asked=asked: list_matches(
                snapshot, asked, Filters(session_ids=("many",)), 5_000, after=every[20], through=every[10]
            )
        )
        assert (some, are_all) == (every[10:20], True)


def test_a_long_document_is_found_once_by_its_best_part(store):
    found = store.read(find_by_words, words("needle"), EVERYTHING, 50)
    places = store.read(find_places, [hit.id for hit in found.hits])
    assert [place.entity_id for place in places] == ["long"]
    assert found_ids(store, "filler") == ["long:1"]
    (document,) = store.read(read_documents, places[:1])
    assert places[0].part > 0
    assert "needle" in document.body
    assert len(document.body) <= 500


def test_a_score_is_the_sum_of_what_is_told_of_it(store):
    asked = words("worker retrying")
    hit = store.read(find_by_words, asked, EVERYTHING, 1).hits[0]
    (told,) = store.read(explain_words, asked, [hit.id])
    assert sum(each.score for each in told) == pytest.approx(hit.score)
    assert {each.phrase.text for each in told if each.occurrences} <= {"worker", "retrying"}
    assert store.read(explain_words, asked, [10**9]) == [()]


def test_without_words_the_newest_come_first(store):
    # In the order of their ids, as a scan finds them, the old one was indexed after five of the others.
    newest = store.read(find_newest, Filters(session_ids=("old", "rare", "coding")), 10)
    places = store.read(find_places, [hit.id for hit in newest.hits])
    assert [place.occurred_at for place in places] == [NOW] * 6 + [NOW - 400 * DAY_MS]
    assert sum(place.id < places[-1].id for place in places) == 5
    of_session = store.read(find_newest, Filters(session_ids=("coding",)), 10)
    assert (of_session.matched, of_session.is_complete) == (5, True)
    coding, unwanted = Filters(session_ids=("coding",)), words("backoff parse_http_header")
    without = store.read(lambda snapshot: find_newest(snapshot, coding, 10, unwanted=unwanted))
    assert without.matched == 3
    assert store.read(find_newest, Filters(session_ids=("nobody",)), 10).hits == ()


def test_matches_are_listed_and_told_apart(store):
    ids, are_all = store.read(list_matches, words("backoff"), EVERYTHING, 10)
    assert (kinds_of(store, ids), are_all) == (["MESSAGE", "MESSAGE"], True)
    some, are_all = store.read(list_matches, words("ordinary"), EVERYTHING, 7)
    assert (len(some), are_all) == (7, False)
    assert store.read(which_match, words("backoff"), [*ids, *some]) == frozenset(ids)
    many, _ = store.read(list_matches, words("ordinary"), EVERYTHING, 900)
    assert store.read(which_match, words("ordinary"), many) == frozenset(many)


def test_the_nearest_word_that_occurs_is_suggested(store):
    assert store.read(suggest, words("conection wroker backoff")) == {"conection": "connection", "wroker": "worker"}
    assert store.read(suggest, words("exponetnail")) == {"exponetnail": "exponential"}
    assert store.read(suggest, words("qqqqqqqq ab 日本 12345")) == {}


def test_what_is_gone_meanwhile_is_told_as_none(store):
    place = store.read(find_places, [1])[0]
    assert store.read(find_places, [10**9]) == [None]
    assert store.read(read_documents, [place._replace(ordinal=10_000)]) == [None]
    assert store.read(read_documents, [place._replace(kind="UNKNOWN")]) == [None]
