"""What is in a folder is in the store afterwards, as counted by other means."""

from __future__ import annotations

import gzip

import pytest
import zstandard

from synthetic.testing import expect_data
from synthetic_sessions.store import get_session, list_sessions_by_id
from tests.plugins.ingest.independent_count import count_folder
from tests.plugins.ingest.kit import count_store, dump, file_at, ingest, outcomes
from tests.plugins.ingest.samples import AGENT, SESSION, fill_folder, main_session, sub_session, write


def test_everything_is_counted_once(store, tmp_path):
    folder = fill_folder(tmp_path / "data")
    report = ingest(store, folder)
    assert outcomes(report) == {"new": 6}
    expected = count_folder(folder)
    found = count_store(store)
    assert (found.sessions, found.transcripts) == (expected.sessions, expected.transcripts) == (6, 6)
    assert found.kinds == expected.kinds
    assert found.tool_calls == expected.tool_calls > 0
    assert found.spent() == expected.spent()
    assert report.messages == sum(expected.kinds.values())
    assert found.spent()["small-1"] == (6, 507, 2_000, 200)


def test_reading_it_again_changes_no_row(store, tmp_path):
    folder = fill_folder(tmp_path / "data")
    ingest(store, folder)
    before = dump(store, exact=True)
    report = ingest(store, folder)
    assert outcomes(report) == {"unchanged": 6}
    assert report.messages == report.lines == report.size_bytes == 0
    assert dump(store, exact=True) == before


@pytest.mark.parametrize(
    ("pack", "suffix"), [(gzip.compress, ".gz"), (zstandard.ZstdCompressor().compress, ".zst")], ids=["gzip", "zstd"]
)
def test_packed_files_say_the_same(store, tmp_path, pack, suffix):
    folder = fill_folder(tmp_path / "data")
    packed = tmp_path / "packed"
    for path in folder.rglob("*.*"):
        write(packed / path.relative_to(folder).with_name(path.name + suffix), pack(path.read_bytes()))
    expected = count_folder(folder)
    ingest(store, packed)
    found = count_store(store)
    assert (found.sessions, found.kinds, found.spent()) == (expected.sessions, expected.kinds, expected.spent())
    assert outcomes(ingest(store, packed)) == {"unchanged": 6}


@pytest.mark.parametrize("order", [1, -1])
def test_a_sub_agent_is_linked_to_its_parent_whichever_is_read_first(store, tmp_path, order):
    parent = write(tmp_path / f"{SESSION}.jsonl", main_session().bytes())
    child = write(tmp_path / SESSION / "subagents" / f"agent-{AGENT}.jsonl", sub_session().bytes())
    for path in [parent, child][::order]:
        ingest(store, path)
    answer = store.graphql(
        "query ($id: ID!) { session(id: $id) { agent title status metadata startedAt"
        " children { nodes { id agent title metadata } } } }",
        {"id": SESSION},
    )
    session = expect_data(answer)["session"]
    assert session["agent"] == "claude-code"
    assert session["title"] == "Please plant"
    assert session["status"] == "ENDED"
    assert session["startedAt"] == "2026-02-02T02:40:01.500Z"
    assert session["metadata"] == {"cwd": "/projects/garden", "gitBranch": "main", "version": "2.1.39"}
    [sub_agent] = session["children"]["nodes"]
    assert sub_agent["id"] == f"{SESSION}/agent-{AGENT}"
    assert sub_agent["title"] == "dig a hole"
    assert sub_agent["metadata"]["agentId"] == AGENT


def test_two_files_of_one_session_are_two_transcripts(store, tmp_path):
    content = main_session().bytes()
    first, second = write(tmp_path / "a.jsonl", content), write(tmp_path / "b.jsonl", content)
    ingest(store, first, second)
    files = [file_at(store, first), file_at(store, second)]
    assert files[0].session_id == files[1].session_id == SESSION
    assert files[0].transcript_id != files[1].transcript_id


def test_files_without_a_session_have_one_of_their_own(store, tmp_path):
    folder = fill_folder(tmp_path / "data")
    ingest(store, folder)
    ids = [file_at(store, path).session_id for path in sorted((folder / "chats").iterdir())]
    assert len(set(ids)) == 2
    sessions = store.read(list_sessions_by_id, ids)
    assert [session.title for session in sessions] == ["Which tulips?", "Hello"]
    # A file that tells no time is as old as its last change.
    assert sessions[1].started_at == 1_770_000_000_000


def test_the_real_transcripts_equal_an_independent_count(store, real_data):
    expected = count_folder(real_data)
    report = ingest(store, real_data)
    assert report.rejects == 0
    assert set(outcomes(report)) == {"new", "skipped"}
    found = count_store(store)
    assert found.sessions == expected.sessions
    assert found.transcripts == expected.transcripts
    assert found.kinds == expected.kinds
    assert found.tool_calls == expected.tool_calls
    assert found.spent() == expected.spent()
    before = dump(store, exact=True)
    assert set(outcomes(ingest(store, real_data))) == {"unchanged", "skipped"}
    assert dump(store, exact=True) == before
    for path in real_data.rglob("subagents/*.jsonl"):
        record = file_at(store, path)
        assert store.read(get_session, record.session_id).parent_session_id == path.parent.parent.name
