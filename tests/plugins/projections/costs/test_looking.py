"""`synthetic costs`, and the checks of the sums: each finds a fault that was made by hand."""

from __future__ import annotations

import json

import pytest

from kernel.checks.kit import found_by, spoil
from plugins.projections.costs.kit import PRICES, Fleet, busy, fold
from synthetic.cli import main
from synthetic.testing import copy_template, expect_data, open_test_store
from synthetic_projections.costs.command import in_units

WORDS = ("--set", "kernel.database.free_disk_bytes=0", "--set", "plugins.projections.prices=mine.toml")


@pytest.fixture(scope="module")
def spent(template, tmp_path_factory):
    """The directory of a store in which a fleet has spent something."""
    directory = copy_template(template, tmp_path_factory.mktemp("looking") / "store")
    (directory / "mine.toml").write_text(PRICES)
    with open_test_store(directory, settings={"plugins.projections.prices": "mine.toml"}) as store:
        busy(Fleet(store), seed=4, steps=40, begin=1_768_000_000_000, end=1_769_000_000_000)
        expect_data(
            store.graphql(
                'mutation { saveBudget(input: {id: "b", name: "All", limitMicros: 5000000, currency: "EUR",'
                " period: TOTAL}) { created } }"
            )
        )
        fold(store)
    return directory


@pytest.fixture
def run(spent, capsys):
    def run(*words: str) -> str:
        code = main(["costs", *words, "--data", str(spent), *WORDS])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return captured.out

    return run


def test_costs_are_shown_as_the_query_gives_them(run, spent):
    shown = json.loads(run("show", "--by", "agent", "--by", "MODEL", "--json"))
    with open_test_store(spent, settings={"plugins.projections.prices": "mine.toml"}) as store:
        rows = expect_data(store.graphql("{ costs(groupBy: [AGENT, MODEL]) { keys costMicros currency } }"))["costs"]
    assert [[row["agent"], row["model"]] for row in shown["costs"]] == [row["keys"] for row in rows]
    assert [(row["costMicros"], row["currency"]) for row in shown["costs"]] == [
        (row["costMicros"], row["currency"]) for row in rows
    ]
    assert shown["hasMore"] is False


def test_costs_are_shown_to_people_with_a_window_and_what_has_no_price(run):
    text = run("show")
    assert "(no price)" in text
    assert "EUR" in text
    assert "Nothing was spent." in run("show", "--until", "2020-01-01T00:00:00Z")
    assert "There are more than 1 rows" in run("show", "--project", "p1", "--limit", "1")


def test_budgets_and_prices_are_shown(run):
    (budget,) = json.loads(run("budgets", "--json"))
    assert (budget["id"], budget["level"], budget["otherCurrencies"]) == ("b", "EXCEEDED", ["JPY", "USD"])
    assert "EXCEEDED" in run("budgets")
    prices = json.loads(run("prices", "--json"))
    assert [each["model"] for each in prices["prices"]] == ["large", "small*", "small*"]
    assert "other" in {each["model"] for each in prices["unpriced"]}
    assert "Without a price:" in run("prices")


@pytest.mark.parametrize(
    ("micros", "expected"),
    [(0, "0.00"), (1, "0.000001"), (1_500_000, "1.50"), (-2_000_001, "-2.000001"), (1_234_567_000_000, "1,234,567.00")],
)
def test_money_is_shown_exactly(micros, expected):
    assert in_units(micros) == expected


@pytest.mark.parametrize(
    ("check", "sql"),
    [
        ("cost_totals", "UPDATE cost_rollups SET input_tokens = input_tokens + 1 WHERE dimension = 'AGENT'"),
        ("cost_totals", "DELETE FROM cost_rollups WHERE dimension = 'SESSION' AND source = 'USAGE'"),
        ("cost_totals", "UPDATE cost_rollups SET cost_rest = 999999 - cost_rest WHERE dimension = 'PROJECT'"),
        ("cost_days", "UPDATE cost_rollups SET cost_micros = 1 WHERE dimension = 'ALL' AND span_ms > 1e6"),
        ("cost_ever", "UPDATE cost_rollups SET responses = 1 WHERE dimension = 'SESSION' AND span_ms = 0"),
        ("cost_ever", "DELETE FROM cost_rollups WHERE dimension = 'CONSTRUCT' AND span_ms = 0 AND source = 'USAGE'"),
        ("cost_days", "DELETE FROM cost_rollups WHERE dimension = 'PROJECT' AND span_ms = 900000"),
    ],
)  # fmt: skip
def test_sums_that_do_not_add_up_are_found(spent, tmp_path, check, sql):
    directory = copy_template(spent, tmp_path / "store")
    with open_test_store(directory, settings={"plugins.projections.prices": "mine.toml"}) as store:
        assert found_by(store, f"projections.{check}") == []
        spoil(store, sql)
        assert found_by(store, f"projections.{check}")
