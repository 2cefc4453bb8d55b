"""Plans: compiled once for a kept document, for each combination of its conditions, and few of them."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from graphql import GraphQLError, parse
from graphql.execution.values import VariableValues

from synthetic.graphql.answers import GraphQLRequest
from synthetic.graphql.executor import NotCompiled, OperationPlans
from synthetic.graphql.executor import plan as plans_module
from synthetic.graphql.executor.compiler import Compiler
from synthetic.graphql.executor.plan import PLANS_KEPT
from synthetic.graphql.field_sources import find_knowledge
from synthetic.graphql.schema import core_schema
from synthetic.security.gate import ANONYMOUS
from synthetic.testing import expect_data, expect_error

from .engine_kit import LIMITS, Bench, open_bench

ROWS = (("a", None, 1), ("b", None, 2))


class CountingCompiler(Compiler):
    """Counts how often an operation is compiled."""

    compiled = 0

    def root(self, kind):
        type(self).compiled += 1
        return super().root(kind)


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch) -> type[CountingCompiler]:
    monkeypatch.setattr(plans_module, "Compiler", CountingCompiler)
    monkeypatch.setattr(CountingCompiler, "compiled", 0)
    return CountingCompiler


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with open_bench(tmp_path) as opened:
        opened.add(*ROWS)
        yield opened


def test_a_document_is_compiled_once_and_its_variables_stay_open(bench, compiler):
    document = """query($id: ID!, $n: Int, $mark: String) {
        noteById(id: $id) { shout(mark: $mark) } notes(first: $n) { nodes { id } }
    }"""
    for id, n, mark in (("a", 1, "!"), ("b", 2, "?"), ("b", 1, None)):
        data = expect_data(bench.ask(document, id=id, n=n, **({"mark": mark} if mark else {})))
        assert data == {
            "noteById": {"shout": f"NOTE {id.upper()}{mark or '!'}"},
            "notes": {"nodes": [{"id": "a"}, {"id": "b"}][:n]},
        }
    asyncio.run(bench.engine.run(GraphQLRequest(document, {"id": "a"}), ANONYMOUS, "c"))
    assert compiler.compiled == 1


def test_each_combination_of_conditions_is_a_plan(bench, compiler):
    document = """query($a: Boolean!, $b: Boolean! = false, $id: ID = "a") {
        noteById(id: $id) { id @include(if: $a) ... @skip(if: $b) { label } ...More @include(if: $a) always: label }
    }
    fragment More on Note { at @skip(if: $b) }"""
    at = "1970-01-01T00:00:00.001Z"
    expected = {
        (True, True): {"id": "a", "always": "note a"},
        (True, False): {"id": "a", "label": "note a", "at": at, "always": "note a"},
        (False, True): {"always": "note a"},
        (False, False): {"label": "note a", "always": "note a"},
    }
    for _ in range(2):
        for (a, b), data in expected.items():
            assert expect_data(bench.ask(document, a=a, b=b)) == {"noteById": data}
        assert expect_data(bench.ask(document, a=True)) == {"noteById": expected[True, False]}
    assert compiler.compiled == 4


def test_conditions_that_are_written_out_need_no_plans_of_their_own(bench, compiler):
    document = "query($id: ID!) { noteById(id: $id) { id @skip(if: true) label @include(if: true) } }"
    for id in ("a", "b"):
        assert expect_data(bench.ask(document, id=id)) == {"noteById": {"label": f"note {id}"}}
    assert compiler.compiled == 1


def test_a_condition_of_another_operation_makes_no_plans(bench, compiler):
    document = """
        query One($id: ID!) { noteById(id: $id) { ...Id } }
        query Two($id: ID!, $no: Boolean!) { noteById(id: $id) { ...Id label @skip(if: $no) } }
        fragment Id on Note { id }
    """

    def ask(name: str, **variables) -> dict:
        request = GraphQLRequest(document, {"id": "a", **variables}, operation_name=name)
        return expect_data(asyncio.run(bench.engine.run(request, ANONYMOUS, "c")).body)["noteById"]

    for no in (True, False, True):
        assert ask("One") == {"id": "a"}
        assert ask("Two", no=no) == {"id": "a"} | ({} if no else {"label": "note a"})
    assert compiler.compiled == 3
    refused = asyncio.run(bench.engine.run(GraphQLRequest(document, {"id": "a"}), ANONYMOUS, "c"))
    expect_error(refused.body, "BAD_REQUEST")


def test_so_many_plans_of_one_operation_are_kept_and_no_more(bench, compiler):
    names = "abcde"
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: label @include(if: ${name})" for name in names)
    document = "query(" + declared + ') { noteById(id: "a") { id ' + fields + " } }"

    def ask(number: int) -> None:
        asked = {name: bool(number >> place & 1) for place, name in enumerate(names)}
        expected = {"id": "a"} | {name: "note a" for name, is_asked in asked.items() if is_asked}
        assert expect_data(bench.ask(document, **asked)) == {"noteById": expected}

    combinations = 2 ** len(names)
    for number in range(combinations):
        ask(number)
    assert compiler.compiled == combinations
    for number in range(combinations - PLANS_KEPT, combinations):
        ask(number)
    assert compiler.compiled == combinations, "these are kept"
    ask(combinations - PLANS_KEPT)
    ask(0)
    assert compiler.compiled == combinations + 1
    ask(combinations - PLANS_KEPT)
    assert compiler.compiled == combinations + 1, "the one that was used last stays"


def test_plans_are_forgotten_with_their_document(tmp_path, compiler):
    with open_bench(tmp_path, replace(LIMITS, documents=2)) as bench:
        for _ in range(2):
            for alias in "xyz":
                expect_data(bench.ask("{ " + alias + ": notes { totalCount } }"))
        assert compiler.compiled == 6


def test_many_threads_may_ask_for_one_new_document(bench, compiler):
    document = "query($id: ID!, $no: Boolean!) { noteById(id: $id) { id label @skip(if: $no) } }"
    threads = 8
    begin = threading.Barrier(threads)

    def ask(number: int) -> dict:
        begin.wait(10)
        return expect_data(bench.ask(document, id="ab"[number % 2], no=number % 4 < 2))["noteById"]

    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(ask, range(threads)))
    for number, answer in enumerate(answers):
        id = "ab"[number % 2]
        assert answer == {"id": id} | ({} if number % 4 < 2 else {"label": f"note {id}"})
    # Those that met may each have made it; from now on it is there.
    assert compiler.compiled <= threads
    before = compiler.compiled
    expect_data(bench.ask(document, id="a", no=True))
    expect_data(bench.ask(document, id="a", no=False))
    assert compiler.compiled == before


def plans_of(bench: Bench, document: str) -> OperationPlans:
    core = core_schema(bench.schema)
    parsed = parse(document, experimental_fragment_arguments=True)
    return OperationPlans(core, parsed, parsed.definitions[0], find_knowledge(core))


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (
            """{ noteById(id: "a") { ...Marked(mark: "?") } }
            fragment Marked($mark: String) on Note { shout(mark: $mark) }""",
            "fragment arguments",
        ),
        ("query @experimental_disableErrorPropagation { notes { totalCount } }", "error propagation"),
    ],
)
def test_what_is_not_compiled_says_why(bench, document, reason):
    with pytest.raises(NotCompiled) as caught:
        plans_of(bench, document)
    assert caught.value.reason == reason


def test_an_operation_that_the_schema_does_not_have_is_an_error_of_the_request(bench):
    core = core_schema(bench.schema)
    parsed = parse("subscription { ticks(count: 1) { id } }")
    without = type(core)(**core.to_kwargs() | {"subscription": None})
    plans = OperationPlans(without, parsed, parsed.definitions[0], find_knowledge(core))
    with pytest.raises(GraphQLError, match="not configured"):
        plans.plan_for(VariableValues({}, {}))


def deep_document(levels: int) -> str:
    return '{ noteById(id: "a") ' + "{ id children " * levels + "{ id }" + " }" * levels + " }"


def test_a_document_as_deep_as_the_limits_allow_is_answered_by_a_plan(tmp_path):
    with open_bench(tmp_path, replace(LIMITS, cost=10**15)) as bench:
        levels = LIMITS.depth - 2
        bench.add(*((f"{'a' * (level + 1)}", "a" * level or None, level) for level in range(levels + 1)))
        data = expect_data(bench.ask(deep_document(levels)))["noteById"]
        for level in range(levels):
            assert data["id"] == "a" * (level + 1)
            [data] = data["children"]
        assert data == {"id": "a" * (levels + 1)}
        counted = [sample for family in bench.metrics.registry.collect() for sample in family.samples]
        assert not [sample for sample in counted if sample.name == "synthetic_plan_refusals_total" and sample.value]


def test_an_execution_leaves_nothing_for_the_collector(bench):
    document = '{ notes(first: 20) { nodes { id label children { id shout(mark: "?") } } } }'
    for _ in range(3):
        expect_data(bench.ask(document))
    gc.collect()
    gc.disable()
    try:
        for _ in range(50):
            expect_data(bench.ask(document))
        assert gc.collect() < 50
    finally:
        gc.enable()


def test_what_is_below_an_object_that_is_not_there_is_not_compiled(tmp_path):
    # Each level selects the next one twice, so that all of it together is some thousand fields.
    twice = "children {{ ...L{0} }} same: children {{ ...L{0} }}"
    fragments = [f"fragment L{level} on Note {{ {twice.format(level + 1)} }}" for level in range(9)]
    document = " ".join(['{ noteById(id: "nobody") { ...L0 } }', *fragments, "fragment L9 on Note { id label }"])
    with open_bench(tmp_path, replace(LIMITS, aliases=1_000, cost=10**15)) as bench:
        for _ in range(2):
            assert expect_data(bench.ask(document)) == {"noteById": None}
        checked = bench.engine.documents.prepare(document, None, {}).checked
        assert checked.counted < 1_000


def test_kept_documents_are_weighed_with_their_plans(bench):
    document = "{ notes(first: 1) { nodes { id label children { id label } } } }"
    bench.ask(document)
    checked = bench.engine.documents.prepare(document, None, {}).checked
    before = checked.counted
    combinations = (
        "query($a: Boolean!, $b: Boolean!) { notes(first: 1) { nodes { id @skip(if: $a) label @skip(if: $b) } } }"
    )
    for a in (True, False):
        for b in (True, False):
            bench.ask(combinations, a=a, b=b)
    one = bench.engine.documents.prepare(combinations, None, {"a": True, "b": True}).checked
    assert before > 20
    assert one.counted >= 4 * 3
