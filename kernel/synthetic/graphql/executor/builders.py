"""Generated code: from the objects of a level to the dictionaries of the answer, all fields at once.

For each kind of parent (objects, dictionaries, rows of a layout, columns) one function
is made of a plan's fields. It copies what can be read in place, and takes the
other fields as columns that have been completed before. It knows only values
as they should be: where one is not, it raises, and the executor completes the
level again with care (`synthetic.graphql.executor.objects`).

Names of the schema and of documents never become code: they are passed as
objects, or as `repr` of a string.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from synthetic.graphql.executor.records import RecordForm
from synthetic.graphql.executor.rows import Layout
from synthetic.graphql.executor.sources import Attribute, Constant, Default

if TYPE_CHECKING:
    from synthetic.graphql.executor.field_plan import FieldPlan
    from synthetic.graphql.executor.leaves import Leaf, Write

FILE = "<compiled selection>"


class Builder:
    """How the answers of a level are built from one kind of parents.

    Attributes:
        apart: The fields that are completed before and handed in as columns.
        build: `build(parents, *columns)`, a list with one dictionary for each parent.
        source: The code of `build`, for who wants to read it.
    """

    __slots__ = ("apart", "build", "source")

    def __init__(self, apart: Sequence[FieldPlan], build: Callable[..., list[Any]], source: str) -> None:
        self.apart = tuple(apart)
        self.build = build
        self.source = source


class _Code:
    """The source of one builder while it is put together."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {}
        self.entries: list[tuple[str, str]] = []
        self.apart: list[FieldPlan] = []

    def add_apart(self, field: FieldPlan) -> None:
        """Take the field from a column that is handed in."""
        self.entries.append((field.key, f"c{len(self.apart)}"))
        self.apart.append(field)

    def add_attribute(self, field: FieldPlan, value: str) -> None:
        """Write the field from the expression of an object's attribute, which may be anything."""
        leaf = _leaf(field)
        self._add(field, value, leaf.uncalled if isinstance(field.source, Default) else leaf.copied)

    def add_column(self, field: FieldPlan, value: str, *, is_exact: bool = False) -> None:
        """Write the field from the expression of a row's column."""
        leaf = _leaf(field)
        self._add(field, value, leaf.any, is_column=True, is_exact=is_exact)

    def _add(
        self, field: FieldPlan, value: str, write: Write, *, is_column: bool = False, is_exact: bool = False
    ) -> None:
        name = f"w{field.number}"
        written = _leaf(field).expression(value, name, self.names, write, is_column=is_column, is_exact=is_exact)
        self.entries.append((field.key, written))

    def finish(self, parent: str, record_form: RecordForm | None = None) -> Builder:
        """The builder.

        Args:
            parent: What the comprehension calls one of the parents.
            record_form: What makes records of what else would be dictionaries.
        """
        if record_form is None:
            made = f"{{{', '.join(f'{key!r}: {value}' for key, value in self.entries)}}}"
        else:
            self.names["record"] = record_form.class_of([key for key, _value in self.entries])
            made = f"record({', '.join(value for _key, value in self.entries)})"
        columns = [f"c{number}" for number in range(len(self.apart))]
        arguments = ", ".join(["parents", *(f"l{column}" for column in columns)])
        if columns:
            listed = ", ".join(f"l{column}" for column in columns)
            loop = f"({parent}), {', '.join(columns)} in zip(parents, {listed})"
        else:
            loop = f"{parent} in parents"
        source = f"def build({arguments}):\n    return [{made} for {loop}]\n"
        exec(compile(source, FILE, "exec"), self.names)  # noqa: S102 - the source is made of checked parts alone
        return Builder(self.apart, self.names["build"], source)


def _leaf(field: FieldPlan) -> Leaf:
    assert field.leaf is not None  # noqa: S101 - the callers' condition, for the type checker
    return field.leaf


def is_name(text: str) -> bool:
    """Whether a text can stand after a dot in code and mean itself there."""
    return text.isascii() and text.isidentifier() and not keyword.iskeyword(text)


def _constant(code: _Code, field: FieldPlan) -> bool:
    if not isinstance(field.source, Constant):
        return False
    code.entries.append((field.key, repr(field.source.value)))
    return True


def build_from_objects(fields: Sequence[FieldPlan]) -> Builder:
    """For parents that are objects with attributes."""
    code = _Code()
    for field in fields:
        if _constant(code, field):
            continue
        if field.is_copied and isinstance(field.source, Attribute | Default) and is_name(field.source.name):
            code.add_attribute(field, f"o.{field.source.name}")
        else:
            code.add_apart(field)
    return code.finish("o")


def build_from_items(fields: Sequence[FieldPlan]) -> Builder:
    """For parents that are dictionaries."""
    code = _Code()
    for field in fields:
        if _constant(code, field):
            continue
        if field.is_copied and isinstance(field.source, Attribute | Default):
            read = "o[{!r}]" if isinstance(field.source, Attribute) else "o.get({!r})"
            code.add_attribute(field, read.format(field.source.name))
        else:
            code.add_apart(field)
    return code.finish("o")


def build_from_rows(fields: Sequence[FieldPlan], layout: Layout, record_form: RecordForm | None = None) -> Builder:
    """For parents that are rows of a layout; they are taken apart at once, unless something is made of the whole."""
    code = _Code()
    is_whole = any(isinstance(field.source, Attribute) and field.source.name in layout.computed for field in fields)
    for field in fields:
        if _constant(code, field):
            continue
        source = field.source
        if not isinstance(source, Attribute) or not field.is_copied:
            code.add_apart(field)
        elif source.name in layout.computed:
            code.names[f"f{field.number}"] = layout.computed[source.name]
            code.add_column(field, f"f{field.number}(r)")
        elif source.name in layout.places:
            place = layout.places[source.name]
            _add_column(code, field, layout, source.name, f"r[{place}]" if is_whole else f"v{place}")
        else:
            code.add_apart(field)
    if is_whole:
        return code.finish("r", record_form)
    return code.finish("".join(f"v{place}, " for place in range(len(layout.columns))) or "_", record_form)


def build_from_columns(fields: Sequence[FieldPlan]) -> Builder:
    """For parents that are given by the columns of their attributes: these are completed before."""
    code = _Code()
    for field in fields:
        if not _constant(code, field):
            code.add_apart(field)
    return code.finish("_")


def _add_column(code: _Code, field: FieldPlan, layout: Layout, name: str, value: str) -> None:
    if name in layout.reads:
        code.names[f"f{field.number}"] = layout.reads[name]
        code.add_column(field, f"(None if {value} is None else f{field.number}({value}))")
    else:
        code.add_column(field, value, is_exact=name in layout.exact)
