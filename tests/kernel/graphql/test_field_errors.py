"""What fails at each level of an answer: its code, message, path and places, and what is null for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Annotated

import pytest
import strawberry

from synthetic.contributions import Extension, GraphQL
from synthetic.database.snapshot import Snapshot
from synthetic.errors import ConflictError
from synthetic.graphql.answers import GraphQLRequest
from synthetic.graphql.fields import batched
from synthetic.security.gate import ANONYMOUS
from synthetic.testing import expect_data

from .engine_kit import PART, Bench, Note, open_bench

How = Annotated[str, strawberry.argument(description="Which of the ways to fail.")]


def failure(how: str) -> Exception:
    return ConflictError("It is taken.", details={"how": how}) if how == "known" else ValueError("the secret")


@batched
def all_fail(snapshot: Snapshot, parents: Sequence[Note], how: How) -> list[str | None]:
    """Fails for all at once."""
    raise failure(how)


@batched
def some_fail(snapshot: Snapshot, parents: Sequence[Note], how: How) -> list[str | None]:
    """Fails for those whose id ends in b."""
    return [failure(how) if parent.id.endswith("b") else parent.id for parent in parents]


@batched
def some_fail_whole(snapshot: Snapshot, parents: Sequence[Note], how: How) -> list[str]:
    """The same, and must not be null."""
    return [failure(how) if parent.id.endswith("b") else parent.id for parent in parents]


@batched
def too_few(snapshot: Snapshot, parents: Sequence[Note]) -> list[str | None]:
    """Forgets one."""
    return [parent.id for parent in parents][1:]


@batched
def wrong(snapshot: Snapshot, parents: Sequence[Note]) -> list[int | None]:
    """What is no number, for those whose id ends in b."""
    return ["x" if parent.id.endswith("b") else 1 for parent in parents]


@batched
def maybe(snapshot: Snapshot, parents: Sequence[Note]) -> list[list[Note | None]]:
    """Itself, where null may be."""
    return [[parent] for parent in parents]


def fail_alone(root: strawberry.Parent[Note], how: How) -> str | None:
    raise failure(how)


FIELDS = (
    all_fail, some_fail, some_fail_whole, too_few, wrong, maybe,
    strawberry.field(resolver=fail_alone, name="failAlone", description="Fails, each for itself."),
)  # fmt: skip
CODES = {
    "known": ("CONFLICT", "It is taken."),
    "unknown": ("INTERNAL", "Something unexpected went wrong inside the store."),
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    failing = GraphQL(extend=(Extension(type=Note, fields=FIELDS),))
    with open_bench(tmp_path_factory.mktemp("failing"), parts=(PART, failing)) as opened:
        opened.add(("a", None, 1), ("b", None, 2), ("aa", "a", 3), ("ab", "a", 4), ("bb", "b", 5))
        yield opened


def ask(bench: Bench, document: str) -> dict:
    """Ask in both ways, which answer the same; one answer of them."""
    answers = [bench.ask(document), asyncio.run(bench.engine.run(GraphQLRequest(document), ANONYMOUS, "c")).body]
    shown = [
        (answer["data"], [(error["path"], error["extensions"]["code"]) for error in answer.get("errors", ())])
        for answer in answers
    ]
    assert shown[0] == shown[1]
    return answers[0]


def expect_errors(answer: dict, how: str, line: int, column: int, *paths: list) -> None:
    """Exactly the errors of the contract at these paths, in this order, all of one place of the document."""
    code, message = CODES[how]
    assert [error["path"] for error in answer["errors"]] == list(paths)
    for error in answer["errors"]:
        assert error["message"] == error["extensions"]["message"] == message
        assert error["extensions"]["code"] == code
        assert error["extensions"]["details"] == ({"how": how} if how == "known" else {})
        assert error["locations"] == [{"line": line, "column": column}]
    assert "secret" not in str(answer)


@pytest.mark.parametrize("how", CODES)
@pytest.mark.parametrize("field", ["allFail", "failAlone"])
def test_a_field_that_fails_for_all_is_null_in_each_place(bench, how, field):
    answer = ask(bench, "{ notes(first: 2) { nodes { id children {\n  f: " + field + '(how: "' + how + '") } } } }')
    nodes = answer["data"]["notes"]["nodes"]
    assert nodes == [{"id": "a", "children": [{"f": None}, {"f": None}]}, {"id": "b", "children": [{"f": None}]}]
    at = ["notes", "nodes"]
    paths = ([*at, 0, "children", 0, "f"], [*at, 0, "children", 1, "f"], [*at, 1, "children", 0, "f"])
    expect_errors(answer, how, 2, 3, *paths)


@pytest.mark.parametrize("how", CODES)
def test_an_exception_among_the_values_is_the_error_of_its_parent(bench, how):
    answer = ask(bench, '{ notes { nodes { id someFail(how: "' + how + '") } } }')
    assert [node["someFail"] for node in answer["data"]["notes"]["nodes"]] == ["a", None, "aa", None, None]
    expect_errors(answer, how, 1, 22, *(["notes", "nodes", place, "someFail"] for place in (1, 3, 4)))


@pytest.mark.parametrize("how", CODES)
def test_null_spreads_to_what_may_be_null_and_each_nulled_place_is_one_error(bench, how):
    answer = ask(
        bench,
        '{ notes { nodes { id maybe { x: someFailWhole(how: "' + how + '") again: someFailWhole(how: "k") } } } }',
    )
    nodes = answer["data"]["notes"]["nodes"]
    assert [node["maybe"] for node in nodes] == [
        [{"x": id, "again": id}] if id else [None] for id in ("a", "", "aa", "", "")
    ]
    expect_errors(answer, how, 1, 30, *(["notes", "nodes", place, "maybe", 0, "x"] for place in (1, 3, 4)))


@pytest.mark.parametrize("how", CODES)
def test_null_spreads_to_the_whole_answer_where_nothing_may_be_null(bench, how):
    answer = ask(bench, '{ notes { totalCount nodes { children { someFailWhole(how: "' + how + '") } } } }')
    assert answer["data"] is None
    expect_errors(answer, how, 1, 41, ["notes", "nodes", 0, "children", 1, "someFailWhole"])


def test_a_batched_field_that_forgets_a_parent_fails_for_all_of_them(bench, caplog):
    answer = ask(bench, "{ notes(first: 3) { nodes { id tooFew } } }")
    assert [node["tooFew"] for node in answer["data"]["notes"]["nodes"]] == [None, None, None]
    expect_errors(answer, "unknown", 1, 32, *(["notes", "nodes", place, "tooFew"] for place in range(3)))
    assert "Note.tooFew was given 3 parents and gave 2 values" in caplog.text


def test_a_value_of_another_type_is_an_error_of_its_place(bench):
    answer = ask(bench, "{ notes(first: 2) { nodes { id wrong } } }")
    assert [node["wrong"] for node in answer["data"]["notes"]["nodes"]] == [1, None]
    expect_errors(answer, "unknown", 1, 32, ["notes", "nodes", 1, "wrong"])


def test_merged_fields_name_all_their_places(bench):
    answer = ask(
        bench, '{ noteById(id: "a") {\n  failAlone(how: "known")\n  ... on Note { failAlone(how: "known") } } }'
    )
    [error] = answer["errors"]
    assert error["locations"] == [{"line": 2, "column": 3}, {"line": 3, "column": 17}]


def test_each_unknown_error_is_in_the_log_under_the_correlation_id(bench, caplog):
    answer = bench.ask('{ notes(first: 2) { nodes { failAlone(how: "unknown") } } }')
    ids = {error["extensions"]["correlationId"] for error in answer["errors"]}
    assert len(ids) == 1
    assert caplog.text.count(ids.pop()) == 2
    assert caplog.text.count("ValueError: the secret") == 2


def test_below_a_mutation_an_error_is_of_its_field_and_what_was_written_stays(bench):
    answer = bench.ask(
        'mutation { addNote(input: {id: "new", label: "x"}) {\n note { id failAlone(how: "known") } } }',
    )
    assert answer["data"] == {"addNote": {"note": {"id": "new", "failAlone": None}}}
    expect_errors(answer, "known", 2, 12, ["addNote", "note", "failAlone"])
    assert expect_data(bench.ask('{ noteById(id: "new") { label } }')) == {"noteById": {"label": "x"}}


def test_a_subscription_s_event_has_its_errors_and_the_next_event_comes(bench):
    async def collect() -> list[dict]:
        request = GraphQLRequest('subscription { ticks(count: 2) { label failAlone(how: "known") } }')
        subscription = await bench.engine.subscribe(request, ANONYMOUS, "c")
        return [answer.body async for answer in subscription.answers]

    for number, body in enumerate(asyncio.run(collect())):
        assert body["data"] == {"ticks": {"label": f"tick {number}", "failAlone": None}}
        expect_errors(body, "known", 1, 40, ["ticks", "failAlone"])
