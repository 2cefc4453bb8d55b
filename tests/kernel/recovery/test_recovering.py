"""The whole of `synthetic recover`, as an operator runs it."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from synthetic.recovery.taking_over import take_over_readable
from synthetic.testing import expect_data, open_test_store, running_server
from synthetic.testing_commands import run_command
from tests.kernel.checks.kit import page_of, zero_page

from .kit import fill, go_on

ENVIRONMENT = {"SYNTHETIC_DATABASE_FREE_DISK_BYTES": "0"}
EVENTS = "{ events(first: 1000) { nodes { position } } constructs(first: 100) { nodes { id } } }"


@pytest.fixture(scope="module")
def filled(template, tmp_path_factory):
    """A store with thirty constructs."""
    folder = shutil.copytree(template, tmp_path_factory.mktemp("filled") / "store")
    folder.chmod(0o700)
    with open_test_store(folder) as store:
        fill(store, 30)
    return folder


@pytest.fixture
def damaged(filled, tmp_path):
    """A copy of it that has lost the top of its table of sessions."""
    folder = shutil.copytree(filled, tmp_path / "store")
    folder.chmod(0o700)
    zero_page(folder, page_of(folder, "sessions"))
    return folder


def recover(folder, *more):
    done = run_command(["recover", "--data", str(folder), "--json", *more], environment={**os.environ, **ENVIRONMENT})
    return done.returncode, json.loads(done.stdout or done.stderr)


def test_a_new_store_is_made_beside_the_damaged_one_which_stays_as_it_was(damaged):
    (damaged / "token").write_text("secret\n")
    before = {path.name: path.read_bytes() for path in damaged.iterdir() if path.is_file()}
    code, report = recover(damaged)
    assert code == 0, report
    after = {path.name: path.read_bytes() for path in damaged.iterdir() if path.is_file()}
    assert {name: after[name] for name in before if name != "open.lock"} == {
        name: content for name, content in before.items() if name != "open.lock"
    }
    new = damaged.with_name("store-recovered")
    assert report["store"] == str(new)
    tables = {each["table"]: each for each in report["tables"]}
    assert (tables["constructs"]["kept"], tables["constructs"]["lost"]) == (30, 0)
    assert tables["sessions"]["damagedPlaces"] >= 1
    assert json.loads((new / "recovered.json").read_text())["tables"] == report["tables"]
    assert (new / "token").read_text() == "secret\n"
    with open_test_store(new) as store:
        answer = store.graphql(EVENTS)
        assert len(expect_data(answer)["constructs"]["nodes"]) == 30
        epoch = answer["extensions"]["position"].split(":")[0]
        found = store.read(lambda snapshot: snapshot.rows("SELECT actor FROM audit_log WHERE name = 'recover'"))
        assert found == [("command:recover",)]
    assert epoch == report["position"].split(":")[0]


def test_it_takes_the_place_of_the_damaged_one_if_asked_to(damaged):
    code, report = recover(damaged, "--replace", "--yes")
    assert code == 0, report
    assert report["store"] == str(damaged)
    assert (damaged / "quarantine").is_dir()
    assert report["damaged"].startswith(str(damaged / "quarantine" / "damaged-"))
    with open_test_store(damaged) as store:
        assert len(expect_data(store.graphql(EVENTS))["constructs"]["nodes"]) == 30


def test_it_is_refused_while_a_server_has_the_store_open_and_where_the_target_is_there(filled, tmp_path):
    folder = shutil.copytree(filled, tmp_path / "store")
    folder.chmod(0o700)
    (tmp_path / "taken").mkdir()
    code, error = recover(folder, "--into", str(tmp_path / "taken"))
    assert (code, error["code"]) == (65, "CONFLICT")
    with running_server(folder):
        code, error = recover(folder)
    assert (code, error["code"]) == (75, "DATABASE_BUSY")
    assert not folder.with_name("store-recovered.partial").exists()


def test_files_that_cannot_be_taken_over_are_left_behind_and_named(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    (old / "artifacts").mkdir(parents=True)
    (old / "artifacts" / "whole").write_text("kept")
    (old / "archive").write_text("a file where the new store has a folder, so that nobody can take it over")
    (new / "archive").mkdir(parents=True)
    assert take_over_readable(old, new, (), go_on) == ("archive",)
    assert (new / "artifacts" / "whole").read_text() == "kept"


def test_what_has_the_name_of_an_unfinished_store_is_removed_only_if_it_is_one(damaged):
    partial = damaged.with_name("store-recovered.partial")
    partial.mkdir()
    (partial / "notes").write_text("somebody's")
    code, error = recover(damaged)
    assert (code, error["code"], error["details"]["target"]) == (65, "CONFLICT", str(partial))
    assert (partial / "notes").read_text() == "somebody's"
    (partial / "recovering").touch()
    code, report = recover(damaged)
    assert code == 0, report
    assert not partial.exists()
