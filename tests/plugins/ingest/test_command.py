"""`synthetic ingest` as a person, or a script, runs it."""

from __future__ import annotations

import json

import pytest

from synthetic.cli import main
from synthetic.testing import expect_data, open_test_store
from tests.plugins.ingest.kit import count_store
from tests.plugins.ingest.samples import SESSION, append, fill_folder, jsonl, main_session, write
from tests.plugins.ingest.samples_of_runs import CHAT_LINES
from tests.plugins.logged import logged

NO_DISK_CHECK = ("--set", "kernel.database.free_disk_bytes=0")


@pytest.fixture
def run(data_dir, capsys):
    """Runs the command; the exit code, what it answered, and what it complained of."""

    def run_command(*arguments):
        code = main(["ingest", *map(str, arguments), "--data", str(data_dir), *NO_DISK_CHECK])
        output = capsys.readouterr()
        return code, output.out, output.err

    return run_command


def test_the_summary_for_machines(run, tmp_path):
    folder = fill_folder(tmp_path / "data")
    write(folder / "notes.txt", b"Dear diary,\n")
    code, out, err = run(folder, "--json")
    assert (code, err) == (0, "")
    summary = json.loads(out)
    files = {"new": 6, "continued": 0, "reread": 0, "unchanged": 0, "skipped": 1, "failed": 0}
    assert summary["files"] == files
    assert summary["messages"] == 47
    assert summary["rejects"] == 0
    assert summary["skipped"] == [
        {"path": str(folder / "notes.txt"), "reason": "No importer recognises it; --format forces one."}
    ]
    assert summary["failures"] == []
    again = json.loads(run(folder, "--json")[1])
    assert again["files"] == files | {"new": 0, "unchanged": 6}
    assert again["messages"] == again["bytes"] == 0


def test_the_summary_for_people(run, tmp_path):
    folder = fill_folder(tmp_path / "data")
    code, out, _ = run(folder)
    assert code == 0
    assert "6 new" in out
    assert "47" in out
    assert "failures" not in out


def test_files_that_cannot_be_read_end_with_a_code_and_a_list(run, tmp_path):
    good = write(tmp_path / "chat.jsonl", jsonl(*CHAT_LINES))
    code, out, err = run(good, tmp_path / "nothing", "--json")
    assert code == 65
    assert json.loads(out)["files"]["new"] == 1
    error = json.loads(err)
    assert error["code"] == "INGEST_INCOMPLETE"
    assert error["details"] == {"failures": [{"path": str(tmp_path / "nothing"), "reason": "It is not there."}]}
    code, out, err = run(good, tmp_path / "nothing")
    assert code == 65
    assert "It is not there." in out
    assert "1 of 2 files could not be read" in err


def test_a_dry_run_says_what_would_be_read_and_writes_nothing(run, tmp_path, data_dir):
    session = write(tmp_path / "data" / "a.jsonl", main_session().bytes())
    write(tmp_path / "data" / "b.jsonl", jsonl(*CHAT_LINES))
    run(session)
    append(session, jsonl(main_session().user("more")))
    code, out, _ = run(tmp_path / "data", "--dry-run", "--json")
    assert code == 0
    summary = json.loads(out)
    assert summary["dryRun"] is True
    offset = len(main_session().bytes())
    assert [(plan["would"], plan["format"], plan["fromByte"]) for plan in summary["plans"]] == [
        ("continued", "coding-agent", offset),
        ("new", "chat", 0),
    ]
    with open_test_store(data_dir) as store:
        assert count_store(store).transcripts == 1


def test_a_dry_run_makes_no_store(tmp_path, capsys):
    code = main(["ingest", str(tmp_path), "--data", str(tmp_path / "none"), "--dry-run", "--json"])
    assert code == 78
    assert json.loads(capsys.readouterr().err)["code"] == "NO_STORE"
    assert not (tmp_path / "none").exists()


def test_the_first_ingest_makes_the_store(tmp_path, capsys):
    chat = write(tmp_path / "chat.jsonl", jsonl(*CHAT_LINES))
    code = main(["ingest", str(chat), "--data", str(tmp_path / "made"), "--json", *NO_DISK_CHECK])
    assert code == 0
    assert json.loads(capsys.readouterr().out)["messages"] == 6


def test_a_format_can_be_forced(run, tmp_path):
    notes = write(tmp_path / "notes.txt", b"Dear diary,\n" + jsonl(CHAT_LINES[0]))
    assert run(notes)[0] == 0
    other = write(tmp_path / "other.txt", b"Dear diary,\n")
    assert run(other)[0] == 65
    code, out, _ = run(other, "--format", "chat", "--json")
    assert code == 0
    assert json.loads(out)["rejects"] == 1
    code, _, err = run(other, "--format", "poems", "--json")
    assert code == 64
    error = json.loads(err)
    assert error["code"] == "UNKNOWN_FORMAT"
    assert "coding-agent, swe-agent, chat" in error["message"]


def test_a_format_is_not_changed_once_messages_were_stored(run, tmp_path):
    chat = write(tmp_path / "chat.jsonl", jsonl(*CHAT_LINES))
    run(chat)
    for other in ("coding-agent", "swe-agent"):
        code, out, _ = run(chat, "--format", other, "--json")
        assert code == 65
        reason = f"It was read as chat before, and cannot be read as {other} now."
        assert json.loads(out)["failures"][0]["reason"] == reason
    assert json.loads(run(chat, "--json")[1])["files"]["unchanged"] == 1
    # Where nothing was stored, another format may be tried.
    odd = write(tmp_path / "odd.jsonl", b"[1]\n")
    run(odd, "--format", "coding-agent")
    assert run(odd, "--format", "chat", "--json")[0] == 0


def test_sessions_can_be_attached_to_a_construct(run, tmp_path, data_dir):
    session = write(tmp_path / "a.jsonl", main_session().bytes())
    code, _, err = run(session, "--construct", "garden", "--json")
    assert code == 65
    assert json.loads(err)["code"] == "NOT_FOUND"
    run(session)
    with open_test_store(data_dir) as store:
        expect_data(
            store.graphql(
                'mutation { saveConstruct(input: {id: "garden", type: "task", title: "Tulips"}) { construct { id } } }'
            )
        )
    assert run(session, "--construct", "garden")[0] == 0
    with open_test_store(data_dir) as store:
        found = expect_data(store.graphql('{ construct(id: "garden") { sessions { nodes { id } } } }'))
    assert found["construct"]["sessions"]["nodes"] == [{"id": SESSION}]


def test_the_help_says_what_the_exit_codes_mean(run):
    code, out, _ = run("--help")
    assert code == 0
    assert "65" in out
    assert "--format" in out


def test_all_that_one_run_writes_is_in_the_name_of_the_command_under_one_correlation_id(run, data_dir, tmp_path):
    folder = fill_folder(tmp_path / "data")
    run(folder)
    with open_test_store(data_dir) as store:
        first = logged(store)
    append(folder / f"{SESSION}.jsonl", jsonl({"type": "summary", "summary": "More"}))
    run(folder)
    with open_test_store(data_dir) as store:
        second = logged(store)[len(first) :]

    assert first
    assert second
    assert {event.actor for event in (*first, *second)} == {"command:ingest"}
    runs = [{event.correlation_id for event in events} for events in (first, second)]
    assert [len(ids) for ids in runs] == [1, 1]
    assert runs[0] != runs[1]
