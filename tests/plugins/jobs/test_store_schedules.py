"""Schedules as they are kept: saving, pausing, and the instants that they name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from plugins.jobs.driving import Jobs
from plugins.logged import payloads
from synthetic.testing import expect_data
from synthetic_jobs.schedule_model import (
    MissedPolicy,
    OverlapPolicy,
    Schedule,
    first_made_up_for,
    moved_on,
    next_instant,
)
from synthetic_jobs.services import fire

HOUR_MS = 3_600_000
JOB = {"kind": "build"}


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def test_a_new_schedule_is_kept_as_it_was_said(jobs: Jobs) -> None:
    content = {
        "cron": "30  7 * * 1-5",
        "timezone": "Europe/Vienna",
        "missed": MissedPolicy.SKIP,
        "overlap": OverlapPolicy.SKIP,
        "job": {"kind": "build", "priority": 7, "params": {"b": 1, "a": 2}},
    }
    saved = jobs.save_schedule(content, schedule_id="s")

    assert (saved.created, saved.changed) == (True, True)
    schedule = jobs.get_schedule("s")
    assert schedule == saved.schedule
    assert (schedule.cron, schedule.every_ms, schedule.timezone) == ("30 7 * * 1-5", None, "Europe/Vienna")
    assert (schedule.missed, schedule.overlap, schedule.version, schedule.paused_at) == ("SKIP", "SKIP", 1, None)
    assert schedule.next_at == ms("2027-01-18T06:30Z")  # the store's time is a Friday's, 09:00 in Vienna
    assert payloads(jobs.store, "job_schedule.saved") == [
        {"created": True, "version": 1, "kind": "build", "cron": "30 7 * * 1-5", "everyMs": None, "isPaused": False,
         "pauseReason": None}
    ]  # fmt: skip


def test_a_schedule_is_saved_again_changed_by_version_and_else_in_conflict(jobs: Jobs) -> None:
    content = {"every_ms": HOUR_MS, "job": JOB}
    first = jobs.save_schedule(content, schedule_id="s").schedule
    jobs.clock.advance(5)

    with jobs.unchanged():
        assert jobs.save_schedule(content, schedule_id="s") == (first, False, False)
    with jobs.refused("CONFLICT", "ifVersion"):
        jobs.save_schedule({"every_ms": 2 * HOUR_MS}, schedule_id="s")
    changed = jobs.save_schedule({"job": {"kind": "test"}}, schedule_id="s", if_version=1).schedule
    assert (changed.version, changed.next_at, changed.every_ms) == (2, first.next_at, HOUR_MS)
    changed = jobs.save_schedule({"every_ms": 2 * HOUR_MS}, schedule_id="s", if_version=2).schedule
    assert changed.next_at == jobs.clock.now_ms() + 2 * HOUR_MS
    changed = jobs.save_schedule({"every_ms": None, "cron": "0 9 * * *"}, schedule_id="s", if_version=3).schedule
    assert (changed.every_ms, changed.cron, changed.next_at) == (None, "0 9 * * *", ms("2027-01-15T09:00Z"))


def test_an_interval_of_a_month_can_be_said_in_graphql(jobs: Jobs) -> None:
    month_ms = 31 * 24 * HOUR_MS
    save = "mutation ($i: SaveJobScheduleInput!) { saveJobSchedule(input: $i) { schedule { everyMs pauseReason } } }"
    answer = expect_data(jobs.store.graphql(save, {"i": {"everyMs": month_ms, "job": {"kind": "build"}}}))
    assert answer["saveJobSchedule"]["schedule"] == {"everyMs": month_ms, "pauseReason": None}


UNACCEPTABLE: list[tuple[str, dict[str, Any]]] = [
    ("job", {"every_ms": HOUR_MS}),
    ("job", {"every_ms": HOUR_MS, "job": None}),
    ("kind", {"every_ms": HOUR_MS, "job": {}}),
    ("cron", {"job": JOB}),
    ("cron", {"every_ms": HOUR_MS, "cron": "0 9 * * *", "job": JOB}),
    ("cron", {"cron": "0 9 * *", "job": JOB}),
    ("cron", {"cron": "0 9 * * * *", "job": JOB}),
    ("cron", {"cron": "61 9 * * *", "job": JOB}),
    ("cron", {"cron": "0 0 30 2 *", "job": JOB}),
    ("cron", {"cron": "every day at 9 o'clock", "job": JOB}),
    ("everyMs", {"every_ms": 999, "job": JOB}),
    ("everyMs", {"every_ms": 367 * 24 * HOUR_MS, "job": JOB}),
    ("timezone", {"cron": "0 9 * * *", "timezone": "Middle/Earth", "job": JOB}),
    ("timezone", {"cron": "0 9 * * *", "timezone": "../../etc/passwd", "job": JOB}),
    ("missed", {"every_ms": HOUR_MS, "missed": "SHRUG", "job": JOB}),
    ("overlap", {"every_ms": HOUR_MS, "overlap": "SHRUG", "job": JOB}),
    ("startsAt", {"every_ms": HOUR_MS, "starts_at": -1, "job": JOB}),
    ("startsAt", {"every_ms": HOUR_MS, "starts_at": 1_800_000_000_000 - 367 * 24 * HOUR_MS, "job": JOB}),
    ("cron", {"cron": "0 9 * * *", "starts_at": 253_402_300_799_999, "job": JOB}),
    ("idempotencyKey", {"every_ms": HOUR_MS, "job": {"kind": "build", "idempotency_key": "once"}}),
    ("runAfter", {"every_ms": HOUR_MS, "job": {"kind": "build", "run_after": 5}}),
    ("priority", {"every_ms": HOUR_MS, "job": {"kind": "build", "priority": 10}}),
]


def test_what_is_not_acceptable_is_refused_by_its_name(jobs: Jobs) -> None:
    for field, content in UNACCEPTABLE:
        with jobs.refused("BAD_USER_INPUT", field):
            jobs.save_schedule(content, schedule_id="s")


def test_a_schedule_that_is_not_there_is_not_found(jobs: Jobs) -> None:
    assert jobs.find_schedule("nothing") is None
    for function in (jobs.get_schedule, jobs.pause_schedule, jobs.resume_schedule, jobs.delete_schedule):
        with jobs.refused("NOT_FOUND", "id"):
            function("nothing")
    with jobs.refused("NOT_FOUND", "id"):
        jobs.run_schedule("nothing")
    first = jobs.save_schedule({"every_ms": HOUR_MS, "job": JOB}, schedule_id="s").schedule
    assert jobs.list_schedules_by_id(["nothing", "s"]) == [None, first]


def schedule_of(**columns: Any) -> Schedule:
    """A record that no store has seen."""
    content = {"id": "s", "timezone": "UTC", "missed": "ALL", "overlap": "ALLOW", "job": "{}", "version": 1}
    times = {"next_at": 0, "created_at": 0, "updated_at": 0}
    return Schedule(**{**dict.fromkeys(Schedule._fields), **content, **times, **columns})


def instants(count: int, begin: str, **content: Any) -> list[str]:
    """The next so many instants of a schedule, in its zone's time."""
    at = ms(begin)
    schedule = schedule_of(next_at=at, **content)
    found = []
    for _ in range(count):
        at = next_instant(schedule, at)
        found.append(datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(schedule.timezone)).isoformat())
    return found


