"""Limits on the shape of a GraphQL operation: how deep it goes, and how many aliases it has.

They are measured on the syntax tree, before validation and execution. Each
fragment is measured once, after the fragments that it spreads (`FragmentOrder`),
so that the time is linear in the document however often fragments are spread:
thirty fragments that each spread the next one twice are thirty measurements,
not a milliard. Cycles, which validation refuses, are cut where they close.

What the operation costs is `synthetic.graphql.cost`; what is counted on the
text alone is `synthetic.graphql.lexical`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from synthetic.graphql.lexical import too_complex
from synthetic.kernel_settings import LimitSettings

COUNT_CEILING = 10**12
"""Counts stop growing here, beyond every limit, so that numbers stay small enough to add in constant time."""

Fragments = Mapping[str, FragmentDefinitionNode]


class Shape(NamedTuple):
    """What a selection set looks like, with fragments followed.

    Attributes:
        depth: The number of fields from here to the innermost one.
        aliases: The number of fields with an alias.
    """

    depth: int
    aliases: int


@dataclass(frozen=True, slots=True)
class FragmentOrder:
    """The fragments of a document, each after those that it spreads.

    Attributes:
        names: Names of all fragments, in that order.
        spreads: For each fragment, the names that it spreads.
    """

    names: tuple[str, ...]
    spreads: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, fragments: Fragments) -> FragmentOrder:
        """Sort the fragments of a document, without recursion, in time linear in it."""
        spreads = {name: tuple(_spread_names(fragment.selection_set)) for name, fragment in fragments.items()}
        return cls(tuple(_sorted(spreads, spreads)), spreads)

    def below(self, selection_set: SelectionSetNode) -> tuple[str, ...]:
        """The fragments that a selection set reaches, each after those that it spreads."""
        return tuple(_sorted(_spread_names(selection_set), self.spreads))


def _spread_names(selection_set: SelectionSetNode) -> dict[str, None]:
    """The names of the fragments that a selection set spreads itself, at any depth, each once."""
    names: dict[str, None] = {}
    waiting = [selection_set]
    while waiting:
        for selection in waiting.pop().selections:
            if isinstance(selection, FragmentSpreadNode):
                names[selection.name.value] = None
            elif isinstance(selection, FieldNode | InlineFragmentNode) and selection.selection_set:
                waiting.append(selection.selection_set)
    return names


def _sorted(roots: Mapping[str, Any], spreads: Mapping[str, Sequence[str]]) -> list[str]:
    """Depth-first order from the roots: what is spread comes first. A spread that closes a cycle is passed over."""
    order: list[str] = []
    seen: set[str] = set()
    for root in roots:
        stack = [(root, iter(spreads.get(root, ())))] if root in spreads and root not in seen else []
        seen.add(root)
        while stack:
            name, remaining = stack[-1]
            following = next((spread for spread in remaining if spread in spreads and spread not in seen), None)
            if following is None:
                order.append(name)
                stack.pop()
            else:
                seen.add(following)
                stack.append((following, iter(spreads[following])))
    return order


def check_shapes(
    operations: Sequence[OperationDefinitionNode], fragments: Fragments, order: FragmentOrder, limits: LimitSettings
) -> None:
    """Refuse a document of which an operation is too deep or has too many aliases.

    Raises:
        QueryTooComplexError: `depth` or `aliases` is exceeded.
    """
    shapes: dict[str, Shape] = {}
    for name in order.names:
        shapes[name] = _shape(fragments[name].selection_set.selections, shapes)
    for operation in operations:
        shape = _shape(operation.selection_set.selections, shapes)
        if shape.depth > limits.depth:
            raise too_complex("depth", limits.depth, f"The operation is {shape.depth:,} levels deep")
        if shape.aliases > limits.aliases:
            raise too_complex("aliases", limits.aliases, f"The operation has {shape.aliases:,} aliases")


def _shape(selections: Sequence[SelectionNode], shapes: Mapping[str, Shape]) -> Shape:
    """Measure selections; the parser has bounded how deep they are written, so recursion is safe."""
    depth = aliases = 0
    for selection in selections:
        if isinstance(selection, FragmentSpreadNode):
            below = shapes.get(selection.name.value, Shape(0, 0))
        elif isinstance(selection, FieldNode):
            inner = _shape(selection.selection_set.selections, shapes) if selection.selection_set else Shape(0, 0)
            below = Shape(inner.depth + 1, inner.aliases + (selection.alias is not None))
        elif isinstance(selection, InlineFragmentNode):
            below = _shape(selection.selection_set.selections, shapes)
        else:
            continue
        depth = max(depth, below.depth)
        aliases = min(aliases + below.aliases, COUNT_CEILING)
    return Shape(depth, aliases)
