"""Each operation on the files of the database fails, one after the other: nothing that was answered is lost.

The normal run tries some operations of each kind, others in every run, and
prints its seed; `--full` tries every one of them.
"""

from __future__ import annotations

import pytest

from .sweeps import STRIDES, make_seed, run_sweep, sample


def test_whatever_operation_fails_no_answered_write_is_lost_and_none_is_there_by_half(template, tmp_path):
    seed = make_seed()
    sweeps = run_sweep(template, tmp_path, seed, sample(seed))
    for found in sweeps:
        assert found["wrong"] == [], f"seed {seed}"
        assert found["struck"] >= 1
        assert found["answered"] > 0
        # With the fault gone, a store that is open takes writes again; a restart is needed by none.
        assert found["gave_up"] == 0, f"seed {seed}: {found}"
    kinds = {found["kind"]: found for found in sweeps}
    assert set(kinds) == set(STRIDES)
    assert set(kinds["full"]["codes"]) == {"STORAGE_FULL"}
    assert set(kinds["failed-sync"]["codes"]) <= {"STORAGE_FAILED"}


def test_a_store_that_does_not_wait_for_the_disk_loses_answered_writes_in_a_power_cut_and_stays_whole(
    template, tmp_path
):
    """What shows that the sweep can find a loss; and that NORMAL is what the documentation calls it."""
    (found,) = run_sweep(template, tmp_path, make_seed(), ["power-loss:300:130"], synchronous="NORMAL")
    assert any("was acknowledged and is lost" in each for each in found["wrong"])
    assert not any("integrity_check" in each or "foreign_key_check" in each for each in found["wrong"])


@pytest.mark.full
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("kind", STRIDES)
def test_every_operation_fails_once(template, tmp_path, kind):
    (found,) = run_sweep(template, tmp_path, make_seed(), [f"{kind}:1:1"])
    assert found["wrong"] == []
    assert found["struck"] == found["runs"] - 1 >= 10
    assert found["gave_up"] == 0
