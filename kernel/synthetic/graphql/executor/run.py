"""`Run`: one execution of a plan, and what its steps share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.execution import Executor
from graphql.execution.values import VariableValues
from graphql.pyutils import Path

from synthetic.graphql.executor.core import Info, TypeResolver, default_field_resolver, default_type_resolver
from synthetic.graphql.executor.failures import Failures
from synthetic.graphql.executor.records import RecordForm
from synthetic.graphql.executor.rows import Parents, Rows
from synthetic.graphql.executor.waiting import is_awaitable

MakeExecutor: TypeAlias = Callable[..., Executor[Any]]
"""Called as graphql-core's `Executor` is: makes what tells resolvers of their fields."""


class Run:
    """One execution.

    Attributes:
        schema: The schema.
        context: The operation's context value.
        variables: Coerced.
        hides_suggestions: Whether errors must not say what in the schema may have been meant.
        type_resolver: Finds the types of objects where the schema has no function for it.
        failures: Its errors.
        cells: About how many values the answer has so far, without those of lists that are JSON already.
        json_size: How many characters these have.
        roots: The root values.
        check: Called once a level; raises what must end the execution. None: nothing ends it.
        record_form: How objects are recorded that are only to be written; None: they are dictionaries.
        keeps_variables: Whether the variables are kept by who asks, for other runs with the same: then arguments that
            were made of them are kept too.
    """

    __slots__ = (
        "_executors",
        "_fragments",
        "_make_executor",
        "_operation",
        "_parents",
        "cells",
        "check",
        "context",
        "failures",
        "hides_suggestions",
        "json_size",
        "keeps_variables",
        "record_form",
        "roots",
        "schema",
        "type_resolver",
        "variables",
    )

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: VariableValues,
        *,
        context: Any = None,
        hides_suggestions: bool = False,
        type_resolver: TypeResolver | None = None,
        make_executor: MakeExecutor = Executor,
        check: Callable[[], None] | None = None,
        record_form: RecordForm | None = None,
        keeps_variables: bool = False,
    ) -> None:
        """Begin it; what is not an attribute is for what resolvers are told."""
        self.schema = schema
        self.context = context
        self.variables = variables
        self.hides_suggestions = hides_suggestions
        self.type_resolver: TypeResolver = type_resolver or default_type_resolver
        self.failures = Failures()
        self.cells = self.json_size = 0
        self.roots: Sequence[Any] = (None,)
        self.check = check
        self.record_form = record_form
        self.keeps_variables = keeps_variables
        self._operation = operation
        self._fragments = fragments
        self._make_executor = make_executor
        self._executors: dict[int, Executor[Any]] = {}
        self._parents: tuple[Rows, Parents] | None = None

    @property
    def sizes(self) -> tuple[int, int]:
        """`cells` and `json_size`."""
        return self.cells, self.json_size

    def parents_of(self, values: Sequence[Any]) -> Sequence[Any]:
        """What a batched field is given: of rows, objects are made once for all fields of a level, or not at all."""
        if not isinstance(values, Rows):
            return values
        if self._parents is None or self._parents[0] is not values:
            self._parents = values, Parents(values)
        return self._parents[1]

    def objects_of(self, values: Sequence[Any]) -> Sequence[Any]:
        """Values that are no rows, for who asks them one by one."""
        parents = self.parents_of(values)
        return parents.objects if isinstance(parents, Parents) else parents

    def info(
        self, nodes: list[FieldNode], field: GraphQLField, parent: GraphQLObjectType, path: Path | None, root: int
    ) -> Info:
        """What graphql-core's resolvers are told; `root` says below which of the root values."""
        executor = self._executors.get(root)
        if executor is None:
            # It tells resolvers what it would if it executed the operation, and offers to watch over their tasks.
            executor = self._executors[root] = self._make_executor(
                self.schema,
                cast("dict[str, Any]", self._fragments),
                {},
                self.roots[root],
                self.context,
                self._operation,
                self.variables,
                default_field_resolver,
                cast("Any", self.type_resolver),
                default_field_resolver,
                is_awaitable=cast("Any", is_awaitable),
            )
        return cast("Any", executor).build_resolve_info(field, nodes, parent, cast("Path", path))
