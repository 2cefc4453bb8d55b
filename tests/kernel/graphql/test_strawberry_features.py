"""What Strawberry offers, answered through the engine and `schema.execute` as graphql-core's executor answers it."""

import asyncio
import gc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import strawberry
from strawberry.extensions import FieldExtension
from strawberry.permission import PermissionExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type

from synthetic.clock import SystemClock
from synthetic.contributions import Extension, GraphQL
from synthetic.database.interruption import Interruption
from synthetic.database.snapshot import Snapshot
from synthetic.errors import ConflictError
from synthetic.graphql.answers import GraphQLRequest
from synthetic.graphql.context import OperationContext
from synthetic.graphql.fields import batched, query
from synthetic.security.gate import ANONYMOUS
from synthetic.testing import expect_data, expect_error

from .engine_kit import LIMITS, PART, Bench, Note, calls, open_bench
from .strawberry_kit import FIELDS, SCALAR_MAP, TYPES, AskedElsewhere, Loud, OnlyTheWilling, seen

FEATURES = GraphQL(queries=tuple(FIELDS), types=tuple(TYPES), scalars=SCALAR_MAP)
WITHOUT_OURS = strawberry.Schema(
    query=create_type("Query", FIELDS), types=TYPES, config=StrawberryConfig(scalar_map=SCALAR_MAP)
)

DOCUMENTS = {
    "methods with arguments": (
        '{ people { full a: full(separator: "-") b: full(reverse: true, separator: ", ") years last born nick } }'
    ),
    "the parent, the root and the info": '{ people { byParent x: byParent(greeting: "hi") y: byRoot byRoot } }',
    "what the info tells": "query Asking($t: String!) { told(text: $t) again: told }",
    "asynchronous methods and generators": "{ people { first later laterYears years } slowPeople(count: 2) { later } }",
    "field extensions": '{ people { loud l: loud(word: "still") patient } }',
    "permissions that are given": "{ people { guarded ifWilling(willing: true) ifElsewhere(willing: true) } }",
    "permissions that are refused": (
        "{ people { first ifWilling(willing: false) ifElsewhere(willing: false) }"
        " guardedPerson(willing: true) { first } }"
    ),
    "a refusal where null must not be": "{ sized guardedPerson(willing: false) { first } }",
    "interfaces by class": (
        '{ animals { __typename name greeting(to: "me") ... on Cat { lives } ... on Dog { size friend(named: "Tom") {'
        " name lives } } } }"
    ),
    "an interface that says itself": "{ shapes { __typename corners ... on Square { side } } }",
    "unions": "{ found { __typename ... on Cat { name lives } ... on Stone { name weight } } }",
    "a union that asks its types": "{ readable { __typename ... on Book { title } ... on Stone { name } } }",
    "an object that is of none of a union's types": "{ unreadable { __typename } }",
    "generics": (
        "{ boxOfText { __typename content contents label } boxOfCat { __typename content { name } contents { name } } }"
    ),
    "enums": "query($s: Size, $all: [Size!]) { sized a: sized(size: SMALL) b: sized(sizes: $all) c: sized(size: $s) }",
    "inputs with defaults": '{ wanted(input: {name: "n"}) }',
    "inputs that are null or given": (
        'query($w: Wanted!) { a: wanted(input: $w) b: wanted(input: {name: "b", unset: null, perhaps: null,'
        ' tags: ["x"], size: HUGE, inner: {}, reversed: "abc"}) }'
    ),
    "a scalar that refuses": '{ wanted(input: {name: "n", reversed: "palindrome"}) }',
    "failures at each level": "{ people { first fails } }",
    "failures where null may be": '{ animals { ... on Dog { friend { name } f: friend(named: "x") { greeting } } } }',
}
VARIABLES = {
    "what the info tells": {"t": "x"},
    "enums": {"all": ["SMALL", "HUGE"], "s": "SMALL"},
    "inputs that are null or given": {"w": {"name": "a", "perhaps": "p", "unset": "u", "inner": {"flag": False}}},
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with open_bench(tmp_path_factory.mktemp("features"), parts=(FEATURES,)) as opened:
        yield opened
    gc.collect()


def plain(result) -> tuple:
    """What an execution result says, to be compared."""
    errors = [
        (error.message, tuple(error.path or ()), [(at.line, at.column) for at in error.locations or ()])
        for error in result.errors or ()
    ]
    return result.data, sorted(errors, key=repr)


def awaits(name: str) -> bool:
    return any(word in DOCUMENTS[name] for word in ("later", "Later", "patient", "Elsewhere", "slow", "guardedPerson"))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_answers_are_those_of_graphql_core(shared, name):
    document, variables = DOCUMENTS[name], VARIABLES.get(name)
    expected = plain(asyncio.run(WITHOUT_OURS.execute(document, variables)))
    assert plain(asyncio.run(shared.schema.execute(document, variables))) == expected
    if not awaits(name):
        assert plain(shared.schema.execute_sync(document, variables)) == expected
    request = GraphQLRequest(document, variables or {})
    for answer in (
        asyncio.run(shared.engine.run(request, ANONYMOUS, "c")).body,
        shared.ask(document, **(variables or {})),
    ):
        assert answer.get("data") == expected[0]
        # The messages of unknown exceptions are not for clients.
        places = [
            (tuple(error.get("path", ())), [(at["line"], at["column"]) for at in error["locations"]])
            for error in answer.get("errors", ())
        ]
        assert sorted(places, key=repr) == sorted(((path, at) for _, path, at in expected[1]), key=repr)


def test_the_documents_answer_what_they_are_about(shared):
    """Equal answers could be equally empty."""
    failing = {"permissions that are refused", "a refusal where null must not be", "failures at each level",
               "an object that is of none of a union's types", "a scalar that refuses"}  # fmt: skip
    for name, document in DOCUMENTS.items():
        answer = asyncio.run(shared.schema.execute(document, VARIABLES.get(name)))
        assert bool(answer.errors) == (name in failing), (name, answer.errors)
    data = expect_data(shared.ask(DOCUMENTS["interfaces by class"]))["animals"]
    assert [each["__typename"] for each in data] == ["Cat", "Dog", "Cat", "Dog"]
    shapes = expect_data(shared.ask(DOCUMENTS["an interface that says itself"]))["shapes"]
    assert [each["__typename"] for each in shapes] == ["Square", "Triangle", "Square"]


def test_what_is_refused_is_not_run(shared):
    seen.clear()
    answer = shared.ask("{ people { ifWilling(willing: false) } }")
    assert seen == ["asked", "asked"]
    assert [error["path"] for error in answer["errors"]] == [["people", 0, "ifWilling"], ["people", 1, "ifWilling"]]
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"FORBIDDEN"}
    assert {error["message"] for error in answer["errors"]} == {"You are not willing."}


