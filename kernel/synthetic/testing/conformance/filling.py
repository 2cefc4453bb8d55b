"""Rows for a store, from the parts that its plugins have of the demo."""

from __future__ import annotations

from itertools import islice

from synthetic.database.transaction import Transaction
from synthetic.demo.fleet import Fleet
from synthetic.demo.history import Moment, merged_history
from synthetic.demo.parts import histories, load_parts
from synthetic.store import Store

SEED = 1
MOMENTS_MAX = 3_000
ENOUGH_MOMENTS = 60
"""So many of the plugin's own, or of all together where none is named, are enough to look at."""

GROUP_MOMENTS = 200
LIVE_STEPS = 3


def fill_by_demo(store: Store, plugin: str | None = None) -> int:
    """Write the beginning of the history of a made-up fleet, and some of what goes on after it.

    Args:
        store: Where; its clock stands at the end of the history.
        plugin: Go on until this plugin has told enough; None: until all together have.

    Returns:
        How many moments and steps of that plugin, or of all, were written.
    """
    parts = load_parts(store.kernel.registry)
    fleet = Fleet(seed=SEED, scale=1, now=store.kernel.clock.now_ms())
    written = 0
    history = islice(merged_history(fleet, histories(parts)), MOMENTS_MAX)
    while written < ENOUGH_MOMENTS and (group := tuple(islice(history, GROUP_MOMENTS))):
        store.write(_write_moments, [moment for _, moment in group])
        written += sum(plugin in (None, name) for name, _ in group)
    for part in parts:
        if part.live is not None and plugin in (None, part.plugin):
            draw = fleet.random("conformance", part.plugin)
            for _ in range(LIVE_STEPS):
                part.live(store, fleet, draw)
                written += 1
    return written


def _write_moments(tx: Transaction, moments: list[Moment]) -> None:
    for moment in moments:
        tx.move_to(moment.at)
        moment.write(tx)
