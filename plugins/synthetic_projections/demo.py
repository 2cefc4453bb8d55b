"""The plugin's part of the demo: what the themes that have one tell, merged in the order of time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from random import Random

from synthetic import BlockingStore
from synthetic.demo import Fleet, FleetConstruct, Moment
from synthetic_projections.costs import demo as costs
from synthetic_projections.documents import demo as documents
from synthetic_projections.workflows import demo as workflows

PARTS = (workflows, documents, costs)
WEIGHTS = (5, 1, 2)
"""How often each of them goes on."""


def history(fleet: Fleet, construct: FleetConstruct) -> Iterator[Moment]:
    """What all parts know about a construct; of one instant, in the order of the parts."""
    return heapq.merge(*(part.history(fleet, construct) for part in PARTS), key=lambda moment: moment.at)


def live(store: BlockingStore, fleet: Fleet, random: Random) -> None:
    """One step of one of the parts."""
    random.choices(PARTS, WEIGHTS)[0].live(store, fleet, random)