@pytest.mark.parametrize("field", ["sent", "people { first } sent"])
def test_a_resolver_is_told_the_extensions_of_the_request(shared, field):
    request = GraphQLRequest("{ " + field + " }", extensions={"trace": "t1"})
    answer = asyncio.run(shared.engine.run(request, ANONYMOUS, "c"))
    assert expect_data(answer.body)["sent"] == "{'trace': 't1'}"


class Twice(FieldExtension):
    def resolve(self, next_, source, info, **kwargs):
        seen.append("extension")
        return next_(source, info, **kwargs)


async def ready(mark: str = "!", willing: bool = True) -> str:
    seen.append("prepared")
    if mark == "taken":
        raise ConflictError
    if mark == "never":
        await asyncio.Event().wait()
    return mark


def extended_fields() -> tuple:
    """Made anew for each schema, since an extension may change its field."""

    @batched(prepare=ready)
    def marked(
        snapshot: Snapshot,
        parents: Sequence[Note],
        prepared: str,
        mark: str = "!",
    ) -> list[str]:
        """The label with a mark."""
        seen.append(f"marked {len(parents)}")
        return [parent.label + prepared for parent in parents]

    @batched(prepare=ready)
    def remarked(snapshot: Snapshot, parents: Sequence[Note], prepared: str, mark: str = "!") -> list[str]:
        """The label with a mark, by a plan."""
        return [parent.label + prepared for parent in parents]

    @query(prepare=ready)
    def guarded_count(snapshot: Snapshot, prepared: str, willing: bool, mark: str = "!") -> str:
        """How many notes there are."""
        return f"{snapshot.value('SELECT count(*) FROM notes')}{prepared}"

    @query
    def elsewhere_count(snapshot: Snapshot) -> int | None:
        """How many notes there are, for those who may know."""
        return snapshot.value("SELECT count(*) FROM notes")

    marked.extensions.append(Twice())
    elsewhere_count.extensions.append(PermissionExtension([AskedElsewhere()]))
    guarded_count.extensions.append(Loud())
    guarded_count.extensions.append(PermissionExtension([OnlyTheWilling()]))
    return (guarded_count, elsewhere_count), (marked, remarked, strawberry.field(resolver=said, name="said"))


