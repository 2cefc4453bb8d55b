"""What the executor is told of a schema of Strawberry's: where each field's values come from.

A field made by `@query`, `@mutation` or `@batched` is run as the function that
it is. A field without a resolver is an attribute. All others, those with
permissions and field extensions among them, are run as Strawberry would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import strawberry
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.cast import TYPE_CAST_ATTRIBUTE
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from synthetic.database.database import Database
from synthetic.graphql.context import PREPARED
from synthetic.graphql.executor import (
    Attribute,
    Batched,
    BreadthFirstExecutor,
    Call,
    Knowledge,
    Run,
    Source,
    default_source,
)
from synthetic.graphql.executor.arguments import Arguments, Convert
from synthetic.graphql.executor.field_plan import FieldPlan
from synthetic.graphql.input_values import InputValues
from synthetic.graphql.preparing import call_prepare
from synthetic.graphql.runs import ASKED, CALLER, RUNS, Kind, Runs
from synthetic.security.gate import Scope

DEFINITION = "strawberry-definition"
"""Where Strawberry keeps its own definition on what it makes for graphql-core."""

REFUSED = "extension of a batched field"
"""Why plans cannot have some fields: extensions wrap what is called for one parent."""

SOURCES = "synthetic-sources"
"""Where a schema keeps its `FieldSources`."""


class FieldSources:
    """Where the values of the fields of one schema come from.

    Attributes:
        knowledge: What plans need to know.
        waiting: Names of fields that wait for something before there is a snapshot.
        personal: Names of fields that are told who asks, those of queries and mutations apart.
    """

    def __init__(self, schema: strawberry.Schema, core: GraphQLSchema) -> None:
        """Make it.

        Args:
            schema: Strawberry's.
            core: graphql-core's, behind it.
        """
        made = list(_fields_made_here(core))
        refused = {name: REFUSED for name, runs, is_wrapped in made if is_wrapped and runs.kind is Kind.BATCHED}
        self.knowledge = Knowledge(self._source_of, _type_of_class(core), TYPE_CAST_ATTRIBUTE, refused)
        self.waiting = frozenset(name for name, runs, _is_wrapped in made if runs.prepare is not None)
        self.personal = frozenset(_told_who_asks(core))
        self._config = schema.config
        self._values = InputValues(schema.schema_converter.scalar_registry, schema.config)

    def _convert_of(self, field: StrawberryField) -> Convert | None:
        """From arguments as graphql-core coerces them to those that Python's functions take."""
        if not field.arguments:
            return None
        names = {self._config.name_converter.from_argument(argument): argument for argument in field.arguments}
        found = {
            name: (argument.python_name, self._values.converter(argument.type, name))
            for name, argument in names.items()
        }

        def convert(given: Arguments) -> Arguments:
            arguments: Arguments = {}
            for name, value in given.items():
                python_name, converter = found[name]
                arguments[python_name] = value if converter is None else converter(value)
            return arguments

        return convert

    def _source_of(self, parent: GraphQLObjectType, name: str, field: GraphQLField) -> Source:
        definition = _definition_of(field)
        if definition is None:
            return default_source(parent, name, field)
        if definition.is_subscription:
            # Its function is the source of the events; each event is the root, and the field's value.
            return Batched(_parents)
        if definition.is_basic_field and self._config.default_resolver is getattr:
            return Attribute(definition.python_name)
        runs = find_runs(field)
        if runs is not None:
            if not definition.extensions:
                convert = self._convert_of(definition)
                return Batched(_call_of(runs), runs.needs, convert=convert, written=runs.written)
        elif _is_plain_method(definition):
            return Batched(_method_call(definition), convert=self._convert_of(definition))
        return default_source(parent, name, field)


class StoreExecutor(BreadthFirstExecutor, StrawberryGraphQLCoreExecutionContext):
    """The compiled executor behind `schema.execute`, for programs that call that."""

    def find_knowledge(self) -> Knowledge:
        """What is known of the schema."""
        return find_knowledge(self.schema)


def remember_sources(schema: strawberry.Schema, core: GraphQLSchema) -> None:
    """Keep what plans need to know with the schema that it is about."""
    core.extensions[SOURCES] = FieldSources(schema, core)


def find_knowledge(core: GraphQLSchema) -> Knowledge:
    """What is known of a schema; of one that is none of Strawberry's, no more than it says itself."""
    sources: FieldSources | None = core.extensions.get(SOURCES)
    return Knowledge(default_source, {}) if sources is None else sources.knowledge


def find_waiting(core: GraphQLSchema) -> frozenset[str]:
    """Names of the fields of a schema that wait for something before there is a snapshot."""
    sources: FieldSources | None = core.extensions.get(SOURCES)
    return frozenset() if sources is None else sources.waiting


def find_runs(field: GraphQLField) -> Runs | None:
    """How a field is run; None for one that was not made by `@query`, `@mutation` or `@batched`."""
    definition = _definition_of(field)
    return None if definition is None else definition.metadata.get(RUNS)


def find_personal(core: GraphQLSchema) -> frozenset[str]:
    """Names of the fields of a schema that are told who asks, those of queries and mutations apart."""
    sources: FieldSources | None = core.extensions.get(SOURCES)
    return frozenset() if sources is None else sources.personal


