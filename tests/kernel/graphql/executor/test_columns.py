"""Objects that are given by columns, and lists by the rows of all of them: the answer is that of objects and lists."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from graphql import (
    ExecutionResult,
    GraphQLField,
    GraphQLObjectType,
    OperationDefinitionNode,
    build_schema,
    get_variable_values,
    parse,
)
from graphql.execution.values import VariableValues
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthetic.graphql.executor import (
    Attribute,
    Batched,
    Call,
    Columns,
    Knowledge,
    Layout,
    OperationPlans,
    PerParent,
    RowLists,
    Rows,
    Source,
    finish,
    run_until_waiting,
)

SCHEMA = build_schema("""
    type Query { owners: [Owner!]! }
    type Owner { page: Page! optional: Page either: Either! }
    type Page {
        title: String
        size: Int!
        nodes: [Thing!]!
        loose: [Thing]
        none: [Thing!]
        described: String!
        later: String
        alone: String
    }
    type Other { id: ID! }
    union Either = Page | Other
    type Thing { n: Int! t: String inner: Page }
""")

DOCUMENTS = [
    "{ owners { page { nodes { n t } } } }",
    "{ owners { optional { nodes { n } size title } } }",
    "{ owners { optional { loose { n t } more: nodes { t } } } }",
    "{ owners { page { __typename } optional { size none { n } } } }",
    "{ owners { page { described nodes { t } } optional { alone described } } }",
    "{ owners { page { later loose { n } } optional { alone later } } }",
    "{ owners { either { ... on Page { nodes { n t } size described } ... on Other { id } } } }",
    "{ owners { optional { nodes { inner { nodes { n } } t } } } }",
]


class Page(NamedTuple):
    """What one page has; wrong values are among it."""

    title: Any
    size: Any
    nodes: list[tuple[Any, Any]]


PAGES = st.lists(
    st.builds(
        Page,
        st.sampled_from(["title", None]),
        st.sampled_from([0, 7, 2**31 - 1, None, "many", 2**31]),
        st.lists(st.tuples(st.sampled_from([1, 2, 2**31 - 1, None, "x"]), st.sampled_from(["t", None])), max_size=3),
    ),
    max_size=4,
)


def thing(row: tuple[Any, Any]) -> SimpleNamespace:
    return SimpleNamespace(n=row[0], t=row[1], inner=None)


LAYOUT = Layout(("n", "t"), make=thing, computed={"inner": lambda _row: None})


def as_objects(pages: Sequence[Page]) -> Sequence[Any]:
    return [
        SimpleNamespace(
            title=page.title,
            size=page.size,
            nodes=[*map(thing, page.nodes)],
            loose=[*map(thing, page.nodes)],
            none=None,
        )
        for page in pages
    ]


def as_columns(pages: Sequence[Page]) -> Sequence[Any]:
    def lists() -> RowLists:
        rows = [row for page in pages for row in page.nodes]
        return RowLists(Rows(rows, LAYOUT, is_whole=True), [len(page.nodes) for page in pages])

    columns: dict[str, Sequence[Any]] = {
        "title": [page.title for page in pages],
        "size": [page.size for page in pages],
        "nodes": lists(),
        "loose": lists(),
        "none": [None] * len(pages),
    }
    return Columns(len(pages), columns, lambda attributes: SimpleNamespace(**attributes))


def told(document: str, pages: Sequence[Page], give: Callable[[Sequence[Page]], Sequence[Any]]) -> Any:
    """Data, and the messages and paths of the errors."""

    def describe(call: Call) -> list[Any]:
        return [f"{page.title}: {[each.n for each in page.nodes]}" for page in call.parents]

    async def tell_later(page: Any, _info: Any) -> str:
        await asyncio.sleep(0)
        return f"{page.title}: {len(page.nodes)}"

    sources: dict[str, Source] = {
        "owners": Batched(lambda _call: [list(range(len(pages)))]),
        "page": Batched(lambda _call: give(pages)),
        "optional": Batched(lambda _call: give(pages)),
        "either": Batched(lambda _call: give(pages)),
        "described": Batched(describe),
        "later": PerParent(tell_later),
        "alone": PerParent(lambda page, info: f"{info.path.as_list()} {page.title}"),
    }

    def source_of(_parent: GraphQLObjectType, name: str, _field: GraphQLField) -> Source:
        return sources.get(name) or Attribute(name)

    parsed = parse(document)
    operation = parsed.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    variables = get_variable_values(SCHEMA, (), {})
    assert isinstance(variables, VariableValues)
    plan = OperationPlans(SCHEMA, parsed, operation, Knowledge(source_of, {})).plan_for(variables)

    async def executed() -> ExecutionResult:
        step = plan.execute(plan.begin(variables, type_resolver=lambda *_: "Page"), [None])
        is_done, outcome = run_until_waiting(step)
        [result] = outcome if is_done else await finish(step, outcome)
        return result

    # Few objects are completed in another way the first time.
    asyncio.run(executed())
    result = asyncio.run(executed())
    return result.data, [(error.message, error.path) for error in result.errors or ()]


@pytest.mark.parametrize("document", DOCUMENTS)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(pages=PAGES)
def test_the_answer_is_that_of_the_objects(document: str, pages: list[Page]):
    assert told(document, pages, as_columns) == told(document, pages, as_objects)


def test_to_who_looks_they_are_objects_the_same_ones_each_time_and_lists():
    pages = as_columns([Page("a", 1, [(1, "x"), (2, "y")]), Page("b", 2, []), Page("c", 3, [(3, None)])])
    assert [page.title for page in pages] == ["a", "b", "c"]
    assert [page.title for page in pages[1:]] == ["b", "c"]
    pages[2].mark = "kept"
    assert pages[2].mark == "kept"
    assert [[each.n for each in page.nodes] for page in pages] == [[1, 2], [], [3]]
    lists = pages[0].nodes, pages[2].nodes
    assert [len(each) for each in lists] == [2, 1]
    nodes = as_columns([Page("a", 1, [(1, "x")]), Page("b", 2, [(2, "y")])]).columns["nodes"]  # type: ignore[attr-defined]
    assert [[each.n for each in rows] for rows in nodes] == [[1], [2]]
    assert [each.t for each in nodes[1]] == ["y"]
