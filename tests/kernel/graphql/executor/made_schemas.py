"""Schemas with their data: every kind of type, of source, of value, and of failure."""

from __future__ import annotations

import enum
import math
from dataclasses import replace
from typing import Any

from graphql import Undefined

from .choices import Choices
from .recipes import LEAVES, Field, Key, Node, Object, Recipe, Value, is_list, item_of, named, unwrapped


class Shade(enum.Enum):
    """What one value of the enum is in Python."""

    DEEP = "deep"


WRAPPERS = ("%", "%", "%", "[%]", "[%]", "[%]", "%!", "[%!]", "[%]!", "[%!]!",
            "[[%]]", "[[%!]]", "[[%!]!]", "[[%]!]!", "[[[%!]]]")  # fmt: skip
ARGUMENTS = (
    (("n", "Int"),),
    (("n", "Int = 7"), ("c", "Color = GREEN")),
    (("n", "Int!"),),
    (("in", "In"),),
    (("in", "In! = {n: 5, deep: {c: RED}}"), ("many", "[Int!]")),
    (("u", "Upper"), ("many", "[[Int]!] = [[1], []]")),
    (("either", "Either"),),
)
RIGHT: dict[str, tuple[Any, ...]] = {
    "Int": (0, 7, -3, 2**31 - 1, True, 3.0, "12"),
    "Float": (0.0, 1.5, -2, True, "2.5"),
    "String": ("", "a", "é\u2028\n", 5, True, 1.5),
    "Boolean": (False, True, 0, 1, 1.0),
    "ID": ("id", 5, ""),
    "Color": (0, "green", Shade.DEEP),
    "Upper": ("ab", "", "Z"),
    "Any": ("s", 0, "", 1.5, False),
}
WRONG: dict[str, tuple[Any, ...]] = {
    "Int": (2**31, 3.5, "x", "", math.nan, b"1"),
    "Float": (math.inf, math.nan, "x", ""),
    "String": (b"bytes", 5j, math.nan),
    "Boolean": ("true", 2j, math.nan),
    "ID": (5.5, True, b"id"),
    "Color": ("RED", 1, "deep", 5.5),
    "Upper": ("none", "undefined", 5, "boom", "graphql"),
    "Any": (Undefined,),
}
FAILURES = ("plain", "plain", "located", "placed", "message", "attribute", "stop", "key")
ASYNC_FAILURES = tuple(each for each in FAILURES if each != "placed")
"""Which errors below null are told depends on what came first, so an error has to say its true place."""

IDENTITIES = ("typename", "is_type_of", "resolve_type", "is_type_of", "resolve_type")
SYNC_HOWS = ("default", "attribute", "default", "sync", "batched", "sync", "batched", "batched_rows", "batched_raising")
ASYNC_HOWS = ("default", "attribute", "sync", "batched", "async", "async", "sometimes", "task", "async")


