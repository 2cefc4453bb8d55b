"""Documents that suit a schema, with the values of their variables."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from .choices import Choices
from .recipes import LEAVES, Field, Recipe, named

LITERALS: dict[str, tuple[str, ...]] = {
    "Int": ("1", "-5", "null", "0"),
    "Int!": ("2", "0"),
    "Color": ("RED", "BLUE", "null"),
    "Upper": ('"up"', "null"),
    "[Int!]": ("[1, 2]", "3", "[]", "null"),
    "[[Int]!]": ("[[1, null], []]", "[[4]]", "5", "null"),
    "In": ("{n: 1}", "{}", "{c: BLUE, deep: {n: null, many: 4}}", "null"),
    "In!": ("{}", "{many: [5]}"),
    "Either": ("{n: 1}", '{s: "s"}', "null"),
    "Boolean": ("true", "false"),
}
DEFAULTS: dict[str, tuple[str, ...]] = {
    "Int": ("null", "4"),
    "Int!": ("4",),
    "Color": ("GREEN",),
    "In": ("{n: 9}", "null"),
    "In!": ("{deep: {}}",),
    "Boolean": ("true", "false"),
    "[Int!]": ("[7]", "8"),
}
INPUTS: dict[str, tuple[Any, ...]] = {
    "Int": (1, 0, -7, 2.0),
    "Color": ("RED", "GREEN"),
    "Upper": ("up", ""),
    "[Int!]": ([1, 2], [], 3),
    "[[Int]!]": ([[1, None], []], [[2]], 7),
    "In": ({"n": 1}, {}, {"c": "BLUE", "deep": {"n": None, "many": 4}}),
    "Either": ({"n": 1}, {"s": "s"}),
    "Boolean": (True, False),
}
WRONG_INPUTS: tuple[Any, ...] = ("x", 1.5, [None], {"zzz": 1}, {"n": "x", "many": [None]}, "NOPE", {"n": 1, "s": "s"})
INTROSPECTION = (
    "__schema { queryType { name } }",
    '__type(name: "T0") { name kind fields { name args { name defaultValue } type { name kind ofType { name } } } }',
    '__type(name: "Missing") { name }',
    "__schema { types { name enumValues { name } } directives { name args { name } } }",
)


@dataclass
class Document:
    """A document, the values of its variables, and which operation is meant."""

    text: str
    variables: dict[str, Any]
    operation_name: str | None


@dataclass
class Writing:
    """A document in the making.

    Attributes:
        names: What each response name stands for: the same wherever it appears, so that fields can be merged.
        fragments: Finished ones: name, type, and text.
        variables: For each declaration (type and default) that is in use, its name.
    """

    draw: Choices
    recipe: Recipe
    names: dict[str, str] = field(default_factory=dict)
    fragments: list[tuple[str, str, str]] = field(default_factory=list)
    variables: dict[tuple[str, str], str] = field(default_factory=dict)

    def document(self) -> Document:
        draw, root = self.draw, self.recipe.root
        selections = self.selections(root, draw.number(2, 4))
        if root == "Query" and draw.chance(8):
            selections += f" {draw.pick(INTROSPECTION)}"
        declared = ", ".join(
            f"${name}: {type}{default and f' = {default}'}" for (type, default), name in self.variables.items()
        )
        head = f"{root.lower()} Asked" + (f"({declared})" if declared else "")
        parts = [f"{head} {{ {selections} }}"]
        parts += [f"fragment {name} on {type} {{ {text} }}" for name, type, text in self.fragments]
        operation_name = None
        if draw.chance(8):
            parts.append(f"{root.lower()} Other {{ other: __typename }}")
            operation_name = draw.pick(("Asked", "Asked", "Other", None, "Missing"))
        return Document("\n".join(parts), self.values(), operation_name)

    def values(self) -> dict[str, Any]:
        """What the client sends for the variables; mostly what fits."""
        draw = self.draw
        values: dict[str, Any] = {}
        for (type, default), name in self.variables.items():
            is_required = type.endswith("!") and not default
            if not is_required and draw.chance(35):
                continue
            if draw.chance(2):
                values[name] = draw.pick(WRONG_INPUTS)
            elif draw.chance(2 if is_required or type.startswith("Boolean") else 15):
                values[name] = None
            else:
                values[name] = draw.pick(INPUTS[type.removesuffix("!")])
        return values

    def selections(self, scope: str, depth: int) -> str:
        """What is selected of a type."""
        draw = self.draw
        fields = [each for each in self.recipe.fields_of(scope).values() if depth > 0 or named(each.type) in LEAVES]
        parts = [self.selection(scope, fields, depth) for _ in range(draw.number(1, 5 if depth > 1 else 3))]
        return "\n".join(parts)

    def selection(self, scope: str, fields: list[Field], depth: int) -> str:
        draw = self.draw
        way = draw.number(0, 99)
        if way >= 90 and depth >= 0:
            return f"...{self.spread(scope, depth)}{self.directives()}"
        if way >= 75 and depth >= 0:
            condition = "" if draw.chance(25) else f" on {draw.pick(self.overlapping(scope))}"
            within = condition.removeprefix(" on ") or scope
            return f"...{condition}{self.directives()} {{ {self.selections(within, depth - 1)} }}"
        if way >= 70 or not fields:
            alias = "kind: " if draw.chance(20) else ""
            return f"{alias}__typename{self.directives()}"
        return self.field(draw.pick(fields), depth)

    def field(self, chosen: Field, depth: int) -> str:
        draw = self.draw
        arguments = self.arguments(chosen)
        meaning = chosen.name + arguments
        aliases = (f"x{place}" for place in count())
        name = next(aliases) if draw.chance(15) else chosen.name
        while self.names.get(name, meaning) != meaning:
            name = next(aliases)
        self.names[name] = meaning
        alias = "" if name == chosen.name else f"{name}: "
        text = f"{alias}{meaning}{self.directives()}"
        inner = named(chosen.type)
        return text if inner in LEAVES else f"{text} {{ {self.selections(inner, depth - 1)} }}"

    def arguments(self, chosen: Field) -> str:
        """The arguments of a field; what may be left out sometimes is."""
        draw = self.draw
        parts: list[str] = []
        for name, declared in chosen.arguments:
            type, _, default = declared.partition(" = ")
            is_required = type.endswith("!") and not default
            if is_required or not draw.chance(30):
                parts.append(f"{name}: {self.input(type, has_default=bool(default))}")
        return f"({', '.join(parts)})" if parts else ""

    def input(self, type: str, *, has_default: bool) -> str:
        draw = self.draw
        if draw.chance(45):
            return self.variable(type, has_default=has_default)
        if type in {"In", "In!"} and draw.chance(30):
            number, color = self.variable("Int", has_default=True), self.variable("Color", has_default=False)
            return f"{{n: {number}, deep: {{c: {color}}}}}"
        if type == "[Int!]" and draw.chance(30):
            return f"[1, {self.variable('Int!', has_default=False)}]"
        return draw.pick(LITERALS[type])

    def variable(self, type: str, *, has_default: bool) -> str:
        """A variable that may stand where a type is expected."""
        draw = self.draw
        bare = type.removesuffix("!")
        usable = [(bare + "!", "")]
        if bare == type or has_default:
            usable = [(bare, ""), *usable]
        if type in DEFAULTS:
            default = draw.pick(DEFAULTS[type])
            usable.append((bare if default == "null" or draw.chance(50) else bare + "!", default))
        chosen = draw.pick(usable)
        return f"${self.variables.setdefault(chosen, f'v{len(self.variables)}')}"

    def directives(self) -> str:
        draw = self.draw
        text = ""
        for directive in ("@skip", "@include"):
            if draw.chance(7):
                is_literal = draw.chance(30)
                chosen = ("Boolean!", "") if draw.chance(60) else ("Boolean", draw.pick(DEFAULTS["Boolean"]))
                condition = (
                    draw.pick(LITERALS["Boolean"]) if is_literal
                    else f"${self.variables.setdefault(chosen, f'v{len(self.variables)}')}"
                )  # fmt: skip
                text += f" {directive}(if: {condition})"
        return text

    def spread(self, scope: str, depth: int) -> str:
        """The name of a fragment that may be spread within a type: one that is there, or a new one."""
        draw = self.draw
        overlapping = self.overlapping(scope)
        there = [name for name, type, _ in self.fragments if type in overlapping]
        if there and draw.chance(60):
            return draw.pick(there)
        type = draw.pick(overlapping)
        text = self.selections(type, depth - 1)
        name = f"F{len(self.fragments)}"
        self.fragments.append((name, type, text))
        return name

    def overlapping(self, scope: str) -> list[str]:
        """Types that an object of this type may be as well."""
        possible = set(self.recipe.possible(scope))
        every = [*self.recipe.objects, *self.recipe.interfaces, "U"]
        return [scope, *(each for each in every if each != scope and possible & set(self.recipe.possible(each)))]


def made_document(recipe: Recipe, choices: bytes) -> Document:
    """A document for a schema."""
    return Writing(Choices(choices), recipe).document()
