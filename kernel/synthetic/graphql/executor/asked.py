"""`Asked`: what an operation will read below one of its fields, for whoever fetches the data of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from synthetic.graphql.executor.field_plan import FieldPlan
    from synthetic.graphql.executor.objects import ObjectPlan


class Asked:
    """What is asked for below a field. One belongs to each field of a plan, and remembers its answers.

    Attributes:
        memory: For whoever fetches data: what follows from what is asked, by what it follows from beside. The keys
            must be few, since the memory lasts as long as the plan.
    """

    def __init__(self, field: FieldPlan | None, kind: str | None = None) -> None:
        """Make it.

        Args:
            field: The field; without one, everything is asked for.
            kind: Name of the one type of objects that is of interest; None: all that the field may give.
        """
        self._field = field
        self._kind = kind
        self._on: dict[str, Asked] = {}
        self.memory: dict[Any, Any] = {}
        self._has: dict[tuple[str, ...], bool] = {}
        self._reads: dict[tuple[str, ...], frozenset[str] | None] = {}

    def has(self, *path: str) -> bool:
        """Whether a field is selected.

        Args:
            path: Names of fields as the schema has them, each below the one before; aliases do not matter.
        """
        if self._field is None:
            return True
        if path not in self._has:
            self._has[path] = not path or next(iter(self._fields_at(path)), None) is not None
        return self._has[path]

    def reads(self, *path: str) -> frozenset[str] | None:
        """Names of the attributes that will be read of the objects that a field gives.

        Args:
            path: Names of fields as for `has`; none: the objects of this field itself.

        Returns:
            The names; None where any attribute may be read.
        """
        if self._field is None:
            return None
        if path not in self._reads:
            self._reads[path] = _attributes(self._objects_at(path))
        return self._reads[path]

    def has_only_leaves(self, *path: str) -> bool:
        """Whether the objects that a field gives may be written as they are read: they have nothing but leaves.

        Args:
            path: As for `reads`.
        """
        return self._field is not None and all(each.leaf_fields is not None for each in self._objects_at(path))

    def on(self, type_name: str) -> Asked:
        """What is asked of the objects of one type, where the field gives an interface or a union.

        Of these, `has` and `reads` tell what is asked of objects of any of the types; a function that loads those of
        one type is to be told by this what is read of them, as `... on Type` has it in a selection.

        Args:
            type_name: What the schema calls the type of objects.

        Returns:
            The same one each time, so that what it remembers is not lost.
        """
        if self._field is None:
            return self
        return self._on.get(type_name) or self._on.setdefault(type_name, Asked(self._field, type_name))

    def _objects_at(self, path: tuple[str, ...]) -> Iterable[ObjectPlan]:
        if not path:
            return self._objects()
        return (objects for field in self._fields_at(path) for objects in field.objects_below())

    def _fields_at(self, path: tuple[str, ...]) -> Iterable[FieldPlan]:
        """The fields at the end of a path, which is not empty."""
        objects = self._objects()
        for name in path[:-1]:
            objects = (below for field in _named(objects, name) for below in field.objects_below())
        return _named(objects, path[-1])

    def _objects(self) -> Iterable[ObjectPlan]:
        below = () if self._field is None else self._field.objects_below()
        return (objects for objects in below if self._kind in (None, objects.type.name))


EVERYTHING = Asked(None)
"""For callers that have no plan: all of it may be read."""


def _named(objects: Iterable[ObjectPlan], name: str) -> Iterable[FieldPlan]:
    return (field for each in objects for field in each.fields if field.name == name)


def _attributes(plans: Iterable[ObjectPlan]) -> frozenset[str] | None:
    names: set[str] = set()
    for plan in plans:
        for field in plan.fields:
            needs = field.source.needs
            if needs is None:
                return None
            names.update(needs)
    return frozenset(names)
