"""`DemoPart`: what a plugin hands to the kernel with `register_demo`. What is done with it is `synthetic.demo`."""

from __future__ import annotations

from dataclasses import dataclass

from synthetic.contributions import require


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPart:
    """The plugin's part of the made-up fleet that `synthetic demo` shows.

    The module is imported only when a demo is made or shown. It has one of
    these functions, or both, with names from `synthetic.demo`:

    - `history(fleet, construct)`: a generator of `Moment` records, in the order
      of time: what the plugin knows about one of the fleet's constructs, each
      an instant and a function of the transaction that writes what happened
      then. Nothing comes before the construct was planned, and what follows
      the end of the history is left out by the kernel. It is a pure function
      of the fleet: what is random comes from `fleet.random(...)`, ids from
      `fleet.id_at(...)`.
    - `live(store, fleet, random)`: one small step of what goes on while
      somebody looks. It starts from what is in the store, which may be days
      old, or changed by the one who looks.

    Attributes:
        module: Import name of the module.
        every_ms: Pause between two steps of `live`.
    """

    module: str
    every_ms: int = 1_000

    def __post_init__(self) -> None:
        require(self.module, "the module of a part of the demo must be named")
        require(self.every_ms >= 1, f"every_ms of {self.module} must be at least 1")
