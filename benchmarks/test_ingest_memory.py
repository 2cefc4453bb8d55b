"""Ingest takes the same memory whatever the size of a file: what it holds is a batch, and caches of bounded size.

A small file does not fill a batch (4 MiB) or SQLite's page cache (16 MiB), so
what a thousandfold file may take more is about that.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .ingesting import Ingested
from .promises import Promise, in_bytes


@pytest.mark.timeout(3_600)
def test_memory_of_an_ingest_does_not_grow_with_its_input(ingested: list[Ingested], promise: Callable[[Promise], None]):
    smallest = ingested[0]
    for each in ingested[1:]:
        promise(
            Promise(
                f"memory of an ingest of {in_bytes(each.size_bytes)}, against {in_bytes(smallest.size_bytes)}",
                in_bytes(each.peak_bytes),
                in_bytes(smallest.peak_bytes),
                each.peak_bytes / smallest.peak_bytes,
                at_most=1.5,
            )
        )
