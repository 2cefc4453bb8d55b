"""Moments of all parts, merged: in the order of time, of one instant in the order of plugins."""

from __future__ import annotations

import uuid

import pytest

from synthetic.demo import Fleet, Moment
from synthetic.demo.history import merged_history
from synthetic.errors import PluginFailedError

from .kit import NOW

FLEET = Fleet(seed=1, scale=1, now=NOW)


def nothing(_tx):
    """Writes nothing."""


def part(*delays):
    def history(_fleet, construct):
        for delay in delays:
            yield Moment(construct.created_at + delay, nothing)

    return history


def test_moments_come_in_the_order_of_time_and_of_plugins():
    merged = list(merged_history(FLEET, [("first", part(0, 10_000_000)), ("second", part(0, 5_000))]))
    instants = [moment.at for _, moment in merged]
    assert instants == sorted(instants)
    at_once = [plugin for plugin, moment in merged if moment.at == merged[0][1].at]
    assert at_once == ["first", "second"]


def test_what_follows_the_end_of_the_history_is_left_out():
    constructs = sum(construct.created_at <= NOW for construct in FLEET.constructs())
    merged = list(merged_history(FLEET, [("one", part(0, 400 * 24 * 3_600_000))]))
    assert len(merged) == constructs


@pytest.mark.parametrize("delays", [(-1,), (0, 10, 9)])
def test_a_history_that_goes_back_in_time_is_refused_by_the_name_of_its_plugin(delays):
    with pytest.raises(PluginFailedError, match="The plugin notes"):
        list(merged_history(FLEET, [("notes", part(*delays))]))


def test_constructs_are_planned_in_order_and_sessions_lie_within_the_work_on_theirs():
    constructs = list(FLEET.constructs())
    assert [each.created_at for each in constructs] == sorted(each.created_at for each in constructs)
    for construct in constructs:
        stretches = [(start, end) for start, end, _ in construct.work()]
        for run in FLEET.sessions(construct):
            for session in run:
                assert any(start <= session.started_at <= session.ended_at <= end for start, end in stretches)


def test_ids_have_the_form_of_a_uuidv7_and_differ():
    constructs = list(FLEET.constructs())
    ids = [each.id for each in constructs]
    ids += [session.id for each in constructs for run in FLEET.sessions(each) for session in run]
    assert len(set(ids)) == len(ids)
    assert {(uuid.UUID(each).version, uuid.UUID(each).variant) for each in ids} == {(7, uuid.RFC_4122)}
    assert all(str(uuid.UUID(each)) == each for each in ids)


def test_what_one_draws_changes_nothing_for_another():
    expected = FLEET.random("b").random()
    FLEET.random("a").random()
    assert FLEET.random("b").random() == expected != FLEET.random("a").random()
