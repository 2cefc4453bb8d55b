"""The background lease: held by one, renewed, given back, taken over, and fenced."""

from __future__ import annotations

import pytest

from synthetic.clock import SystemClock
from synthetic.database.interruption import Interruption
from synthetic.origin import Origin
from synthetic.services.lease import LEASE_MS, LOOK_SECONDS, Lease, LeaseLostError
from synthetic.testing import ManualClock, open_test_store

from .kit import lease


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def held(data_dir, clock):
    with open_test_store(data_dir, clock=clock) as store:
        yield store


def write(hold, clock):
    return hold.write(Origin("service:notes.trim"), Interruption(clock), lambda tx: tx.execute(
        "INSERT INTO meta (key, value) VALUES ('mark', 'x') ON CONFLICT (key) DO UPDATE SET value = value || 'x'"
    ))  # fmt: skip


def mark(store):
    return store.read(lambda snapshot: snapshot.value("SELECT value FROM meta WHERE key = 'mark'"))


def test_takes_over_in_less_than_ten_seconds():
    assert LEASE_MS + 1_000 * LOOK_SECONDS < 10_000


def test_only_one_has_it_and_the_next_token_is_larger(held, clock):
    first, second = Lease(held.kernel.database, clock), Lease(held.kernel.database, clock)
    hold = first.find_free()
    assert second.find_free() is None
    assert hold.release()
    assert second.find_free() is not None
    assert lease(held)[1] == 2


@pytest.mark.parametrize(("later_ms", "is_free"), [(LEASE_MS - 1, False), (LEASE_MS, True)])
def test_is_free_when_it_has_run_out(held, clock, later_ms, is_free):
    assert Lease(held.kernel.database, clock).find_free() is not None
    other = Lease(held.kernel.database, clock)
    clock.advance(later_ms)
    assert (other.find_free() is not None) is is_free


def test_is_not_free_while_it_is_renewed(held, clock):
    hold = Lease(held.kernel.database, clock).find_free()
    other = Lease(held.kernel.database, clock)
    for _ in range(4):
        clock.advance(LEASE_MS - 1)
        assert hold.renew()
        assert other.find_free() is None


def test_one_that_nobody_renews_is_free_though_the_wall_clock_was_set_back(held, clock):
    assert Lease(held.kernel.database, clock).find_free() is not None
    clock.advance(-3_600_000)
    other = Lease(held.kernel.database, clock)
    assert other.find_free() is None
    clock.advance(LEASE_MS - 1)
    assert other.find_free() is None
    clock.advance(1)
    assert other.find_free() is not None


def test_a_write_is_refused_once_another_has_taken_over(held, clock):
    late = Lease(held.kernel.database, clock).find_free()
    write(late, clock)
    clock.advance(LEASE_MS)
    heir = Lease(held.kernel.database, clock).find_free()
    with pytest.raises(LeaseLostError):
        write(late, clock)
    assert mark(held) == "x"
    assert not late.renew()
    write(heir, clock)
    assert mark(held) == "xx"
    # Giving back what it has not any more takes nothing from the other.
    assert not late.release()
    write(heir, clock)


def test_one_that_takes_it_again_does_not_let_its_old_work_go_on(held, clock):
    claim = Lease(held.kernel.database, clock)
    old = claim.find_free()
    clock.advance(LEASE_MS)
    assert claim.find_free() is not None
    with pytest.raises(LeaseLostError):
        write(old, clock)


def test_the_lease_that_was_seen_is_not_taken_from_one_who_was_quicker(data_dir):
    clock = SystemClock()
    with open_test_store(data_dir) as first, open_test_store(data_dir) as second:
        holds = [Lease(store.kernel.database, clock).find_free() for store in (first, second)]
        assert [hold is not None for hold in holds] == [True, False]
