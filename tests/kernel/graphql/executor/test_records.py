"""Answers that are only to be written: lists of records, and lists that their source writes as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import pytest
from graphql import OperationDefinitionNode, build_schema, get_variable_values, parse

from synthetic.graphql.executor import (
    Attribute,
    Batched,
    Knowledge,
    Layout,
    LeafFields,
    OperationPlans,
    Rows,
    Unread,
    UnreadSource,
    run_until_waiting,
)

MANY = 30
"""More objects than are completed with care for being few."""

LAYOUT = Layout(("n", "t", "anything"), make=lambda row: SimpleNamespace(n=row[0], t=row[1], anything=row[2]))


class Tuples:
    """Records that are tuples of keys and values, in tuples for lists."""

    @staticmethod
    def class_of(keys):
        return lambda *values: tuple(zip(keys, values, strict=True))

    list_of = tuple

    @staticmethod
    def list_of_json(text):
        return text


def run_with_records(rows: list[tuple[object, ...]], selection: str):
    return run_for_writing(
        [Rows(rows, LAYOUT)], [[Rows(rows[:20], LAYOUT), Rows([], LAYOUT), Rows(rows[20:], LAYOUT)]], selection
    )


def run_for_writing(things: list[object], lists: list[object], selection: str):
    schema = build_schema(
        "type Query { lists: [[Thing]!]! things: [Thing]! } type Thing { n: Int! t: String anything: Anything }"
        " scalar Anything"
    )
    sources = {"things": Batched(lambda _call: things), "lists": Batched(lambda _call: lists)}
    document = parse(f"{{ {selection} }}")
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    variables = get_variable_values(schema, (), {})
    knowledge = Knowledge(lambda _parent, name, _field: sources.get(name) or Attribute(name), {})
    plan = OperationPlans(schema, document, operation, knowledge).plan_for(variables)
    run = plan.begin(variables, record_form=Tuples())
    is_done, [result] = run_until_waiting(plan.execute(run, [None]))
    assert is_done
    return result


def test_long_lists_of_plain_values_are_recorded_where_that_is_wanted():
    rows: list[tuple[object, ...]] = [(number, f"t{number}", None) for number in range(MANY)]
    records = tuple((("n", n), ("text", t)) for n, t, _ in rows)
    result = run_with_records(rows, "things { n text: t } lists { n text: t }")
    assert result.data == {"things": records, "lists": [records[:20], (), records[20:]]}


def test_what_is_not_known_to_be_plain_is_not_recorded():
    result = run_with_records([(number, "t", 1) for number in range(MANY)], "things { n anything }")
    assert result.data["things"][0]["n"] == 0


def test_short_lists_are_not_recorded():
    assert run_with_records([(1, "t", None)], "things { n }").data == {"things": [{"n": 1}]}


@pytest.mark.parametrize("wrong", [None, "x", 2**31])
def test_where_a_value_is_wrong_there_are_dictionaries_and_the_error(wrong):
    result = run_with_records([(n, "t", None) for n in range(MANY)] + [(wrong, "t", None)], "things { n t }")
    assert result.data["things"] == [{"n": n, "t": "t"} for n in range(MANY)] + [None]
    assert [error.path for error in result.errors] == [["things", MANY, "n"]]


def test_null_among_objects_stays_null():
    rows: list[tuple[object, ...] | None] = [(n, "t", None) for n in range(MANY)]
    result = run_with_records([*rows, None], "things { n }")  # type: ignore[list-item]
    assert result.data["things"] == [*({"n": n} for n in range(MANY)), None]


def unread(rows: list[tuple[object, ...]] | Exception, written: str | Exception | None, told: list[object]):
    def read(places: Sequence[int]):
        told.append("read")
        assert list(places) == [0]
        return [rows]

    def write(fields: LeafFields):
        told.append([(field.key, field.attribute) for field in fields.fields])
        if isinstance(written, Exception):
            raise written
        return [written]

    return Unread(LAYOUT, UnreadSource(1, read, write))


def test_a_list_whose_source_writes_it_is_not_read():
    told: list[object] = []
    result = run_for_writing([unread([], "[7]", told)], [], "things { __typename n text: t }")
    assert result.data == {"things": "[7]"}
    assert told == [[("__typename", None), ("n", "n"), ("text", "t")]]


@pytest.mark.parametrize("written", [None, LookupError("not now")])
def test_a_list_that_its_source_cannot_write_is_read(written):
    told: list[object] = []
    result = run_for_writing([unread([(1, "t", None)], written, told)], [], "things { n }")
    assert (result.data, result.errors) == ({"things": [{"n": 1}]}, None)
    assert told == [[("n", "n")], "read"]


def test_of_lists_that_stand_together_only_those_are_read_that_are_not_written():
    told: list[object] = []
    lists = [
        [
            unread([(1, "t", 5)], "[7]", told),
            unread([(2, "t", 5), (3, "t", 5)], None, told),
            Rows([(4, "t", 5)], LAYOUT),
            unread([(5, "t", 5)], "[8]", told),
        ]
    ]
    result = run_for_writing([[]], lists, "lists { n }")
    assert result.errors is None
    assert result.data == {"lists": ["[7]", [{"n": 2}, {"n": 3}], [{"n": 4}], "[8]"]}
    assert told.count("read") == 1


def test_an_error_in_a_list_beside_written_ones_finds_its_place():
    lists = [[unread([(1, "t", 5)], "[7]", []), unread([(2, "t", 5), (None, "t", 5)], None, [])]]
    result = run_for_writing([[]], lists, "lists { n }")
    assert result.data == {"lists": ["[7]", [{"n": 2}, None]]}
    assert [error.path for error in result.errors] == [["lists", 1, 1, "n"]]
    lists = [[unread([], "[7]", []), unread(LookupError("gone"), None, [])]]
    result = run_for_writing([[]], lists, "lists { n }")
    assert result.data is None, "a list must not be null"
    assert [error.path for error in result.errors] == [["lists", 1]]


def test_a_list_that_cannot_be_read_is_an_error_in_its_place():
    failing = unread(LookupError("gone"), None, [])
    result = run_for_writing([failing], [], "things { n }")
    assert result.data is None
    assert [(error.path, error.message) for error in result.errors] == [(["things"], "gone")]
    lists = [[unread([(1, "t", None)], None, []), unread(LookupError("gone"), None, [])]]
    result = run_for_writing([[]], lists, "lists { n }")
    assert result.data is None, "a list must not be null"
    assert [error.path for error in result.errors] == [["lists", 1]]


def test_lists_of_one_source_are_read_and_written_together():
    reads: list[list[int]] = []
    writes: list[LeafFields] = []

    def read(places: Sequence[int]):
        reads.append(list(places))
        return [LookupError("gone") if place == 3 else [(place, "t", None)] for place in places]

    def write(fields: LeafFields):
        writes.append(fields)
        return ["[0]", None, None, None]

    source = UnreadSource(4, read, write)
    lists = [Unread(LAYOUT, source, place) for place in range(4)]
    fields = LeafFields(())
    assert [source.written(fields)[each.place] for each in lists] == ["[0]", None, None, None]
    assert len(writes) == 1
    assert [each.n for each in lists[1]] == [1]
    assert len(lists[2]) == 1
    assert reads == [[1, 2, 3]]
    with pytest.raises(LookupError):
        len(lists[3])
    source.keep()
    assert reads == [[1, 2, 3], [0]], "what was written may be looked at all the same"


def test_what_cannot_be_written_is_tried_once_and_what_cannot_be_kept_is_told_later():
    def fail(_asked: object):
        told.append("asked")
        raise LookupError("gone")

    told: list[str] = []
    source = UnreadSource(2, fail, fail)
    lists = [Unread(LAYOUT, source, place) for place in range(2)]
    fields = LeafFields(())
    with pytest.raises(LookupError):
        source.written(fields)
    assert list(source.written(fields)) == [None, None]
    source.keep()
    assert told == ["asked", "asked"]
    for each in lists:
        with pytest.raises(LookupError):
            len(each)
    assert told == ["asked", "asked"]


def test_rows_that_cannot_be_read_are_asked_for_once():
    def fail(_places: Sequence[int]):
        told.append("asked")
        raise LookupError("gone")

    told: list[str] = []
    source = UnreadSource(9, fail, lambda _fields: [None] * 9)
    for place in range(9):
        with pytest.raises(LookupError):
            len(Unread(LAYOUT, source, place))
    assert told == ["asked"]


def test_nothing_is_written_when_the_source_has_gone():
    writes: list[LeafFields] = []

    def write(fields: LeafFields):
        writes.append(fields)
        return ["[0]"]

    source = UnreadSource(1, lambda _places: [[(1, "t", None)]], write)
    first, other = LeafFields(()), LeafFields(())
    assert list(source.written(first)) == ["[0]"]
    source.keep()
    assert list(source.written(first)) == ["[0]"]
    assert list(source.written(other)) == [None]
    assert writes == [first]
