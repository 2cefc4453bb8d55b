"""The made-up fleet of `synthetic demo`, and what plugins need to write their part of it.

A plugin's part (hook `register_demo`) names a module with `history(fleet, construct)` and
`live(store, fleet, random)`; see `synthetic.demo_contributions`. Nothing here,
and none of those modules, is imported before a demo runs.
"""

from __future__ import annotations

from synthetic.demo.fleet import Fleet
from synthetic.demo.history import Moment
from synthetic.demo.reading import read_first
from synthetic.demo.records import FleetConstruct, FleetSession
from synthetic.demo.words import paragraph, sentence, slug

__all__ = ["Fleet", "FleetConstruct", "FleetSession", "Moment", "paragraph", "read_first", "sentence", "slug"]
