"""The plugin's part of the demo: somebody keeps a few searches, and hears of what the fleet does there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from random import Random

from synthetic import BlockingStore, Transaction
from synthetic.demo import Fleet, FleetConstruct, Moment, slug
from synthetic_search.saved.store import count_searches, save_search

SEARCHES_MAX = 5
"""So many searches are kept; then nothing more is done."""

LOOKED_AT = 50
"""They are about what one of so many constructs is about."""


def history(_fleet: Fleet, construct: FleetConstruct) -> Iterator[Moment]:
    """Searches for the parts of a program that the fleet worked on first."""
    for at, _ in construct.phases[:1]:
        yield Moment(at, partial(_keep, part=construct.part))


def live(store: BlockingStore, fleet: Fleet, random: Random) -> None:
    """Keep one more search, for a part of a program that the fleet works on."""
    parts = sorted({construct.part for construct in islice(fleet.constructs(), LOOKED_AT)})
    if parts:
        store.write(_keep, random.choice(parts))


def _keep(tx: Transaction, part: str) -> None:
    if count_searches(tx) < SEARCHES_MAX:
        save_search(tx, {"name": f"The {part}", "query": f'"{part}"'}, id=f"demo-{slug(part)}")
