"""`synthetic search`, and queries that nobody would type."""

from __future__ import annotations

import json

import pytest

from plugins.search.language.random_queries import random_queries
from synthetic import Store
from synthetic.cli import main
from synthetic.testing import copy_template, expect_data, expect_error, open_test_store, wait_until
from synthetic_search.asking.command import STYLE

BEHIND = '{ syncStatus(module: "search.index") { lagEvents } }'
SAVE = "mutation ($input: SaveConstructInput!) { saveConstruct(input: $input) { created } }"
ROOMY = ("--set", "kernel.database.free_disk_bytes=0")


@pytest.fixture
def run(filled, capsys):
    def run(*words: str, code: int = 0) -> tuple[str, str]:
        assert main(["search", *words, "--data", str(filled), *ROOMY]) == code
        captured = capsys.readouterr()
        return captured.out, captured.err

    return run


def test_hits_are_shown_with_their_titles_and_snippets(run):
    shown, _ = run("keeper", "kind:job")
    assert "build: make keeper  JOB PENDING" in shown
    assert "Job:j1" in shown
    assert "1 of 1, searched by words." in shown
    assert "\x1b" not in shown


def test_on_a_terminal_the_words_that_were_searched_for_are_coloured(run, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    shown, _ = run("turnips", "--limit", "1")
    assert STYLE == "bold yellow"
    assert "\x1b[1;33mturnips\x1b[0m" in shown


def test_machines_are_told_what_the_query_answers(run):
    shown, _ = run("keeper kind:plan", "--kind", "construct", "--construct", "c1", "--json")
    answer = json.loads(shown)
    assert [(hit["id"], hit["groupSize"]) for hit in answer["nodes"]] == [("c1", 1)]
    assert (answer["mode"], answer["totalCount"], answer["isExact"]) == ("LEXICAL", 1, True)
    assert [notice["code"] for notice in answer["notices"]] == ["SEARCH_UNDERSTOOD_OTHERWISE"]


def test_nothing_found_is_said_and_a_near_word_is_named(run):
    shown, _ = run("zepelin")
    assert "Did you mean: zeppelin" in shown
    assert "Nothing was found." in shown
    assert "the best of 3" in run("keeper", "--group-by", "construct")[0]


def test_it_is_said_when_what_there_is_has_not_been_indexed(template, tmp_path, capsys):
    def run(*options: str) -> str:
        assert main(["search", "keeper", "--data", str(directory), *ROOMY, *options]) == 0
        return capsys.readouterr().out

    def save(store: Store, id: str) -> None:
        construct = {"id": id, "type": "task", "title": "Keeper"}
        expect_data(store.graphql(SAVE, {"input": construct}))

    directory = copy_template(template, tmp_path / "store")
    with open_test_store(directory) as store:
        save(store, "first")
    never = "This store has not been indexed yet; a server does that: synthetic serve\n"
    assert run() == f"Nothing was found.\n{never}"
    assert json.loads(run("--json"))["lagEvents"] is None
    with open_test_store(directory) as store:
        background = store.kernel.services()
        background.start()
        try:
            wait_until(lambda: expect_data(store.graphql(BEHIND))["syncStatus"] == [{"lagEvents": 0}])
        finally:
            background.stop()
    assert run().endswith("1 of 1, searched by words.\n")
    assert json.loads(run("--json"))["lagEvents"] == 0
    with open_test_store(directory) as store:
        save(store, "second")
    behind = "At least 1 change is not indexed yet; a server does that: synthetic serve\n"
    assert run().endswith(f"1 of 1, searched by words.\n{behind}")


def test_a_refusal_is_the_contract_and_its_exit_code(run):
    _, errors = run("keeper", "--kind", "plan", "--json", code=65)
    assert json.loads(errors)["code"] == "BAD_USER_INPUT"
    assert json.loads(errors)["details"] == {"field": "filter.kinds"}


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.full)])
def test_any_text_is_answered_or_refused_for_its_length(store, seed):
    text = "query ($query: String!) { search(query: $query) { totalCount nodes { id snippet { text } } } }"
    for query in random_queries(seed, 10_000 if seed == 2 else 200, 100_000):
        answer = store.graphql(text, {"query": query})
        if len(query) > 10_000:
            expect_error(answer, "BAD_USER_INPUT")
        else:
            assert "errors" not in answer, (query, answer)
