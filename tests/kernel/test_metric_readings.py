"""Readings for `/metrics`: taken when due, bounded, and none at the cost of another."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from synthetic import metric_readings
from synthetic.clock import SystemClock
from synthetic.contributions import Stamped
from synthetic.metric_contributions import MetricReading
from synthetic.metric_readings import FRESH_SECONDS, RETRY_SECONDS, SHOWN_SECONDS, MetricReadings
from synthetic.testing import ManualClock
from thirdparty.distributions import load, refused

pytestmark = pytest.mark.anyio

ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


def reading(name: str, read: Any, **given: Any) -> Stamped[MetricReading]:
    return Stamped("notes", MetricReading(name=name, purpose="A number.", read=read, **given))


def shown(readings: MetricReadings) -> dict[tuple[str, ...], float]:
    """Samples by name and label."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in readings.collect()
        for sample in family.samples
    }


@pytest.fixture
def clock() -> ManualClock:
    """Stands still until a test moves it."""
    return ManualClock()


async def test_a_number_and_a_number_for_each_value_of_a_label_are_shown(store, clock):
    readings = MetricReadings(
        [
            reading("notes", lambda snapshot: snapshot.value("SELECT 7")),
            reading("nothing", lambda _: None),
            reading("moods", lambda _: {"GOOD": 0.5}, label="mood", label_values=("GOOD", "BAD")),
        ],
        clock,
    )
    assert shown(readings) == {}
    await readings.refresh(store.kernel.database)
    assert shown(readings) == {("notes",): 7, ("moods", "GOOD"): 0.5, ("moods", "BAD"): 0}


async def test_what_was_read_is_kept_for_a_while_and_then_read_again(store, clock):
    taken = []
    readings = MetricReadings([reading("notes", lambda _: taken.append(1) or len(taken))], clock)
    for _ in range(3):
        await readings.refresh(store.kernel.database)
    assert shown(readings) == {("notes",): 1}
    clock.advance(int(FRESH_SECONDS * 1000))
    await readings.refresh(store.kernel.database)
    assert shown(readings) == {("notes",): 2}
    clock.advance(int(SHOWN_SECONDS * 1000) + 1)
    assert shown(readings) == {}


async def test_a_reading_that_took_long_rests_for_longer(store, clock):
    def take(_: object) -> int:
        clock.advance(800)
        return 1

    taken = []
    readings = MetricReadings([reading("notes", lambda snapshot: taken.append(1) or take(snapshot))], clock)
    await readings.refresh(store.kernel.database)
    clock.advance(15_000)
    await readings.refresh(store.kernel.database)
    assert len(taken) == 1
    clock.advance(1_001)
    await readings.refresh(store.kernel.database)
    assert len(taken) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        lambda _: 1 / 0,
        lambda snapshot: snapshot.value("SELECT 1 FROM nowhere"),
        lambda _: "many",
        lambda _: True,
        lambda _: float("nan"),
        lambda _: {"GOOD": 1},
    ],
)
async def test_a_reading_that_fails_is_left_out_counted_and_logged_and_the_others_are_shown(
    store, clock, caplog, wrong
):
    registry = CollectorRegistry()
    readings = MetricReadings([reading("wrong", wrong), reading("right", lambda _: 1)], clock, registry)
    with caplog.at_level(logging.WARNING):
        await readings.refresh(store.kernel.database)
        await readings.refresh(store.kernel.database)
    assert shown(readings) == {("right",): 1}
    failures = lambda: registry.get_sample_value("synthetic_metric_reading_failures_total", {"metric": "wrong"})  # noqa: E731
    assert failures() == 1
    assert "a metric could not be read" in caplog.text
    clock.advance(int(RETRY_SECONDS * 1000))
    await readings.refresh(store.kernel.database)
    assert failures() == 2


@pytest.mark.parametrize("result", [3, {"UGLY": 1}, {"GOOD": "1"}])
async def test_a_label_that_was_not_declared_is_a_failure(store, clock, result):
    readings = MetricReadings(
        [reading("moods", lambda _: result, label="mood", label_values=("GOOD",))], clock, CollectorRegistry()
    )
    await readings.refresh(store.kernel.database)
    assert shown(readings) == {}


async def test_sql_without_an_end_is_cut_short_and_the_others_are_shown(store, monkeypatch):
    monkeypatch.setattr(metric_readings, "READING_SECONDS", 0.05)
    readings = MetricReadings(
        [reading("endless", lambda snapshot: snapshot.value(ENDLESS)), reading("quick", lambda _: 1)], SystemClock()
    )
    await readings.refresh(store.kernel.database)
    assert shown(readings) == {("quick",): 1}


async def test_where_all_take_too_long_the_next_round_begins_with_those_that_were_not_reached(store, monkeypatch):
    monkeypatch.setattr(metric_readings, "REFRESH_SECONDS", 0.1)
    monkeypatch.setattr(metric_readings, "READING_SECONDS", 60.0)
    release = threading.Event()
    readings = MetricReadings(
        [reading("held", lambda _: release.wait(60) and 1), reading("quick", lambda _: 1)], SystemClock()
    )
    await readings.refresh(store.kernel.database)
    assert shown(readings) == {}
    await readings.refresh(store.kernel.database)
    release.set()
    assert shown(readings) == {("quick",): 1}


@pytest.mark.parametrize(
    ("name", "given", "problem"),
    [
        ("Notes", {}, "lower-case words"),
        ("notes_total", {}, "must not end"),
        ("process_notes", {}, "must not begin"),
        ("notes", {"label": "mood"}, "or neither"),
        ("notes", {"label_values": ("A",)}, "or neither"),
        ("notes", {"label": "mood", "label_values": ("A", "A")}, "twice"),
        ("notes", {"label": "mood", "label_values": ("A b",)}, "must be a word"),
        ("notes", {"label": "mood", "label_values": tuple(f"V{n}" for n in range(51))}, "at most 50"),
    ],
)
async def test_a_reading_that_makes_no_sense_is_refused(name, given, problem):
    with pytest.raises(ValueError, match=problem):
        reading(name, lambda _: 1, **given)


METRIC = """
from synthetic import MetricReading

@hookimpl
def register_metrics():
    return (MetricReading(name="{name}", purpose="A number.", read=lambda snapshot: 1),)
"""


async def test_a_name_is_taken_once_and_none_of_the_kernels(site, tmp_path):
    site.install("first", METRIC.format(name="notes"))
    site.install("second", METRIC.format(name="notes"))
    site.install("third", METRIC.format(name="synthetic_writes"))
    assert [stamped.record.name for stamped in load(tmp_path, first="").metrics] == ["notes"]
    assert "both contribute the metric `notes`" in refused(tmp_path, first="", second="").message
    assert "the kernel's own" in refused(tmp_path, third="").message
