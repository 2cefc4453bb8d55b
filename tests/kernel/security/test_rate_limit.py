from __future__ import annotations

import pytest

from synthetic.errors import RateLimitedError
from synthetic.security import rate_limit
from synthetic.security.rate_limit import RateLimit


class Hand:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_quiet_second_allows_as_many_requests_as_a_second_has():
    hand = Hand()
    rate = RateLimit(10, hand)
    for _ in range(10):
        rate.take("a")
    with pytest.raises(RateLimitedError) as caught:
        rate.take("a")
    assert caught.value.retry_after_ms == 100
    hand.seconds += 0.1
    rate.take("a")
    with pytest.raises(RateLimitedError):
        rate.take("a")
    hand.seconds += 60
    for _ in range(10):
        rate.take("a")
    with pytest.raises(RateLimitedError):
        rate.take("a")


def test_a_refused_request_costs_nothing():
    hand = Hand()
    rate = RateLimit(1, hand)
    rate.take("a")
    for _ in range(5):
        hand.seconds += 0.15
        with pytest.raises(RateLimitedError):
            rate.take("a")
    hand.seconds += 0.26
    rate.take("a")


def test_keys_do_not_share():
    rate = RateLimit(1, Hand())
    rate.take("a")
    rate.take("b")
    with pytest.raises(RateLimitedError):
        rate.take("b")


def test_the_number_of_buckets_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rate_limit, "BUCKETS_MAX", 3)
    rate = RateLimit(1, Hand())
    for key in ("a", "b", "c"):
        rate.take(key)
    with pytest.raises(RateLimitedError):
        rate.take("a")  # the one that was quiet the longest is now b
    rate.take("d")
    rate.take("b")
    assert len(rate._buckets) == 3
    with pytest.raises(RateLimitedError):
        rate.take("d")
