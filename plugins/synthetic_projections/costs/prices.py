"""What tokens cost: a table of prices with the days on which they hold. Pure; `price_files` reads one."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from operator import mul
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct

from synthetic import to_json

Tokens = tuple[int, int, int, int]
"""Input, output, cache read, cache write."""

PICOS_IN_MICRO = 1_000_000
"""Tokens times micro-units per million tokens are millionths of a micro-unit: so they are counted exactly."""

CURRENCY = re.compile(r"[A-Z]{3}")
"""A code of ISO 4217: what a sum of money is counted in."""

MODELS_REMEMBERED = 10_000
"""For so many models it is remembered which prices may be theirs."""

FOREVER = 2**62
"""An end that never comes, in Unix milliseconds."""

Micros = Annotated[int, Meta(ge=0, le=1_000_000_000_000)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
ModelPattern = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^*]+\*?$")]


class PriceEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of a file of prices, as it is written there.

    Attributes:
        models: Names of models; one that ends in `*` means all that begin so.
        input: Micro-units of the currency per million tokens; likewise the others.
        currency: Where it is not that of the file.
        from_date: The first day in UTC on which it holds; None: it always did.
        until: The first day on which it holds no more; None: it does.
    """

    models: Annotated[list[ModelPattern], Meta(min_length=1, max_length=1_000)]
    input: Micros
    output: Micros
    cache_read: Micros | None = None
    cache_write: Micros | None = None
    currency: Currency | None = None
    from_date: date | None = msgspec.field(default=None, name="from")
    until: date | None = None


class PriceFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of prices, as it is written.

    Attributes:
        currency: Of all entries that name no other; ISO 4217.
        prices: In any order.
    """

    currency: Currency
    prices: Annotated[list[PriceEntry], Meta(max_length=10_000)]


class Price(NamedTuple):
    """What the tokens of models cost during a time.

    Attributes:
        pattern: Name of a model, or its beginning and `*`.
        from_at: From when on it holds, Unix milliseconds; 0: from ever on.
        until_at: From when on it holds no more, Unix milliseconds; `FOREVER`: it does.
        currency: Of the prices.
        input_micros: Micro-units of it per million tokens; likewise the others.
            Tokens of a cache that have no price of their own cost what input does.
    """

    pattern: str
    from_at: int
    until_at: int
    currency: str
    input_micros: int
    output_micros: int
    cache_read_micros: int
    cache_write_micros: int

    def picos(self, tokens: Sequence[int]) -> int:
        """What tokens cost, in millionths of a micro-unit; negative for tokens that are taken back.

        Args:
            tokens: Input, output, cache read, cache write.
        """
        return sum(map(mul, tokens, self[4:]))


class PriceBook:
    """All prices, and which holds for a model at an instant.

    Attributes:
        prices: In the order of patterns and time.
        name: Where they are from, for people.
        fingerprint: Changes with any of them.
    """

    def __init__(self, prices: Iterable[Price], name: str) -> None:
        """Make it.

        Raises:
            ValueError: Two prices of one pattern hold at the same time, or one ends before it begins.
        """
        self.prices = tuple(sorted(prices))
        self.name = name
        self.fingerprint = hashlib.sha256(to_json([list(price) for price in self.prices]).encode()).hexdigest()
        self._by_pattern: defaultdict[str, list[Price]] = defaultdict(list)
        self._patterns: dict[str, tuple[str, ...]] = {}
        for price in self.prices:
            before = self._by_pattern[price.pattern]
            if price.from_at >= price.until_at:
                raise ValueError(f"the price of {price.pattern} ends before it begins")
            if before and before[-1].until_at > price.from_at:
                raise ValueError(f"two prices of {price.pattern} hold on {_day_of(price.from_at)}")
            before.append(price)

    def find(self, model: str, instant: int) -> Price | None:
        """The price of a model's tokens at an instant; None where there is none.

        Of several patterns that fit, the whole name comes first, then the longest beginning.

        Args:
            model: Its name.
            instant: Unix milliseconds.
        """
        patterns = self._patterns.get(model)
        if patterns is None:
            if len(self._patterns) >= MODELS_REMEMBERED:
                self._patterns.clear()
            patterns = self._patterns[model] = tuple(_fitting(model, self._by_pattern))
        for pattern in patterns:
            for price in self._by_pattern[pattern]:
                if price.from_at <= instant < price.until_at:
                    return price
        return None


def book_of(file: PriceFile, name: str) -> PriceBook:
    """The prices of a file.

    Args:
        file: As it is written.
        name: Where it is from, for people.

    Raises:
        ValueError: Two prices contradict each other.
    """
    return PriceBook((price for entry in file.prices for price in _prices_of(entry, file.currency)), name)


def round_picos(picos: int) -> int:
    """Millionths of a micro-unit as whole micro-units, a half to the even one."""
    micros, rest = divmod(picos, PICOS_IN_MICRO)
    return micros + (2 * rest > PICOS_IN_MICRO or (2 * rest == PICOS_IN_MICRO and micros % 2 == 1))


def _prices_of(entry: PriceEntry, currency: str) -> Iterable[Price]:
    for pattern in entry.models:
        yield Price(
            pattern,
            0 if entry.from_date is None else _begin_of(entry.from_date),
            FOREVER if entry.until is None else _begin_of(entry.until),
            entry.currency or currency,
            entry.input,
            entry.output,
            entry.input if entry.cache_read is None else entry.cache_read,
            entry.input if entry.cache_write is None else entry.cache_write,
        )


def _fitting(model: str, patterns: Iterable[str]) -> list[str]:
    """The patterns that a model fits, the closest first."""
    fitting = [each for each in patterns if each == model or (each.endswith("*") and model.startswith(each[:-1]))]
    return sorted(fitting, key=lambda each: (each != model, -len(each)))


def _begin_of(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000


def _day_of(instant: int) -> str:
    return datetime.fromtimestamp(instant / 1_000, UTC).date().isoformat()