async def prepare_field(field: FieldPlan, run: Run, database: Database) -> Any:
    """Await what a field declares with `prepare=`."""
    prepare = cast("Runs", find_runs(field.definition)).prepare
    assert prepare is not None  # noqa: S101 - the caller's condition, for the type checker
    return await call_prepare(prepare, database, field.arguments(run))


def _definition_of(field: GraphQLField) -> StrawberryField | None:
    definition = field.extensions.get(DEFINITION)
    return definition if isinstance(definition, StrawberryField) else None


def _call_of(runs: Runs) -> Callable[[Call], Sequence[Any]]:
    """How the executor calls a function that was made a field."""
    function = runs.function
    name = to_camel_case(function.__name__)
    takes_asked = runs.takes == (ASKED,) and runs.prepare is None

    def own_of(call: Call) -> Arguments:
        if takes_asked:
            return {ASKED: call.asked, **call.arguments}
        own = runs.own(call.asked, call.context.caller)
        if runs.prepare is not None:
            own[PREPARED] = call.context.prepared_for(call.asked, runs.prepare, call.arguments)
        return own | call.arguments

    def run_query(call: Call) -> Sequence[Any]:
        # A root field has one parent; of a type that a plugin gave a `query` field, all have the same value.
        return [function(call.context.snapshot, **own_of(call))] * len(call.parents)

    def run_batch(call: Call) -> Sequence[Any]:
        return function(call.context.snapshot, call.parents, **own_of(call))

    def run_mutation(call: Call) -> Sequence[Any]:
        context = call.context
        context.caller.require(runs.scope, name)
        write = context.write_many if runs.is_many else context.write
        return [write(function, call.arguments, runs.recorded, frees=runs.frees) for _parent in call.parents]

    run = {Kind.QUERY: run_query, Kind.BATCHED: run_batch, Kind.MUTATION: run_mutation}[runs.kind]
    # Nobody reads anything without the scope `read`; mutations ask for theirs.
    needed = None if runs.scope is Scope.READ or runs.kind is Kind.MUTATION else runs.scope

    def run_as_called(call: Call) -> Sequence[Any]:
        if needed is not None:
            call.context.caller.require(needed, name)
        try:
            return run(call)
        except SystemExit as error:
            raise RuntimeError(f"the field {name} wanted to end the process") from error

    return run_as_called


def _method_call(field: StrawberryField) -> Callable[[Call], Sequence[Any]]:
    """A method, called for each object with the same arguments."""
    method: Callable[..., Any] = cast("Any", field).base_resolver

    def call_method(call: Call) -> Sequence[Any]:
        values: list[Any] = []
        for parent in call.parents:
            try:
                values.append(method(parent, **call.arguments))
            except Exception as error:  # noqa: BLE001 - it is the answer of this parent's field
                values.append(error)
        return values

    return call_method


def _parents(call: Call) -> Sequence[Any]:
    return call.parents


def _is_plain_method(field: StrawberryField) -> bool:
    """Whether a field is a synchronous method that takes its object and arguments, and nothing else."""
    resolver: Any = cast("Any", field).base_resolver
    return (
        resolver is not None
        and not field.extensions
        and not resolver.is_async
        and resolver.self_parameter is not None
        and resolver.info_parameter is None
        and resolver.root_parameter is None
        and resolver.parent_parameter is None
        and type(field).get_result is StrawberryField.get_result
    )


def _fields_made_here(schema: GraphQLSchema) -> Iterator[tuple[str, Runs, bool]]:
    """The fields made by `@query`, `@mutation` or `@batched`: name, how it is run, and whether extensions wrap it."""
    for kind in schema.type_map.values():
        for name, field in kind.fields.items() if isinstance(kind, GraphQLObjectType) else ():
            runs, definition = find_runs(field), _definition_of(field)
            if runs is not None and definition is not None:
                yield name, runs, bool(definition.extensions)


def _told_who_asks(schema: GraphQLSchema) -> Iterator[str]:
    roots = (schema.query_type, schema.mutation_type)
    for kind in schema.type_map.values():
        for name, field in kind.fields.items() if isinstance(kind, GraphQLObjectType) and kind not in roots else ():
            runs = find_runs(field)
            if runs is not None and CALLER in runs.takes:
                yield name


def _type_of_class(schema: GraphQLSchema) -> dict[type[Any], GraphQLObjectType]:
    """Classes whose own instances are objects of exactly one type, and nobody else wants to be asked."""
    found: dict[type[Any], list[GraphQLObjectType]] = {}
    for kind in schema.type_map.values():
        definition = kind.extensions.get(DEFINITION)
        if (
            isinstance(kind, GraphQLObjectType)
            and isinstance(definition, StrawberryObjectDefinition)
            and cast("Any", definition).is_type_of is None
            and definition.concrete_of is None
            and not issubclass(definition.origin, Exception)
            and not any(cast("Any", interface).resolve_type for interface in definition.interfaces)
        ):
            found.setdefault(definition.origin, []).append(kind)
    return {origin: kinds[0] for origin, kinds in found.items() if len(kinds) == 1}
