"""What an operator asks: what was read, and what was refused."""

from __future__ import annotations

import pytest

from synthetic import Snapshot
from synthetic.testing import expect_data, expect_error
from tests.plugins.ingest.kit import file_at, ingest
from tests.plugins.ingest.samples import SESSION, fill_folder, jsonl, write
from tests.plugins.ingest.samples_of_runs import CHAT_LINES


@pytest.fixture
def folder(store, tmp_path):
    """A folder that was read, with two files in which something is wrong."""
    folder = fill_folder(tmp_path / "data")
    write(folder / "chats" / "broken.jsonl", jsonl(CHAT_LINES[0]) + b"{1\n{2\n{3\n" + jsonl(CHAT_LINES[1]) + b'{"ro')
    write(folder / "runs" / "broken.traj", b'{"history": [{]}')
    ingest(store, folder)
    return folder


def ask(store, query, **variables):
    return expect_data(store.graphql(query, variables))


def names(nodes, folder):
    return [node["path"].removeprefix(f"{folder}/") for node in nodes]


def test_files_are_listed_by_path_in_pages(store, folder):
    seen, after = [], None
    while True:
        query = """query ($after: String) { ingestFiles(first: 3, after: $after) {
            nodes { path } totalCount pageInfo { hasNextPage endCursor }
        } }"""
        page = ask(store, query, after=after)["ingestFiles"]
        assert page["totalCount"] == 8
        seen += names(page["nodes"], folder)
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == sorted(seen)
    assert len(seen) == 8


def test_a_file_says_how_far_it_was_read_and_leads_to_what_came_of_it(store, folder):
    query = """query ($path: String) { ingestFiles(path: $path) { nodes {
        id path format compression state problem sizeBytes modifiedAt offsetBytes lineCount messageCount rejectCount
        createdAt updatedAt session { id } transcript { id messageCount ingestFile { path } }
        rejects(first: 2) { totalCount nodes {
            id lineNumber offsetBytes lengthBytes reason excerpt createdAt file { path }
        } }
    } } }"""
    path = folder / "chats" / "broken.jsonl"
    [node] = ask(store, query, path=str(path))["ingestFiles"]["nodes"]
    record = file_at(store, path)
    assert node["id"] == record.id
    assert (node["format"], node["compression"], node["state"]) == ("chat", "NONE", "PARTIAL")
    assert (node["lineCount"], node["messageCount"], node["rejectCount"]) == (5, 2, 3)
    assert node["sizeBytes"] == node["offsetBytes"] + len(b'{"ro')
    assert node["modifiedAt"] == "2026-02-02T02:40:00.000Z"
    assert node["session"]["id"] == record.session_id
    assert node["transcript"]["messageCount"] == 2
    assert node["transcript"]["ingestFile"]["path"] == str(path)
    assert node["rejects"]["totalCount"] == 3
    first = node["rejects"]["nodes"][0]
    assert (first["lineNumber"], first["offsetBytes"], first["lengthBytes"]) == (2, len(jsonl(CHAT_LINES[0])), 2)
    assert first["excerpt"] == "{1"
    assert first["reason"].startswith("It is not valid JSON")
    assert first["file"]["path"] == str(path)


def test_files_are_filtered_by_state_and_folder(store, folder):
    query = """query ($states: [IngestState!], $path: String) {
        ingestFiles(states: $states, path: $path) { nodes { path problem } }
    }"""

    def listed(**variables):
        return names(ask(store, query, **variables)["ingestFiles"]["nodes"], folder)

    assert listed(states=["PARTIAL"]) == ["chats/broken.jsonl"]
    assert listed(states=["FAILED", "PARTIAL"]) == ["chats/broken.jsonl", "runs/broken.traj"]
    assert listed(path=f"{folder}/runs/") == ["runs/broken.traj", "runs/new.traj", "runs/old.traj"]
    assert listed(path=f"{folder}/run") == []
    assert listed(states=["READ"], path=str(folder / "chats")) == ["chats/chat.jsonl", "chats/conversations.jsonl"]
    assert len(listed(path="/")) == 8
    assert listed(states=[]) == []


