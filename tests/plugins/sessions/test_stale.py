"""Stale sessions: active ones that nobody has touched within the threshold are shown, listed, counted and measured."""

from __future__ import annotations

import pytest

from plugins.sessions.documents import LIST, TOUCH_SESSION
from synthetic import iso_from_ms
from synthetic_sessions.metrics import METRICS
from synthetic_sessions.settings import SessionSettings
from synthetic_sessions.store import count_stale

STALE_MS = SessionSettings().stale_ms


def readings(store) -> dict[str, object]:
    return {metric.name: store.read(metric.read) for metric in METRICS}


@pytest.fixture
def four(save, clock):
    """Of four sessions the first two are due to be stale at the same instant; the third is over."""
    at = iso_from_ms(clock.now_ms())
    for id, status in (("a", "ACTIVE"), ("b", "ACTIVE"), ("over", "ENDED")):
        save(id=id, status=status, startedAt=at, lastActivityAt=at, **({"endedAt": at} if status == "ENDED" else {}))
    clock.advance(STALE_MS - 4_000)
    save(id="new")


def listed(ask, *, stale: bool | None = True) -> list[str]:
    found = ask(LIST, filter={"stale": stale}, orderBy="LAST_ACTIVITY_AT_ASC")["sessions"]
    ids = [node["id"] for node in found["nodes"]]
    assert found["totalCount"] == len(ids)
    return ids


def shown(ask) -> dict[str, bool]:
    nodes = ask("{ sessions { nodes { id isStale } } }")["sessions"]["nodes"]
    return {node["id"]: node["isStale"] for node in nodes}


def test_a_session_is_stale_a_moment_after_the_threshold_and_not_at_it(ask, store, four, clock) -> None:
    assert listed(ask) == []
    assert store.read(count_stale) == (0, 3)

    clock.advance(1)

    assert listed(ask) == ["a", "b"]
    assert listed(ask, stale=False) == ["over", "new"]
    assert listed(ask, stale=None) == ["a", "b", "over", "new"]
    assert shown(ask) == {"a": True, "b": True, "over": False, "new": False}
    assert readings(store) == {
        "stale_state_active_sessions_ratio": 2 / 3,
        "synthetic_sessions_active": 3,
        "synthetic_sessions_stale": 2,
    }


def test_a_touch_an_end_and_a_clock_set_back_end_it(ask, save, store, four, clock) -> None:
    clock.advance(60_000)
    ask(TOUCH_SESSION, id="a")
    assert listed(ask) == ["b"]
    save(id="b", status="CANCELLED", ifVersion=1)
    assert listed(ask) == []

    clock.advance(2 * STALE_MS)
    assert listed(ask) == ["new", "a"]
    clock.jump(-2 * STALE_MS)
    assert listed(ask) == []


def test_the_ratio_is_nothing_where_no_session_is_active(store, save) -> None:
    assert readings(store)["stale_state_active_sessions_ratio"] == 0
    save(id="s", status="ENDED")
    assert readings(store)["stale_state_active_sessions_ratio"] == 0


def test_staleness_is_one_filter_among_others(ask, store, four, clock, construct, save) -> None:
    clock.advance(60_000)
    save(id="a", constructId=construct("c"), ifVersion=1)

    of_construct = "{ constructs { nodes { sessions(filter: {stale: true}) { totalCount nodes { id } } } } }"
    found = ask(of_construct)["constructs"]["nodes"][0]["sessions"]
    assert found == {"totalCount": 1, "nodes": [{"id": "a"}]}
    both = ask(LIST, filter={"stale": True, "status": ["ENDED"]})["sessions"]
    assert (both["totalCount"], both["nodes"]) == (0, [])
