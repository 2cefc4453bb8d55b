from __future__ import annotations

import gc
import threading
import tracemalloc
from typing import Any

import pytest
from graphql import build_schema, get_introspection_query

from synthetic.errors import BadRequestError, QueryTooComplexError, SyntheticError
from synthetic.graphql import documents as documents_module
from synthetic.graphql.checked_document import MESSAGE_LENGTH
from synthetic.graphql.documents import VALIDATION_ERRORS, DocumentCache, DocumentErrors
from synthetic.kernel_settings import LimitSettings

SCHEMA = build_schema("""
    enum Colour { RED GREEN }
    input Wish { colour: Colour  size: Int }
    directive @shiny(much: Boolean) on FIELD
    type Query { thing(id: ID, wish: Wish, colour: Colour): Thing  things(first: Int): [Thing!]! }
    type Mutation { paint(wish: Wish!): Thing }
    type Thing { id: ID!  name: String  twin: Thing  other: Thing  things(first: Int): [Thing!]! }
""")


def prepare(query: str, name: str | None = None, *, limits: LimitSettings | None = None, hints=True, **variables: Any):
    return DocumentCache(SCHEMA, limits or LimitSettings()).prepare(query, name, variables, hints=hints)


def refusal(query: str, name: str | None = None, **given: Any) -> tuple[str, str, list[tuple[int, int]]]:
    """Code, message and places of the first error."""
    with pytest.raises((DocumentErrors, SyntheticError)) as caught:
        prepare(query, name, **given)
    if isinstance(caught.value, DocumentErrors):
        error, places = caught.value.errors[0]
        return error.code, error.message, [(place.line, place.column) for place in places]
    return caught.value.code, caught.value.message, []


def test_a_document_that_fits_comes_back_with_its_operation_and_cost():
    prepared = prepare("query A { thing { id } } mutation B { paint(wish: {}) { id } }", "B")
    assert prepared.operation.name is not None
    assert prepared.operation.name.value == "B"
    assert prepared.operation.operation.value == "mutation"
    assert prepared.cost == 2
    assert len(prepared.document.definitions) == 2


@pytest.mark.parametrize("query", [get_introspection_query(), get_introspection_query(
    specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
)])  # fmt: skip
def test_the_introspection_of_graphiql_and_of_graphql_js_is_allowed(query: str):
    assert "levels deep" not in query
    assert prepare(query).cost < LimitSettings().cost


