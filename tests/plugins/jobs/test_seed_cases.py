"""Nine things that happen to a store of jobs, one test each, from a happy path to an empty result."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from faults.conftest import disk as disk  # noqa: PLC0414 - a fixture, for two of these tests
from faults.kit import Disk, check_sound, code_of, refused
from faults.kit import ask as ask_server
from plugins.jobs.documents import CHECKPOINT, CLAIM, COMPLETE, FAIL, HEARTBEAT, JOB, PROGRESS, SAVE
from plugins.jobs.driving import Jobs
from plugins.logged import payloads, told
from synthetic import SyntheticError
from synthetic.errors import ExitCode
from synthetic.security.tokens import create_token
from synthetic.testing import (
    ManualClock,
    RunningServer,
    copy_template,
    expect_data,
    open_test_store,
    running_server,
    wait_until,
)
from synthetic_jobs.store import find_job, list_checkpoints

HISTORY = "query ($id: ID!) { job(id: $id) { status result history { number outcome } checkpoints { phase data } } }"


def claim(server: RunningServer, **fields: Any) -> dict[str, Any]:
    data = expect_data(ask_server(server, CLAIM, input={"worker": "builder-1", "kinds": ["build"], **fields}))
    return data["claimJob"]["job"]


def test_happy_path(ask, store) -> None:
    ask(SAVE, input={"id": "a", "kind": "build", "params": {"target": "all"}})
    token = ask(CLAIM, input={"kinds": ["build"], "worker": "builder-1"})["claimJob"]["job"]["leaseToken"]
    ask(PROGRESS, input={"id": "a", "leaseToken": token, "progress": 50, "phase": "compile"})
    ask(CHECKPOINT, input={"jobId": "a", "leaseToken": token, "phase": "compile", "data": {"files": 3}})
    ask(COMPLETE, input={"id": "a", "leaseToken": token, "result": {"warnings": 0}})

    job = ask(JOB, id="a")["job"]
    assert (job["status"], job["progress"], job["result"], job["leaseOwner"]) == (
        "COMPLETED",
        100,
        {"warnings": 0},
        None,
    )
    assert ask(HISTORY, id="a")["job"] == {
        "status": "COMPLETED", "result": {"warnings": 0}, "history": [{"number": 1, "outcome": "COMPLETED"}],
        "checkpoints": [{"phase": "compile", "data": {"files": 3}}],
    }  # fmt: skip
    assert [type for type, _ in told(store)] == [
        "job.saved", "job.status_changed", "job.progressed", "job.checkpointed", "job.status_changed",
    ]  # fmt: skip


def test_duplicate(ask, request: pytest.FixtureRequest, store) -> None:
    refuse = request.getfixturevalue("refused")
    same = {"id": "a", "kind": "build", "idempotencyKey": "once"}
    assert ask(SAVE, input=same)["saveJob"]["created"]

    assert not ask(SAVE, input=same)["saveJob"]["changed"]
    assert ask(SAVE, input={"kind": "build", "idempotencyKey": "once"})["saveJob"]["job"]["id"] == "a"
    assert refuse("CONFLICT", SAVE, input={**same, "command": "make"})["details"]["storedVersion"] == 1
    assert told(store) == [("job.saved", "a")]


def test_missing(ask, request: pytest.FixtureRequest, store) -> None:
    refuse = request.getfixturevalue("refused")
    token = {"leaseToken": 1}
    assert ask(JOB, id="nobody")["job"] is None
    for document, fields in (
        (CLAIM, {"id": "nobody", "worker": "builder-1"}),
        (HEARTBEAT, {"id": "nobody", **token}),
        (PROGRESS, {"id": "nobody", **token, "progress": 1}),
        (CHECKPOINT, {"jobId": "nobody", **token, "phase": "compile", "data": 1}),
        (COMPLETE, {"id": "nobody", **token}),
        (FAIL, {"id": "nobody", **token, "errorMessage": "It broke."}),
        (SAVE, {"kind": "build", "parentId": "nobody"}),
    ):
        assert refuse("NOT_FOUND", document, input=fields)["details"]["id"] == "nobody"
    assert told(store) == []


def send_and_hang_up(server: RunningServer, document: str, **variables: Any) -> None:
    """Send a request as a client does whose connection drops before the answer comes."""
    url = urlsplit(server.url)
    body = json.dumps({"query": document, "variables": variables}).encode()
    head = [
        f"POST {url.path} HTTP/1.1", f"Host: {url.netloc}", "Content-Type: application/json",
        f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in server.headers.items()), "", "",
    ]  # fmt: skip
    with socket.create_connection((url.hostname or "", url.port or 0)) as connection:
        connection.sendall("\r\n".join(head).encode() + body)


def test_connection_lost(data_dir: Path) -> None:
    """First the server dies while a job runs, then the worker's connection drops when it says that it is done."""
    with running_server(data_dir) as server:
        expect_data(ask_server(server, SAVE, input={"id": "a", "kind": "build"}))
        first = claim(server, leaseMs=500)
        saved = {"jobId": "a", "leaseToken": first["leaseToken"], "phase": "compile", "data": {"files": 3}}
        expect_data(ask_server(server, CHECKPOINT, input=saved))
        server.process.kill()
        server.process.wait()
        with pytest.raises(httpx.ConnectError):
            ask_server(server, COMPLETE, input={"id": "a", "leaseToken": 1})

    with running_server(data_dir) as server:
        again = wait_until(lambda: claim(server), "the end of the lease")
        assert again["leaseToken"] == 2
        assert code_of(ask_server(server, COMPLETE, input={"id": "a", "leaseToken": 1})) == "LEASE_LOST"
        done = {"id": "a", "leaseToken": 2, "result": {"files": 3}}
        send_and_hang_up(server, COMPLETE, input=done)
        for _ in range(2):
            assert expect_data(ask_server(server, COMPLETE, input=done))["completeJob"]["job"]["status"] == "COMPLETED"
        job = expect_data(ask_server(server, HISTORY, id="a"))["job"]
        assert [attempt["outcome"] for attempt in job["history"]] == ["LAPSED", "COMPLETED"]
        assert job["checkpoints"] == [{"phase": "compile", "data": {"files": 3}}]
    with check_sound(data_dir) as connection:
        ends = "SELECT count(*) FROM domain_events WHERE payload ->> '$.status' = 'COMPLETED'"
        assert connection.execute(ends).get == 1


