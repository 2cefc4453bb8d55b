"""The GraphQL types of costs, and the field `costs` that they add to other types."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Callable, Sequence
from typing import Any, Self

import strawberry

from synthetic import DateTime, FromRecord, Long, Node, Snapshot, batched, values_of
from synthetic_projections.buckets import Span
from synthetic_projections.costs.enums import CostSource
from synthetic_projections.costs.errors import CostsTooLargeError
from synthetic_projections.costs.model import CostEvent as CostEventRecord
from synthetic_projections.costs.model import Sums
from synthetic_projections.costs.prices import FOREVER, Price, PriceBook
from synthetic_projections.costs.questions import Row
from synthetic_projections.costs.store.sums import MODULE, Total, UnpricedModel

__all__ = ["CostBucket", "CostEvent", "CostRow", "CostSource", "CostTotal", "PriceList"]

LONG_MAX = 2**53
"""Most that a `Long` tells exactly, either way."""

READS = (MODULE,)
"""The consumer whose tables are read."""

Totals = Callable[[Snapshot, Sequence[Any]], Sequence[Sequence[Total]]]
"""Reads for each of many what it has cost."""


@strawberry.type(description="What was spent in one stretch of time.")
class CostBucket:
    """A bucket of a row's series."""

    from_: DateTime = strawberry.field(name="from", description="Its first instant.")
    to: DateTime = strawberry.field(description="The first instant behind it.")
    input_tokens: Long = strawberry.field(description="Tokens that models read, without those from a cache.")
    output_tokens: Long = strawberry.field(description="Tokens that models wrote.")
    cache_read_tokens: Long = strawberry.field(description="Tokens that models read from a cache.")
    cache_write_tokens: Long = strawberry.field(description="Tokens that were put into a cache.")
    responses: Long = strawberry.field(description="Responses of models, and recorded costs.")
    cost_micros: Long | None = strawberry.field(description="The cost; null in a row of what has no price.")

    @classmethod
    def of(cls, span: Span, sums: Sums, *, is_priced: bool) -> Self:
        """The object of sums."""
        return cls(
            from_=DateTime(span.from_at), to=DateTime(span.to_at), **_counts(sums), cost_micros=_micros(sums, is_priced)
        )


@strawberry.type(
    description="What was spent, in one currency, by one of those that are told apart. What has no price is a row of "
    "its own: its currency and its cost are null."
)
class CostRow:
    """A row of `costs`."""

    key: str | None = strawberry.field(
        description="What it is told apart by, if that is one thing: an id, or a name; null stands for none."
    )
    keys: list[str | None] = strawberry.field(
        description="What it is told apart by, in the order of `groupBy`; null stands for none."
    )
    input_tokens: Long = strawberry.field(description="Tokens that models read, without those from a cache.")
    output_tokens: Long = strawberry.field(description="Tokens that models wrote.")
    cache_read_tokens: Long = strawberry.field(description="Tokens that models read from a cache.")
    cache_write_tokens: Long = strawberry.field(description="Tokens that were put into a cache.")
    responses: Long = strawberry.field(description="Responses of models, and recorded costs.")
    cost_micros: Long | None = strawberry.field(
        description="The cost in millionths of the currency's unit, summed up exactly and rounded once; null: there "
        "is no price."
    )
    currency: str | None = strawberry.field(description="Of the cost; null: there is no price.")
    series: list[CostBucket] = strawberry.field(
        description="The same by buckets, also the empty ones, in their order; empty where no `bucket` is asked for."
    )

    @classmethod
    def of(cls, row: Row, buckets: Sequence[Span]) -> Self:
        """The object of a row of an answer."""
        is_priced = bool(row.currency)
        keys = [key or None for key in row.keys]
        return cls(
            key=keys[0] if len(keys) == 1 else None,
            keys=keys,
            **_counts(row.total),
            cost_micros=_micros(row.total, is_priced),
            currency=row.currency or None,
            series=[
                CostBucket.of(span, sums, is_priced=is_priced) for span, sums in zip(buckets, row.series, strict=False)
            ],
        )


@strawberry.type(
    description="What something has cost since ever, in one currency. What has no price is one of its own."
)
class CostTotal:
    """A `Total`."""

    input_tokens: Long = strawberry.field(description="Tokens that models read, without those from a cache.")
    output_tokens: Long = strawberry.field(description="Tokens that models wrote.")
    cache_read_tokens: Long = strawberry.field(description="Tokens that models read from a cache.")
    cache_write_tokens: Long = strawberry.field(description="Tokens that were put into a cache.")
    responses: Long = strawberry.field(description="Responses of models, and recorded costs.")
    cost_micros: Long | None = strawberry.field(
        description="The cost in millionths of the currency's unit; null: there is no price."
    )
    currency: str | None = strawberry.field(description="Of the cost; null: there is no price.")

    @classmethod
    def of(cls, total: Total) -> Self:
        """The object of a total."""
        return cls(
            **_counts(total.sums),
            cost_micros=_micros(total.sums, bool(total.currency)),
            currency=total.currency or None,
        )


