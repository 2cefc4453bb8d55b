"""Reading the file of prices: the operator's, or the sample that comes with the plugin."""

from __future__ import annotations

import functools
import tomllib
from importlib import resources
from pathlib import Path
from threading import Lock
from typing import Self

import msgspec

from synthetic import FoldInputs, SettingsLookup, Snapshot, StoreFolder, Surroundings
from synthetic_projections.costs.errors import PricesInvalidError
from synthetic_projections.costs.prices import PriceBook, PriceFile, book_of
from synthetic_projections.settings import ProjectionSettings

SAMPLE = "sample_prices.toml"

FILE_BYTES_MAX = 8 * 1_048_576


class PriceShelf:
    """The prices of a kernel, which are read once: a file that is changed counts from the next start on."""

    def __init__(self, named: str) -> None:
        """Make it.

        Args:
            named: What the setting says; empty: the sample.
        """
        self._named = named
        self._book: PriceBook | None = None
        self._lock = Lock()

    @classmethod
    def make(cls, settings: SettingsLookup, /) -> Self:
        """The one of a kernel."""
        return cls(settings(ProjectionSettings).prices)

    def book(self, surroundings: Surroundings | Snapshot) -> PriceBook:
        """The prices.

        Args:
            surroundings: Where the data directory is known, beside which a file may stand.

        Raises:
            PricesInvalidError: The file cannot be read, or is no table of prices.
        """
        with self._lock:
            if self._book is None:
                self._book = self._read(surroundings)
            return self._book

    def _read(self, surroundings: Surroundings | Snapshot) -> PriceBook:
        if not self._named:
            return _sample()
        path = Path(self._named)
        if not path.is_absolute():
            path = surroundings.resource(StoreFolder).path / path
        try:
            with path.open("rb") as file:
                content = file.read(FILE_BYTES_MAX + 1)
        except (OSError, ValueError) as error:
            # What is no path at all raises the latter.
            reason = error.strerror if isinstance(error, OSError) else error
            raise PricesInvalidError(f"The file of prices {str(path)!r} cannot be read: {reason}.") from error
        if len(content) > FILE_BYTES_MAX:
            raise PricesInvalidError(f"The file of prices {path} has more than {FILE_BYTES_MAX} bytes.")
        return parse_prices(content, path.name, str(path))


@functools.cache
def _sample() -> PriceBook:
    content = resources.files("synthetic_projections.costs").joinpath(SAMPLE).read_bytes()
    return parse_prices(content, SAMPLE, "the sample that comes with the plugin")


def parse_prices(content: bytes, file_name: str, name: str) -> PriceBook:
    """The prices of a file.

    Args:
        content: Of the file.
        file_name: Its name: what ends in `.json` is JSON, everything else TOML.
        name: What to call it.

    Raises:
        PricesInvalidError: It is no table of prices.
    """
    try:
        if file_name.endswith(".json"):
            file = msgspec.json.decode(content, type=PriceFile)
        else:
            file = msgspec.convert(tomllib.loads(content.decode()), PriceFile)
        return book_of(file, name)
    except ValueError as error:
        raise PricesInvalidError(f"The prices in {name} cannot be used: {error}.") from error


def price_book(snapshot: Snapshot) -> PriceBook:
    """The prices of the store's kernel."""
    return snapshot.resource(PriceShelf).book(snapshot)


def price_inputs(surroundings: Surroundings) -> FoldInputs:
    """The prices, as what the fold of costs depends on.

    Raises:
        PricesInvalidError: There are none that can be used.
    """
    book = surroundings.resource(PriceShelf).book(surroundings)
    return FoldInputs(book, book.fingerprint)
