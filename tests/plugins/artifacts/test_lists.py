"""Lists of artifacts, over GraphQL, and the indexes that serve them."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from plugins.artifacts.driving import TEXT, TEXT_TYPE
from synthetic import Snapshot, page
from synthetic.testing import expect_data, expect_error
from synthetic_artifacts.model import ArtifactStatus, Criteria
from synthetic_artifacts.store import select_artifacts
from synthetic_artifacts.store.filters import NEWEST_FIRST
from synthetic_artifacts.types import Artifact
from synthetic_jobs.store import save_job
from synthetic_sessions.store import save_session

CREATE = """mutation($input: CreateArtifactInput!) { createArtifact(input: $input) {
    created artifact { id name contentType sizeBytes storedBytes encoding path url metadata status expiresAt }
} }"""
NAMES = "artifacts { totalCount nodes { id } }"
INDEXES = {
    "artifacts_by_created_at": Criteria(),
    "artifacts_by_construct_id": Criteria(construct_id="c", types=["log"]),
    "artifacts_by_session_id": Criteria(session_id="s", construct_id="c"),
    "artifacts_by_job_id": Criteria(job_id="j", session_id="s"),
    "artifacts_by_type": Criteria(types=["log", "report"]),
    "artifacts_by_status": Criteria(statuses=[ArtifactStatus.MISSING, ArtifactStatus.ALTERED]),
    "artifacts_by_sha256": Criteria(sha256="0" * 64, created_from=5),
}


class Explaining:
    """A snapshot that notes the plan of each query that goes through it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.plan: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._snapshot, name)

    def rows(self, sql: str, params: Any) -> list[Any]:
        self.plan += [detail for _, _, _, detail in self._snapshot.rows(f"EXPLAIN QUERY PLAN {sql}", params)]
        return self._snapshot.rows(sql, params)


@pytest.mark.parametrize(("index", "criteria"), INDEXES.items())
def test_a_page_is_read_from_an_index_in_its_order(store, index, criteria) -> None:
    def run(snapshot: Snapshot) -> list[str]:
        explaining: Any = Explaining(snapshot)
        page(explaining, Artifact, select_artifacts(criteria), order=NEWEST_FIRST, first=1)
        return explaining.plan

    plan = store.read(run)
    assert any(index in line for line in plan), plan
    assert not any("TEMP B-TREE" in line for line in plan), plan


def test_small_content_is_created_inline(store, artifacts) -> None:
    said = {"id": "a/1 é", "constructId": "c", "type": "log", "name": "build.log", "metadata": {"n": 1}}
    made = expect_data(store.graphql(CREATE, {"input": {**said, "text": TEXT.decode()}}))["createArtifact"]
    stored = artifacts.get("a/1 é")
    assert made == {
        "created": True,
        "artifact": {
            "id": "a/1 é", "name": "build.log", "contentType": "text/plain; charset=utf-8", "sizeBytes": len(TEXT),
            "storedBytes": stored.stored_bytes, "encoding": "ZSTD", "path": f"artifacts/{stored.path}",
            "url": "/artifacts/a%2F1%20%C3%A9", "metadata": {"n": 1}, "status": "AVAILABLE", "expiresAt": None,
        },
    }  # fmt: skip
    again = expect_data(store.graphql(CREATE, {"input": {**said, "text": TEXT.decode()}}))
    assert again["createArtifact"]["created"] is False
    said = {**said, "id": "b", "base64": base64.b64encode(b"\0\xff").decode()}
    assert expect_data(store.graphql(CREATE, {"input": said}))["createArtifact"]["artifact"]["sizeBytes"] == 2
    assert artifacts.file_of(artifacts.get("b")).read_bytes() == b"\0\xff"


@pytest.mark.parametrize(
    "content",
    [{}, {"text": "a", "base64": "YQ=="}, {"base64": "not base64"}, {"base64": "YQ"}, {"text": "x" * 524_289}],
)
def test_inline_content_that_cannot_be_taken_is_refused(store, artifacts, content) -> None:
    said = {"constructId": "c", "type": "log", "name": "x", **content}
    expect_error(store.graphql(CREATE, {"input": said}), "BAD_USER_INPUT")
    assert artifacts.files() == []


def test_constructs_sessions_and_jobs_list_theirs_without_deleted_ones(store, artifacts) -> None:
    store.write(
        lambda tx: (
            save_session(tx, {"construct_id": "c"}, session_id="s"),
            save_job(tx, {"kind": "k", "construct_id": "c"}, job_id="j"),
        )
    )
    artifacts.create("1", session_id="s")
    artifacts.create("2", job_id="j", data=TEXT, content_type=TEXT_TYPE)
    artifacts.create("3", session_id="s", job_id="j")
    artifacts.delete("3")
    query = (
        f'{{ {NAMES} construct(id: "c") {{ {NAMES} }} session(id: "s") {{ {NAMES} }} job(id: "j") {{ {NAMES} }}'
        " deleted: artifacts(filter: {statuses: [DELETED]}) { nodes { id session { id } job { id } construct { id } } }"
        ' named: artifacts(filter: {ids: ["3"]}) { totalCount } artifact(id: "3") { status } }'
    )
    found = expect_data(store.graphql(query))

    def names(listed: dict[str, Any]) -> set[str]:
        assert listed["totalCount"] == len(listed["nodes"])
        return {node["id"] for node in listed["nodes"]}

    assert names(found["artifacts"]) == {"1", "2"}
    assert names(found["construct"]["artifacts"]) == {"1", "2"}
    assert names(found["session"]["artifacts"]) == {"1"}
    assert names(found["job"]["artifacts"]) == {"2"}
    linked = {"id": "3", "session": {"id": "s"}, "job": {"id": "j"}, "construct": {"id": "c"}}
    assert found["deleted"]["nodes"] == [linked]
    assert found["named"] == {"totalCount": 1}
    assert found["artifact"] == {"status": "DELETED"}


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        ({"types": ["log"]}, {"1"}),
        ({"types": ["log", "report"]}, {"1", "2"}),
        ({"types": []}, set()),
        ({"sha256": "6B86B273FF34FCE19D6B804EFF5A3F5747ADA4EAA22F1D49C01E52DDB7875B4B"}, {"1"}),
        ({"statuses": []}, set()),
        ({"createdBefore": "2020-01-01T00:00:00Z"}, set()),
        ({"createdFrom": "2020-01-01T00:00:00Z", "constructId": "c"}, {"1", "2"}),
    ],
)
def test_a_filter_says_which(store, artifacts, criteria, found) -> None:
    artifacts.create("1", data=b"1", type="log")
    artifacts.create("2", data=b"2", type="report")
    query = "query($filter: ArtifactFilter) { artifacts(filter: $filter) { nodes { id } } }"
    answer = expect_data(store.graphql(query, {"filter": criteria}))
    assert {node["id"] for node in answer["artifacts"]["nodes"]} == found


def test_deleting_and_restoring_over_graphql(store, artifacts) -> None:
    artifacts.create()
    for name, status in (("deleteArtifact", "DELETED"), ("restoreArtifact", "AVAILABLE")):
        answer = store.graphql(f'mutation {{ {name}(input: {{id: "a"}}) {{ artifact {{ status }} }} }}')
        assert expect_data(answer) == {name: {"artifact": {"status": status}}}
        expect_error(
            store.graphql(f'mutation {{ {name}(input: {{id: "none"}}) {{ artifact {{ id }} }} }}'), "NOT_FOUND"
        )
