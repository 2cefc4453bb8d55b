"""The schema, assembled from what the plugins contribute.

A field that a plugin adds to another's type is put on that type only while the
schema is built, and taken off again: the type belongs to the process, the
schema to a set of plugins. A schema knows nothing of a store, so kernels of one
process that have the same plugins share it.
"""

from __future__ import annotations

import contextlib
import dataclasses
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
from strawberry.exceptions import DuplicatedTypeName, StrawberryException
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type
from strawberry.types.base import StrawberryObjectDefinition, get_object_definition
from strawberry.types.field import StrawberryField

from synthetic.contributions import GraphQL, Stamped
from synthetic.errors import PluginClashError, PluginFailedError
from synthetic.graphql.field_sources import StoreExecutor, remember_sources
from synthetic.graphql.node import NodeLoader, node_field, node_loader
from synthetic.graphql.runs import RUNS, Runs
from synthetic.graphql.scalars import SCALARS
from synthetic.setting_layers import did_you_mean

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
            kept = (wanted, _build_or_blame(wanted))
        else:
            _kept.remove(kept)
        _kept.append(kept)
        del _kept[:-SCHEMAS_KEPT]
    return kept[1]


def _build_or_blame(parts: Parts) -> strawberry.Schema:
    """Build it; where that fails, name the plugin with which it begins to fail.

    Raises:
        PluginClashError: A plugin defines a type that another has.
        PluginFailedError: The schema cannot be built of what a plugin contributes.
    """
    try:
        return _build(parts)
    except _UnfitError as whole:
        for count in range(1, len(parts)):
            try:
                _build(parts[:count])
            except _UnfitError as error:
                raise _blame(parts[:count], error.reason) from error.reason
        raise _blame(parts, whole.reason) from whole.reason


class _UnfitError(Exception):
    """Strawberry cannot make a schema.

    Attributes:
        reason: What it says.
    """

    def __init__(self, reason: Exception) -> None:
        self.reason = reason
        super().__init__(str(reason))


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
            raise _UnfitError(error) from error
    return schema


def core_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """The graphql-core schema behind a Strawberry one."""
    return schema._schema  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001 - it has no public name


def _blame(parts: Parts, reason: Exception) -> PluginClashError | PluginFailedError:
    """The error for a schema that the last of the parts has spoilt."""
    plugin = parts[-1].plugin
    message = str(getattr(reason, "message", reason)).strip()
    if isinstance(reason, DuplicatedTypeName):
        named = [_owner_of(parts, cls) or plugin for cls in (reason.first_cls, reason.second_cls)]
        other = next((name for name in named if name != plugin), plugin)
        return PluginClashError(
            f"The plugins {other} and {plugin} define one GraphQL type: {message}."
            if other != plugin
            else f"The plugin {plugin} defines one GraphQL type twice: {message}.",
            details={"kind": "type", "plugins": [other, plugin]},
        )
    return PluginFailedError(
        f"The plugin {plugin}: the GraphQL schema cannot be built of what it contributes: {message}",
        details={"plugin": plugin, "raised": type(reason).__name__},
    )


def _owner_of(parts: Parts, kind: Any) -> str | None:
    """The first plugin that brings something from the package in which a type is defined."""
    package = _package(kind)
    return next((part.plugin for part in parts for each in _things(part.record) if _package(each) == package), None)


def _things(record: GraphQL) -> list[Any]:
    """Classes and functions that a plugin brings, to tell by their modules whose a type is."""
    fields = [*record.queries, *record.mutations, *record.subscriptions]
    fields += [field for extension in record.extend for field in extension.fields]
    return [
        *record.types,
        *record.nodes,
        *(field.base_resolver.wrapped_func for field in fields if field.base_resolver),
    ]


def _package(thing: Any) -> str:
    return str(getattr(thing, "__module__", "")).partition(".")[0]


def _root_fields(parts: Sequence[Stamped[GraphQL]], kind: str) -> list[StrawberryField]:
    owners: dict[str, str] = {}
    fields: list[StrawberryField] = []
    for part in parts:
        for field in cast("tuple[Any, ...]", getattr(part.record, kind)):
            if not isinstance(field, StrawberryField):
                raise PluginFailedError(
                    f"The plugin {part.plugin} contributes {field!r} to {kind}, which is not a field.",
                    action="Make it one with @synthetic.query, @synthetic.mutation or @synthetic.subscription.",
                    details={"plugin": part.plugin},
                )
            _claim(owners, field.python_name, part.plugin, kind)
            fields.append(field)
    return fields


def _claim(owners: dict[str, str], name: str, plugin: str, what: str) -> None:
    other = owners.setdefault(name, plugin)
    if other != plugin:
        raise PluginClashError(
            f"The plugins {other} and {plugin} both contribute {name!r} to {what}.",
            details={"kind": what, "name": name, "plugins": [other, plugin]},
        )


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
        raise PluginFailedError(
            f"The plugin {plugin} names {kind!r}, which is not a Strawberry type.", details={"plugin": plugin}
        )
    return definition


def _check_needs(plugin: str, kind: type[Any], type_name: str, field: StrawberryField) -> None:
    """Refuse a field that reads what its parents have not."""
    runs: Runs | None = field.metadata.get(RUNS)
    has = {each.name for each in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else set[str]()
    for need in () if runs is None or runs.needs is None else runs.needs:
        if need not in has and not hasattr(kind, need):
            raise PluginFailedError(
                f"The plugin {plugin}: its field {field.python_name} of {type_name} needs {need!r}, which"
                f" {type_name} has not.{did_you_mean(need, has)}",
                action="Name attributes of the type in `needs`.",
                details={"plugin": plugin, "field": f"{type_name}.{field.python_name}", "needs": need},
            )


@contextlib.contextmanager
def _extended(parts: Parts) -> Generator[None]:
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
                    _check_needs(part.plugin, extension.type, definition.name, field)
                    other = owners.setdefault((id(definition), name), part.plugin)
                    if name in own:
                        other = _owner_of(tuple(parts), extension.type) or "another"
                    if name in own or other != part.plugin:
                        raise PluginClashError(
                            f"The plugin {part.plugin} adds {name!r} to {definition.name}, which has it from {other}.",
                            details={
                                "kind": "field",
                                "name": f"{definition.name}.{name}",
                                "plugins": [other, part.plugin],
                            },
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
