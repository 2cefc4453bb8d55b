"""Every field of every mutation, with everything that does not belong there.

Whatever is sent, the answer is JSON with the error contract, or the value was
fit to be stored; nothing is INTERNAL, a refused mutation leaves no row, and
the server lives. A mutation that is added to the schema has to be added here.
"""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import apsw
import httpx
import pytest

from synthetic.testing import CONTRACT_KEYS, RunningServer, running_server

HUGE = "x" * 1_100_000
"""More than any field but the content of a message may have."""
BAD_VALUES: dict[str, Any] = {
    "a number": 7,
    "a fraction": 0.5,
    "true": True,
    "a list": [],
    "an object": {"a": 1},
    "nothing": None,
    "empty text": "",
    "NUL": "a\0b",
    "a lone surrogate": "a\ud800b",
    "10^30": 10**30,
    "minus one": -1,
    "SQL": "'; DROP TABLE constructs; --",
    "text of a megabyte": HUGE,
    "deep nesting": json.loads("[" * 50 + "]" * 50),
}
VALID: dict[str, dict[str, Any]] = {
    "saveConstruct": {
        "id": "new", "ifVersion": None, "type": "task", "status": "ACTIVE", "title": "A title", "description": "Text",
        "userId": "u", "projectId": "p", "metadata": {"a": 1},
    },
    "deleteConstruct": {"id": "doomed", "dryRun": True},
    "relateConstructs": {"fromId": "base", "kind": "RELATED", "toId": "other", "metadata": {}},
    "unrelateConstructs": {"fromId": "base", "kind": "RELATED", "toId": "other"},
    "saveSession": {
        "id": "new", "ifVersion": None, "constructId": "base", "parentSessionId": "base", "agent": "a", "title": "t",
        "userId": "u", "projectId": "p", "status": "ACTIVE", "startedAt": "2026-01-01T00:00:00Z",
        "lastActivityAt": "2026-01-01T00:00:00Z", "endedAt": None, "metadata": {},
    },
    "touchSession": {"id": "base"},
    "saveSessionContext": {
        "id": "new", "ifVersion": None, "sessionId": "base", "userId": "u", "channel": "C1", "threadTs": "1.5",
        "state": {"a": 1},
    },
    "touchSessionContext": {"id": "base"},
    "deleteSessionContext": {"id": "doomed"},
    "saveThreadSession": {
        "channel": "C1", "threadTs": "1.5", "ifVersion": None, "sessionId": "base", "userId": "u",
    },
    "touchThreadSession": {"channel": "C0", "threadTs": "0.5"},
    "deleteThreadSession": {"channel": "C0", "threadTs": "0.6"},
    "appendMessages": {
        "transcriptId": "new", "sessionId": "base", "source": "s", "title": "t",
        "messages": [
            {
                "sourceId": "m1", "role": "ASSISTANT", "kind": "TEXT", "text": "Hello", "blocks": None,
                "toolCallCount": 0, "model": "m", "usageId": "u", "parentSourceId": "m0",
                "occurredAt": "2026-01-01T00:00:00Z", "metadata": {},
                "usage": {"inputTokens": 1, "outputTokens": 1, "cacheReadTokens": 0, "cacheWriteTokens": 0},
            }
        ],
    },
    "saveDeliveryTarget": {
        "id": "new", "ifVersion": None, "name": "n", "url": "https://hooks.example.com/x",
        "secret": "whsec_" + "YWFh" * 10,
        "eventTypes": ["job.*"], "constructIds": ["base"], "allowPrivate": False, "enabled": False,
    },
    "testDeliveryTarget": {"id": "none"},
    "deleteDeliveryTarget": {"id": "none"},
    "resendDelivery": {"id": "none"},
    "rotateDeliverySecret": {
        "id": "none", "ifVersion": None, "secret": "whsec_" + "YmJi" * 10, "keepPreviousMs": 60_000,
    },
    "resendDeliveries": {
        "filter": {
            "targetId": "none", "statuses": ["FAILED"], "eventId": "none", "constructId": "base",
            "endedFrom": "2026-01-01T00:00:00Z", "endedBefore": "2026-01-02T00:00:00Z",
        },
        "dryRun": False,
    },
    "emitEvent": {
        "type": "deploy.done", "entityId": "site", "entityType": "website", "constructId": "base", "payload": {"a": 1},
        "occurredAt": "2026-01-01T00:00:00Z", "id": "new", "causationId": "c",
    },
    "reportSync": {
        "module": "m", "outcome": "FAILED", "attemptId": "a", "startedAt": "2026-01-01T00:00:00Z", "cursor": "c",
        "expectedIntervalMs": 1000, "units": 1,
        "error": {"code": "PEER_DOWN", "message": "No.", "recoverable": True, "retryAfterMs": 1, "action": "Wait."},
    },
    "requestResync": {"module": "m", "action": "RESYNC"},
    "forgetSyncModule": {"module": "m"},
    "saveJob": {
        "id": "new", "ifVersion": None, "userId": "u", "projectId": "p", "constructId": "base", "parentId": "base",
        "kind": "build", "key": "k", "command": "make", "params": {"a": 1}, "caller": "c", "responseChannel": "r",
        "priority": 5, "maxAttempts": 3, "onLapse": "FAIL", "idempotencyKey": None, "metadata": {},
        "runAfter": "2026-01-01T00:00:00Z",
    },
    "claimJob": {"kinds": ["never"], "id": None, "worker": "w", "limit": 1, "leaseMs": 1000},
    "heartbeatJob": {"id": "beating", "leaseToken": 1, "leaseMs": 3_600_000},
    "updateJobProgress": {"id": "moving", "leaseToken": 1, "progress": 50, "phase": "scan"},
    "updateJobStatus": {
        "id": "changing", "leaseToken": 1, "status": "WAITING", "message": "m", "waitingFor": "a",
        "runAfter": "2100-01-01T00:00:00Z",
    },
    "saveCheckpoint": {"jobId": "keeping", "leaseToken": 1, "phase": "scan", "data": {"a": [1]}},
    "completeJob": {"id": "completing", "leaseToken": 1, "result": {"a": [1]}},
    "failJob": {"id": "failing", "leaseToken": 1, "errorMessage": "No.", "retryable": False, "retryAfterMs": 1},
    "cancelJob": {"id": "cancelling", "force": False, "reason": "r"},
    "retryJob": {"id": "cancelled"},
    "replayJob": {"id": "cancelled", "newId": "again", "fromPhase": None, "fromStart": True},
    "cancelJobs": {
        "filter": {
            "ids": ["none"], "userId": "u", "projectId": "p", "constructId": "c", "parentId": "p", "replayOf": "r",
            "scheduleId": "s", "kinds": ["k"], "keys": ["k"], "statuses": ["PENDING"],
            "createdFrom": "2026-01-01T00:00:00Z", "createdBefore": "2026-01-01T00:00:00Z", "errorContains": "e",
        },
        "force": False, "reason": "r", "dryRun": False,
    },
    "retryJobs": {"filter": {"ids": ["none"]}, "dryRun": False},
    "saveJobLimit": {"kind": "never", "runningMax": 1, "runningPerKeyMax": 1},
    "saveJobSchedule": {
        "id": "new", "ifVersion": None, "cron": "0 0 1 1 *", "everyMs": None, "timezone": "UTC", "missed": "SKIP",
        "overlap": "SKIP", "startsAt": "2100-01-01T00:00:00Z",
        "job": {
            "userId": "u", "projectId": "p", "constructId": "base", "parentId": "base", "kind": "build", "key": "k",
            "command": "make", "params": {}, "caller": "c", "responseChannel": "r", "priority": 5, "maxAttempts": 3,
            "onLapse": "FAIL", "metadata": {},
        },
    },
    "pauseJobSchedule": {"id": "base"},
    "resumeJobSchedule": {"id": "base"},
    "runJobSchedule": {"id": "base"},
    "deleteJobSchedule": {"id": "doomed"},
    "requestApproval": {
        "id": "new", "tool": "shell", "arguments": {"a": [1]}, "constructId": "base", "sessionId": "base",
        "jobId": "asking", "leaseToken": 1, "onRefusal": "FAIL", "requester": "r", "reason": "r",
        "lifetimeMs": 3_600_000,
    },
    "decideApproval": {
        "id": "deciding", "decision": "APPROVED", "comment": "c", "decider": "d",
        "argumentsSha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    },
    "cancelApproval": {"id": "withdrawn", "reason": "r"},
    "deleteApproval": {"id": "unwanted"},
    "saveDeadLetter": {
        "id": "new", "source": "outside", "payload": {"a": [1]}, "entityType": "message", "entityId": "m1",
        "constructId": "base", "key": "k", "attempts": 1, "firstFailedAt": "2026-01-01T00:00:00Z",
        "lastFailedAt": "2026-01-01T00:00:00Z", "group": "g",
        "error": {"code": "LOST", "message": "No.", "recoverable": True, "retryAfterMs": 1, "action": "Wait."},
    },
    "retryDeadLetter": {"id": "refused", "payload": {"a": [1]}, "outOfOrder": False, "ifRetries": 0},
    "incrementRetry": {
        "id": "counted", "ifRetries": None,
        "error": {"code": "LOST", "message": "No.", "recoverable": True, "retryAfterMs": 1, "action": "Wait."},
    },
    "resolveDeadLetter": {"id": "resolving", "resolution": "r"},
    "discardDeadLetter": {"id": "discarding", "reason": "r"},
    "redriveDeadLetters": {
        "id": None, "ratePerSecond": 5.0, "dryRun": True,
        "filter": {
            "ids": ["none"], "statuses": ["PENDING"], "sources": ["s"], "fingerprints": ["f"], "codes": ["C"],
            "key": "k", "constructId": "c", "entityType": "t", "entityId": "e", "retryEntityType": "t",
            "retryEntityId": "e", "failedFrom": "2026-01-01T00:00:00Z", "failedBefore": "2026-01-01T00:00:00Z",
            "dueBy": "2026-01-01T00:00:00Z",
        },
    },
    "cancelDeadLetterRedrive": {"id": "redriven"},
    "createArtifact": {
        "id": "new", "constructId": "base", "sessionId": "base", "jobId": "base", "type": "log", "name": "a.txt",
        "contentType": "text/plain", "text": "Hello", "base64": None, "metadata": {"a": 1},
        "expiresAt": "2100-01-01T00:00:00Z",
        "sha256": "185f8db32271fe25f561a6fc938b2e264306ec304eda518007d1764826381969",
    },
    "deleteArtifact": {"id": "doomed"},
    "restoreArtifact": {"id": "trashed"},
    "recordTransition": {
        "id": "new", "workflowId": "base", "to": "READY", "from": "DRAFT", "machine": "base", "projectId": "p",
        "storyId": "s", "constructId": "base", "actor": "planner", "reason": "r",
        "occurredAt": "2026-01-02T00:00:00Z", "metadata": {"a": 1},
    },
    "saveWorkflowMachine": {
        "name": "new", "ifVersion": None, "description": "d", "states": ["A", "B"], "initialStates": ["A"],
        "finalStates": ["B"], "transitions": [{"from": "A", "to": "B"}],
    },
    "deleteWorkflow": {"id": "doomed"},
    "saveDocument": {
        "id": "new", "ifVersion": None, "kind": "PLAN", "title": "t", "body": "b", "status": "draft",
        "constructId": "base", "storyId": "s", "projectId": "p", "metadata": {"a": [1]},
    },
    "deleteDocument": {"id": "doomed"},
    "saveSearch": {
        "id": "new", "ifVersion": None, "name": "n", "query": "lease -kept",
        "filter": {
            "kinds": ["JOB"], "constructIds": ["base"], "sessionIds": ["base"], "statuses": ["PENDING"],
            "facets": [{"name": "type", "values": ["build"]}],
            "occurredFrom": "2026-01-01T00:00:00Z", "occurredBefore": "2026-01-02T00:00:00Z",
        },
    },
    "deleteSearch": {"id": "doomed"},
    "recordCost": {
        "id": "new", "kind": "tool", "sessionId": "base", "constructId": None, "projectId": None, "agent": None,
        "model": "m", "inputTokens": 1, "outputTokens": 1, "cacheReadTokens": 0, "cacheWriteTokens": 0,
        "costMicros": 1, "currency": "USD", "note": "n", "occurredAt": "2026-01-01T00:00:00Z",
    },
    "saveBudget": {
        "id": "new", "ifVersion": None, "name": "n", "projectId": "p", "constructId": None, "period": "MONTH",
        "timeZone": "UTC", "limitMicros": 1_000, "currency": "USD", "warnAtPercent": 80,
    },
    "deleteBudget": {"id": "costly"},
    "runRetention": {"rules": ["jobs.finished"], "dryRun": True, "confirmClock": True},
    "runBackup": {"reason": "requested"},
}  # fmt: skip
BASE = """mutation {
    a: saveConstruct(input: {id: "base", type: "task", title: "Base"}) { construct { id } }
    b: saveConstruct(input: {id: "other", type: "task", title: "Other"}) { construct { id } }
    c: saveConstruct(input: {id: "doomed", type: "task", title: "Doomed"}) { construct { id } }
    d: saveSession(input: {id: "base", constructId: "base"}) { session { id } }
    da: saveSessionContext(input: {id: "base", sessionId: "base"}) { created }
    db: saveSessionContext(input: {id: "doomed"}) { created }
    dc: saveThreadSession(input: {channel: "C0", threadTs: "0.5", sessionId: "base"}) { created }
    dd: saveThreadSession(input: {channel: "C0", threadTs: "0.6", sessionId: "base"}) { created }
    e: saveJob(input: {id: "base", kind: "base", runAfter: "2100-01-01T00:00:00Z"}) { created }
    f: saveJob(input: {id: "cancelled", kind: "base"}) { created }
    g: cancelJob(input: {id: "cancelled"}) { job { id } }
    h: saveJob(input: {id: "cancelling", kind: "base"}) { created }
    i: saveJobSchedule(input: {id: "base", cron: "0 0 1 1 *", job: {kind: "base"}}) { created }
    j: saveJobSchedule(input: {id: "doomed", cron: "0 0 1 1 *", job: {kind: "base"}}) { created }
    k: requestApproval(input: {id: "deciding", tool: "shell", arguments: {}}) { created }
    l: requestApproval(input: {id: "withdrawn", tool: "shell", arguments: {}}) { created }
    m: requestApproval(input: {id: "unwanted", tool: "shell", arguments: {}}) { created }
    n: createArtifact(input: {id: "doomed", constructId: "base", type: "t", name: "n", text: ""}) { created }
    o: createArtifact(input: {id: "trashed", constructId: "base", type: "t", name: "n", text: ""}) { created }
    p: deleteArtifact(input: {id: "trashed"}) { artifact { id } }
    wa: saveDeadLetter(input: {id: "counted", source: "outside", error: {code: "LOST", message: "No."}}) { created }
    wb: saveDeadLetter(input: {id: "resolving", source: "outside", error: {code: "LOST", message: "No."}}) { created }
    wc: saveDeadLetter(input: {id: "discarding", source: "outside", error: {code: "LOST", message: "No."}}) { created }
    wd: redriveDeadLetters(input: {id: "redriven", filter: {ids: ["none"]}}) { matched }
    xa: saveWorkflowMachine(input: {
        name: "base", states: ["DRAFT", "READY"], initialStates: ["DRAFT"], transitions: [{from: "DRAFT", to: "READY"}]
    }) { created }
    xb: recordTransition(input: {
        workflowId: "base", to: "DRAFT", machine: "base", occurredAt: "2026-01-01T00:00:00Z"
    }) { created }
    xc: recordTransition(input: {workflowId: "doomed", to: "DRAFT"}) { created }
    xe: saveBudget(input: {id: "costly", name: "n", limitMicros: 1, currency: "USD"}) { created }
    xd: saveDocument(input: {id: "doomed", kind: "NOTE", title: "Doomed"}) { created }
    xs: saveSearch(input: {id: "doomed", name: "Doomed", query: "lease"}) { created }
}"""
HELD = ("beating", "moving", "changing", "keeping", "completing", "failing", "asking")
"""Jobs that run, each for the mutation that names it."""
HOLD = """mutation ($id: ID!) {
    a: saveJob(input: {id: $id, kind: "held"}) { created }
    b: claimJob(input: {id: $id, worker: "w", leaseMs: 3600000}) { job { leaseToken } }
}"""


class Door(NamedTuple):
    """A server, a client of it whose connections last as long, and a look at its database."""

    server: RunningServer
    client: httpx.Client
    database: apsw.Connection

    def commits(self) -> int:
        """A number that changes with each transaction that any process commits."""
        return self.database.pragma("data_version")


COUNTS = """{
    constructs { totalCount } sessions { totalCount } transcripts { totalCount nodes { messageCount } }
    sessionContexts { totalCount nodes { id version } } threadSessions { totalCount nodes { id version } }
    jobs { totalCount nodes { id status progress phase attempts version leaseToken checkpoints { createdAt } } }
    approvals { totalCount } decided: approvals(filter: {statuses: [APPROVED, REJECTED]}) { totalCount }
    withdrawn: approval(id: "withdrawn") { status comment }
    deadLetters { totalCount nodes { id status retries } }
    artifacts(filter: {statuses: [AVAILABLE, DELETED]}) { totalCount nodes { id status } }
    workflowTransitions { totalCount } workflowMachines { nodes { name version } }
    documents { totalCount nodes { id version } } savedSearches { totalCount nodes { id version } }
    costEvents { totalCount } budgets { totalCount nodes { id version } }
    jobSchedules { totalCount nodes { id version } } jobLimits { kind runningMax runningPerKeyMax }
}"""


@pytest.fixture(scope="module")
def door(template, tmp_path_factory) -> Iterator[Door]:
    from synthetic.testing import copy_template

    data = copy_template(template, tmp_path_factory.mktemp("bad-input") / "store")
    settings = ("kernel.limits.requests_per_second=100000", 'kernel.events.external_types=["deploy.done"]')
    arguments = [word for each in settings for word in ("--set", each)]
    with (
        running_server(data, *arguments) as running,
        httpx.Client(timeout=60, trust_env=False) as client,
        contextlib.closing(apsw.Connection(str(data / "synthetic.db"), flags=apsw.SQLITE_OPEN_READONLY)) as database,
    ):
        door = Door(running, client, database)
        assert "errors" not in post(door, BASE)
        for id in HELD:
            assert "errors" not in post(door, HOLD, id=id)
        yield door
        assert "Traceback" not in "".join(running.log)


def post(door: Door, query: str, **variables: Any) -> dict[str, Any]:
    # `json` writes a lone surrogate as an escape, which is how one reaches a server.
    body = json.dumps({"query": query, "variables": variables})
    headers = {**door.server.headers, "Content-Type": "application/json"}
    answer = door.client.post(door.server.url, content=body.encode(), headers=headers)
    assert answer.status_code < 500, answer.text[:500]
    found = answer.json()
    for error in found.get("errors", ()):
        assert set(error["extensions"]) >= CONTRACT_KEYS, error
        assert error["extensions"]["code"] != "INTERNAL", error
        assert len(error["message"]) < 2_000, "an error repeats what was sent"
    return found


def input_type(door: Door, mutation: str) -> str:
    found = post(door, '{ __type(name: "Mutation") { fields { name args { name type { ofType { name } } } } } }')
    fields = {field["name"]: field for field in found["data"]["__type"]["fields"]}
    assert set(fields) == set(VALID), "a mutation that this test does not know"
    return fields[mutation]["args"][0]["type"]["ofType"]["name"]


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """Every place in a nested input, the input itself too."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


def put(value: Any, path: tuple, new: Any) -> Any:
    if not path:
        return new
    changed = copy.deepcopy(value)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new
    return changed


def drop(value: Any, path: tuple) -> Any:
    changed = copy.deepcopy(value)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return changed


def tried(place: int, *, is_full: bool) -> list[tuple[str, Any]]:
    """The values that are tried at a place: every second one, the others at the next; with `--full` each at each."""
    return [each for number, each in enumerate(BAD_VALUES.items()) if is_full or (number + place) % 2 == 0]


@pytest.mark.parametrize("mutation", VALID)
def test_a_field_with_what_does_not_belong_there_is_refused_in_the_contract(door, mutation, request):
    document = f"mutation($input: {input_type(door, mutation)}!) {{ {mutation}(input: $input) {{ __typename }} }}"
    refusals, seen, before = 0, None, None
    is_full = request.config.getoption("--full")
    for place, path in enumerate(places(VALID[mutation])):
        for name, bad in tried(place, is_full=is_full):
            if bad is HUGE and path and path[-1] in {"metadata", "blocks"}:
                continue  # text is a JSON value, and its size is tried below
            if before is None:
                seen, before = door.commits(), post(door, COUNTS)["data"]
            answer = post(door, document, input=put(VALID[mutation], path, bad))
            if "errors" in answer:
                refusals += 1
                # Where nothing at all was committed there is nothing to look for; else it may be background work.
                if (now := door.commits()) != seen:
                    said = f"{path} with {name} was refused, and yet something was stored"
                    assert post(door, COUNTS)["data"] == before, said
                    seen = now
            elif door.commits() != seen:
                before = None
        if path and not isinstance(path[-1], int):
            post(door, document, input=drop(VALID[mutation], path))
            before = None
    assert refusals > len(list(places(VALID[mutation])))


# The metadata of a message is part of its body, which has a limit of its own that only the body of a request reaches.
@pytest.mark.parametrize("mutation", [mutation for mutation in VALID if mutation != "appendMessages"])
def test_a_json_value_that_is_too_large_or_too_deep_is_refused(door, mutation):
    document = f"mutation($input: {input_type(door, mutation)}!) {{ {mutation}(input: $input) {{ __typename }} }}"
    for path in places(VALID[mutation]):
        if path and path[-1] in {"metadata", "params", "data", "result", "state", "arguments"}:
            deep: Any = {}
            for _ in range(60):
                deep = {"a": deep}
            for bad in ({"a": HUGE}, deep, {"a": 10**30}, {"a\0": 1}):
                answer = post(door, document, input=put(VALID[mutation], path, bad))
                if bad is deep or bad.get("a") is HUGE:
                    assert "errors" in answer, path


def test_the_store_is_whole_afterwards(door):
    found = post(door, '{ construct(id: "base") { title } sessions { totalCount } }')
    assert found["data"]["construct"] == {"title": "Base"}
