"""`query`, `mutation`, `batched`, `subscription`: a field is one plain function.

The function says by the name of its first parameter what it runs on:

- `snapshot`: a read transaction, the same for the whole operation.
- `tx`: a write transaction of its own, committed when the field is answered.
- `store`: blocking reads and writes, for work that takes many transactions.
- `live`: asynchronous reads, and the log as it grows, for the source of a subscription.

In a function on a `snapshot`, a parameter `asked` after these tells what is
selected below the field, so that no more is read than that, a parameter
`caller` who asks, and `prepared` what was awaited before. The others are the
field's arguments, the docstring's first paragraph is its description, and the
return annotation its type. How and where it is run is the kernel's choice
(`synthetic.graphql.field_sources`), so that the executor can change without
the plugins.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import strawberry
from strawberry.utils.str_converters import to_camel_case

from synthetic.exits import staying
from synthetic.graphql.context import PREPARED
from synthetic.graphql.json_columns import JsonColumn
from synthetic.graphql.preparing import Prepare
from synthetic.graphql.runs import ASKED, CALLER, LATEST, READS, RUNS, Kind, PlainFunction, Runs
from synthetic.operations.mutations import RecordedMutation
from synthetic.security.callers import Scope

if TYPE_CHECKING:
    from strawberry.types.field import StrawberryField

    from synthetic.graphql.context import OperationContext


def query(
    function: PlainFunction | None = None,
    *,
    reads: Sequence[str] = (),
    prepare: Prepare | None = None,
    scope: Scope = Scope.READ,
) -> Any:
    """Make a root query field of a function of (snapshot, arguments...).

    Args:
        function: What to make a field of.
        reads: Consumers whose tables it reads, as `plugin.name`: a request with
            `extensions.atLeast` waits until they have come so far.
        prepare: An async function of the same arguments, for what must wait for
            the network: it is awaited before the snapshot is opened, and what
            it gives is the function's parameter `prepared`. If its first
            parameter is called `reads`, that is a `PreparingReads` of the store.
        scope: What the caller's token must allow; without it the field is null, and the error FORBIDDEN.

    Raises:
        TypeError: The function has no docstring or another first parameter, is
            async, or does not take what is prepared.
    """
    if function is None:
        return functools.partial(query, reads=reads, prepare=prepare, scope=scope)
    _first_parameter(function, ("snapshot",))
    runs = Runs(Kind.QUERY, function, own_parameters(function), scope=scope, prepare=_checked(function, prepare))

    def resolve(info: strawberry.Info[OperationContext, None], **arguments: Any) -> Any:
        info.context.caller.require(scope, to_camel_case(function.__name__))
        own = runs.own_here(info.context, arguments)
        return function(info.context.snapshot, **own, **arguments)

    return _field(function, resolve, taken=1, metadata={READS: tuple(reads), RUNS: runs})


def mutation(
    function: PlainFunction | None = None,
    *,
    scope: Scope = Scope.WRITE,
    entity: str | None = None,
    entity_id: str = "id",
    recorded: bool | Literal["changes"] = True,
    frees: bool = False,
) -> Any:
    """Make a root mutation field of a function of (tx, input) or (store, input).

    Args:
        function: What to make a field of.
        scope: What the caller's token must allow.
        entity: What it is done to, for the record that plugins keep of it (`record_operation`); None: what the
            first event that it emits is about, which is not known of one that fails.
        entity_id: The attribute of the input that says to which of them.
        recorded: Whether it is recorded at all: what repeats itself and changes nothing that anybody would ask
            after, such as a heartbeat, is not. With `changes` it is recorded where it changes something alone, in
            the first transaction that does: for what is asked all the time, and mostly in vain.
        frees: Whether it makes room, as one that deletes: it goes on where the store's room is used up
            (`kernel.storage.limit_bytes`), and others are refused.

    Raises:
        TypeError: The function has no docstring or another first parameter, is async, or has a parameter `asked`,
            `caller` or `prepared`, which those of queries and batched fields may have.
    """
    if function is None:
        return functools.partial(
            mutation, scope=scope, entity=entity, entity_id=entity_id, recorded=recorded, frees=frees
        )
    is_many = _first_parameter(function, ("tx", "store")) == "store"
    _refuse_own(function, "mutation")
    name = to_camel_case(function.__name__)
    record = RecordedMutation(name, entity, entity_id, recorded == "changes") if recorded else None

    def resolve(info: strawberry.Info[OperationContext, None], **arguments: Any) -> Any:
        info.context.caller.require(scope, name)
        write = info.context.write_many if is_many else info.context.write
        return write(function, arguments, record, frees=frees)

    runs = Runs(Kind.MUTATION, function, takes=(), scope=scope, is_many=is_many, recorded=record, frees=frees)
    return _field(function, resolve, taken=1, metadata={RUNS: runs})


def batched(
    function: PlainFunction | None = None,
    *,
    reads: Sequence[str] = (),
    needs: Sequence[str] | None = None,
    prepare: Prepare | None = None,
    scope: Scope = Scope.READ,
    written: JsonColumn | None = None,
) -> Any:
    """Make a field that needs data of a function of (snapshot, parents, arguments...).

    The function is called once with all the parents of a level and returns a
    list with one value for each, in order; so one query serves them all. In
    the body of a class it is written `@batched` over `@staticmethod`, since it
    has no `self`.

    Args:
        function: What to make a field of.
        reads: Consumers whose tables it reads, as for `query`.
        needs: Attributes that it reads of the parents, which then need have no
            others; None: any of them.
        prepare: As for `query`; it is not given the parents.
        scope: As for `query`.
        written: How SQLite writes what the function would return, made of the
            columns of what it needs: for pages that nobody looks at, of which
            no rows are read then. None: it cannot.

    Raises:
        TypeError: The function has no docstring, other first parameters, is
            async, does not say that it returns a list, or does not take what is
            prepared; or it says how it is written, and takes arguments, asks
            for a scope, or does not say what it needs.
    """
    if function is None:
        return functools.partial(batched, reads=reads, needs=needs, prepare=prepare, scope=scope, written=written)
    _first_parameter(function, ("snapshot",))
    if _parameters(function)[1:2] != ["parents"]:
        raise TypeError(f"the second parameter of {function.__qualname__} must be called parents")
    if written is not None and (needs is None or scope is not Scope.READ or len(_parameters(function)) > 2):
        raise TypeError(f"{function.__qualname__} can be written of what it needs only, for all who may read")
    runs = Runs(
        Kind.BATCHED,
        function,
        own_parameters(function),
        None if needs is None else tuple(needs),
        scope=scope,
        prepare=_checked(function, prepare),
        written=written,
    )

    def resolve(root: Any, info: strawberry.Info[OperationContext, None], **arguments: Any) -> Any:
        info.context.caller.require(scope, to_camel_case(function.__name__))
        return info.context.batch(function, root, runs.own_here(info.context, arguments) | arguments)

    metadata = {READS: tuple(reads), RUNS: runs}
    return _field(function, resolve, taken=2, returns=_element(function), metadata=metadata)


def subscription(
    function: PlainFunction | None = None, *, latest: bool = False, graphql_name: str | None = None
) -> Any:
    """Make a root subscription field of an async generator function of (live, arguments...).

    What it yields has a `position`: where a client goes on that has seen it.

    Args:
        function: What to make a field of.
        latest: Whether only the newest of what it yields matters, as with a
            state: then nothing is taken from it while the client is behind.
        graphql_name: The field's name, where it is not the function's.

    Raises:
        TypeError: The function has no docstring or another first parameter, is
            a coroutine and no generator, or has a parameter `asked`, `caller`
            or `prepared`, as for `mutation`.
    """
    if function is None:
        return functools.partial(subscription, latest=latest, graphql_name=graphql_name)
    _first_parameter(function, ("live",))
    _refuse_own(function, "subscription")

    async def resolve(info: strawberry.Info[OperationContext, None], **arguments: Any) -> Any:
        with staying(f"the source of {function.__name__}"):
            async with contextlib.aclosing(function(info.context.live, **arguments)) as events:
                async for event in events:
                    yield event

    return _field(function, resolve, taken=1, is_subscription=True, name=graphql_name, metadata={LATEST: latest})


def _parameters(function: PlainFunction) -> list[str]:
    return list(inspect.signature(function).parameters)


def _first_parameter(function: PlainFunction, names: tuple[str, ...]) -> str:
    if not (function.__doc__ or "").strip():
        raise TypeError(f"{function.__qualname__} must have a docstring: it is the field's description")
    first = next(iter(_parameters(function)), "")
    if first not in names:
        raise TypeError(f"the first parameter of {function.__qualname__} must be called {' or '.join(names)}")
    if inspect.iscoroutinefunction(function):
        raise TypeError(
            f"{function.__qualname__} must not be async: what must be awaited is its `prepare`; a subscription yields"
        )
    return first


def _refuse_own(function: PlainFunction, kind: str) -> None:
    found = [name for name in (ASKED, CALLER, PREPARED) if _takes(function, name)]
    if found:
        raise TypeError(
            f"{function.__qualname__} must not have a parameter {' or '.join(found)}: it is no argument of a field, and"
            f" what a {kind} is not given; functions of `query` and `batched` may have it"
        )


def own_parameters(function: PlainFunction) -> tuple[str, ...]:
    """Which of `asked` and `caller` a function of a plugin's wants to know."""
    return tuple(name for name in (ASKED, CALLER) if _takes(function, name))


