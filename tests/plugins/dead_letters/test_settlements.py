"""Letters of what a consumer has taken in end by the hundred, in small transactions, and meanwhile count as ended."""

from __future__ import annotations

import pytest
from tests.plugins.dead_letters.letters_kit import letters_of, retry

from synthetic import Refusal, Settlement
from synthetic_dead_letters.consumers import keep_refusal, settle_refusals
from synthetic_dead_letters.store import DeadLetter
from synthetic_dead_letters.store.settlements import LOOKED_AT_MAX, go_on_with_settlements

CONSUMER = "tally.totals"
COUNT = 2 * LOOKED_AT_MAX + 50
BEFORE = 10_000
ERROR = '{"code": "EVENT_REFUSED", "message": "It was refused.", "action": "Look.", "details": {}}'


def refusal(number: int, *, refused_at: int = 1, consumer: str = CONSUMER) -> Refusal:
    return Refusal(consumer, number, "tally", f"t{number}", f"event-{number}", ERROR, refused_at, is_set_aside=True)


@pytest.fixture
def refused(store):
    """A store in which a consumer has refused many events, and another one."""

    def refuse(tx) -> None:
        for number in range(1, COUNT + 1):
            keep_refusal(tx, refusal(number))
        keep_refusal(tx, refusal(1, consumer="tally.totals2"))

    store.write(refuse)
    return store


def settle(store, **how) -> None:
    store.write(settle_refusals, Settlement(CONSUMER, **{"refused_before": BEFORE, **how}))


def letters(store) -> list[DeadLetter]:
    """The letters of the consumer, but not those of the other one."""
    return [each for each in letters_of(store, "consumer") if (each.entity_id or "").startswith(f"{CONSUMER}@")]


def ended(store) -> int:
    return sum(each.ended_at is not None for each in letters(store))


def finish(store) -> None:
    for _ in range(10):
        if not go_on_with_settlements(store):
            return
    raise AssertionError("it does not come to an end")


def test_the_first_end_at_once_and_the_others_batch_by_batch(refused):
    settle(refused)
    assert ended(refused) == LOOKED_AT_MAX
    assert go_on_with_settlements(refused) == 1
    assert ended(refused) == 2 * LOOKED_AT_MAX
    finish(refused)
    assert {each.status for each in letters(refused)} == {"RESOLVED"}
    assert [each.status for each in letters_of(refused, "consumer")].count("PENDING") == 1, "that of another consumer"


def test_what_is_refused_meanwhile_is_another_failure(refused):
    settle(refused)
    late = next(each for each in reversed(letters(refused)) if each.ended_at is None)
    number = int((late.entity_id or "").rpartition("@")[2])
    refused.write(lambda tx: keep_refusal(tx, refusal(number, refused_at=BEFORE + 1)))
    finish(refused)
    again = [each for each in letters(refused) if each.entity_id == late.entity_id]
    assert [each.status for each in again] == ["RESOLVED", "PENDING"]
    assert ended(refused) == COUNT


def test_a_retry_meanwhile_finds_that_it_is_taken_in(refused):
    settle(refused)
    late = next(each for each in letters(refused) if each.ended_at is None)
    assert retry(refused, late).status == "RESOLVED"
    finish(refused)
    assert ended(refused) == COUNT


def test_what_has_failed_since_stays(refused):
    refused.write(lambda tx: keep_refusal(tx, refusal(7, refused_at=BEFORE)))
    settle(refused)
    finish(refused)
    (left,) = [each for each in letters(refused) if each.ended_at is None]
    assert left.entity_id == f"{CONSUMER}@7"


def test_the_letters_of_a_consumer_that_is_no_more_are_discarded(refused):
    settle(refused, refused_before=None, is_forgotten=True)
    finish(refused)
    assert {each.status for each in letters(refused)} == {"DISCARDED"}
