"""`FromRecord`: a GraphQL type whose objects are rows of a table says so once, and its annotations say the rest.

From that the kernel derives how a record becomes an object
(`Session.of(record)`), and which columns stand for which attributes, so that a
list reads only the columns that its selection needs, and hands them on as rows
(see `synthetic.graphql.executor.rows`) of which no objects are made.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, NamedTuple, TypeVar, cast, get_type_hints, overload

from synthetic.database.snapshot import Parameters, Row, Snapshot
from synthetic.graphql.column_kinds import reader_of, stored_kinds, without_none
from synthetic.graphql.executor.rows import Layout
from synthetic.graphql.json_columns import ColumnOf, column_of
from synthetic.graphql.row_making import Part, make_from_record, make_from_row

RecordT = TypeVar("RecordT")
NodeT = TypeVar("NodeT")

SHAPES_KEPT = 512
"""Shapes of a type that are remembered: clients choose what they ask for, and must not fill the memory."""


class Column:
    """How an attribute follows from columns, where its name and its annotation do not say it all.

    Attributes:
        sources: What is selected for it: names of columns, or expressions in SQL. None: the column of its name.
        read: From the values of these, in order, to the value of the attribute; without it, the annotation decides.
            For a single column that is NULL it is not called: the attribute is None then.
        parses: Whether `read` parses or decodes texts or blobs of any length, so that these count (`Snapshot.spend`).
    """

    __slots__ = ("parses", "read", "sources")

    def __init__(self, *sources: str, read: Callable[..., Any] | None = None, parses: bool = False) -> None:
        """Make it; the arguments are the attributes.

        Raises:
            TypeError: Several columns are named, but not how they become one value.
        """
        if len(sources) > 1 and read is None:
            raise TypeError(f"say by `read` how {', '.join(sources)} become one value")
        self.sources = sources
        self.read = read
        self.parses = parses


class JsonSource(NamedTuple):
    """The column of an attribute that is read as it is.

    Attributes:
        name: Its name.
        column_of: How it becomes JSON.
    """

    name: str
    column_of: ColumnOf


@dataclass(frozen=True, slots=True)
class Shape:
    """Some columns of a type, and what the rows are that hold them.

    Attributes:
        select: The columns in SQL, as they stand after SELECT.
        layout: What a row is to the object that it stands for.
        places: Where in a row each column is.
        parsed: Where those are that are parsed.
    """

    select: str
    layout: Layout
    places: Mapping[str, int]
    parsed: Sequence[int] = ()

    def rows(self, snapshot: Snapshot, sql: str, params: Parameters) -> list[Row]:
        """The rows of a statement that selects these columns."""
        rows = snapshot.rows(sql, params)
        if self.parsed:
            snapshot.spend(sum(len(row[place] or "") for place in self.parsed for row in rows))
        return rows


class RowType(Generic[NodeT, RecordT]):
    """How rows and records become objects of a type.

    Attributes:
        parts: For each attribute of an object, how it is made.
        shape: `shape(attributes, extra)`: the `Shape` with what these attributes need, and more columns behind them.
            All attributes where they are None, or name one that no column stands for.
        layout: `layout(columns, attributes)`: what rows are that have these columns in this order, for those who
            read them in another way.
    """

    def __init__(self, node_class: type[NodeT], record_class: type[RecordT], columns: Mapping[str, Column]) -> None:
        self.shape = functools.lru_cache(maxsize=SHAPES_KEPT)(self._shape)
        self.layout = functools.lru_cache(maxsize=SHAPES_KEPT)(self._layout)
        self._node_class = node_class
        self._record_class = record_class
        self._columns = columns

    def __call__(self, record: RecordT, **given: Any) -> NodeT:
        """The object of a record.

        Args:
            record: As the store has it.
            given: The attributes that do not follow from the record's own fields.

        Raises:
            TypeError: One of them is missing, or something else is given.
        """
        if given.keys() != self._given:
            raise TypeError(self._given_wrongly(given.keys()))
        return self._of(record, **given)

    @functools.cached_property
    def parts(self) -> dict[str, Part]:
        """Read from the annotations when it is first needed: these may name what is defined after the class."""
        hints = get_type_hints(self._node_class)
        stored = stored_kinds(self._record_class)
        unknown = self._columns.keys() - hints.keys()
        if unknown:
            raise TypeError(f"{self._node_class.__name__} has no {', '.join(sorted(unknown))}")
        fields = dataclasses.fields(cast("Any", self._node_class))
        return {field.name: self._part(field.name, hints[field.name], stored) for field in fields if field.init}

    def _part(self, name: str, annotation: Any, stored: Mapping[str, Any]) -> Part:
        column = self._columns.get(name)
        sources = (column.sources if column else ()) or (name,)
        if column is None and name not in stored:
            raise TypeError(
                f"{self._record_class.__name__} has no field for {self._node_class.__name__}.{name}:"
                " say by Column(...) what it is read from"
            )
        in_record = all(source in stored for source in sources)
        if column is not None and column.read is not None:
            return Part(name, sources, column.read, in_record=in_record)
        kind, is_optional = without_none(annotation)
        plain = getattr(kind, "__supertype__", kind)
        exact = plain is str and stored.get(sources[0]) in ((str, False), (str, is_optional))
        read = reader_of(kind, f"{self._node_class.__name__}.{name}")
        is_enum = isinstance(kind, type) and issubclass(kind, Enum)
        is_text = is_enum and all(isinstance(member.value, str) for member in cast("type[Enum]", kind))
        return Part(name, sources, read, in_record=in_record, is_written_raw=is_text, is_exact=exact)

    @functools.cached_property
    def json_sources(self) -> dict[str, JsonSource]:
        """For each attribute that SQLite can write as JSON, of what."""
        hints = get_type_hints(self._node_class)
        stored = stored_kinds(self._record_class)
        found: dict[str, JsonSource] = {}
        for part in self.parts.values():
            column = self._columns.get(part.name)
            if len(part.sources) == 1 and part.sources[0].isidentifier() and (column is None or column.read is None):
                kind, is_optional = without_none(hints[part.name])
                written = column_of(kind, stored.get(part.sources[0]), is_optional=is_optional)
                if written is not None:
                    found[part.name] = JsonSource(part.sources[0], written)
        return found

    @functools.cached_property
    def _given(self) -> frozenset[str]:
        """The attributes that do not follow from the record's own fields."""
        return frozenset(part.name for part in self.parts.values() if not part.in_record)

    def _given_wrongly(self, given: AbstractSet[str]) -> str:
        name, record = self._node_class.__name__, self._record_class.__name__
        call = ", ".join(["record", *(f"{each}=..." for each in sorted(self._given))])
        if missing := sorted(self._given - given):
            return f"call {name}.of({call}): {record} has no fields that {', '.join(missing)} could be read from"
        return f"call {name}.of({call}): {', '.join(sorted(given - self._given))} cannot be given"

    @functools.cached_property
    def _of(self) -> Callable[..., NodeT]:
        return make_from_record(self._node_class, list(self.parts.values()))

    def _shape(self, attributes: frozenset[str] | None, extra: tuple[str, ...] = ()) -> Shape:
        parts = self._chosen(attributes)
        shape = _shape_of(parts, _sources_of(parts, extra), functools.partial(make_from_row, self._node_class))
        parsed = {name for name, column in self._columns.items() if column.parses}
        places = {shape.places[source] for part in parts if part.name in parsed for source in part.sources}
        return dataclasses.replace(shape, parsed=sorted(places))

    def _layout(self, columns: tuple[str, ...], attributes: frozenset[str] | None = None) -> Layout:
        make = functools.partial(make_from_row, self._node_class)
        return _shape_of(self._chosen(attributes), columns, make).layout

    def _chosen(self, attributes: frozenset[str] | None) -> list[Part]:
        if attributes is None or not attributes <= self.parts.keys():
            return list(self.parts.values())
        return [part for name, part in self.parts.items() if name in attributes]


