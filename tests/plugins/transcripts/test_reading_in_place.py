"""Bodies in place: bytes that are decompressed and decoded count, and too many of them go to the pool."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from plugins.transcripts.making import append, begin, plain, seal
from synthetic import Store, from_json, to_json
from synthetic.graphql import placer
from synthetic.graphql.answers import GraphQLRequest
from synthetic.graphql.placement import Placement
from synthetic.security.gate import ANONYMOUS
from synthetic.testing import expect_data

TEXT = "something that was said. " * 20
APART = "something long that was said. " * 100
"""More than `apart_bytes` of the store that the tests have."""


@pytest.fixture(autouse=True)
def in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Queries are begun in place, and have any time there."""
    monkeypatch.setattr(Placement, "is_in_place", lambda *_arguments: True)
    monkeypatch.setattr(placer, "CUT_SECONDS", 60.0)


def answer(store: Store, selection: str) -> tuple[Any, bool]:
    """The messages, and whether they were read in place."""
    engine, places = store.kernel.engine, store.kernel.metrics.places
    document = f'{{ transcript(id: "t") {{ messages(first: 50) {{ nodes {{ {selection} }} }} }} }}'
    before, over = places.in_place, places.restarts["over_budget"]
    body = asyncio.run(engine.run(GraphQLRequest(document), ANONYMOUS, "c")).body
    is_in_place = places.in_place == before + 1
    assert is_in_place == (places.restarts["over_budget"] == over)
    return expect_data(from_json(to_json(body)))["transcript"]["messages"]["nodes"], is_in_place


@pytest.mark.parametrize("selection", ["seq text", "seq blocks", "seq metadata"])
@pytest.mark.parametrize("kind", ["tail", "apart", "sealed"])
def test_bodies_are_read_in_place_up_to_a_budget_of_bytes(store, monkeypatch, kind: str, selection: str) -> None:
    begin(store, "t")
    text = APART if kind == "apart" else TEXT
    append(store, [plain(number, text=text, metadata={"about": TEXT}) for number in range(1, 8)])
    if kind == "sealed":
        seal(store, "t")
    monkeypatch.setattr(placer, "BYTES_MAX", 500)
    in_pool, was_in_place = answer(store, selection)
    assert not was_in_place
    monkeypatch.setattr(placer, "BYTES_MAX", 1_000_000)
    assert answer(store, selection) == (in_pool, True)


def test_what_reads_no_bodies_needs_no_bytes_for_them(store, monkeypatch) -> None:
    begin(store, "t")
    append(store, [plain(number, text=APART) for number in range(1, 8)])
    monkeypatch.setattr(placer, "BYTES_MAX", 0)
    found, was_in_place = answer(store, "seq sourceId sizeBytes")
    assert was_in_place
    assert [each["seq"] for each in found] == list(range(1, 8))


def test_a_stretch_in_the_cache_costs_only_what_is_parsed_of_it(store, monkeypatch) -> None:
    begin(store, "t")
    append(store, [plain(number, text=2 * TEXT) for number in range(1, 8)])
    seal(store, "t")
    monkeypatch.setattr(placer, "BYTES_MAX", 1_200)
    assert [answer(store, "seq")[1] for _ in range(2)] == [False, True]
    monkeypatch.setattr(placer, "BYTES_MAX", 0)
    assert not answer(store, "seq")[1]
