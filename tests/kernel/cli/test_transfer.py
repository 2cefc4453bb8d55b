"""`synthetic export` and `synthetic import`, as processes: what they print and record, and an import that is killed."""

from __future__ import annotations

import json
import signal

import apsw
import pytest

from kernel.transfer import kit
from synthetic.testing import copy_template, expect_data, open_test_store, wait_until
from synthetic.testing_commands import run_command, start_command

CONSTRUCTS = 60
PLAN = """mutation {
    a: saveConstruct(input: {id: "plan", title: "Plan", type: "plan"}) { created }
    b: saveConstruct(input: {id: "build", title: "Build", type: "build"}) { created }
    c: relateConstructs(input: {fromId: "plan", kind: PLAN_TO_IMPLEMENTATION, toId: "build"}) { created }
    d: createArtifact(input: {constructId: "plan", type: "log", name: "out.txt", text: "What came."}) { created }
}"""
SAVE = """mutation ($id: ID!, $title: String!) {
    saveConstruct(input: {id: $id, title: $title, type: "plan"}) { created }
    saveSession(input: {id: $id, constructId: $id}) { created }
    saveDocument(input: {id: $id, kind: "NOTE", title: $title, constructId: $id}) { created }
}"""


def run(*words, code=0):
    done = run_command([*map(str, words), "--json"])
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout or done.stderr)


def read(path, sql):
    """Rows of a store that another process may have open."""
    connection = apsw.Connection(str(path / "synthetic.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return connection.execute(sql).fetchall()
    except apsw.SQLError:
        # The process has not made the table yet.
        return []
    finally:
        connection.close()


@pytest.fixture(scope="module")
def many(template, tmp_path_factory):
    """An export of many constructs, so that an import of it takes a while."""
    root = tmp_path_factory.mktemp("many")
    with open_test_store(copy_template(template, root / "store")) as store:
        for number in range(CONSTRUCTS):
            expect_data(store.graphql(SAVE, {"id": f"c{number:03}", "title": str(number)}))
        kit.export(store, root / "many.zip")
    return root / "many.zip"


@pytest.fixture
def source(template, tmp_path):
    """A store with two constructs, one of which has a file; closed."""
    with open_test_store(copy_template(template, tmp_path / "source")) as store:
        expect_data(store.graphql(PLAN))
    return tmp_path / "source"


def test_a_construct_goes_from_one_store_to_another_by_two_commands(source, template, tmp_path):
    target = copy_template(template, tmp_path / "target")
    told = run("export", "--construct", "plan", "--to", tmp_path / "plan.zip", "--data", source)
    assert (told["constructs"], told["files"], told["rows"]["artifacts"], told["missing"]) == (1, 1, 1, [])
    assert told["sizeBytes"] == (tmp_path / "plan.zip").stat().st_size
    assert (tmp_path / "plan.zip").stat().st_mode & 0o777 == 0o600
    again = run("export", "--construct", "plan", "--to", tmp_path / "plan.zip", "--data", source, code=65)
    assert again["code"] == "CONFLICT"
    foreseen = run("import", tmp_path / "plan.zip", "--data", target, "--dry-run")
    done = run("import", tmp_path / "plan.zip", "--data", target)
    assert (foreseen["dryRun"], done["dryRun"]) == (True, False)
    assert (foreseen["imported"], foreseen["rows"]) == (done["imported"], done["rows"])
    assert read(target, "SELECT id FROM constructs") == [("plan",)]
    assert run("import", tmp_path / "plan.zip", "--data", target, code=65)["code"] == "CONFLICT"
    assert read(source, "SELECT outcome FROM audit_log WHERE name = 'export' ORDER BY seq") == [("BEGUN",), ("DONE",)]
    # The trial is not on record; the one that was refused is.
    outcomes = read(target, "SELECT outcome FROM audit_log WHERE name = 'import' ORDER BY seq")
    assert outcomes == [("BEGUN",), ("DONE",), ("BEGUN",), ("FAILED",)]


def test_people_are_told_what_came_and_what_was_left_out(source, template, tmp_path):
    target = copy_template(template, tmp_path / "target")
    run("export", "--construct", "plan", "--to", tmp_path / "plan.zip", "--data", source)
    done = run_command(["import", str(tmp_path / "plan.zip"), "--data", str(target)])
    assert done.returncode == 0, done.stderr
    assert "plan" in done.stdout
    assert "Left out: construct_relationships plan/PLAN_TO_IMPLEMENTATION/build" in done.stdout


def test_what_is_no_export_makes_no_store(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"nothing")
    assert run("import", tmp_path / "x.zip", "--data", tmp_path / "store", code=65)["code"] == "EXPORT_REFUSED"
    assert not (tmp_path / "store" / "synthetic.db").exists()
    assert run("import", tmp_path / "none.zip", "--data", tmp_path / "store", code=65)["code"] == "NOT_FOUND"
    assert run_command(["export", "--to", str(tmp_path / "y.zip"), "--workspace", "--construct", "a"]).returncode == 64


@pytest.mark.full
def test_an_import_that_was_killed_goes_on_where_it_was(template, many, tmp_path):
    target = copy_template(template, tmp_path / "target")
    words = ["import", str(many), "--data", str(target), "--on-conflict", "RENAME", "--json"]
    process = start_command(words)
    wait_until(lambda: len(read(target, "SELECT unit FROM imported_units")) >= 3, "three constructs")
    process.send_signal(signal.SIGKILL)
    process.wait()
    for stream in (process.stdout, process.stderr):
        stream.close()
    done = len(read(target, "SELECT unit FROM imported_units"))
    assert 3 <= done < CONSTRUCTS
    # Each is there whole or not at all.
    for table in ("constructs", "sessions", "documents", "document_versions"):
        assert read(target, f"SELECT count(*) FROM {table}") == [(done,)]
    other = run("import", many, "--data", target, "--on-conflict", "SKIP", code=65)
    assert (other["code"], other["details"]) == ("CONFLICT", {"onConflict": "RENAME", "without": []})
    told = run(*words[:-1])
    assert told["imported"] == CONSTRUCTS
    ids = read(target, "SELECT c.id, s.id FROM constructs AS c JOIN sessions AS s ON s.construct_id = c.id")
    assert len(set(ids)) == CONSTRUCTS
    assert {each["newId"] for each in told["units"]} == {construct for construct, _ in ids}
    assert read(target, "SELECT count(*) FROM imports") == [(0,)]
    assert read(target, "SELECT count(*), count(DISTINCT origin_position) FROM event_origins") == [
        (CONSTRUCTS * 3, CONSTRUCTS * 3)
    ]