@strawberry.type(description="A cost that somebody has recorded. It never changes.")
class CostEvent(Node):
    """A row of `cost_events`."""

    id: strawberry.ID = strawberry.field(description="The caller's id, or a UUIDv7.")
    kind: str = strawberry.field(description="What was paid for.")
    session_id: strawberry.ID | None = strawberry.field(description="The session that spent it.")
    construct_id: strawberry.ID | None = strawberry.field(description="The construct, of a cost of no session.")
    project_id: strawberry.ID | None = strawberry.field(description="The project, of a cost of neither.")
    agent: str | None = strawberry.field(description="Who spent it, where no session says so.")
    model: str | None = strawberry.field(description="The model that it was spent on.")
    input_tokens: Long = strawberry.field(description="Tokens that the model read.")
    output_tokens: Long = strawberry.field(description="Tokens that it wrote.")
    cache_read_tokens: Long = strawberry.field(description="Tokens that it read from a cache.")
    cache_write_tokens: Long = strawberry.field(description="Tokens that were put into a cache.")
    cost_micros: Long | None = strawberry.field(
        description="What it cost, in millionths of the currency's unit; null: what the tokens cost by the prices."
    )
    currency: str | None = strawberry.field(description="Of the cost; null with it.")
    note: str | None = strawberry.field(description="For people.")
    occurred_at: DateTime = strawberry.field(description="When it was spent.")
    actor: str = strawberry.field(description="Who recorded it.")
    recorded_at: DateTime = strawberry.field(description="When it was recorded.")

    of = FromRecord(CostEventRecord)


@strawberry.type(description="What the tokens of models cost during a time, in micro-units per million tokens.")
class ModelPrice:
    """A `Price`."""

    model: str = strawberry.field(description="Name of a model, or its beginning and `*`.")
    from_: DateTime | None = strawberry.field(name="from", description="From when on it holds; null: from ever on.")
    until: DateTime | None = strawberry.field(description="From when on it holds no more; null: it does.")
    currency: str = strawberry.field(description="Of the prices.")
    input_micros: Long = strawberry.field(description="Of a million tokens that the model reads.")
    output_micros: Long = strawberry.field(description="Of a million tokens that it writes.")
    cache_read_micros: Long = strawberry.field(description="Of a million tokens that it reads from a cache.")
    cache_write_micros: Long = strawberry.field(description="Of a million tokens that are put into a cache.")

    @classmethod
    def of(cls, price: Price) -> Self:
        """The object of a price."""
        return cls(
            model=price.pattern,
            from_=DateTime(price.from_at) if price.from_at else None,
            until=None if price.until_at == FOREVER else DateTime(price.until_at),
            currency=price.currency,
            input_micros=Long(price.input_micros),
            output_micros=Long(price.output_micros),
            cache_read_micros=Long(price.cache_read_micros),
            cache_write_micros=Long(price.cache_write_micros),
        )


@strawberry.type(description="Tokens of a model that no price is known of.")
class UnpricedTokens:
    """An `UnpricedModel`."""

    model: str | None = strawberry.field(description="Its name; null: of messages that do not name it.")
    tokens: Long = strawberry.field(description="Tokens of all four kinds, since ever.")

    @classmethod
    def of(cls, unpriced: UnpricedModel) -> Self:
        """The object of a model."""
        return cls(model=unpriced.model or None, tokens=exact(unpriced.sums.tokens))


@strawberry.type(description="The prices that costs are computed by, and what they leave out.")
class PriceList:
    """A `PriceBook`, and the models that it does not know."""

    source: str = strawberry.field(description="Where they are from: a file, or the sample.")
    fingerprint: str = strawberry.field(description="Changes with any of them.")
    prices: list[ModelPrice] = strawberry.field(description="In the order of models and time.")
    unpriced: list[UnpricedTokens] = strawberry.field(
        description="Models without a price, that with the most tokens first; at most 100."
    )

    @classmethod
    def of(cls, book: PriceBook, unpriced: Sequence[UnpricedModel]) -> Self:
        """The object of a book."""
        return cls(
            source=book.name,
            fingerprint=book.fingerprint,
            prices=[ModelPrice.of(price) for price in book.prices],
            unpriced=[UnpricedTokens.of(each) for each in unpriced],
        )


def costs_field(totals: Totals, reads: Sequence[str] = READS) -> Any:
    """The field `costs` of a type: what each object has cost since ever, by currency.

    Args:
        totals: Reads that of many of them.
        reads: The consumers whose tables that reads.
    """

    @batched(reads=reads, needs=("id",))
    def costs(snapshot: Snapshot, parents: Sequence[Any]) -> list[list[CostTotal]]:
        """What it has cost since ever, with all that belongs to it now, by currency."""
        return [[CostTotal.of(each) for each in one] for one in totals(snapshot, values_of(parents, "id"))]

    return costs


def exact(total: int) -> Long:
    """A sum as the API tells it.

    Raises:
        CostsTooLargeError: It cannot tell it exactly.
    """
    if abs(total) > LONG_MAX:
        raise CostsTooLargeError
    return Long(total)


def _counts(sums: Sums) -> dict[str, Long]:
    return {name: exact(getattr(sums, name)) for name in Sums._fields[:5]}


def _micros(sums: Sums, is_priced: bool) -> Long | None:
    return exact(sums.rounded_micros) if is_priced else None
