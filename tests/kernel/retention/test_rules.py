"""Rules that cannot work are refused: at once, when their plugin is loaded, or when the store is opened."""

from __future__ import annotations

import pytest

from synthetic import RetentionRule
from synthetic.errors import PluginClashError, PluginFailedError
from synthetic.retention_contributions import BATCH_MAX
from synthetic.testing import open_test_store
from thirdparty.distributions import WITH_SETTINGS
from thirdparty.distributions import refused as load_refused

from .kit import MIGRATION, install

GOOD = {"name": "old", "purpose": "Old ones.", "table": "errands", "age_column": "done_at", "keep_setting": "keep_ms"}


def rule(**changes: str) -> str:
    """A rule of the plugin, as its code has it."""
    words = {
        "name": "done", "purpose": "Old.", "table": "errands", "age_column": "done_at", "keep_setting": "keep_done_ms",
    } | changes  # fmt: skip
    rest = 'RetentionRule(name="v", purpose="V.", table="visits", age_column="made_at", keep_setting="keep_visits_ms")'
    return f"RetentionRule({', '.join(f'{name}={value!r}' for name, value in words.items())}), {rest},"


def refused(site, tmp_path, rules: str, *, migration: str = MIGRATION, settings: str = "") -> PluginFailedError:
    install(site, tmp_path / "store", rules=rules, migration=migration, settings=settings)
    with pytest.raises(PluginFailedError) as caught, open_test_store(tmp_path / "store"):
        pass
    return caught.value


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Old"}, "lower-case words"),
        ({"purpose": " "}, "must say in words"),
        ({"table": "errands; DROP"}, "lower-case words"),
        ({"age_column": "done_at < 1 OR done_at"}, "lower-case words"),
        ({"keep_setting": ""}, "lower-case words"),
        ({"batch": 0}, "batch of old"),
        ({"batch": BATCH_MAX + 1}, "batch of old"),
    ],
)
def test_a_record_that_cannot_be_right_is_refused_where_it_is_made(changes, message):
    RetentionRule(**GOOD)
    with pytest.raises(ValueError, match=message):
        RetentionRule(**GOOD | changes)


@pytest.mark.parametrize(
    ("changes", "settings", "message"),
    [
        ({"table": "constructs"}, "", "is over the table constructs, which the plugin does not register"),
        ({"keep_setting": "keep_gone_ms"}, "", "names keep_gone_ms, which is no setting"),
        ({"keep_setting": "name"}, "", "names name, which is no setting"),
        ({}, "keep_done_ms = -1", "keeps rows for -1 ms, as plugins.errands.keep_done_ms says"),
    ],
)
def test_a_rule_that_does_not_fit_its_plugin_stops_the_start(site, tmp_path, changes, settings, message):
    error = refused(site, tmp_path, rule(**changes), settings=settings)
    assert error.message.startswith(f"The plugin errands: its retention rule done {message}")


def test_a_table_needs_a_rule_or_a_reason_why_not(site, tmp_path):
    error = refused(site, tmp_path, rule().partition("), ")[0] + "),")
    assert "its table visits has no retention rule and does not say why it needs none" in error.message


def test_two_rules_of_one_name_are_a_clash(site, tmp_path):
    install(site, tmp_path / "store", rules=rule() + rule(table="visits", age_column="made_at"))
    with (
        pytest.raises(PluginClashError, match=r"retention rule `errands.done` twice"),
        open_test_store(tmp_path / "store"),
    ):
        pass


def test_a_table_that_a_fold_computes_has_no_rule(site, tmp_path):
    folded = """
from typing import NamedTuple
from synthetic import EventType, Fold, Selector

HAPPENED = EventType(name="tally.happened", entity="thing", purpose="It happened.")

class Day(NamedTuple):
    day: int

@hookimpl
def register_events():
    return (HAPPENED,)

@hookimpl
def register_tables():
    return (Table(name="tally_days", purpose="Days.", key=("day",)),)

@hookimpl
def register_consumers():
    selectors = {"tally_days": Selector.of_entity("thing")}
    fold = Fold(
        name="days", purpose="Days.", tables={"tally_days": Day}, types=(HAPPENED,), apply=max, selectors=selectors
    )
    return (fold,)
"""
    rules = """
from synthetic import RetentionRule

@hookimpl
def register_retention():
    return (RetentionRule(name="old", purpose="Old.", table="tally_days", age_column="day", keep_setting="size"),)
"""
    site.install("tally", WITH_SETTINGS + folded + rules)
    assert "over the table tally_days of a fold" in load_refused(tmp_path, tally="").message


@pytest.mark.parametrize(
    ("changes", "migration", "message"),
    [
        ({"age_column": "created_at"}, MIGRATION, "no index that gives the rows of errands in order of created_at"),
        ({"age_column": "state"}, MIGRATION, "counts age from state, which is no integer column of errands"),
        ({"age_column": "gone_at"}, MIGRATION, "counts age from gone_at, which is no integer column of errands"),
        ({"condition": "colour = 'red'"}, MIGRATION, "condition that is not SQL over columns of errands"),
        ({"condition": "done_at < :before - :more"}, MIGRATION, "condition that is not SQL over columns of errands"),
        ({"condition": "1) OR (1"}, MIGRATION, "no index that gives the rows of errands"),
        ({"condition": "(SELECT count(*) FROM claims) = 0"}, MIGRATION, "SCAN claims"),
        ({}, MIGRATION.replace("(done_at) WHERE", "(state, done_at) WHERE"), "no index that gives"),
        (
            {"condition": "state IN ('DONE', 'FAILED')"},
            MIGRATION.replace("(done_at) WHERE", "(state, done_at) WHERE"),
            "USE TEMP B-TREE FOR ORDER BY",
        ),
    ],
)
def test_a_rule_that_would_read_more_than_what_goes_is_refused(site, tmp_path, changes, migration, message):
    error = refused(site, tmp_path, rule(**changes), migration=migration)
    assert error.message.startswith("The retention rule errands.done ")
    assert message in error.message
    assert error.details["plugin"] == "errands"


@pytest.mark.parametrize(
    ("condition", "columns"),
    [
        ("state = 'DONE'", "(state, done_at)"),
        ("done_at IS NOT NULL", "(done_at, id) WHERE done_at IS NOT NULL"),
        ("state <> 'OPEN'", "(done_at) WHERE state <> 'OPEN'"),
    ],
)
def test_an_index_that_serves_the_condition_too_will_do(site, tmp_path, condition, columns):
    index = "(done_at) WHERE done_at IS NOT NULL"
    assert index in MIGRATION
    install(site, tmp_path / "store", rules=rule(condition=condition), migration=MIGRATION.replace(index, columns))
    with open_test_store(tmp_path / "store") as store:
        rules = [each for each in store.kernel.registry.retention if each.plugin == "errands"]
        assert [each.record.condition for each in rules] == [condition, ""]
