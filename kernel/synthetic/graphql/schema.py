"""The schema, assembled from what the plugins contribute.

A field that a plugin adds to another's type is put on that type only while the
schema is built, and taken off again: the type belongs to the process, the
schema to a set of plugins. A schema knows nothing of a store, so kernels of one
process that have the same plugins share it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator, Sequence
from typing import Any, cast

import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
)
from strawberry.exceptions import StrawberryException
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type
from strawberry.types.base import StrawberryObjectDefinition, get_object_definition
from strawberry.types.field import StrawberryField

from synthetic.contributions import GraphQL, Stamped
from synthetic.errors import PluginClashError, PluginFailedError
from synthetic.graphql.field_sources import StoreExecutor, remember_sources
from synthetic.graphql.node import NodeLoader, node_field, node_loader
from synthetic.graphql.scalars import SCALARS

QUERY = "What the store knows. All fields of one operation see the store at one instant."
MUTATION = "What changes the store. Each field is one transaction, durable when it is answered."
SUBSCRIPTION = "What changes, as it changes."

SCHEMAS_KEPT = 4
"""Building takes a tenth of a second, so the schemas used last are kept; each takes a few megabytes."""

Parts = tuple[Stamped[GraphQL], ...]

_building = threading.Lock()
_kept: list[tuple[Parts, strawberry.Schema]] = []


def build_schema(parts: Sequence[Stamped[GraphQL]]) -> strawberry.Schema:
    """Build the schema of a set of plugins, or find the one that was built of the same parts.

    It must not be changed.

    Args:
        parts: What the plugins and the kernel contribute, in load order.

    Raises:
        PluginClashError: Two parts define the same type, field or node.
        PluginFailedError: A part is not fit for a schema; the reason names it.
    """
    wanted = tuple(parts)
    with _building:
        kept = next((each for each in _kept if each[0] == wanted), None)
        if kept is None:
            kept = (wanted, _build(wanted))
        else:
            _kept.remove(kept)
        _kept.append(kept)
        del _kept[:-SCHEMAS_KEPT]
    return kept[1]


def _build(parts: Parts) -> strawberry.Schema:
    queries = _root_fields(parts, "queries")
    loaders = _node_loaders(parts)
    queries.append(node_field(loaders))
    mutations, subscriptions = _root_fields(parts, "mutations"), _root_fields(parts, "subscriptions")
    with _extended(parts):
        try:
            schema = strawberry.Schema(
                query=create_type("Query", queries, description=QUERY),
                mutation=create_type("Mutation", mutations, description=MUTATION) if mutations else None,
                subscription=create_type("Subscription", subscriptions, description=SUBSCRIPTION)
                if subscriptions
                else None,
                types=[*(kind for part in parts for kind in part.record.types), *_node_types(parts)],
                config=StrawberryConfig(scalar_map=_scalars(parts)),
                execution_context_class=StoreExecutor,
            )
            remember_sources(schema, core_schema(schema))
        except (StrawberryException, TypeError, ValueError) as error:
            raise _schema_error(error) from error
    return schema


def core_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """The graphql-core schema behind a Strawberry one."""
    return schema._schema  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001 - it has no public name


def _schema_error(error: Exception) -> PluginClashError | PluginFailedError:
    message = str(getattr(error, "message", error)).strip()
    if type(error).__name__ == "DuplicatedTypeName":
        return PluginClashError(f"Two plugins define one GraphQL type: {message}")
    return PluginFailedError(f"The GraphQL schema cannot be built: {message}")


def _root_fields(parts: Sequence[Stamped[GraphQL]], kind: str) -> list[StrawberryField]:
    owners: dict[str, str] = {}
    fields: list[StrawberryField] = []
    for part in parts:
        for field in cast("tuple[Any, ...]", getattr(part.record, kind)):
            if not isinstance(field, StrawberryField):
                raise PluginFailedError(
                    f"Plugin {part.plugin!r} contributes {field!r} to {kind}, which is not a field.",
                    action="Make it one with @synthetic.query, @synthetic.mutation or @synthetic.subscription.",
                )
            _claim(owners, field.python_name, part.plugin, kind)
            fields.append(field)
    return fields


def _claim(owners: dict[str, str], name: str, plugin: str, what: str) -> None:
    other = owners.setdefault(name, plugin)
    if other != plugin:
        raise PluginClashError(f"Plugins {other!r} and {plugin!r} both contribute {name!r} to {what}.")


def _node_loaders(parts: Sequence[Stamped[GraphQL]]) -> dict[str, NodeLoader]:
    loaders: dict[str, NodeLoader] = {}
    owners: dict[str, str] = {}
    for part in parts:
        for kind, loader in part.record.nodes.items():
            name = _definition(kind, part.plugin).name
            _claim(owners, name, part.plugin, "nodes")
            loaders[name] = node_loader(loader)
    return loaders


def _node_types(parts: Sequence[Stamped[GraphQL]]) -> list[type[Any]]:
    return [kind for part in parts for kind in part.record.nodes]


def _scalars(parts: Sequence[Stamped[GraphQL]]) -> dict[object, Any]:
    scalars = dict(SCALARS)
    for part in parts:
        scalars |= part.record.scalars
    return scalars


def _definition(kind: type[Any], plugin: str) -> StrawberryObjectDefinition:
    definition = get_object_definition(kind)
    if definition is None:
        raise PluginFailedError(f"Plugin {plugin!r} names {kind!r}, which is not a Strawberry type.")
    return definition


@contextlib.contextmanager
def _extended(parts: Sequence[Stamped[GraphQL]]) -> Generator[None]:
    """Put the fields of `extend` on their types, and take them off again."""
    before: dict[int, tuple[StrawberryObjectDefinition, list[StrawberryField]]] = {}
    owners: dict[tuple[int, str], str] = {}
    try:
        for part in parts:
            for extension in part.record.extend:
                definition = _definition(extension.type, part.plugin)
                before.setdefault(id(definition), (definition, definition.fields))
                own = {field.python_name for field in before[id(definition)][1]}
                for field in extension.fields:
                    name = field.python_name
                    other = owners.setdefault((id(definition), name), part.plugin)
                    if name in own or other != part.plugin:
                        whose = "the plugin that defines it" if name in own else f"plugin {other!r}"
                        raise PluginClashError(
                            f"Plugin {part.plugin!r} adds {name!r} to {definition.name}, which has it from {whose}."
                        )
                    definition.fields = [*definition.fields, field]
        yield
    finally:
        for definition, fields in before.values():
            definition.fields = fields


def undescribed(schema: GraphQLSchema) -> list[str]:
    """Names of everything in a schema that has no description: types, fields, arguments, enum values."""
    missing: list[str] = []
    for name, kind in schema.type_map.items():
        if name.startswith("__") or name in ("String", "Int", "Float", "Boolean", "ID"):
            continue
        if not kind.description:
            missing.append(name)
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for member, field in kind.fields.items():
                missing += [f"{name}.{member}"] * (not field.description)
                missing += [f"{name}.{member}({key}:)" for key, about in field.args.items() if not about.description]
        elif isinstance(kind, GraphQLInputObjectType):
            missing += [f"{name}.{member}" for member, about in kind.fields.items() if not about.description]
        elif isinstance(kind, GraphQLEnumType):
            missing += [f"{name}.{member}" for member, about in kind.values.items() if not about.description]
    return missing