class Making:
    """One recipe in the making."""

    def __init__(self, schema: Choices, data: Choices, is_async: bool) -> None:
        self.draw = schema
        self.data = data
        self.is_async = is_async
        self.failures = ASYNC_FAILURES if is_async else FAILURES
        self.trouble = schema.pick((0, 5, 5, 15))
        self.objects: dict[str, Object] = {}
        self.interfaces: dict[str, tuple[dict[str, Field], tuple[str, ...]]] = {}

    def recipe(self) -> Recipe:
        draw = self.draw
        root = draw.pick(("Query", "Query", "Query", "Query", "Mutation", "Subscription"))
        names = [f"T{place}" for place in range(draw.number(1, 3))]
        interfaces = [f"I{place}" for place in range(draw.number(0, 2))]
        pool = [self.field(name, [*names, *interfaces, "U"]) for name in "abcdefgh"[: draw.number(3, 8)]]
        pool.append(Field("count", "Int!"))
        for name in interfaces:
            parents = tuple(each for each in self.interfaces if draw.chance(50))
            inherited = {key: value for parent in parents for key, value in self.interfaces[parent][0].items()}
            self.interfaces[name] = (inherited | {each.name: each for each in draw.some(pool, 1, 3)}, parents)
        for name in [*names, root]:
            self.object(name, pool, is_root=name == root)
        union = tuple(draw.some(names, 1, 3))
        identity = draw.pick(IDENTITIES) + ("_async" if self.is_async and draw.chance(30) else "")
        identity = "typename" if identity == "typename_async" else identity
        checked = frozenset(name for name in names if draw.chance(20))
        knows_classes = draw.chance(50)
        recipe = Recipe(root, self.interfaces, self.objects, union, identity, checked, knows_classes)
        draw = self.draw = self.data
        counts = {
            name: draw.number(1, 3 if name == "Subscription" else 1 if name == root else 2) for name in self.objects
        }
        for name, count in counts.items():
            for place in range(count):
                recipe.nodes[name, place] = self.node(recipe, name, counts)
        nested = frozenset(
            (name, field) for name, each in self.objects.items() for field in each.fields
            if self.is_nestable(recipe, name, field, counts) and draw.chance(50)
        )  # fmt: skip
        return replace(recipe, nested=nested)

    def field(self, name: str, composites: list[str]) -> Field:
        draw = self.draw
        type = draw.pick(LEAVES) if draw.chance(50) else draw.pick(composites)
        arguments = draw.pick(ARGUMENTS) if draw.chance(30) else ()
        if arguments and draw.chance(60):
            return Field(name, "String", arguments)
        return Field(name, draw.pick(WRAPPERS).replace("%", type), arguments)

    def object(self, name: str, pool: list[Field], is_root: bool) -> None:
        draw = self.draw
        direct = [] if is_root else [each for each in self.interfaces if draw.chance(60)]
        implemented = tuple(dict.fromkeys(
            parent for each in direct for parent in (*self.interfaces[each][1], each)
        ))  # fmt: skip
        fields = {key: value for each in implemented for key, value in self.interfaces[each][0].items()}
        fields |= {each.name: each for each in draw.some(pool, 2, 6)}
        for key, value in fields.items():
            if not value.type.endswith("!") and draw.chance(5):
                fields[key] = Field(key, value.type + "!", value.arguments)
        kinds = ASYNC_HOWS if self.is_async else SYNC_HOWS
        hows = {key: "sync" if key == "count" else draw.pick(kinds) for key in fields}
        hows = {
            key: "batched" if how == "batched_raising" and not draw.chance(10 * self.trouble) else how
            for key, how in hows.items()
        }
        if name == "Mutation":
            hows = {key: "sync" if how in {"default", "attribute"} else how for key, how in hows.items()}
        columns = {key: draw.pick(("plain", "plain", "read", "computed")) for key in fields}
        self.objects[name] = Object(name, fields, implemented, hows, columns)

    def node(self, recipe: Recipe, name: str, counts: dict[str, int]) -> Node:
        draw = self.draw
        said: Any = name
        if draw.chance(self.trouble):
            said = draw.pick(("T0", "T1", None, "Missing", "String", "I0", 5, "fail"))
        values = {key: self.value(recipe, field, name, counts) for key, field in self.objects[name].fields.items()}
        return Node(said, draw.pick(("dict", "thing", "mapping")), values)

    def value(self, recipe: Recipe, field: Field, owner: str, counts: dict[str, int]) -> Value:
        draw = self.draw
        if field.name == "count":
            return ("count",)
        is_resolved = self.objects[owner].hows[field.name] != "attribute"
        if is_resolved and draw.chance(self.trouble):
            return ("raise", draw.pick(self.failures))
        if field.arguments and named(field.type) in {"String", "Any"} and not is_list(field.type):
            return ("echo",)
        value = self.plain(recipe, field.type, counts)
        return ("call", value) if self.objects[owner].hows[field.name] == "default" and draw.chance(15) else value

    def plain(self, recipe: Recipe, type: str, counts: dict[str, int]) -> Value:
        """A value of a type, or one that is wrong."""
        draw = self.draw
        if draw.chance(self.trouble):
            return draw.pick((("error", draw.pick(self.failures)), ("value", None), self.wrong(type)))
        if not type.endswith("!") and draw.chance(8):
            return ("value", None)
        type = unwrapped(type)
        if is_list(type):
            return self.items(recipe, item_of(type), counts)
        if type in RIGHT:
            return ("value", draw.pick(RIGHT[type]))
        possible = recipe.possible(type)
        return self.reference(draw.pick(possible), counts) if possible else ("value", None)

    def reference(self, name: str, counts: dict[str, int]) -> Value:
        return ("node", name, self.draw.number(0, counts[name] - 1))

    def items(self, recipe: Recipe, type: str, counts: dict[str, int]) -> Value:
        draw = self.draw
        ways = ["list", "list", "tuple", "iterable", "generator"]
        if self.is_async:
            ways += ["list", "later", "async_iterable"]
        if draw.chance(self.trouble):
            return ("items", "broken", tuple(self.plain(recipe, type, counts) for _ in range(draw.number(0, 2))))
        possible = recipe.possible(named(type))
        if not is_list(type) and named(type) not in LEAVES and possible and draw.chance(40):
            name = draw.pick(possible)
            rows = tuple(self.reference(name, counts) for _ in range(draw.number(0, 3)))
            if not type.endswith("!") and draw.chance(20):
                rows = (*rows, ("value", None))
            return ("items", "rows", rows)
        items = tuple(self.plain(recipe, type, counts) for _ in range(draw.number(0, 3)))
        return ("items", draw.pick(ways), items)

    def wrong(self, type: str) -> Value:
        """A value that has no business where it is."""
        draw = self.draw
        type = unwrapped(type)
        elsewhere: list[Value] = [("value", "text"), ("value", 5), ("items", "list", ()), ("node", "T0", 0)]
        if type in WRONG:
            elsewhere += [("value", each) for each in WRONG[type]]
        return draw.pick(elsewhere)

    def is_nestable(self, recipe: Recipe, name: str, field: str, counts: dict[str, int]) -> bool:
        """Whether all nodes of a type have an object at this field, of one type: their rows may then hold both."""
        type = unwrapped(self.objects[name].fields[field].type)
        if type not in self.objects or self.objects[name].hows[field] not in {"default", "attribute"}:
            return False
        return all(recipe.nodes[key].values[field][:2] == ("node", type) for key in nodes_of(name, counts))


def nodes_of(name: str, counts: dict[str, int]) -> list[Key]:
    return [(name, place) for place in range(counts[name])]


def made_recipe(schema: bytes, data: bytes, is_async: bool) -> Recipe:
    """A schema with its data; with `is_async`, some of its resolvers are awaited."""
    return Making(Choices(schema), Choices(data), is_async).recipe()
