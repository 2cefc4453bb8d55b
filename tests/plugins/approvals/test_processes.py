"""Three server processes on one store: whoever decides first has decided, wherever the others look."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from plugins.approvals.lifecycle import LIFETIME_MS, Answer, Lifecycle
from synthetic.testing import RunningServer, copy_template, running_server, wait_until
from synthetic.testing_commands import run_command
from synthetic.worker import AsyncJob, Client, Job, Worker
from synthetic_approvals.canonical import check_arguments, hash_arguments
from synthetic_approvals.settings import ApprovalSettings

ASK = "mutation ($i: RequestApprovalInput!) { requestApproval(input: $i) { approval { id argumentsSha256 } } }"
DECIDE = "mutation ($i: DecideApprovalInput!) { decideApproval(input: $i) { approval { status } } }"
CANCEL = "mutation ($i: CancelApprovalInput!) { cancelApproval(input: $i) { approval { status } } }"
DELETE = "mutation ($i: DeleteApprovalInput!) { deleteApproval(input: $i) { id } }"
CHECK = 'query ($id: ID!, $arguments: JSON!) { checkApproval(id: $id, tool: "shell", arguments: $arguments) { id } }'
SAVE_JOB = "mutation ($i: SaveJobInput!) { saveJob(input: $i) { job { id } } }"
CLAIM = 'mutation ($id: ID!) { claimJob(input: {id: $id, worker: "w", leaseMs: 3600000}) { job { leaseToken } } }'
STATUSES = "{ approvals(first: 100) { nodes { id status } } jobs(first: 100) { nodes { id status } } }"
PENDING = """{ approvals(filter: { statuses: [PENDING] }, first: 100) { nodes {
    id tool arguments argumentsSha256 reason job { id status kind } } } }"""


class Servers:
    """Three processes; `who` says which is asked."""

    def __init__(self, running: list[RunningServer], directory: Path) -> None:
        self.running = running
        self.directory = directory
        self.client = httpx.Client(timeout=30, trust_env=False)

    def post(self, who: int, query: str, **variables: Any) -> dict[str, Any]:
        server = self.running[who]
        sent = {"query": query, "variables": variables}
        return self.client.post(server.url, json=sent, headers=self.running[0].headers).json()

    def answer(self, who: int, query: str, **variables: Any) -> Answer:
        errors = self.post(who, query, **variables).get("errors")
        if errors is None:
            return Answer()
        contract = errors[0]["extensions"]
        details = contract["details"]
        first = (details["status"], details["comment"]) if contract["code"] == "ALREADY_DECIDED" else None
        return Answer(contract["code"], first)

    def data(self, who: int, query: str, **variables: Any) -> dict[str, Any]:
        answer = self.post(who, query, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    def ask(
        self, who: int, id: str, arguments: dict[str, Any], policy: str, job: str | None, *, lets_go: bool
    ) -> Answer:
        asked = {"id": id, "tool": "shell", "arguments": arguments, "lifetimeMs": LIFETIME_MS * 60}
        named = {"jobId": job, **({"onRefusal": policy} if job else {}), **({"leaseToken": 1} if lets_go else {})}
        return self.answer(who, ASK, i={**asked, **named})

    def decide(self, who: int, id: str, decision: str, sha256: str, comment: str) -> Answer:
        return self.answer(
            who, DECIDE, i={"id": id, "decision": decision, "argumentsSha256": sha256, "comment": comment}
        )

    def cancel(self, who: int, id: str) -> Answer:
        return self.answer(who, CANCEL, i={"id": id})

    def check(self, who: int, id: str, arguments: dict[str, Any]) -> Answer:
        return self.answer(who, CHECK, id=id, arguments=arguments)

    def delete(self, who: int, id: str) -> Answer:
        return self.answer(who, DELETE, i={"id": id})

    def make_job(self, who: int, id: str) -> None:
        self.data(who, SAVE_JOB, i={"id": id, "kind": "machine"})
        self.data(who, CLAIM, id=id)

    def statuses(self, who: int) -> tuple[dict[str, str], dict[str, str]]:
        found = self.data(who, STATUSES)
        approvals, jobs = ({row["id"]: row["status"] for row in found[key]["nodes"]} for key in ("approvals", "jobs"))
        return approvals, jobs

    def hash_of(self, arguments: dict[str, Any]) -> str:
        return hash_arguments(check_arguments(arguments, ApprovalSettings()))

    def forget(self) -> None:
        for id in self.statuses(0)[0]:
            self.data(0, DELETE, i={"id": id})


@pytest.fixture(scope="module")
def servers(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    directory = copy_template(template, tmp_path_factory.mktemp("three") / "store")
    words = ("--set", "kernel.limits.requests_per_second=100000", "--set", "plugins.approvals.watch_every_ms=100")
    with contextlib.ExitStack() as stack:
        environment = {"SYNTHETIC_DATABASE_SYNCHRONOUS": "OFF"}
        running = [
            stack.enter_context(running_server(directory, *words, environment=environment)) for _number in range(3)
        ]
        found = Servers(running, directory)
        with found.client:
            yield found
        for server in running:
            assert "Traceback" not in "".join(server.log)


@pytest.fixture
def asked(servers: Servers) -> str:
    """The hash of an approval `race` that is pending, and of nothing else."""
    servers.forget()
    return servers.data(0, ASK, i={"id": "race", "tool": "shell", "arguments": {}})["requestApproval"]["approval"][
        "argumentsSha256"
    ]


def test_of_two_who_decide_at_the_same_instant_one_wins_and_the_other_is_told(servers, asked):
    for number in range(10):
        id = f"race-{number}"
        servers.data(0, ASK, i={"id": id, "tool": "shell", "arguments": {}})
        ready, found = threading.Barrier(3), dict[int, dict[str, Any]]()

        def decide(who: int, id: str = id, ready: threading.Barrier = ready, found: dict[int, Any] = found) -> None:
            decision = ("APPROVED", "REJECTED", "APPROVED")[who]
            given = {"id": id, "decision": decision, "argumentsSha256": asked, "comment": f"by {who}"}
            ready.wait(30)
            found[who] = servers.post(who, DECIDE, i=given)

        threads = [threading.Thread(target=decide, args=(who,)) for who in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        (winner,) = [who for who, answer in found.items() if "errors" not in answer]
        first = found[winner]["data"]["decideApproval"]["approval"]["status"]
        for who in {0, 1, 2} - {winner}:
            contract = found[who]["errors"][0]["extensions"]
            assert contract["code"] == "ALREADY_DECIDED"
            assert (contract["details"]["status"], contract["details"]["comment"]) == (first, f"by {winner}")
        events = servers.data(0, "query ($id: ID!) { events(filter: {entityId: $id}) { nodes { type } } }", id=id)
        assert [each["type"] for each in events["events"]["nodes"]].count("approval.decided") == 1


@pytest.mark.parametrize("examples", [3, pytest.param(200, marks=pytest.mark.full)])
def test_whatever_happens_in_three_processes_is_decided_once(servers, asked, examples):
    Lifecycle.door = servers
    run_state_machine_as_test(
        Lifecycle,
        settings=settings(
            max_examples=examples, stateful_step_count=10, deadline=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


INBOX = """subscription ($after: Position, $filter: ApprovalUpdateFilter) { approvals(after: $after, filter: $filter) {
    position approvalId type status tool approval { id status arguments } } }"""


def test_the_inbox_sees_each_change_of_every_process_and_resumes_by_position(servers, asked):
    position = servers.post(0, "{ approvals { totalCount } }")["extensions"]["position"]
    for id, who in (("in-a", 1), ("in-b", 2), ("in-c", 0)):
        servers.data(who, ASK, i={"id": id, "tool": "shell" if id != "in-b" else "deploy", "arguments": {}})
    assert servers.decide(2, "in-a", "APPROVED", asked, "Yes.") == Answer()
    assert servers.cancel(1, "in-b") == Answer()
    servers.data(0, ASK, i={"id": "in-d", "tool": "shell", "arguments": {"n": 1}, "lifetimeMs": 1000})
    whole = [
        ("in-a", "REQUESTED", "PENDING", "shell"),
        ("in-b", "REQUESTED", "PENDING", "deploy"),
        ("in-c", "REQUESTED", "PENDING", "shell"),
        ("in-a", "DECIDED", "APPROVED", "shell"),
        ("in-b", "CANCELLED", "CANCELLED", "deploy"),
        ("in-d", "REQUESTED", "PENDING", "shell"),
        ("in-d", "EXPIRED", "EXPIRED", "shell"),
        ("in-a", "DELETED", None, None),
    ]
    seen: list[dict[str, Any]] = []
    deleted = False
    # Each connection, to another process, takes some updates and is cut; the next goes on where it was.
    for who, count in enumerate((1, 5, 2)):
        server = servers.running[who]
        with (
            Client(server.url, token=servers.running[0].token) as client,
            client.subscribe(INBOX, {"after": position}) as feed,
        ):
            for data in feed:
                seen.append(data["approvals"])
                position = seen[-1]["position"]
                if len(seen) == 7 and not deleted:
                    deleted = True
                    servers.data(0, DELETE, i={"id": "in-a"})
                count -= 1
                if count == 0:
                    break
    assert [(each["approvalId"], each["type"], each["status"], each["tool"]) for each in seen] == whole
    assert seen[-1]["approval"] is None
    assert seen[5]["approval"]["arguments"] == {"n": 1}


@pytest.mark.parametrize(
    ("filter", "expected"),
    [({"tools": ["deploy"]}, "two"), ({"ids": ["one"]}, "one"), ({"requester": "builder-3"}, "three")],
)
def test_the_inbox_delivers_what_its_filter_says(servers, asked, filter, expected):
    position = servers.post(0, "{ approvals { totalCount } }")["extensions"]["position"]
    for id, given in (("one", {}), ("two", {"tool": "deploy"}), ("three", {"requester": "builder-3"})):
        servers.data(1, ASK, i={"id": id, "tool": "shell", "arguments": {}, **given})
    with (
        Client(servers.running[0].url, token=servers.running[0].token) as client,
        client.subscribe(INBOX, {"after": position, "filter": filter}) as feed,
    ):
        assert next(iter(feed))["approvals"]["approvalId"] == expected


def test_of_keys_that_are_sent_twice_the_last_is_stored_shown_hashed_and_checked(servers, asked):
    def post(document: str, variables: str) -> dict[str, Any]:
        body = f'{{"query": {json.dumps(document)}, "variables": {variables}}}'
        headers = {**servers.running[0].headers, "Content-Type": "application/json"}
        return servers.client.post(servers.running[0].url, content=body, headers=headers).json()

    twice = '{"path": "/safe", "path": "/precious"}'
    answer = post(ASK, f'{{"i": {{"id": "twice", "tool": "shell", "arguments": {twice}}}}}')
    sha256 = answer["data"]["requestApproval"]["approval"]["argumentsSha256"]
    assert sha256 == servers.hash_of({"path": "/precious"})
    shown = servers.data(0, '{ approval(id: "twice") { arguments } }')["approval"]["arguments"]
    assert shown == {"path": "/precious"}
    assert servers.decide(0, "twice", "APPROVED", sha256, "So.") == Answer()
    assert "errors" not in post(CHECK, f'{{"id": "twice", "arguments": {twice}}}')
    assert servers.check(0, "twice", {"path": "/safe"}).code == "APPROVAL_ARGUMENTS_CHANGED"
    for wrong in ("NaN", "1e999", '"\\ud800"', "9007199254740993", "1" * 400, "[" * 300 + "]" * 300):
        refused = post(ASK, f'{{"i": {{"tool": "shell", "arguments": {{"a": {wrong}}}}}}}')
        assert refused["errors"][0]["extensions"]["code"] in ("BAD_USER_INPUT", "BAD_REQUEST"), (wrong, refused)


def test_a_token_that_may_write_cannot_decide(servers, asked):
    directory = servers.directory
    free = ("--set", "kernel.database.free_disk_bytes=0")
    made = run_command(["token", "create", "worker", "--scope", "write", "--data", str(directory), *free, "--json"])
    token = json.loads(made.stdout)["token"]
    given = {"id": "race", "decision": "APPROVED", "argumentsSha256": asked}
    for document, variables in ((DECIDE, {"i": given}), (DELETE, {"i": {"id": "race"}})):
        sent = {"query": document, "variables": variables}
        headers = {"Authorization": f"Bearer {token}"}
        answer = servers.client.post(servers.running[0].url, json=sent, headers=headers).json()
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert servers.statuses(0)[0]["race"] == "PENDING"


@contextlib.contextmanager
def working(worker: Worker) -> Iterator[None]:
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        worker.stop(at_once=True)
        thread.join(60)
        assert not thread.is_alive()


def test_handlers_wait_for_a_person_and_go_on_or_not(servers, asked):
    worker = Worker(servers.running[0].url, token=servers.running[0].token, poll_ms=200)
    pushed: list[str] = []

    def what(job: Job | AsyncJob) -> dict[str, Any]:
        return {"branch": job.id, "size": 1.0}

    @worker.handles("push")
    def push(job: Job) -> object:
        approval = job.require_approval("push", "shell", what(job), reason="It is ready.")
        pushed.append(job.id)
        return {"comment": approval.comment}

    @worker.handles("push-async")
    async def push_async(job: AsyncJob) -> object:
        first = await job.require_approval("first", "shell", what(job), on_refusal="RESUME", lifetime_ms=600_000)
        second = await job.require_approval("second", "shell", what(job), on_refusal="RESUME")
        pushed.append(job.id)
        return {"both": first.id != second.id}

    jobs = {"given": "push", "not-given": "push", "given-twice": "push-async", "given-once": "push-async"}
    with working(worker):
        for id, kind in jobs.items():
            servers.data(1, SAVE_JOB, i={"id": id, "kind": kind})
        rounds: dict[str, int] = {}
        finished: dict[str, str] = {}
        while len(finished) < len(jobs):
            waiting = wait_until(lambda: _decidable(servers) or _finished(servers, jobs), "something to decide")
            for each in [each for each in waiting if each.get("argumentsSha256") and each["job"]]:
                id = each["job"]["id"]
                rounds[id] = rounds.get(id, 0) + 1
                no = id == "not-given" or (id == "given-once" and rounds[id] == 2)
                answer = servers.decide(2, each["id"], "REJECTED" if no else "APPROVED", each["argumentsSha256"], "So.")
                assert answer == Answer()
            finished = {id: status for id, status in servers.statuses(1)[1].items() if id in jobs and _is_over(status)}
    assert finished == {
        "given": "COMPLETED", "not-given": "FAILED", "given-twice": "COMPLETED", "given-once": "FAILED",
    }  # fmt: skip
    assert sorted(pushed) == ["given", "given-twice"]
    told = servers.data(0, '{ a: job(id: "given-once") { errorMessage } b: job(id: "not-given") { errorMessage } }')
    assert told["a"]["errorMessage"] == "ApprovalRefused: the approval of shell is REJECTED: So."
    assert told["b"]["errorMessage"].endswith("of shell was rejected by first: So.")


def test_a_job_that_an_operator_retries_asks_anew_and_a_reason_is_worded_anew_by_each_attempt(servers, asked):
    worker = Worker(servers.running[0].url, token=servers.running[0].token, poll_ms=100)

    @worker.handles("push-again")
    def push(job: Job) -> object:
        approval = job.require_approval("push", "shell", {"n": 1}, reason=f"At claim {job.lease_token}.")
        return {"comment": approval.comment, "retries": job.retries}

    def decide(decision: str) -> str:
        (waiting,) = wait_until(lambda: _decidable(servers), "something to decide")
        assert servers.decide(1, waiting["id"], decision, waiting["argumentsSha256"], "So.") == Answer()
        return waiting["id"]

    def becomes(status: str) -> None:
        wait_until(lambda: servers.statuses(0)[1]["anew"] == status, status)

    with working(worker):
        servers.data(1, SAVE_JOB, i={"id": "anew", "kind": "push-again"})
        first = decide("REJECTED")
        becomes("FAILED")
        servers.data(0, 'mutation { retryJob(input: {id: "anew"}) { job { id } } }')
        second = decide("APPROVED")
        becomes("COMPLETED")
    assert first != second
    told = servers.data(0, '{ job(id: "anew") { result retries } }')["job"]
    assert told == {"result": {"comment": "So.", "retries": 1}, "retries": 1}


def _is_over(status: str) -> bool:
    return status in ("COMPLETED", "FAILED", "CANCELLED")


def _decidable(servers: Servers) -> list[dict[str, Any]]:
    """What jobs wait for that have let go."""
    nodes = servers.data(0, PENDING)["approvals"]["nodes"]
    return [each for each in nodes if each["job"] and each["job"]["status"] == "WAITING"]


def _finished(servers: Servers, jobs: dict[str, str]) -> list[dict[str, Any]]:
    statuses = servers.statuses(0)[1]
    return [{"job": None}] if all(_is_over(statuses.get(id, "")) for id in jobs) else []