class RecordType(Generic[RecordT]):
    """How rows become records, for lists that are for no client: always whole."""

    json_sources: Mapping[str, JsonSource] = {}

    def __init__(self, record_class: type[RecordT]) -> None:
        self._record_class = record_class
        self._parts = [Part(name, (name,), None) for name in stored_kinds(record_class)]
        self.shape = functools.lru_cache(maxsize=SHAPES_KEPT)(self._shape)

    def _shape(self, _attributes: frozenset[str] | None, extra: tuple[str, ...] = ()) -> Shape:
        count = len(self._parts)

        def make_make(_parts: object, _places: object, _width: int) -> Callable[[tuple[Any, ...]], RecordT]:
            return lambda row: self._record_class(*row[:count])

        return _shape_of(self._parts, _sources_of(self._parts, extra), make_make)


class FromRecord(Generic[RecordT]):
    """In the body of a Strawberry type: `of = FromRecord(SessionRecord)`.

    Each attribute of the type is then the record's field of the same name,
    which is also the name of its column, read as its annotation says: an enum
    by its value, `JSON` as text that is not parsed, everything else as it is,
    NULL as None. `Session.of(record)` is the object of a record.
    """

    def __init__(self, record_class: type[RecordT], **columns: Column) -> None:
        """Make it.

        Args:
            record_class: A NamedTuple, a dataclass or a msgspec struct, with a field for each column.
            columns: For attributes that are something else than the column of their name: what they are.
        """
        self._record_class = record_class
        self._columns = columns
        self._types: dict[type[Any], RowType[Any, RecordT]] = {}

    def __set_name__(self, owner: type[Any], name: str) -> None:
        if name != "of":
            raise TypeError(f"{owner.__name__} must call it `of`")

    @overload
    def __get__(self, instance: None, owner: type[NodeT]) -> RowType[NodeT, RecordT]: ...

    @overload
    def __get__(self, instance: NodeT, owner: type[NodeT]) -> RowType[NodeT, RecordT]: ...

    def __get__(self, instance: object, owner: type[Any]) -> RowType[Any, RecordT]:
        found = self._types.get(owner)
        if found is None:
            found = self._types.setdefault(owner, RowType(owner, self._record_class, self._columns))
        return found