def test_a_job_of_a_fixed_time_in_the_hour_that_is_left_out_runs_right_after_it() -> None:
    """In Vienna the clocks go from 02:00 to 03:00 on 28 March 2027."""
    assert instants(3, "2027-03-26T12:00Z", cron="30 2 * * *", timezone="Europe/Vienna") == [
        "2027-03-27T02:30:00+01:00",
        "2027-03-28T03:00:00+02:00",
        "2027-03-29T02:30:00+02:00",
    ]


def test_a_job_of_a_fixed_time_in_the_hour_that_comes_twice_runs_once() -> None:
    """In Vienna the clocks go back from 03:00 to 02:00 on 31 October 2027."""
    assert instants(3, "2027-10-29T12:00Z", cron="30 2 * * *", timezone="Europe/Vienna") == [
        "2027-10-30T02:30:00+02:00",
        "2027-10-31T02:30:00+02:00",
        "2027-11-01T02:30:00+01:00",
    ]


@pytest.mark.parametrize("begin", ["2027-03-28T00:00Z", "2027-10-30T23:00Z"])
def test_a_job_of_every_half_hour_keeps_to_it_when_the_clocks_change(begin: str) -> None:
    found = [ms(text) for text in instants(8, begin, cron="*/30 * * * *", timezone="Europe/Vienna")]
    assert [at - ms(begin) for at in found] == [half * HOUR_MS // 2 for half in range(1, 9)]


def test_a_daily_time_is_that_of_its_zone_summer_and_winter() -> None:
    assert instants(2, "2027-03-27T12:00Z", cron="0 9 * * *", timezone="America/New_York")[0].endswith("09:00:00-04:00")
    assert instants(1, "2027-12-01T12:00Z", cron="0 9 * * *", timezone="America/New_York")[0].endswith("09:00:00-05:00")


CLOCK_CHANGES = [
    ("Europe/Vienna", "2026-03-28T22:00Z"),
    ("Europe/Vienna", "2026-10-24T22:00Z"),
    ("America/New_York", "2026-03-08T04:00Z"),
    ("America/New_York", "2026-11-01T03:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T12:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T12:00Z"),
]


@pytest.mark.parametrize(("timezone", "begin"), CLOCK_CHANGES)
def test_the_next_instant_is_always_to_come_while_the_clocks_change(timezone: str, begin: str) -> None:
    for cron in ("30 2 * * *", "0 2 * * *", "*/20 * * * *", "30 1-3 * * *", "*/30 2 * * *", "45 1 * * *"):
        schedule = schedule_of(cron=cron, timezone=timezone)
        for minute in range(8 * 60):
            after = ms(begin) + minute * 60_000
            assert next_instant(schedule, after) > after, (cron, minute)


def test_a_job_of_the_hour_that_comes_twice_does_not_run_again_in_the_second() -> None:
    """In Vienna 00:30Z is 02:30 for the first time; asked at any time after it, the next one is a day later."""
    schedule = schedule_of(cron="30 2 * * *", timezone="Europe/Vienna")
    assert next_instant(schedule, ms("2026-10-25T00:29Z")) == ms("2026-10-25T00:30Z")
    for asked in ("00:30", "01:00", "01:10", "01:29", "01:30", "02:00"):
        assert next_instant(schedule, ms(f"2026-10-25T{asked}Z")) == ms("2026-10-26T01:30Z")


def test_the_latest_instants_are_found_without_those_before_them() -> None:
    now = ms("2026-10-25T12:00Z")
    for timing in ({"every_ms": 60_000}, {"cron": "* * * * *"}, {"cron": "*/20 2 * * *", "timezone": "Europe/Vienna"}):
        schedule = schedule_of(next_at=ms("2026-10-20T00:20Z"), **timing)
        come = [schedule.next_at]
        while (at := next_instant(schedule, come[-1])) <= now:
            come.append(at)
        for most in (1, 3, 10):
            assert first_made_up_for(schedule, now, most) == come[-most]
        assert first_made_up_for(schedule, now, 100_000) == schedule.next_at


def test_a_schedule_is_never_moved_to_where_it_was() -> None:
    schedule = schedule_of(every_ms=1_000, next_at=5_000)
    assert moved_on(schedule, 5_001).next_at == 5_001
    for at in (4_999, 5_000):
        with pytest.raises(ValueError, match="does not go on"):
            moved_on(schedule, at)


def test_a_day_that_comes_once_in_four_years_is_waited_for() -> None:
    assert instants(2, "2027-01-01T00:00Z", cron="0 0 29 2 *") == [
        "2028-02-29T00:00:00+00:00",
        "2032-02-29T00:00:00+00:00",
    ]


def test_an_interval_counts_from_its_instants_whenever_it_is_asked() -> None:
    schedule = schedule_of(every_ms=1_000, next_at=5_000)
    assert next_instant(schedule, 0) == 1_000
    assert next_instant(schedule._replace(starts_at=5_000), 0) == 5_000
    assert [next_instant(schedule, after) for after in (4_001, 4_999, 5_000, 5_001, 5_999, 6_000, 65_432)] == [
        5_000, 5_000, 6_000, 6_000, 6_000, 7_000, 66_000,
    ]  # fmt: skip


def test_a_pause_is_no_time_missed(jobs: Jobs) -> None:
    first = jobs.save_schedule({"every_ms": HOUR_MS, "job": JOB, "missed": MissedPolicy.ALL}, schedule_id="s").schedule

    paused = jobs.pause_schedule("s")
    assert paused.paused_at == jobs.clock.now_ms()
    with jobs.unchanged():
        assert jobs.pause_schedule("s") == paused
    jobs.clock.advance(10 * HOUR_MS + 5)
    with jobs.unchanged():
        assert fire(jobs.store) == 0
    resumed = jobs.resume_schedule("s")
    assert (resumed.paused_at, resumed.next_at) == (None, first.next_at + 10 * HOUR_MS)
    with jobs.unchanged():
        assert fire(jobs.store) == 0
        assert jobs.resume_schedule("s") == resumed
    assert [each["isPaused"] for each in payloads(jobs.store, "job_schedule.saved")] == [False, True, False]


def test_a_deleted_schedule_makes_no_more_jobs_and_leaves_those_it_made(jobs: Jobs) -> None:
    jobs.save_schedule({"every_ms": HOUR_MS, "job": JOB}, schedule_id="s")
    job = jobs.run_schedule("s")

    jobs.delete_schedule("s")

    jobs.clock.advance(2 * HOUR_MS)
    assert fire(jobs.store) == 0
    assert jobs.get(job.id).schedule_id == "s"
    assert payloads(jobs.store, "job_schedule.deleted") == [{"kind": "build"}]
