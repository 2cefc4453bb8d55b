"""`synthetic doctor`: one page, whatever state the store is in; nothing is changed by it."""

from __future__ import annotations

import json
import os

from synthetic.testing import open_test_store
from synthetic.testing_commands import run_command
from tests.kernel.backups.kit import take
from tests.kernel.checks.kit import page_of, spoil, zero_page

ENVIRONMENT = {"SYNTHETIC_DATABASE_FREE_DISK_BYTES": "0"}


def examined(folder, **environment):
    done = run_command(
        ["doctor", "--data", str(folder), "--json"], environment={**os.environ, **ENVIRONMENT, **environment}
    )
    page = json.loads(done.stdout)
    return done.returncode, page["verdict"], [(each["about"], each["code"]) for each in page["findings"]], page


def test_a_sound_store_with_a_proven_backup_is_sound(data_dir):
    with open_test_store(data_dir) as store:
        take(store)
    before = (data_dir / "synthetic.db").read_bytes()
    code, verdict, found, _ = examined(data_dir)
    assert (code, verdict, found) == (0, "SOUND", [])
    assert (data_dir / "synthetic.db").read_bytes() == before


def test_what_is_to_be_looked_after_is_no_failure(data_dir):
    data_dir.chmod(0o755)
    code, verdict, found, _ = examined(data_dir)
    assert (code, verdict) == (0, "NEEDS_CARE")
    assert ("permissions", "CARE_NEEDED") in found
    data_dir.chmod(0o700)
    code, verdict, found, page = examined(data_dir)
    assert (code, verdict, found) == (0, "NEEDS_CARE", [("backups", "BACKUP_UNPROVEN")])
    assert page["next"] == ["Take one: `synthetic backup`; set a schedule under [kernel.backups]."]


def test_a_fault_that_a_check_finds_and_a_damaged_database_are_a_danger(data_dir):
    with open_test_store(data_dir) as store:
        spoil(store, "UPDATE meta SET value = 'none' WHERE key = 'epoch'")
    code, verdict, found, _ = examined(data_dir)
    assert (code, verdict) == (65, "IN_DANGER")
    assert found[0] == ("kernel.log_ends", "CHECK_FAILED")
    zero_page(data_dir, page_of(data_dir, "domain_events"))
    code, verdict, found, page = examined(data_dir)
    assert (code, verdict, found[0]) == (74, "IN_DANGER", ("database", "STORE_DAMAGED"))
    assert "`synthetic recover`" in page["next"][0]
    assert not (data_dir / "quarantine").exists()


def test_a_store_whose_plugins_cannot_be_loaded_and_a_folder_without_one_are_said(data_dir, tmp_path):
    (data_dir / "plugins.toml").write_text("[plugins.nobody]\n")
    code, verdict, found, _ = examined(data_dir)
    assert (code, verdict) == (78, "NOT_WORKING")
    assert found[0][0] == "settings"
    code, verdict, found, _ = examined(tmp_path / "none")
    assert (code, verdict, found) == (78, "NOT_WORKING", [("store", "NO_STORE")])
