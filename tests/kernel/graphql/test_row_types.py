"""How a GraphQL type follows from the record that it mirrors: by its annotations, and by what it says itself."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import pytest
import strawberry

from synthetic.graphql.executor import Layout
from synthetic.graphql.row_types import SHAPES_KEPT, Column, FromRecord, row_type_of
from synthetic.graphql.scalars import JSON, DateTime, Long, RawJSON


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Size(enum.Enum):
    SMALL = 1
    LARGE = 2


class ThingRecord(NamedTuple):
    id: str
    name: str | None
    colour: str
    size: int | None
    weight: int
    is_new: int
    extra: str
    more: str | None
    at: int
    low: int
    high: int


@strawberry.type
class Thing:
    id: strawberry.ID
    name: str | None
    colour: Colour
    size: Size | None
    weight: Long
    is_new: bool
    extra: JSON
    more: JSON | None
    at: DateTime | None
    bounds: list[int]
    label: str
    secret: strawberry.Private[str]

    of = FromRecord(
        ThingRecord,
        at=Column(read=lambda at: None if at == 0 else at),
        bounds=Column("low", "high", read=lambda low, high: [low, high]),
        label=Column("upper(name)", read=str),
        secret=Column("id"),
    )


ROW = ("a", "thing", "red", 2, 2**40, 1, '{"a":1}', None, 0, 3, 4, "THING")
RECORD = ThingRecord(*ROW[:-1])


def row_of(layout: Layout, select: str) -> tuple:
    values = dict(zip((*ThingRecord._fields, "upper(name)"), ROW, strict=True))
    return tuple(values[source] for source in select.split(", "))


def plain(thing: object) -> dict:
    return {name: value.text if isinstance(value, RawJSON) else value for name, value in vars(thing).items()}


WHOLE = {
    "id": "a", "name": "thing", "colour": Colour.RED, "size": Size.LARGE, "weight": 2**40, "is_new": True,
    "extra": '{"a":1}', "more": None, "at": None, "bounds": [3, 4], "label": "THING", "secret": "a",
}  # fmt: skip


def test_an_object_is_made_of_a_record_and_of_a_row_alike() -> None:
    made = Thing.of(RECORD, label="THING")
    shape = row_type_of(Thing).shape(None, ())

    assert plain(made) == WHOLE
    assert plain(shape.layout.make(row_of(shape.layout, shape.select))) == WHOLE
    assert isinstance(made, Thing)
    assert made.colour is Colour.RED


def test_what_does_not_follow_from_the_record_has_to_be_given() -> None:
    with pytest.raises(TypeError, match=r"Thing\.of\(record, label=\.\.\.\): ThingRecord has no fields .* label"):
        Thing.of(RECORD)
    with pytest.raises(TypeError, match=r"Thing\.of\(record, label=\.\.\.\): name cannot be given"):
        Thing.of(RECORD, label="THING", name="other")


@pytest.mark.parametrize(
    "names", [set(), {"id"}, {"bounds"}, {"secret", "id"}, {"colour", "size", "extra"}, set(WHOLE)]
)
def test_a_shape_has_the_columns_of_its_attributes_and_what_is_added(names: set[str]) -> None:
    shape = row_type_of(Thing).shape(frozenset(names), ("weight", "low"))

    assert len(shape.layout.columns) == len(shape.select.split(", ")) == len(set(shape.select.split(", ")))
    row = row_of(shape.layout, shape.select)
    assert plain(shape.layout.make(row)) == {name: value for name, value in WHOLE.items() if name in names}
    assert (row[shape.places["weight"]], row[shape.places["low"]]) == (2**40, 3)


def test_rows_that_were_read_in_another_way_have_their_columns_in_their_own_order() -> None:
    columns = ("high", "id", "low", "weight", "size")
    layout = row_type_of(Thing).layout(columns, frozenset({"size", "bounds", "id"}))

    made = layout.make((4, "a", 3, 9, 1))

    assert vars(made) == {"id": "a", "size": Size.SMALL, "bounds": [3, 4]}
    assert len(layout.columns) == len(columns)
    assert layout.find("size", (4, "a", 3, 9, 2)) is Size.LARGE


def test_the_executor_finds_in_a_row_what_an_object_has() -> None:
    shape = row_type_of(Thing).shape(None, ())
    row = row_of(shape.layout, shape.select)

    for name, value in WHOLE.items():
        found = shape.layout.find(name, row)
        assert (found.text if isinstance(found, RawJSON) else found) == value


class LooseRecord(NamedTuple):
    id: str
    name: str | None
    title: str | None
    count: int


@strawberry.type
class Loose:
    id: strawberry.ID
    name: str | None
    title: str
    count: int

    of = FromRecord(LooseRecord)


def test_only_text_is_written_without_a_look_and_only_where_it_may_be_null_if_it_is() -> None:
    assert row_type_of(Loose).shape(None, ()).layout.exact == {"id", "name"}


def test_a_name_that_no_column_stands_for_asks_for_all_of_them() -> None:
    row_type = row_type_of(Thing)

    assert row_type.shape(frozenset({"id", "somebody_elses"}), ()).select == row_type.shape(None, ()).select
    assert row_type.shape(frozenset(), ()).select == "1"


def test_the_shapes_that_are_kept_are_bounded() -> None:
    row_type = row_type_of(Thing)
    for number in range(SHAPES_KEPT + 10):
        row_type.shape(frozenset(), (f"column_{number}",))

    assert row_type.shape.cache_info().currsize == SHAPES_KEPT
    assert row_type.shape(None, ()) is row_type.shape(None, ())


@dataclass(frozen=True, slots=True)
class PointRecord:
    x: int
    y: int | None


class PointStruct(msgspec.Struct, frozen=True):
    x: int
    y: int | None


def _typed(annotations: dict[str, object], of: object) -> type:
    return strawberry.type(type("Made", (), {"__annotations__": annotations, "of": of, "__module__": __name__}))


@pytest.mark.parametrize("record_class", [PointRecord, PointStruct])
def test_records_of_other_kinds_are_read_too(record_class: type) -> None:
    point = _typed({"y": int | None, "x": Long}, FromRecord(record_class))

    assert vars(point.of(record_class(1, None))) == {"y": None, "x": 1}
    shape = row_type_of(record_class).shape(frozenset({"x"}), ("z",))
    assert shape.select == "x, y, z"
    assert shape.layout.make((1, 2, 3)) == record_class(1, 2)


@pytest.mark.parametrize(
    ("annotations", "of", "told"),
    [
        ({"z": int}, FromRecord(PointRecord), r"has no field for Made\.z"),
        ({"x": list[int]}, FromRecord(PointRecord), r"say by Column\(read=\.\.\.\).*Made\.x"),
        ({"x": int}, FromRecord(PointRecord, w=Column("y")), "Made has no w"),
    ],
)
def test_a_type_that_does_not_fit_its_record_says_so(annotations, of, told) -> None:
    made = _typed(annotations, of)

    with pytest.raises(TypeError, match=told):
        row_type_of(made).shape(None, ())


def test_it_has_one_name() -> None:
    with pytest.raises((TypeError, RuntimeError)) as refused:
        type("Made", (), {"rows": FromRecord(PointRecord)})

    assert "must call it `of`" in str(refused.value.__cause__ or refused.value)


def test_several_columns_need_a_function() -> None:
    with pytest.raises(TypeError, match="read"):
        Column("a", "b")
