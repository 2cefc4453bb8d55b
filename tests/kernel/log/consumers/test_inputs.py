"""What a fold depends on beside its events: made once, handed to `apply`, and part of what its tables are made with."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest

from synthetic.consumer_contributions import Fold, FoldInputs
from synthetic.contributions import EventType, Stamped, Table
from synthetic.database.surroundings import Surroundings
from synthetic.log.consumers.declared import declared_consumers
from synthetic.selector_contributions import Selector

HAPPENED = EventType(name="thing.happened", entity="thing", purpose="It happened.")


class Row(NamedTuple):
    name: str


def declared(inputs):
    fold = Fold(
        name="rows",
        purpose="Rows.",
        tables={"rows": Row},
        types=(HAPPENED,),
        apply=lambda state, event: None,
        inputs=inputs,
        selectors={"rows": Selector.of_entity("thing")},
    )
    table = Table(name="rows", purpose="Rows.", key=("name",), kept="A test's.")
    surroundings = Surroundings(lambda settings_class: settings_class())
    (consumer,) = declared_consumers([Stamped("sample", fold)], [Stamped("sample", table)], surroundings)
    return consumer


@pytest.fixture
def tables(store):
    store.write(lambda tx: tx.execute("CREATE TABLE rows (name TEXT NOT NULL PRIMARY KEY) STRICT"))
    return store


def test_they_are_made_from_settings_and_handed_to_the_state(tables):
    consumer = declared(lambda surroundings: FoldInputs(surroundings.settings(dict), "1"))
    assert tables.read(lambda snapshot: consumer.state(snapshot).input(dict)) == {}


def test_their_fingerprint_is_part_of_that_of_the_fold(tables):
    one, two = declared(lambda _: FoldInputs((), "1")), declared(lambda _: FoldInputs((), "2"))
    again = replace(one, inputs=FoldInputs([], "1"))
    prints = [tables.read(each.fingerprint) for each in (one, two, again, declared(None))]
    assert prints[0] == prints[2]
    assert len(set(prints)) == 3
    # Folds without inputs are not made anew by a release that knows of inputs.
    assert prints[3] == "0d7ab8be104a28e75ffefe4dc47f0ae685ab168fabed288e83f5bbfd81adb3c3"


def test_an_error_while_they_are_made_is_not_swallowed():
    def fail(_surroundings):
        raise LookupError("no prices")

    with pytest.raises(LookupError, match="no prices"):
        declared(fail)