def row_type_of(node_class: type[Any]) -> RowType[Any, Any] | RecordType[Any]:
    """How rows become objects of a class: by its `of`, or as records, if it is the class of a record."""
    found: Any = getattr(node_class, "of", None)
    return cast("RowType[Any, Any]", found) if isinstance(found, RowType) else _record_type(node_class)


@functools.cache
def _record_type(record_class: type[Any]) -> RecordType[Any]:
    return RecordType(record_class)


def _sources_of(parts: Sequence[Part], extra: Sequence[str]) -> list[str]:
    """What is selected for some attributes, each once, and what else is, behind that."""
    return list(dict.fromkeys([*(source for part in parts for source in part.sources), *extra])) or ["1"]


def _shape_of(parts: list[Part], sources: Sequence[str], make_make: Callable[..., Callable[..., Any]]) -> Shape:
    """The shape of some attributes.

    Args:
        parts: The attributes.
        sources: What is selected.
        make_make: From the attributes, the places of their columns and the width of a row to what makes an object.
    """
    places = {source: place for place, source in enumerate(sources)}
    # A column that stands for no attribute has its own text for a name, which no attribute can have.
    names = [f"{source} AS SQL" for source in sources]
    reads: dict[str, Callable[[Any], Any]] = {}
    computed: dict[str, Callable[[tuple[Any, ...]], Any]] = {}
    for part in parts:
        own = places[part.sources[0]]
        if len(part.sources) > 1 or not names[own].endswith(" AS SQL"):
            computed[part.name] = part.computed(places)
            continue
        names[own] = part.name
        if part.read is not None and not part.is_written_raw:
            reads[part.name] = part.read
    layout = Layout(
        names,
        make_make(parts, places, len(sources)),
        reads=reads,
        computed=computed,
        exact=[part.name for part in parts if part.is_exact and part.name not in computed],
    )
    return Shape(", ".join(sources), layout, places)
