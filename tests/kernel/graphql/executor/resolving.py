"""Where the values of a made-up schema come from: the same resolvers for both executors, in the way of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_ast_schema,
    parse,
)

from synthetic.graphql.executor import Attribute, Batched, Call, Rows, Source, default_source

from .made_schemas import Shade
from .recipes import PRELUDE, Recipe, unwrapped
from .things import Soon, kind_of, node_of
from .worlds import World

PRELUDE_DEFINITIONS = parse(PRELUDE, no_location=True).definitions


def read_attribute(name: str) -> Callable[..., Any]:
    """What the source `Attribute` is to graphql-core."""

    def resolve(source: Any, _info: GraphQLResolveInfo, **_arguments: Any) -> Any:
        return source[name] if isinstance(source, Mapping) else getattr(source, name)

    return resolve


def resolver(owner: str, name: str, how: str) -> Callable[..., Any]:
    """The resolver of a field, as graphql-core has them."""

    def resolve(source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        return info.context.answer(source, owner, name, arguments)

    async def resolve_later(source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        for _ in range(turns(source, name)):
            await asyncio.sleep(0)
        return info.context.answer(source, owner, name, arguments)

    def resolve_now_and_then(source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        return (resolve_later if turns(source, name) % 2 else resolve)(source, info, **arguments)

    def resolve_as_task(source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        return asyncio.ensure_future(resolve_later(source, info, **arguments))

    def fail(_source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        info.context.count += owner == "Mutation"
        raise RuntimeError("all of them")

    ways = {
        "async": resolve_later,
        "sometimes": resolve_now_and_then,
        "task": resolve_as_task,
        "batched_raising": fail,
        "attribute": read_attribute(name),
    }
    return ways.get(how, resolve)


def turns(source: Any, name: str) -> int:
    """How many turns of the event loop a resolver takes: different ones for neighbours."""
    key = node_of(source)
    return 0 if key is None else (key[1] + ord(name[0])) % 3


def batched(recipe: Recipe, owner: str, name: str, how: str) -> Batched:
    """The same as `resolver`, for all parents at once; objects may come as rows, with no more than was asked for."""
    type = unwrapped(recipe.objects[owner].fields[name].type)

    def call(asked: Call) -> Sequence[Any]:
        world: World = asked.context
        if how == "batched_raising":
            world.count += owner == "Mutation"
            raise RuntimeError("all of them")
        if how == "batched_rows" and type in recipe.objects:
            keys = [key and recipe.nodes[key].values.get(name) for key in map(node_of, asked.parents)]
            if all(key is None or (key[0] == "node" and key[1] == type) for key in keys):
                world.count += owner == "Mutation"
                return world.rows([key and key[1:] for key in keys], asked.asked.reads())
        return [settled(world, parent, owner, name, asked) for parent in asked.parents]

    return Batched(call, needs=())


def settled(world: World, parent: Any, owner: str, name: str, asked: Call) -> Any:
    """What a parent's field is; an exception is a value too. Lists of rows have no more than was asked for."""
    try:
        key = node_of(parent)
        value = None if key is None else world.recipe.nodes[key].values.get(name)
        answer = world.answer(parent, owner, name, asked.arguments)
    except Exception as error:  # noqa: BLE001 - the parent's value
        return error
    if isinstance(answer, Rows) and value is not None:
        return world.rows([None if item[0] == "value" else item[1:] for item in value[2]], asked.asked.reads())
    return answer


def source_of(recipe: Recipe) -> Callable[[GraphQLObjectType, str, GraphQLField], Source]:
    """Where the values of the fields come from, for the executor under test."""

    def source(parent: GraphQLObjectType, name: str, field: GraphQLField) -> Source:
        how = recipe.objects[parent.name].hows.get(name) if parent.name in recipe.objects else None
        if how == "attribute":
            return Attribute(name)
        if how is not None and how.startswith("batched"):
            return batched(recipe, parent.name, name, how)
        return default_source(parent, name, field)

    return source


def serialised(value: Any) -> Any:
    """The custom scalar's way out: it fails, or gives nothing, for some."""
    if value == "none":
        return None
    if value == "graphql":
        raise GraphQLError("graphql")
    if not isinstance(value, str) or value == "boom":
        raise ValueError(f"not upper: {value!r}")
    return value.upper()


def build(recipe: Recipe) -> GraphQLSchema:
    """The schema of a recipe, with resolvers as graphql-core knows them."""
    made = parse(recipe.sdl(), no_location=True).definitions
    schema = build_ast_schema(DocumentNode(definitions=(*PRELUDE_DEFINITIONS, *made)), assume_valid=True)
    color = schema.type_map["Color"].values
    color["RED"].value, color["GREEN"].value, color["BLUE"].value = 0, "green", Shade.DEEP
    schema.type_map["Upper"].serialize = schema.type_map["Upper"].coerce_output_value = serialised
    is_async = recipe.identity.endswith("_async")
    for each in recipe.objects.values():
        type = schema.type_map[each.name]
        if recipe.identity.startswith("is_type_of") or each.name in recipe.checked:
            type.is_type_of = type_check(each.name, is_async)
        for name, how in each.hows.items():
            if how != "default":
                type.fields[name].resolve = resolver(each.name, name, how)
    if recipe.identity.startswith("resolve_type"):
        for name in [*recipe.interfaces, "U"]:
            schema.type_map[name].resolve_type = type_teller(is_async)
    return schema


def type_check(name: str, is_async: bool) -> Callable[[Any, GraphQLResolveInfo], Any]:
    def is_type_of(value: Any, _info: GraphQLResolveInfo) -> Any:
        answer = kind_of(value) == name
        return Soon(answer) if is_async else answer

    return is_type_of


def type_teller(is_async: bool) -> Callable[..., Any]:
    def resolve_type(value: Any, _info: GraphQLResolveInfo, _abstract: Any) -> Any:
        answer = kind_of(value)
        return Soon(answer) if is_async else answer

    return resolve_type