def test_rejects_are_listed_by_file_and_folder(store, folder):
    query = """query ($id: ID, $path: String) {
        ingestRejects(fileId: $id, path: $path) { nodes { lineNumber file { path transcript { id } } } }
    }"""

    def listed(**variables):
        return [
            (node["file"]["path"].removeprefix(f"{folder}/"), node["lineNumber"])
            for node in ask(store, query, **variables)["ingestRejects"]["nodes"]
        ]

    everything = [
        ("chats/broken.jsonl", 2),
        ("chats/broken.jsonl", 3),
        ("chats/broken.jsonl", 4),
        ("runs/broken.traj", 1),
    ]
    assert listed() == everything
    assert listed(id=file_at(store, folder / "runs" / "broken.traj").id) == everything[3:]
    assert listed(path=str(folder / "chats")) == everything[:3]


def test_files_and_rejects_are_nodes(store, folder):
    file_id = file_at(store, folder / "chats" / "broken.jsonl").id
    reject_id = store.read(Snapshot.value, "SELECT id FROM ingest_rejects ORDER BY offset_bytes DESC LIMIT 1")
    query = """query ($id: ID!) { node(id: $id) {
        __typename id ... on IngestFile { state } ... on IngestReject { lineNumber }
    } }"""
    assert ask(store, query, id=file_id)["node"] == {"__typename": "IngestFile", "id": file_id, "state": "PARTIAL"}
    assert ask(store, query, id=reject_id)["node"] == {"__typename": "IngestReject", "id": reject_id, "lineNumber": 4}


def test_a_cursor_of_another_list_is_refused(store, folder):
    cursor = ask(store, "{ ingestFiles(first: 1) { edges { cursor } } }")["ingestFiles"]["edges"][0]["cursor"]
    answer = store.graphql(
        "query ($after: String) { ingestRejects(after: $after) { nodes { id } } }", {"after": cursor}
    )
    expect_error(answer, "BAD_USER_INPUT")


def test_lists_are_read_from_indexes(store, folder):
    def plan(snapshot, sql):
        return " ".join(row[3] for row in snapshot.rows(f"EXPLAIN QUERY PLAN {sql}", {}))

    for sql, index in (
        ("SELECT * FROM ingest_files ORDER BY path, id LIMIT 50", "ingest_files_by_path_and_id"),
        (
            "SELECT * FROM ingest_files WHERE path >= 'a/' AND path < 'a0' ORDER BY path, id",
            "ingest_files_by_path_and_id",
        ),
        ("SELECT * FROM ingest_files WHERE path = 'a' AND state <> 'REPLACED'", "ingest_files_by_path"),
        ("SELECT * FROM ingest_files WHERE device = 1 AND inode = 2", "ingest_files_by_device_and_inode"),
        ("SELECT * FROM ingest_files WHERE head_hash = x'00'", "ingest_files_by_head_hash"),
        ("SELECT * FROM ingest_files WHERE transcript_id = 'a'", "ingest_files_by_transcript_id"),
        (
            "SELECT * FROM ingest_rejects WHERE file_id = 'a' ORDER BY file_id, offset_bytes",
            "ingest_rejects_by_file_id",
        ),
    ):
        found = store.read(plan, sql)
        assert index in found, found
        assert "SCAN" not in found or "ORDER BY path, id LIMIT" in sql, found
        assert "TEMP B-TREE" not in found, found


def test_deleting_a_construct_deletes_what_is_known_of_its_files(store, tmp_path):
    folder = fill_folder(tmp_path / "data")
    ask(store, 'mutation { saveConstruct(input: {id: "garden", type: "task", title: "Tulips"}) { construct { id } } }')
    ingest(store, folder / f"{SESSION}.jsonl", construct="garden")
    ask(store, 'mutation { deleteConstruct(input: {id: "garden"}) { __typename } }')
    assert store.read(Snapshot.value, "SELECT count(*) FROM ingest_files") == 0
    # The file is still there: who does not want it back deletes it too.
    assert ingest(store, folder / f"{SESSION}.jsonl").files["new"] == 1