@pytest.mark.parametrize(
    ("query", "code", "places"),
    [
        ("{", "GRAPHQL_PARSE_FAILED", [(1, 2)]),
        ("{ thing {\n  id # \n ? } }", "GRAPHQL_PARSE_FAILED", [(3, 2)]),
        ("", "GRAPHQL_PARSE_FAILED", [(1, 1)]),
        ("\x00", "GRAPHQL_PARSE_FAILED", [(1, 1)]),
        ("\ud800", "GRAPHQL_PARSE_FAILED", [(1, 1)]),
        ('{ thing(id: "\\ud800") { id } }', "GRAPHQL_PARSE_FAILED", [(1, 14)]),
        ("{ thing " + "{ twin " * 300 + "}" * 301, "GRAPHQL_PARSE_FAILED", [(1, 1402)]),
        ("{ thing(id: " + "[" * 1_000 + "]" * 1_000 + ") { id } }", "GRAPHQL_PARSE_FAILED", [(1, 212)]),
        ("{\n  nothing\n}", "GRAPHQL_VALIDATION_FAILED", [(2, 3)]),
        ("{ thing { ...F } } fragment F on Thing { ...F id }", "GRAPHQL_VALIDATION_FAILED", [(1, 42)]),
        ("type A { b: C }", "GRAPHQL_VALIDATION_FAILED", [(1, 1)]),
        ("{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
         "GRAPHQL_VALIDATION_FAILED", [(1, 3)]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(query: str, code: str, places: list[tuple[int, int]]):
    found = refusal(query)
    assert found[0] == code
    assert found[2] == places


def test_all_errors_of_a_document_are_told_up_to_a_number():
    with pytest.raises(DocumentErrors) as caught:
        prepare("{ a b }")
    assert len(caught.value.errors) == 2
    with pytest.raises(DocumentErrors) as caught:
        prepare("{" + " ".join(f"a{number}" for number in range(500)) + "}")
    assert len(caught.value.errors) == VALIDATION_ERRORS


@pytest.mark.parametrize(
    ("query", "name", "message"),
    [
        ("query A { thing { id } } query B { thing { id } }", None, "several operations"),
        ("query A { thing { id } }", "B", "no operation named 'B'"),
        ("query A { thing { id } }", "x" * 100_000, "no operation named"),
        ("{ thing { id } }", "A", "no operation named 'A'"),
    ],
)
def test_an_operation_that_cannot_be_told_is_a_bad_request(query: str, name: str | None, message: str):
    code, said, _places = refusal(query, name)
    assert code == "BAD_REQUEST"
    assert message in said
    assert len(said) < 2 * MESSAGE_LENGTH


def test_a_bad_request_for_one_of_several_operations_names_them():
    with pytest.raises(BadRequestError) as caught:
        prepare("query A { thing { id } } query B { thing { id } }")
    assert caught.value.details == {"operationNames": ["A", "B"]}


DOUBLED = "".join(f" fragment F{n} on Thing {{ %s }}" % "...F{0} ...F{0}".format(n + 1) for n in range(30))
DEEPENED = "".join(f" fragment F{n} on Thing {{ twin {{ ...F{n + 1} }} other {{ ...F{n + 1} }} }}" for n in range(30))
ALIASED = "".join(f" fragment F{n} on Thing {{ ...F{n + 1} a{n}: twin {{ ...F{n + 1} }} }}" for n in range(9))
BOMBS = {
    "fragments doubled, thirty of them in a kilobyte": "{ thing { ...F0 } }"
    + DOUBLED
    + " fragment F30 on Thing { id }",
    "fragments doubled in depth": "{ thing { ...F0 } }" + DEEPENED + " fragment F30 on Thing { id }",
    "aliases doubled by fragments": "{ thing { ...F0 } }" + ALIASED + " fragment F9 on Thing { id }",
    "aliases": "{" + " ".join(f"a{n}:thing{{id}}" for n in range(9_000))[:131_000] + "}",
    "one alias again and again": "{" + "a:thing{id} " * 1_600 + "}",
    "directives": "{ thing { id" + " @shiny" * 16_000 + " } }",
    "directives with arguments": "{ thing { id" + " @shiny(much: true)" * 1_200 + " } }",
    "braces": "{" * 131_000,
    "quotes": '"' * 131_000,
    "comments": "{ thing { id " + "#\n" * 60_000 + "} }",
    "length": "{ thing { id } }" + " " * 131_072,
    "one field again and again": "{" + "__typename " * 9_900 + "}",
    "objects again and again": "{" + "thing{id} " * 2_400 + "}",
    "many fragments at one place": "{ thing {"
    + " ".join(f"...F{n}" for n in range(900))
    + "} }"
    + "".join(f" fragment F{n} on Thing {{ id name }}" for n in range(900)),
    "pages in pages": "{ things(first: 1000) { things(first: 1000) { id } } }",
    "depth": "{ thing " + "{ twin " * 100 + "{ id }" + "}" * 101,
}


@pytest.mark.parametrize("query", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused(query: str):
    assert refusal(query)[0] == "QUERY_TOO_COMPLEX"


STRUCTURAL = [name for name in BOMBS if "again" not in name and "one place" not in name]


@pytest.mark.parametrize("name", STRUCTURAL)
def test_a_bomb_is_refused_before_validation(name: str, monkeypatch: pytest.MonkeyPatch):
    def unwanted(*_given: object, **_options: object) -> None:
        pytest.fail("validated")

    monkeypatch.setattr(documents_module, "validate", unwanted)
    assert refusal(BOMBS[name])[0] == "QUERY_TOO_COMPLEX"


LEXICAL = ["aliases", "one alias again and again", "directives", "directives with arguments", "braces", "quotes",
           "comments", "length"]  # fmt: skip


@pytest.mark.parametrize("name", LEXICAL)
def test_a_bomb_of_many_tokens_is_refused_before_it_is_parsed(name: str, monkeypatch: pytest.MonkeyPatch):
    def unwanted(*_given: object, **_options: object) -> None:
        pytest.fail("parsed")

    monkeypatch.setattr(documents_module, "parse", unwanted)
    assert refusal(BOMBS[name])[0] == "QUERY_TOO_COMPLEX"


def test_a_document_that_is_as_large_as_the_limits_allow_is_prepared():
    fields = " ".join(f"things(first: {n}) {{ id name }}" for n in range(1))
    parts = "".join(f" ... on Query {{ thing {{ twin {{ id name }} }} {fields} }}" for n in range(60))
    assert prepare("{" + parts + "}").cost > 0


def test_many_fragments_as_clients_with_components_make_them_are_no_bomb():
    spread = " ".join(f"...Part{n}" for n in range(40))
    parts = "".join(f" fragment Part{n} on Thing {{ id name twin {{ id }} }}" for n in range(40))
    assert prepare(f"{{ thing {{ {spread} }} }} {parts}").cost == 161


def test_the_cost_of_a_known_document_is_asked_again_for_each_page_size():
    cache = DocumentCache(SCHEMA, LimitSettings(cost=1_000))
    query = "query ($n: Int = 3) { things(first: $n) { id } }"
    assert cache.prepare(query, None, {}).cost == 4
    assert cache.prepare(query, None, {"n": 999}).cost == 1_000
    assert cache.prepare(query, None, {"n": 999.0}).cost == 1_000
    with pytest.raises(QueryTooComplexError, match="1,001 fields; this server allows 1,000"):
        cache.prepare(query, None, {"n": 1_000})
    assert cache.prepare(query, None, {}).cost == 4
    assert (cache.hits, cache.misses) == (4, 1)


def test_costs_of_endless_page_sizes_are_not_all_remembered():
    cache = DocumentCache(SCHEMA, LimitSettings())
    query = "query ($n: Int) { things(first: $n) { id } }"
    cache.prepare(query, None, {"n": 0})
    tracemalloc.start()
    for size in range(3_000):
        assert cache.prepare(query, None, {"n": size}).cost == size + 1
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < 250_000, "three thousand of them would be half a megabyte"


UNKNOWN_DIRECTIVE = "{ thing @shin { id } }"
BAD_DOCUMENTS = [
    "{ thin { id } }",
    "{ thing { nam } }",
    "{ thing(idd: 1) { id } }",
    "{ thing { ... on Thin { id } } }",
    "{ thing { ...F } } fragment F on Thin { id }",
    UNKNOWN_DIRECTIVE,
    "{ thing @shiny(muc: true) { id } }",
    "{ thing(colour: REDD) { id } }",
    '{ thing(colour: "RED") { id } }',
    "{ thing(wish: {color: RED}) { id } }",
    "{ thing(wish: {colour: REED}) { id } }",
    "query ($w: Wis) { thing(wish: $w) { id } }",
    "query ($w: Wish = {siz: 1}) { thing(wish: $w) { id } }",
    "query ($c: Colour = GRENE) { thing(colour: $c) { id } }",
]


@pytest.mark.parametrize("query", BAD_DOCUMENTS)
def test_whoever_may_not_read_the_schema_is_not_told_what_they_meant(query: str):
    code, message, places = refusal(query, hints=False)
    assert code == "GRAPHQL_VALIDATION_FAILED"
    assert places
    assert "did you mean" not in message.lower()


def test_others_are_told_what_they_meant():
    assert "Did you mean" in refusal("{ thing { nam } }")[1]
    told = [query for query in BAD_DOCUMENTS if "Did you mean" in refusal(query)[1]]
    assert told == [query for query in BAD_DOCUMENTS if query != UNKNOWN_DIRECTIVE], "graphql-core guesses all others"


@pytest.mark.parametrize(
    "query",
    ["{ " + "x" * 130_000 + " }", "{ thing { ... on " + "X" * 130_000 + " { id } } }", "{ thing(id: {" +
     " ".join(f"a{n}: 1" for n in range(2_000)) + "}) { id } }", "{ thing { id } } # " + "é" * 65_000 + "\n ?"],
)  # fmt: skip
def test_a_message_quotes_no_more_than_a_person_reads(query: str):
    assert len(refusal(query)[1]) <= MESSAGE_LENGTH


def test_valid_documents_are_kept_and_the_least_recently_used_goes_first():
    cache = DocumentCache(SCHEMA, LimitSettings(documents=2))
    first, second, third = ("{ thing { id } }", "{ thing { name } }", "{ thing { id name } }")
    for query in (first, second, first, third, first, second):
        cache.prepare(query, None, {})
    assert (cache.hits, cache.misses) == (2, 4)
    assert cache.find_kind(first, None) == "query"
    assert cache.find_kind(third, None) is None
    assert len(cache) == 2


def test_long_documents_take_the_place_of_many_short_ones():
    limits = LimitSettings(documents=16)
    cache = DocumentCache(SCHEMA, limits)
    for number in range(16):
        cache.prepare(f"{{ thing {{ id }} }} # {number}", None, {})
    long = "{ thing { " + "... on Thing { id } " * 150 + "} }"
    cache.prepare(long, None, {})
    assert cache.find_kind(long, None) == "query"
    assert len(cache) == 16
    cache.prepare(long + " ", None, {})
    assert len(cache) == 1
    too_long = "{ thing { " + "... on Thing { id } " * 200 + "} }"
    cache.prepare(too_long, None, {})
    assert cache.find_kind(too_long, None) is None


def test_a_document_that_is_refused_is_not_kept():
    cache = DocumentCache(SCHEMA, LimitSettings())
    for query in ("{ nothing }", "{", BOMBS["depth"]):
        with pytest.raises((DocumentErrors, QueryTooComplexError)):
            cache.prepare(query, None, {})
    assert len(cache) == 0


def test_threads_share_one_cache():
    cache = DocumentCache(SCHEMA, LimitSettings(documents=8))
    queries = [f"query Q{number} {{ thing {{ id }} }}" for number in range(16)]
    failures: list[BaseException] = []

    def work(offset: int) -> None:
        try:
            for number in range(100):
                query = queries[(number * offset) % 16]
                prepared = cache.prepare(query, None, {})
                assert prepared.operation.name is not None
                assert prepared.operation.name.value == query.split()[1]
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failures.append(error)

    threads = [threading.Thread(target=work, args=(offset,)) for offset in (1, 3, 5, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert cache.hits + cache.misses == 400
    assert len(cache) == 8
