from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from synthetic.server.garbage import GROWTH, LongLived


class Knot:
    """Something that refers to itself, so that only the collector frees it."""

    def __init__(self) -> None:
        self.own = self


@pytest.fixture
def long_lived() -> Iterator[LongLived]:
    keeper = LongLived()
    keeper.begin()
    yield keeper
    keeper.end()


def test_connections_that_stay_are_looked_at_no_more(long_lived: LongLived):
    before = gc.get_freeze_count()
    connections = [[number] for number in range(GROWTH)]
    long_lived.note(GROWTH - 1)
    assert gc.get_freeze_count() == before, "a few more are not worth it"
    long_lived.note(GROWTH)
    assert gc.get_freeze_count() >= before + len(connections)


def test_what_refers_to_itself_is_freed_when_most_connections_have_gone(long_lived: LongLived):
    knot = Knot()
    gone = weakref.ref(knot)
    long_lived.note(GROWTH)
    del knot
    gc.collect()
    long_lived.note(GROWTH // 2)
    assert gone() is not None, "it is out of the collector's sight, which is the price"
    long_lived.note(GROWTH // 2 - 1)
    assert gone() is None


def test_at_the_end_nothing_is_kept_from_the_collector():
    keeper = LongLived()
    keeper.begin()
    keeper.note(GROWTH)
    keeper.end()
    assert gc.get_freeze_count() == 0
