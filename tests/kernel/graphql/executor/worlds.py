"""Data made of a recipe, anew for each execution: objects, dictionaries and rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any

from graphql import GraphQLResolveInfo

from synthetic.graphql.executor import Layout, Rows

from .recipes import Key, Recipe, Value, unwrapped
from .things import CLASSES, FAILURES, Again, Later, Soon, Thing, is_awaited, node_of, read_kept


class Called:
    """What is called for a value, where graphql-core's default resolver finds it."""

    def __init__(self, value: Value) -> None:
        self.value = value

    def __call__(self, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        return info.context.made(self.value, arguments)

    def __repr__(self) -> str:
        return "Called"


UNKEPT = frozenset({"raise", "error"})
"""Values that no column can hold: reading them raises."""


class World:
    """The data of one execution; also its context value.

    Attributes:
        count: How many fields of mutations were resolved so far.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.count = 0
        self.nodes: dict[Key, Any] = {}
        self.things: dict[Key, Thing] = {}
        self.made_rows: dict[tuple[tuple[Key | None, ...], frozenset[str] | None], Rows] = {}
        self.layouts: dict[tuple[str, frozenset[str] | None], Layout] = {}

    def node(self, key: Key) -> Any:
        """The object that a node is in Python."""
        if key not in self.nodes:
            recipe = self.recipe.nodes[key]
            if recipe.shape == "thing":
                self.nodes[key] = self.thing(key)
            else:
                items = {"node": key, "kind": recipe.said, "__typename": recipe.said}
                if self.recipe.identity != "typename":
                    del items["__typename"]
                self.nodes[key] = items if recipe.shape == "dict" else MappingProxyType(items)
                for name in self.attributes(key[0]):
                    items[name] = self.attribute(key, name)
        return self.nodes[key]

    def attributes(self, name: str) -> list[str]:
        """The fields of a type that are attributes of its objects."""
        return [key for key, how in self.recipe.objects[name].hows.items() if how in {"default", "attribute"}]

    def thing(self, key: Key) -> Thing:
        """The object with attributes that a node is."""
        if key in self.things:
            return self.things[key]
        recipe = self.recipe.nodes[key]
        thing = self.things[key] = CLASSES[key[0]](key, recipe.said)
        if recipe.said != key[0]:
            thing.marked = True
        if self.recipe.identity == "typename":
            thing._Thing__typename = recipe.said
        for name in self.attributes(key[0]):
            if recipe.values[name][0] == "raise":
                thing.failing[name] = recipe.values[name][1]
            else:
                setattr(thing, name, self.attribute(key, name))
        return thing

    def attribute(self, key: Key, name: str) -> Any:
        """What an object has at the name of a field: its value, or what is called for it."""
        value = self.recipe.nodes[key].values[name]
        can_be_called = self.recipe.objects[key[0]].hows[name] == "default"
        if can_be_called and (value[0] in {"call", "raise", "echo"} or "generator" in value or is_awaited(value)):
            return Called(value[1] if value[0] == "call" else value)
        return self.made(value, {}, can_be_read_once=False)

    def made(self, value: Value, arguments: dict[str, Any], *, can_be_read_once: bool = True) -> Any:
        """Make a value of its recipe.

        Raises:
            Exception: The recipe says so.
        """
        match value:
            case ("value", plain):
                return plain
            case ("error", name):
                return FAILURES[name]()
            case ("raise", name):
                failure = FAILURES[name]()
                raise failure
            case ("echo",):
                return repr(sorted(arguments.items()))
            case ("count",):
                return self.count
            case ("call", inner):
                return self.made(inner, arguments)
            case ("node", name, place):
                return self.node((name, place))
            case ("items", how, items):
                return self.items(how, items, can_be_read_once)
            case _:
                raise AssertionError(value)

    def items(self, how: str, items: Sequence[Value], can_be_read_once: bool) -> Any:
        if how == "rows":
            return self.rows([None if item[0] == "value" else item[1:] for item in items], None)
        made = [self.made(item, {}, can_be_read_once=can_be_read_once) for item in items]
        if how == "later" and can_be_read_once:
            return [Soon(item, place % 3) if place % 2 == 0 else item for place, item in enumerate(made)]
        if how == "generator" and can_be_read_once:
            return (item for item in made)
        if how == "async_iterable" and can_be_read_once:
            return Later(made)
        if how in {"iterable", "generator", "broken"}:
            return Again(made, how == "broken")
        return tuple(made) if how == "tuple" else made

    def rows(self, keys: Sequence[Key | None], reads: frozenset[str] | None) -> Rows:
        """Nodes of one type as rows, of which only some attributes may be there. Rows may contain themselves."""
        known = (tuple(keys), reads)
        if known not in self.made_rows:
            names = {key[0] for key in keys if key is not None}
            layout = self.layout(names.pop(), reads) if names else Layout((), make=lambda row: row)
            rows = self.made_rows[known] = Rows([], layout)
            rows.rows.extend(None if key is None else self.row(key, layout) for key in keys)
        return self.made_rows[known]

    def row(self, key: Key, layout: Layout) -> tuple[Any, ...]:
        values: list[Any] = []
        for column in layout.columns:
            owner, _, name = column.rpartition(".")
            owned = self.recipe.nodes[key].values[owner][1:] if owner else key
            kept = self.recipe.objects[owned[0]].columns.get(name)
            if name == "":
                values.append(owned)
            elif kept == "computed" or self.recipe.nodes[owned].values[name][0] in UNKEPT:
                values.append("computed")
            else:
                made = self.attribute(owned, name)
                values.append(("kept", made) if kept == "read" and made is not None else made)
        return tuple(values)

    def layout(self, name: str, reads: frozenset[str] | None) -> Layout:
        """The layout of a type's nodes; one for each set of attributes that are asked for."""
        if (name, reads) not in self.layouts:
            self.layouts[name, reads] = self.made_layout(name, reads)
        return self.layouts[name, reads]

    def made_layout(self, name: str, reads: frozenset[str] | None) -> Layout:
        """A row begins with the node's key; the columns of an object within it follow, named after its field."""
        asked = [each for each in self.attributes(name) if reads is None or each in reads]
        nested = {each: self.object_within(name, each) for each in asked if (name, each) in self.recipe.nested}
        own = [each for each in asked if each not in nested]
        columns = ["", *own]
        for each, inner in nested.items():
            columns += [f"{each}.", *(f"{each}.{column}" for column in self.attributes(inner))]
        return Layout(
            columns,
            self.maker(0, name, own, columns),
            reads=self.read_columns(name, own),
            computed=self.computed_columns(name, own, 0),
            nested={each: self.layout_within(each, inner, columns) for each, inner in nested.items()},
        )

    def object_within(self, name: str, field: str) -> str:
        return unwrapped(self.recipe.objects[name].fields[field].type)

    def layout_within(self, field: str, name: str, columns: list[str]) -> Layout:
        """The layout of an object that is a part of its parent's row: the other places have no name that is asked."""
        prefix = f"{field}."
        names = [each.removeprefix(prefix) if each.startswith(prefix) else f"- {each}" for each in columns]
        own = self.attributes(name)
        place = columns.index(prefix)
        return Layout(
            names,
            self.maker(place, name, own, columns),
            reads=self.read_columns(name, own),
            computed=self.computed_columns(name, own, place),
        )

    def maker(self, place: int, name: str, own: Sequence[str], columns: Sequence[str]) -> Callable[[Any], Any]:
        """Makes the object of a row: it has no more attributes than were asked for."""

        missing = set(self.attributes(name)) - set(own) - {each.removesuffix(".") for each in columns}

        def make(row: tuple[Any, ...]) -> Any:
            return self.thing(row[place]).without(missing)

        return make

    def read_columns(self, name: str, own: Sequence[str]) -> dict[str, Callable[[Any], Any]]:
        columns = self.recipe.objects[name].columns
        return {each: read_kept for each in own if columns[each] == "read"}

    def computed_columns(self, name: str, own: Sequence[str], place: int) -> dict[str, Callable[[Any], Any]]:
        nodes = {key: node for key, node in self.recipe.nodes.items() if key[0] == name}
        computed = {
            each for each in own
            if self.recipe.objects[name].columns[each] == "computed"
            or any(node.values[each][0] in UNKEPT for node in nodes.values())
        }  # fmt: skip

        def of(attribute: str) -> Callable[[Any], Any]:
            def made(row: tuple[Any, ...]) -> Any:
                value = getattr(self.thing(row[place]), attribute)
                if isinstance(value, Exception):
                    raise value
                return value

            return made

        return {each: of(each) for each in computed}

    def answer(self, source: Any, owner: str, name: str, arguments: dict[str, Any]) -> Any:
        """What a resolver gives for a field of an object; where rows may come instead, an object that a row makes."""
        if owner == "Mutation":
            self.count += 1
        key = node_of(source)
        value = None if key is None else self.recipe.nodes[key].values.get(name)
        if value is None:
            return None
        known = self.recipe.objects[owner]
        if known.hows[name] == "batched_rows" and value[:2] == ("node", unwrapped(known.fields[name].type)):
            return self.rows([value[1:]], None)[0]
        return self.made(value, arguments)