def said(root: strawberry.Parent[Note], info: strawberry.Info) -> str:
    return f"{info.variable_values!r} {info.input_extensions!r}"


@pytest.fixture
def extended(tmp_path: Path) -> Iterator[Bench]:
    queries, fields = extended_fields()
    ours = GraphQL(queries=queries, extend=(Extension(type=Note, fields=fields),))
    with open_bench(tmp_path, replace(LIMITS, operation_ms=1_000), parts=(PART, ours)) as opened:
        opened.add(("a", None, 1), ("b", None, 2))
        seen.clear()
        yield opened


def refusals(bench: Bench, reason: str) -> float:
    return bench.metrics.registry.get_sample_value("synthetic_plan_refusals_total", {"reason": reason}) or 0.0


def test_an_extension_of_a_batched_field_is_left_to_graphql_core_and_counted(extended):
    document = '{ notes { nodes { label marked(mark: "?") } } }'
    answers = [
        extended.ask(document),
        asyncio.run(extended.engine.run(GraphQLRequest(document), ANONYMOUS, "c")).body,
    ]
    for answer in answers:
        assert expect_data(answer)["notes"]["nodes"] == [
            {"label": "note a", "marked": "note a?"},
            {"label": "note b", "marked": "note b?"},
        ]
    # Still one call for a level, and one preparation for all of its parents.
    assert seen == ["extension", "prepared", "extension", "marked 2"] * 2
    assert refusals(extended, "extension of a batched field") == 2
    expect_data(extended.ask("{ notes { nodes { label } } }"))
    assert refusals(extended, "extension of a batched field") == 2


def test_what_graphql_core_executes_is_told_the_same_by_its_info(extended):
    """Both fields are in one document; the first keeps it from being compiled."""
    answer = extended.ask("query Q($id: ID!) { noteById(id: $id) { marked said } }", id="a")
    assert expect_data(answer) == {"noteById": {"marked": "note a!", "said": "{'id': 'a'} {}"}}


def test_schema_execute_compiles_too_and_prepares_where_it_is(extended):
    """A batched field gives a future of the operation's own loop, unless a plan calls it."""

    def read(snapshot: Snapshot) -> dict:
        interruption = Interruption(SystemClock())
        context = OperationContext(extended.database, ANONYMOUS, "c", interruption)
        context.enter(snapshot)
        document = '{ notes { nodes { shout remarked(mark: "?") } } }'
        result = extended.schema.execute_sync(document, context_value=context)
        assert result.errors is None
        return result.data["notes"]["nodes"]

    assert extended.database.read_blocking(read) == [
        {"shout": "NOTE A!", "remarked": "note a?"},
        {"shout": "NOTE B!", "remarked": "note b?"},
    ]
    assert seen == ["prepared"]
    assert calls == [("shout", 2)]


def test_a_mutation_that_selects_such_a_field_runs_all_the_same(extended):
    document = 'mutation { addNote(input: {id: "m", label: "x"}) { note { marked } } }'
    assert expect_data(extended.ask(document)) == {"addNote": {"note": {"marked": "x!"}}}
    assert refusals(extended, "extension of a batched field") == 1


def test_a_permission_of_a_field_of_ours_is_asked_before_anything_is_prepared(extended):
    answer = extended.ask("{ guardedCount(willing: false) }")
    error = expect_error(answer, "FORBIDDEN")
    assert (error["path"], error["message"]) == (["guardedCount"], "You are not willing.")
    assert seen == ["asked"]
    seen.clear()
    assert expect_data(extended.ask('{ guardedCount(willing: true, mark: "?") }')) == {"guardedCount": "2?"}
    assert seen == ["asked", "prepared"]


def test_without_a_plan_too_a_preparation_fails_for_its_field_and_ends_at_the_deadline(extended):
    answer = extended.ask('{ notes { totalCount nodes { label bad: marked(mark: "taken") } } }')
    assert expect_error(answer, "CONFLICT")["path"] == ["notes", "nodes", 0, "bad"]
    assert seen.count("prepared") == 1
    answer = extended.ask('{ notes { nodes { marked(mark: "never") } } }')
    expect_error(answer, "DEADLINE_EXCEEDED")


def test_a_permission_that_must_wait_cannot_guard_what_needs_the_snapshot(extended, caplog):
    answer = extended.ask("{ elsewhereCount notes { totalCount } }")
    assert answer["data"] == {"elsewhereCount": None, "notes": {"totalCount": 2}}
    expect_error(answer, "INTERNAL")
    assert "an asynchronous resolver has no snapshot" in caplog.text
