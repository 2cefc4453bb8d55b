"""The schema: put together from parts, with every clash named, and nothing left behind on shared types."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from enum import Enum

import pytest
import strawberry

from synthetic.contributions import Extension, GraphQL, Stamped
from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.errors import PluginClashError, PluginFailedError
from synthetic.graphql import schema as schema_module
from synthetic.graphql.executor import Asked
from synthetic.graphql.fields import batched, mutation, query, subscription
from synthetic.graphql.schema import SCHEMAS_KEPT, build_schema, core_schema, undescribed
from synthetic.log.live import Live
from synthetic.security.callers import Caller

from .engine_kit import PART, Note


@batched
def word_count(snapshot: Snapshot, parents: Sequence[Note]) -> list[int]:
    """How many words."""
    return [len(parent.label.split()) for parent in parents]


@query
def notes(snapshot: Snapshot) -> int:
    """Another field of that name."""
    return 0


@strawberry.type(description="Said.")
class Said:
    unsaid: str


@strawberry.enum(description="Said.")
class Colour(Enum):
    RED = "RED"


@query
def said(snapshot: Snapshot, colour: Colour) -> Said:
    """Said."""
    return Said(unsaid=colour.value)


BASE = Stamped("notes", PART)
EXTENDED = Stamped("words", GraphQL(extend=(Extension(Note, (word_count,)),)))


@pytest.fixture(autouse=True)
def no_schema_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test builds what it looks at."""
    monkeypatch.setattr(schema_module, "_kept", [])


def test_a_schema_of_the_same_parts_is_built_once():
    built = build_schema([BASE, Stamped("words", GraphQL(extend=(Extension(Note, (word_count,)),)))])
    assert build_schema([BASE, EXTENDED]) is built
    assert build_schema([BASE]) is not built
    assert build_schema([BASE, Stamped("others", EXTENDED.record)]) is not built
    assert build_schema([BASE, EXTENDED]) is built


def test_of_many_schemas_only_those_used_last_are_kept():
    first = build_schema([BASE])
    for number in range(SCHEMAS_KEPT):
        build_schema([Stamped(f"plugin_{number}", PART)])
    assert len(schema_module._kept) == SCHEMAS_KEPT
    assert build_schema([BASE]) is not first


def test_a_field_on_another_plugins_type_is_there_only_in_its_own_schema():
    assert "wordCount" in core_schema(build_schema([BASE, EXTENDED])).type_map["Note"].fields
    assert "wordCount" not in core_schema(build_schema([BASE])).type_map["Note"].fields


def test_a_failed_build_takes_its_fields_off_again():
    with pytest.raises(PluginClashError):
        build_schema([BASE, EXTENDED, Stamped("other", GraphQL(extend=(Extension(Note, (word_count,)),)))])
    assert "wordCount" not in core_schema(build_schema([BASE])).type_map["Note"].fields


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (GraphQL(queries=(notes,)), "notes and other both contribute 'notes' to queries"),
        (GraphQL(nodes={Note: lambda snapshot, ids: []}), "notes and other both contribute 'Note' to nodes"),
    ],
)
def test_a_clash_names_both_plugins(part, message):
    with pytest.raises(PluginClashError, match=message):
        build_schema([BASE, Stamped("other", part)])


def test_a_field_that_the_type_has_already_is_a_clash():
    @batched
    def label(snapshot: Snapshot, parents: Sequence[Note]) -> list[str]:
        """Taken."""
        return []

    with pytest.raises(PluginClashError, match="other adds 'label' to Note, which has it from notes"):
        build_schema([BASE, Stamped("other", GraphQL(extend=(Extension(Note, (label,)),)))])


def test_two_types_of_one_name_are_a_clash():
    @strawberry.type(name="Note", description="Another.")
    class OtherNote:
        text: str = strawberry.field(description="Text.")

    with pytest.raises(PluginClashError, match="Note"):
        build_schema([BASE, Stamped("other", GraphQL(types=(OtherNote,)))])


@pytest.mark.parametrize(
    "part",
    [
        GraphQL(queries=("not a field",)),
        GraphQL(extend=(Extension(str, (word_count,)),)),
        GraphQL(nodes={str: lambda snapshot, ids: []}),
    ],
)
def test_rubbish_is_refused_with_the_plugins_name(part):
    with pytest.raises(PluginFailedError, match="The plugin other "):
        build_schema([BASE, Stamped("other", part)])


def test_what_has_no_description_is_found():
    schema = core_schema(build_schema([Stamped("x", GraphQL(queries=(said,)))]))
    assert set(undescribed(schema)) == {"Said.unsaid", "Colour.RED", "Query.said(colour:)"}
    assert undescribed(core_schema(build_schema([BASE]))) == []


def no_docstring(snapshot: Snapshot) -> int:
    return 0


def wrong_first(store: Snapshot) -> int:
    """Said."""
    return 0


def no_list(snapshot: Snapshot, parents: Sequence[Note]) -> int:
    """Said."""
    return 0


def no_parents(snapshot: Snapshot) -> list[int]:
    """Said."""
    return []


def told(tx: Transaction, input: str, caller: Caller) -> int:
    """Said."""
    return 0


async def followed(live: Live, asked: Asked) -> AsyncIterator[int]:
    """Said."""
    yield 0


@pytest.mark.parametrize(
    ("decorator", "function", "message"),
    [
        (query, no_docstring, "must have a docstring"),
        (query, wrong_first, "first parameter of wrong_first must be called snapshot"),
        (mutation, no_list, "must be called tx or store"),
        (batched, no_list, "must be annotated to return a list"),
        (batched, no_parents, "second parameter of no_parents must be called parents"),
        (mutation, told, "told must not have a parameter caller.*a mutation is not given"),
        (subscription, followed, "followed must not have a parameter asked.*a subscription is not given"),
    ],
)
def test_a_function_that_is_no_field_is_refused_where_it_stands(decorator, function, message):
    with pytest.raises(TypeError, match=message):
        decorator(function)
