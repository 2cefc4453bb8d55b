"""`Node` and `node(id:)`: any entity by its id, as Relay's clients expect.

Ids are the entities' own (UUIDv7, or what the caller brought), so two kinds of
entity can have the same one. `node` then asks for the qualified form,
`Type:id`, which always works.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeAlias

import strawberry

from synthetic.database.snapshot import Snapshot
from synthetic.errors import BadUserInputError
from synthetic.graphql.executor import Asked
from synthetic.graphql.fields import ASKED, own_parameters, query

NodeLoader: TypeAlias = Callable[[Snapshot, list[str], Asked], list[Any]]
"""Finds objects of one type: for each id the object or None, with what is read of objects of that type."""


@strawberry.interface(description="Anything that has an id and can be read again by it.")
class Node:
    """The interface of every entity."""

    id: strawberry.ID = strawberry.field(description="The id: a UUIDv7, or what the caller brought.")


def node_loader(function: Callable[..., list[Any]]) -> NodeLoader:
    """What a plugin finds objects by; its parameter `asked` may be left out, as in the function of a field."""
    if ASKED in own_parameters(function):
        return function

    def load_whole(snapshot: Snapshot, ids: list[str], _asked: Asked) -> list[Any]:
        return function(snapshot, ids)

    return load_whole


def node_field(loaders: Mapping[str, NodeLoader]) -> Any:
    """The root field `node(id:)` over the entities of all plugins.

    Args:
        loaders: For each type name, how to find its objects by id.
    """

    @query
    def node(
        snapshot: Snapshot,
        asked: Asked,
        id: Annotated[
            strawberry.ID,
            strawberry.argument(description="An entity's id, or `Type:id` where several kinds share the id."),
        ],
    ) -> Node | None:
        """The entity with this id, of whatever kind."""
        _check_text(id)
        kind, separator, rest = id.partition(":")
        if separator and kind in loaders:
            return loaders[kind](snapshot, [rest], asked.on(kind))[0]
        found = {name: loader(snapshot, [id], asked.on(name))[0] for name, loader in loaders.items()}
        matches = {name: entity for name, entity in found.items() if entity is not None}
        if len(matches) > 1:
            forms = ", ".join(f"{name}:{id}" for name in matches)
            raise BadUserInputError(f"Several kinds have this id: ask for one of {forms}.", details={"field": "id"})
        return next(iter(matches.values()), None)

    return node


def _check_text(id: str) -> None:
    # Most loaders look for ids in a JSON array, which could not hold it.
    try:
        id.encode()
    except UnicodeEncodeError as error:
        raise BadUserInputError("`id` is not valid text.", details={"field": "id"}) from error
