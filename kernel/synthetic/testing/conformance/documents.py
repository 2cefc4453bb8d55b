"""GraphQL documents that ask a plugin's fields for what a front end asks: first pages, entities, what hangs on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)
from strawberry.types.base import get_object_definition

from synthetic.contributions import GraphQL
from synthetic.plugins.clashes import root_field_name
from synthetic.store import Store
from synthetic.testing.conformance.subject import PluginUnderTest

DEPTH_MAX = 2
PAGE_ROWS = 2
PAGING = ("first", "after", "last", "before", "orderBy")
"""Arguments that say which page of a list is asked for, and not what is in the list."""

VALUES = {
    "Int": "1",
    "Long": "1",
    "Float": "1.0",
    "Boolean": "true",
    "DateTime": '"2026-01-01T00:00:00Z"',
    "JSON": "{}",
}
"""A value of each scalar; of all others a text."""


def documents_of(store: Store, subject: PluginUnderTest) -> Iterator[str]:
    """Documents for each of the plugin's root queries, in each order that it offers, and for its fields on others.

    Args:
        store: With the plugin.
        subject: The plugin.
    """
    schema = store.kernel.schema
    query = schema.query_type
    if query is None:
        return
    parts = [each.record for each in subject.alone.graphql if each.plugin == subject.name]
    names = [root_field_name(field) for part in parts for field in part.queries]
    for name in names:
        yield from _in_each_order(schema, name, query.fields[name])
    for name, inner in _extensions(parts):
        for root, field in query.fields.items():
            node = _node_of(schema, field)
            if node is not None and node.name == name and inner in node.fields:
                selection = _selected(schema, node.fields[inner], inner, DEPTH_MAX - 1)
                yield f"{{ {_called(root, field)} {{ nodes {{ {selection} }} }} }}"


def filters_of(store: Store, subject: PluginUnderTest) -> Iterator[tuple[str, str]]:
    """Documents that ask for the first page of each of the plugin's lists by one argument, or one key of a filter.

    Returns:
        Each with what it filters by, such as `bookmarks.filter.constructId`.
    """
    schema = store.kernel.schema
    query = schema.query_type
    if query is None:
        return
    parts = [each.record for each in subject.alone.graphql if each.plugin == subject.name]
    for name in (root_field_name(field) for part in parts for field in part.queries):
        field = query.fields[name]
        if _node_of(schema, field) is not None:
            for by, given in _filters_in(field):
                yield f"{name}.{by}", f"{{ {_called(name, field, given)} {{ nodes {{ __typename }} }} }}"


def _filters_in(field: GraphQLField) -> Iterator[tuple[str, str]]:
    """Each optional argument that is none of a page's, with a value; of an input each of its keys."""
    for name, argument in field.args.items():
        if name in PAGING or is_required_argument(argument):
            continue
        kind = _named(argument)
        if not isinstance(kind, GraphQLInputObjectType):
            yield name, f"{name}: {_argument(argument)}"
        elif not any(is_required_input_field(each) for each in kind.fields.values()):
            keys: dict[str, Any] = kind.fields
            for key, each in keys.items():
                if not isinstance(_named(each), GraphQLInputObjectType):
                    yield f"{name}.{key}", f"{name}: {{{key}: {_argument(each)}}}"


def _extensions(parts: list[GraphQL]) -> Iterator[tuple[str, str]]:
    """The fields that a plugin adds to types of others: the type's name, and the field's."""
    for part in parts:
        for extension in part.extend:
            definition = get_object_definition(extension.type)
            if definition is not None:
                yield from ((definition.name, root_field_name(field)) for field in extension.fields)


def _in_each_order(schema: GraphQLSchema, name: str, field: GraphQLField) -> Iterator[str]:
    selection = _below(schema, field, DEPTH_MAX)
    order = field.args.get("orderBy")
    kind = None if order is None else _named(order)
    values = list(kind.values) if isinstance(kind, GraphQLEnumType) else [""]
    for value in values:
        yield f"{{ {_called(name, field, f'orderBy: {value}' if value else '')}{selection} }}"


def _node_of(schema: GraphQLSchema, field: GraphQLField) -> GraphQLObjectType | None:
    """The type of what a connection lists."""
    kind = _named(field)
    if not isinstance(kind, GraphQLObjectType) or "nodes" not in kind.fields:
        return None
    node = schema.get_type(_named(kind.fields["nodes"]).name)
    return node if isinstance(node, GraphQLObjectType) else None


def _selected(schema: GraphQLSchema, field: GraphQLField, name: str, depth: int) -> str:
    return f"{_called(name, field)}{_below(schema, field, depth)}"


def _below(schema: GraphQLSchema, field: GraphQLField, depth: int) -> str:
    """What is selected of a field's value: a page of a connection, else its plain fields and what hangs on it."""
    kind = _named(field)
    if is_leaf_type(kind):
        return ""
    node = _node_of(schema, field)
    if node is not None:
        return f" {{ nodes {{ {_fields_of(schema, node, depth)} }} }}"
    return f" {{ {_fields_of(schema, kind, depth)} }}"


def _fields_of(schema: GraphQLSchema, kind: GraphQLNamedType, depth: int) -> str:
    parts = ["__typename"]
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        for name, field in kind.fields.items():
            if any(map(is_required_argument, field.args.values())):
                continue
            if is_leaf_type(_named(field)):
                parts.append(name)
            elif depth > 1:
                # Apart from others, since two lists may have fields of one name and of different types.
                parts.append(_selected(schema, field, name, depth - 1))
    return " ".join(parts)


def _called(name: str, field: GraphQLField, also: str = "") -> str:
    """A field with what it cannot be asked without, a short page, and perhaps an order."""
    given = [f"{key}: {_argument(each)}" for key, each in field.args.items() if is_required_argument(each)]
    if "first" in field.args:
        given.append(f"first: {PAGE_ROWS}")
    if also:
        given.append(also)
    return f"{name}({', '.join(given)})" if given else name


def _named(field: Any) -> GraphQLNamedType:
    """The type of a field or an argument, without lists and `!`."""
    return cast("Any", get_named_type)(field.type)


def _argument(argument: Any) -> str:
    """A value for an argument or a field of an input."""
    return _value_of(argument.type)


def _value_of(kind: Any) -> str:
    """A value of an input type, as GraphQL writes it."""
    if isinstance(kind, GraphQLNonNull | GraphQLList):
        inner = _value_of(cast("Any", kind).of_type)
        return f"[{inner}]" if isinstance(kind, GraphQLList) else inner
    if isinstance(kind, GraphQLEnumType):
        names: dict[str, Any] = kind.values
        return str(next(iter(names)))
    if isinstance(kind, GraphQLInputObjectType):
        required: dict[str, Any] = {name: each for name, each in kind.fields.items() if is_required_input_field(each)}
        return f"{{{', '.join(f'{name}: {_argument(each)}' for name, each in required.items())}}}"
    return VALUES.get(str(kind), '"x"')
