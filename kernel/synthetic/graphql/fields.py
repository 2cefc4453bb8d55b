"""`query`, `mutation`, `batched`, `subscription`: a field is one plain function.

The function says by the name of its first parameter what it runs on:

- `snapshot`: a read transaction, the same for the whole operation.
- `tx`: a write transaction of its own, committed when the field is answered.
- `store`: blocking reads and writes, for work that takes many transactions.
- `live`: asynchronous reads, and the log as it grows, for the source of a subscription.

The other parameters are the field's arguments, the docstring's first paragraph
is its description, and the return annotation its type. How and where it is run
is the kernel's choice, so that the executor can change without the plugins.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from synthetic.security.gate import Scope

if TYPE_CHECKING:
    from strawberry.types.field import StrawberryField

    from synthetic.graphql.context import OperationContext

PlainFunction = Callable[..., Any]

LATEST = "synthetic-latest"
READS = "synthetic-reads"
"""Keys of what a field's metadata say to the kernel."""


def query(function: PlainFunction | None = None, *, reads: Sequence[str] = ()) -> Any:
    """Make a root query field of a function of (snapshot, arguments...).

    Args:
        function: What to make a field of.
        reads: Consumers whose tables it reads, as `plugin.name`: a request with
            `extensions.atLeast` waits until they have come so far.

    Raises:
        TypeError: The function has no docstring or another first parameter.
    """
    if function is None:
        return functools.partial(query, reads=reads)
    _first_parameter(function, ("snapshot",))

    def resolve(info: strawberry.Info[OperationContext, None], **arguments: Any) -> Any:
        return function(info.context.snapshot, **arguments)

    return _field(function, resolve, taken=1, metadata={READS: tuple(reads)})


def mutation(function: PlainFunction | None = None, *, scope: Scope = Scope.WRITE) -> Any:
    """Make a root mutation field of a function of (tx, input) or (store, input).

    Args:
        function: What to make a field of.
        scope: What the caller's token must allow.

    Raises:
        TypeError: The function has no docstring or another first parameter.
    """
    if function is None:
        return functools.partial(mutation, scope=scope)
    first = _first_parameter(function, ("tx", "store"))

    def resolve(info: strawberry.Info[OperationContext, None], **arguments: Any) -> Any:
        info.context.caller.require(scope)
        if first == "tx":
            return info.context.write(function, arguments)
        return info.context.write_many(function, arguments)

    return _field(function, resolve, taken=1)


def batched(function: PlainFunction | None = None, *, reads: Sequence[str] = ()) -> Any:
    """Make a field that needs data of a function of (snapshot, parents, arguments...).

    The function is called once with all the parents of a level and returns a
    list with one value for each, in order; so one query serves them all. In
    the body of a class it is written `@batched` over `@staticmethod`, since it
    has no `self`.

    Args:
        function: What to make a field of.
        reads: Consumers whose tables it reads, as for `query`.

    Raises:
        TypeError: The function has no docstring, other first parameters, or
            does not say that it returns a list.
    """
    if function is None:
        return functools.partial(batched, reads=reads)
    _first_parameter(function, ("snapshot",))
    if list(inspect.signature(function).parameters)[1:2] != ["parents"]:
        raise TypeError(f"the second parameter of {function.__qualname__} must be called parents")

    def resolve(root: Any, info: strawberry.Info[OperationContext, None], **arguments: Any) -> Any:
        return info.context.batch(function, root, arguments)

    return _field(function, resolve, taken=2, returns=_element(function), metadata={READS: tuple(reads)})


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
        TypeError: The function has no docstring or another first parameter.
    """
    if function is None:
        return functools.partial(subscription, latest=latest, graphql_name=graphql_name)
    _first_parameter(function, ("live",))

    async def resolve(info: strawberry.Info[OperationContext, None], **arguments: Any) -> Any:
        async with contextlib.aclosing(function(info.context.live, **arguments)) as events:
            async for event in events:
                yield event

    return _field(function, resolve, taken=1, is_subscription=True, name=graphql_name, metadata={LATEST: latest})


def _first_parameter(function: PlainFunction, names: tuple[str, ...]) -> str:
    if not (function.__doc__ or "").strip():
        raise TypeError(f"{function.__qualname__} must have a docstring: it is the field's description")
    first = next(iter(inspect.signature(function).parameters), "")
    if first not in names:
        raise TypeError(f"the first parameter of {function.__qualname__} must be called {' or '.join(names)}")
    return first


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
    arguments = [_described(argument) for argument in list(signature.parameters.values())[taken:]]
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