def test_corrupt_file(data_dir: Path, tmp_path: Path, clock: ManualClock) -> None:
    database = data_dir / "synthetic.db"
    with open_test_store(data_dir, clock=clock) as store:
        Jobs(store, clock).add("a")
        pages = store.read(
            lambda snapshot: [page for (page,) in snapshot.rows("SELECT pageno FROM dbstat WHERE name = 'sync_jobs'")]
        )
    with database.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * 4096)
            file.write(b"\xa5" * 4096)
    damaged = database.read_bytes()
    error = refused("jobs", "list", data=data_dir)
    assert (error["code"], error["exit"]) == ("STORE_DAMAGED", ExitCode.STORAGE)
    assert database.read_bytes() == damaged

    garbage = tmp_path / "garbage"
    garbage.mkdir()
    (garbage / "synthetic.db").write_bytes(b"\xa5" * 16_384)
    error = refused("jobs", "list", data=garbage)
    assert (error["code"], error["exit"]) == ("NOT_A_STORE", ExitCode.CONFIGURATION)
    assert (garbage / "synthetic.db").read_bytes() == b"\xa5" * 16_384


def test_permissions(template: Path, disk: Disk, clock: ManualClock) -> None:
    """A disk that may only be read, and a token that may only read."""
    data = copy_template(template, disk.path / "store")
    with open_test_store(data, clock=clock) as store:
        secret = store.write(create_token, "reader", ("read",)).secret
        Jobs(store, clock).add("a")
    with running_server(data) as server:
        reader = RunningServer(server.url, secret, server.process, [])
        assert expect_data(ask_server(reader, JOB, id="a"))["job"]["status"] == "PENDING"
        assert code_of(ask_server(reader, CLAIM, input={"id": "a", "worker": "builder-1"})) == "FORBIDDEN"
        stranger = RunningServer(server.url, "", server.process, [])
        assert code_of(ask_server(stranger, JOB, id="a")) == "UNAUTHENTICATED"

    disk.read_only()
    with pytest.raises(SyntheticError) as failure, open_test_store(data, clock=clock):
        pass
    assert failure.value.code == "STORAGE_READ_ONLY"


def test_disk_full(template: Path, disk: Disk, clock: ManualClock) -> None:
    data = copy_template(template, disk.path / "store")
    saved: list[str] = []
    with open_test_store(data, clock=clock, settings={"kernel.database.synchronous": "FULL"}) as store:
        jobs = Jobs(store, clock)
        token = jobs.run("a").lease_token
        disk.fill(leave_bytes=3_000_000)
        code = ""
        while not code:
            try:
                saved.append(jobs.save_checkpoint("a", token, f"phase-{len(saved)}", "x" * 200_000).phase)
            except SyntheticError as error:
                code = error.code
        assert code == "STORAGE_FULL"
        assert saved
        assert [each.phase for each in store.read(lambda snapshot: list_checkpoints(snapshot, ["a"]))[0]] == saved
        assert store.read(find_job, "a").status == "RUNNING"
        disk.free()
        jobs.save_checkpoint("a", token, "after", 1)
        jobs.complete_job("a", token)
        assert [each["phase"] for each in payloads(store, "job.checkpointed")] == [*saved, "after"]
    check_sound(data).close()


def test_concurrent_update(jobs: Jobs) -> None:
    """Workers of one lease, as after a fork: the last to write wins, until one of them completes the job."""
    token = jobs.run("a").lease_token
    codes: list[str] = []
    begin = threading.Barrier(8)

    def update(number: int) -> None:
        begin.wait()
        for step in range(25):
            try:
                if (number, step) == (0, 12):
                    jobs.complete_job("a", token, "done")
                else:
                    jobs.update_job_progress("a", token, progress=step, phase=f"thread-{number}")
            except SyntheticError as error:
                codes.append(error.code)

    threads = [threading.Thread(target=update, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    job = jobs.get("a")
    assert (job.status, job.progress, job.result) == ("COMPLETED", 100, '"done"')
    assert set(codes) <= {"LEASE_LOST"}
    assert len(codes) >= 12
    *changes, last = payloads(jobs.store)
    assert last["status"] == "COMPLETED"
    assert changes[-1]["phase"] == job.phase, "the last to write has not won"
    assert len(changes) + len(codes) <= 2 + 8 * 25


def test_empty_result(ask) -> None:
    lists = """{
        jobs(filter: {statuses: [FAILED], userId: "nobody"}) {
            totalCount nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        }
        jobCounts { kind } jobLimits { kind } job(id: "nobody") { id }
    }"""
    assert ask(lists) == {
        "jobs": {
            "totalCount": 0,
            "nodes": [],
            "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
        },
        "jobCounts": [],
        "jobLimits": [],
        "job": None,
    }
    claimed = ask(CLAIM, input={"kinds": ["build"], "worker": "builder-1"})["claimJob"]
    assert claimed == {"job": None, "jobs": []}