def _takes(function: PlainFunction, name: str) -> bool:
    return name in _parameters(function)


def _checked(function: PlainFunction, prepare: Prepare | None) -> Prepare | None:
    if (prepare is not None) != _takes(function, PREPARED):
        raise TypeError(f"{function.__qualname__} must have a parameter `prepared` if and only if it has a `prepare`")
    return prepare


def _element(function: PlainFunction) -> Any:
    """What the list is of that a batched function returns, by its annotation."""
    returns = inspect.signature(function).return_annotation
    if isinstance(returns, str):
        text = returns.strip()
        if text.startswith(("list[", "Sequence[")) and text.endswith("]"):
            return text[text.index("[") + 1 : -1]
    elif getattr(returns, "__args__", None):
        return returns.__args__[0]
    raise TypeError(f"{function.__qualname__} must be annotated to return a list with one value for each parent")


def _described(argument: inspect.Parameter) -> inspect.Parameter:
    """The one argument that every mutation has need not be described by each."""
    if argument.name != "input":
        return argument
    described = strawberry.argument(description="What to do; its fields say more.")
    return argument.replace(annotation=Annotated[argument.annotation, described])


def _field(
    function: PlainFunction,
    resolve: PlainFunction,
    *,
    taken: int,
    returns: Any = None,
    is_subscription: bool = False,
    name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> StrawberryField:
    """A Strawberry field whose arguments are those of the function, less the first `taken`."""
    signature = inspect.signature(function)
    given = list(signature.parameters.values())[taken:]
    arguments = [_described(argument) for argument in given if argument.name not in (ASKED, CALLER, PREPARED)]
    own = [
        # As text, Strawberry would look for the name in the function's module, in vain and at length.
        argument.replace(annotation=strawberry.Info if argument.name == "info" else Any)
        for argument in list(inspect.signature(resolve).parameters.values())[:-1]
    ]
    returned = signature.return_annotation if returns is None else returns
    keywords = [argument.replace(kind=inspect.Parameter.KEYWORD_ONLY) for argument in arguments]
    # Strawberry reads names, types and defaults from here, and resolves text in the function's own module.
    resolve.__signature__ = signature.replace(parameters=[*own, *keywords], return_annotation=returned)  # pyright: ignore[reportFunctionMemberAccess]
    resolve.__annotations__ = {argument.name: argument.annotation for argument in arguments} | {
        "info": strawberry.Info,
        "return": returned,
    }
    resolve.__name__, resolve.__qualname__ = function.__name__, function.__qualname__
    resolve.__module__, resolve.__doc__ = function.__module__, function.__doc__
    doc = inspect.cleandoc(function.__doc__ or "")
    description = " ".join(doc.split("\n\n", 1)[0].split())
    make = strawberry.subscription if is_subscription else strawberry.field
    return make(resolver=resolve, name=name, description=description, metadata=metadata)
