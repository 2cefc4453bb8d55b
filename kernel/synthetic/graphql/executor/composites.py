"""Completers of objects, interfaces and unions: whose plan completes which of the values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, cast

from graphql import GraphQLAbstractType, GraphQLError, GraphQLObjectType
from graphql.pyutils import inspect

from synthetic.graphql.executor.columns import Columns
from synthetic.graphql.executor.completion import Completer, Values, is_no_value
from synthetic.graphql.executor.core import Info, TypeResolver, kind_of
from synthetic.graphql.executor.failures import FAILED
from synthetic.graphql.executor.frames import Frame, SomeFrame
from synthetic.graphql.executor.rows import Rows
from synthetic.graphql.executor.unread import LeafFields
from synthetic.graphql.executor.waiting import Step, settled, together

if TYPE_CHECKING:
    from synthetic.graphql.executor.field_plan import FieldPlan
    from synthetic.graphql.executor.objects import ObjectPlan
    from synthetic.graphql.executor.run import Run

KindT = TypeVar("KindT", GraphQLObjectType, GraphQLAbstractType)

PlanOf: TypeAlias = "Callable[[GraphQLObjectType], ObjectPlan]"
"""Gives the plan of what is selected on a type."""

ROWS_OR_COLUMNS = (Rows, Columns)

TypeOfClass: TypeAlias = Mapping[type[Any], GraphQLObjectType]
"""Classes whose own instances are objects of a type, so that neither they nor the type need be asked; no exceptions."""


class CompositeCompleter(Completer, Generic[KindT]):
    """What objects and abstract types have in common: plans of what is selected, and classes that tell the type."""

    __slots__ = ("_mark", "_plan_of", "_type", "_type_of_class")

    def __init__(
        self,
        field: FieldPlan,
        type: KindT,
        plan_of: PlanOf,
        type_of_class: TypeOfClass,
        mark: str | None,
        *,
        is_non_null: bool,
    ) -> None:
        """Make it.

        Args:
            field: The field.
            type: The type.
            plan_of: Gives the plan of what is selected on a type.
            type_of_class: Classes whose instances need not be asked.
            mark: An attribute of instances that must be asked all the same.
            is_non_null: Whether an object must not be null.
        """
        super().__init__(field, is_non_null=is_non_null)
        self._type = type
        self._plan_of = plan_of
        self._type_of_class = type_of_class
        self._mark = mark

    def _of_type(
        self,
        run: Run,
        kind: GraphQLObjectType,
        values: Values,
        indexes: Sequence[int],
        results: list[Any],
        frame: Frame,
    ) -> Step[list[int]]:
        """Ask a type whether values are of it: the indexes of those that are; the results of the others are set."""
        is_type_of: Callable[[Any, Info], Any] | None = cast("Any", kind).is_type_of
        given: list[Any] = []
        for index in indexes:
            try:
                given.append(is_type_of is None or is_type_of(values[index], self.field.info(run, frame, index)))
            except Exception as error:  # noqa: BLE001 - it is the position's error
                given.append(error)
        there: list[int] = []
        for index, answer in zip(indexes, (yield from settled(given)), strict=True):
            if isinstance(answer, Exception):
                results[index] = self.fail(run, answer, frame, index)
            elif answer:
                there.append(index)
            else:
                message = f"Expected value of type '{kind.name}' but got: {inspect(values[index])}."
                results[index] = self.fail(run, GraphQLError(message, self.field.nodes), frame, index)
        return there

    def _put(self, run: Run, done: list[Any], indexes: Sequence[int], results: list[Any]) -> None:
        """Put what was completed where it belongs."""
        for index, result in zip(indexes, done, strict=True):
            results[index] = self.fall(run) if result is FAILED else result


class ObjectCompleter(CompositeCompleter[GraphQLObjectType]):
    """Completes objects of one type."""

    __slots__ = ()

    def objects(self) -> Iterator[ObjectPlan]:
        """The one."""
        yield self._plan_of(self._type)

    @property
    def leaf_fields(self) -> LeafFields | None:
        """Those of the one type."""
        return self._plan_of(self._type).leaf_fields

    def complete(self, run: Run, values: Values, frame: Frame) -> Step[list[Any]]:
        """Complete the objects that there are."""
        if values.is_whole if isinstance(values, ROWS_OR_COLUMNS) else self._is_sure(values):
            return (yield from self._all(run, values, frame))
        there, results = self.chosen(run, values, frame)
        if self._type.is_type_of is not None and not isinstance(values, Rows):
            indexes = range(len(values)) if there is None else there
            if not self._is_sure(values if there is None else [values[index] for index in there]):
                there = yield from self._of_type(run, self._type, values, indexes, results, frame)
        if there is None:
            return (yield from self._all(run, values, frame))
        done = yield from self._plan_of(self._type).run(run, _picked(values, there), SomeFrame(frame, there))
        self._put(run, done, there, results)
        return results

    def _all(self, run: Run, values: Values, frame: Frame) -> Step[list[Any]]:
        """Complete objects none of which is missing."""
        spread = run.failures.spread
        done = yield from self._plan_of(self._type).run(run, values, frame, is_listed=self.is_listed)
        if run.failures.spread == spread:
            return done
        return [self.fall(run) if each is FAILED else each for each in done]

    def _is_sure(self, objects: Sequence[Any]) -> bool:
        """Whether none of the objects is missing, and the type need not be asked of any."""
        kinds: set[type[Any]] = {*map(type, objects)}
        if self._type.is_type_of is None:
            return not any(map(is_no_value, kinds))
        for kind in kinds:
            if self._type_of_class.get(kind) is not self._type:
                return False
        if self._mark is not None:
            for each in objects:
                if hasattr(each, self._mark):
                    return False
        return True


class AbstractCompleter(CompositeCompleter[GraphQLAbstractType]):
    """Completes objects of an interface or a union: those of each type together."""

    __slots__ = ()

    def objects(self) -> Iterator[ObjectPlan]:
        """Those of all types that it may be of."""
        for kind in self.field.schema.get_possible_types(self._type):
            yield self._plan_of(kind)

    def complete(self, run: Run, values: Values, frame: Frame) -> Step[list[Any]]:
        """Find the type of each object, and complete those of each type."""
        objects = run.objects_of(values)
        there, results = self.chosen(run, objects, frame)
        indexes = range(len(objects)) if there is None else there
        groups = yield from self._by_type(run, objects, indexes, results, frame)
        plans = [self._plan_of(kind) for kind in groups]
        answers = yield from together(
            plan.run(run, _picked(objects, group), SomeFrame(frame, group))
            for plan, group in zip(plans, groups.values(), strict=True)
        )
        for group, done in zip(groups.values(), answers, strict=True):
            self._put(run, done, group, results)
        return results

    def _by_type(
        self, run: Run, values: Values, indexes: Sequence[int], results: list[Any], frame: Frame
    ) -> Step[dict[GraphQLObjectType, list[int]]]:
        """The indexes of the values of each type."""
        groups: dict[GraphQLObjectType, list[int]] = {}
        asked: list[int] = []
        for index in indexes:
            value = values[index]
            kind = self._type_of_class.get(kind_of(value))
            if kind is not None and self._mark is not None and hasattr(value, self._mark):
                kind = None
            if kind is not None and run.schema.is_sub_type(self._type, kind):
                groups.setdefault(kind, []).append(index)
            else:
                asked.append(index)
        if not asked:
            return groups
        unsure: dict[GraphQLObjectType, list[int]] = {}
        answers = yield from settled([self._ask(run, values[index], frame, index) for index in asked])
        for index, answer in zip(asked, answers, strict=True):
            try:
                unsure.setdefault(self._object_type(answer, values[index]), []).append(index)
            except Exception as error:  # noqa: BLE001 - it is the position's error
                results[index] = self.fail(run, error, frame, index)
        for kind, group in unsure.items():
            if kind.is_type_of is not None:
                group[:] = yield from self._of_type(run, kind, values, list(group), results, frame)
            groups.setdefault(kind, []).extend(group)
        return groups

    def _ask(self, run: Run, value: Any, frame: Frame, index: int) -> Any:
        resolve: TypeResolver = cast("Any", self._type).resolve_type or run.type_resolver
        try:
            return resolve(value, self.field.info(run, frame, index), self._type)
        except Exception as error:  # noqa: BLE001 - it is the position's error
            return error

    def _object_type(self, answer: Any, value: Any) -> GraphQLObjectType:
        """The type that a type resolver named.

        Raises:
            Exception: It raised this, or named no type that the value can be of.
        """
        if isinstance(answer, Exception):
            raise answer
        name, place = self._type.name, f"field '{self.field.parent_type.name}.{self.field.name}'"
        if answer is None:
            message = (
                f"Abstract type '{name}' must resolve to an Object type at runtime for {place}. Either the '{name}'"
                " type should provide a 'resolve_type' function or each possible type should provide an"
                " 'is_type_of' function."
            )
        elif not isinstance(answer, str):
            message = (
                f"Abstract type '{name}' must resolve to an Object type at runtime for {place} with value"
                f" {inspect(value)}, received '{inspect(answer)}', which is not a valid Object type name."
            )
        elif (kind := self.field.schema.get_type(answer)) is None:
            message = f"Abstract type '{name}' was resolved to a type '{answer}' that does not exist inside the schema."
        elif not isinstance(kind, GraphQLObjectType):
            message = f"Abstract type '{name}' was resolved to a non-object type '{answer}'."
        elif not self.field.schema.is_sub_type(self._type, kind):
            message = f"Runtime Object type '{kind.name}' is not a possible type for '{name}'."
        else:
            return kind
        raise GraphQLError(message, self.field.nodes)


def _picked(values: Values, indexes: Sequence[int]) -> Values:
    if isinstance(values, Rows):
        return Rows([values.rows[index] for index in indexes], values.layout, is_whole=True)
    return [values[index] for index in indexes]
