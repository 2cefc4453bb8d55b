"""Tables of prices: which one holds when, what is refused, and what a store does with one that is changed."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import resources
from typing import cast

import pytest

from plugins.projections.costs.kit import Fleet, consumer_of
from synthetic import Snapshot
from synthetic.log.consumers.store import find_consumer, has_reached
from synthetic.testing import expect_data, open_test_store, wait_until
from synthetic_projections.costs.errors import PricesInvalidError
from synthetic_projections.costs.price_files import SAMPLE, PriceShelf, parse_prices

ENTRY = "input = 1\noutput = 1\n"


def book(text: str, file_name: str = "prices.toml"):
    return parse_prices(text.encode(), file_name, file_name)


def at(*day: int) -> int:
    return int(datetime(*day, tzinfo=UTC).timestamp() * 1_000)


DATED = """
currency = "EUR"
[[prices]]
models = ["m*"]
input = 1
output = 10
[[prices]]
models = ["m-large*"]
until = 2026-03-01
input = 2
output = 20
[[prices]]
models = ["m-large*", "m-small"]
from = 2026-03-01
currency = "USD"
input = 3
output = 30
cache_read = 4
cache_write = 5
"""


@pytest.mark.parametrize(
    ("model", "instant", "expected"),
    [
        ("m", at(2026, 1, 1), ("EUR", 1)),
        ("m-large-7", at(2026, 1, 1), ("EUR", 2)),
        ("m-large-7", at(2026, 3, 1) - 1, ("EUR", 2)),
        ("m-large-7", at(2026, 3, 1), ("USD", 3)),
        # Before the price of the whole name holds, that of its beginning does.
        ("m-small", at(2026, 2, 1), ("EUR", 1)),
        ("m-small", at(2026, 4, 1), ("USD", 3)),
        ("other", at(2026, 4, 1), None),
        ("", at(2026, 4, 1), None),
    ],
)
def test_the_closest_name_that_holds_on_the_day_gives_the_price(model, instant, expected):
    price = book(DATED).find(model, instant)
    assert (None if price is None else (price.currency, price.input_micros)) == expected


def test_tokens_of_a_cache_cost_what_input_does_unless_they_have_a_price():
    prices = book(DATED)
    early, late = prices.find("m-large", 0), prices.find("m-large", at(2026, 3, 1))
    assert early is not None
    assert late is not None
    assert early.picos((1, 1, 100, 1_000)) == 2 + 20 + 200 + 2_000
    assert late.picos((1, 1, 100, -1_000)) == 3 + 30 + 400 - 5_000


def test_json_says_the_same_as_toml_and_the_order_of_entries_does_not_matter():
    one = book(
        '{"currency": "EUR", "prices": [{"models": ["a"], "from": "2026-01-01", "input": 1, "output": 2}]}', "x.json"
    )
    two = book('currency = "EUR"\n[[prices]]\nmodels = ["a"]\nfrom = 2026-01-01\ninput = 1\noutput = 2')
    assert one.fingerprint == two.fingerprint
    first, *rest = DATED.split("[[prices]]")
    assert book("[[prices]]".join([first, *reversed(rest)])).fingerprint == book(DATED).fingerprint != one.fingerprint


TWICE = f"""
currency = "EUR"
[[prices]]
models = ["a"]
until = 2026-01-03
{ENTRY}
[[prices]]
models = ["a"]
from = 2026-01-02
{ENTRY}
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("currency = 'EUR'\nprices = 1", "prices"),
        ("currency = 'EURO'\nprices = []", "currency"),
        ("prices = []", "currency"),
        (f"currency = 'EUR'\n[[prices]]\nmodels = ['a']\n{ENTRY}cached = 3", "cached"),
        ("currency = 'EUR'\n[[prices]]\nmodels = ['a']\ninput = 1.5\noutput = 1", "input"),
        ("currency = 'EUR'\n[[prices]]\nmodels = ['a']\ninput = -1\noutput = 1", "input"),
        (f"currency = 'EUR'\n[[prices]]\nmodels = ['a*b']\n{ENTRY}", "models"),
        (f"currency = 'EUR'\n[[prices]]\nmodels = []\n{ENTRY}", "models"),
        (f"currency = 'EUR'\n[[prices]]\nmodels = ['a', 'a']\n{ENTRY}", "two prices of a"),
        (
            f"currency = 'EUR'\n[[prices]]\nmodels = ['a']\nfrom = 2026-01-02\nuntil = 2026-01-02\n{ENTRY}",
            "before it begins",
        ),
        (TWICE, "2026-01-02"),
        ("currency = ", "Invalid value"),
    ],
)
def test_what_is_no_table_of_prices_is_refused_with_what_is_wrong(text, said):
    with pytest.raises(PricesInvalidError, match=said) as caught:
        book(text)
    assert caught.value.code == "PRICES_INVALID"


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[]"])
def test_what_is_no_json_is_refused(content):
    with pytest.raises(PricesInvalidError):
        parse_prices(content, "prices.json", "prices.json")


def test_what_is_no_path_is_refused():
    with pytest.raises(PricesInvalidError, match="cannot be read: embedded null byte"):
        PriceShelf("/no\0path").book(cast("Snapshot", None))


def test_the_sample_says_that_it_is_one_and_can_be_used():
    text = resources.files("synthetic_projections.costs").joinpath(SAMPLE).read_text()
    assert "THEY ARE NOT YOURS" in text
    assert book(text).find("claude-sonnet-4-5-20250929", at(2026, 1, 1)) is not None


@pytest.mark.parametrize(("content", "said"), [(None, "No such file"), ("currency = 3", "currency")])
def test_a_store_whose_file_cannot_be_used_does_not_start(data_dir, content, said):
    if content is not None:
        (data_dir / "mine.toml").write_text(content)
    with (
        pytest.raises(PricesInvalidError, match=said),
        open_test_store(data_dir, settings={"plugins.projections.prices": "mine.toml"}),
    ):
        pass


def is_made_by_what_is_loaded(store) -> bool:
    """Whether the sums are of these prices, and hold the whole log."""

    def read(snapshot) -> bool:
        record = find_consumer(snapshot, "projections.costs")
        is_current = record is not None and record.fingerprint == consumer_of(store).fingerprint(snapshot)
        return is_current and has_reached(snapshot, "projections.costs", snapshot.position().number)

    return store.read(read)


def test_other_prices_have_the_sums_made_anew_by_themselves(data_dir):
    file = data_dir / "mine.toml"
    costs = "{ costs(groupBy: [MODEL]) { key costMicros currency } }"
    found = []
    for price in (2_000_000, 2_000_000, 3_000_000):
        file.write_text(f"currency = 'EUR'\n[[prices]]\nmodels = ['m']\ninput = {price}\noutput = 1")
        with open_test_store(data_dir, settings={"plugins.projections.prices": str(file)}) as store:
            if not found:
                Fleet(store).session("s")
                Fleet(store).say("s", (0, "m", (7,)))
            before = None if not found else store.read(find_consumer, "projections.costs").fingerprint
            background = store.kernel.services()
            background.start()
            try:
                wait_until(lambda store=store: is_made_by_what_is_loaded(store), "the sums")
                after = store.read(find_consumer, "projections.costs").fingerprint
                found.append((before == after, expect_data(store.graphql(costs))["costs"]))
            finally:
                background.stop()
    assert [each[0] for each in found] == [False, True, False]
    assert [each[1] for each in found] == [
        [{"key": "m", "costMicros": micros, "currency": "EUR"}] for micros in (14, 14, 21)
    ]
