"""`synthetic serve --read-only`: what can be read is served, and nothing is written."""

from __future__ import annotations

import shutil

import httpx
import pytest

from synthetic.kernel import Kernel
from synthetic.store import Store
from synthetic.testing import FAST_SETTINGS, expect_data, expect_error, open_test_store, running_server
from tests.kernel.checks.kit import page_of, zero_page

from .kit import fill

SAVE = 'mutation { saveConstruct(input: {id: "new", type: "task", title: "A task"}) { construct { id } } }'
FOLLOW = "subscription($after: Position) { events(after: $after) { __typename } }"
CONSTRUCTS = "{ constructs(first: 50) { totalCount nodes { id } } }"


@pytest.fixture(scope="module")
def damaged(template, tmp_path_factory):
    """A store whose table of sessions has lost its top, so that it cannot be opened for writing."""
    folder = shutil.copytree(template, tmp_path_factory.mktemp("read-only") / "store")
    folder.chmod(0o700)
    with open_test_store(folder) as store:
        fill(store, 5)
    zero_page(folder, page_of(folder, "sessions"))
    return folder


def files_of(folder):
    """What must not change; the index of the log (`-shm`) is made by whoever reads."""
    kept = ("synthetic.db", "synthetic.db-wal", "token")
    return {name: (folder / name).read_bytes() for name in kept if (folder / name).exists()}


def test_a_damaged_store_is_read_and_no_write_is_taken(damaged):
    before = files_of(damaged)
    kernel = Kernel.open(damaged, overrides=FAST_SETTINGS, read_only=True)
    with Store(kernel) as store:
        assert expect_data(store.graphql(CONSTRUCTS))["constructs"]["totalCount"] == 5
        expect_error(store.graphql("{ sessions(first: 1) { nodes { id metadata } } }"), "STORE_DAMAGED")
        expect_error(store.graphql(SAVE), "STORE_READ_ONLY")
        expect_error(store.graphql("mutation { runBackup(input: {}) { __typename } }"), "STORE_READ_ONLY")
        assert kernel.read_only
    assert {**files_of(damaged), "synthetic.db-wal": b""} == {**before, "synthetic.db-wal": b""}
    assert not (damaged / "quarantine").exists()


def test_a_server_answers_queries_and_streams_of_it_and_is_ready(damaged):
    with running_server(damaged, "--read-only", "--no-auth") as server, httpx.Client(timeout=30) as client:
        answer = client.post(server.url, json={"query": CONSTRUCTS}).json()
        assert expect_data(answer)["constructs"]["totalCount"] == 5
        expect_error(client.post(server.url, json={"query": SAVE}).json(), "STORE_READ_ONLY")
        assert client.get(server.url.replace("/graphql", "/readyz")).json() == {"status": "ready"}
        follow = {"query": FOLLOW, "variables": {"after": start_of(answer)}}
        with client.stream("POST", server.url, json=follow, headers={"accept": "text/event-stream"}) as stream:
            line = next(line for line in stream.iter_lines() if line.startswith("data:") and "__typename" in line)
            assert "errors" not in line
        assert server.stop() == 0
    assert not [line for line in server.log if "error" in line.lower()], server.log


def start_of(answer):
    """The beginning of the log that an answer was read from."""
    return answer["extensions"]["position"].split(":")[0] + ":0"
