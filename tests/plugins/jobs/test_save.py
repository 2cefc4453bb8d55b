"""`saveJob` and `saveJobLimit`: what is stored, what is refused, and that sending it again is harmless."""

from __future__ import annotations

import re

import pytest

from plugins.jobs.documents import CANCEL, COMPLETE, LIMIT, SAVE
from synthetic import iso_from_ms
from synthetic.testing import expect_error

WHOLE = {
    "id": "a",
    "userId": "user-1",
    "projectId": "p",
    "kind": "build",
    "key": "repo-1",
    "command": "make all\n",
    "params": {"b": 1.0, "a": [None]},
    "caller": "planner",
    "responseChannel": "updates",
    "priority": 9,
    "maxAttempts": 3,
    "onLapse": "FAIL",
    "idempotencyKey": "once",
    "metadata": {"x": {"y": 2}},
    "runAfter": "2030-01-01T00:00:00.000Z",
}


def test_a_new_job_takes_its_defaults(save, clock) -> None:
    saved = save(id="a")

    now = iso_from_ms(clock.now_ms())
    nothing = (
        "userId projectId constructId parentId replayOf scheduleId key command caller responseChannel idempotencyKey"
        " phase waitingFor leaseOwner leaseExpiresAt cancelRequestedAt result errorMessage startedAt completedAt"
    )
    assert saved == {
        "created": True,
        "changed": True,
        "job": {
            **dict.fromkeys(nothing.split()),
            "id": "a",
            "kind": "build",
            "params": {},
            "priority": 5,
            "maxAttempts": 5,
            "onLapse": "REQUEUE",
            "metadata": {},
            "status": "PENDING",
            "progress": 0,
            "attempts": 0,
            "retries": 0,
            "runAfter": now,
            "leaseToken": 0,
            "version": 1,
            "createdAt": now,
            "updatedAt": now,
        },
    }


def test_a_job_without_an_id_gets_a_uuid_of_version_7(save) -> None:
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", save()["job"]["id"])


def test_what_is_sent_is_stored_and_sending_it_again_writes_nothing(save, construct) -> None:
    save(id="parent")
    content = {**WHOLE, "constructId": construct("c"), "parentId": "parent"}
    first = save(**content)

    again = save(**content)

    assert {name: first["job"][name] for name in content} == {**content, "params": {"a": [None], "b": 1}}
    assert again == {"created": False, "changed": False, "job": first["job"]}


def test_other_content_under_an_id_needs_the_version_that_it_replaces(save, ask, refused) -> None:
    save(id="a")
    change = {"id": "a", "priority": 7}

    error = refused("CONFLICT", SAVE, input=change)
    changed = ask(SAVE, input={**change, "ifVersion": 1})["saveJob"]

    assert error["details"] == {"field": "ifVersion", "id": "a", "storedVersion": 1, "differs": ["priority"]}
    assert (changed["created"], changed["changed"]) == (False, True)
    assert (changed["job"]["priority"], changed["job"]["version"]) == (7, 2)
    assert refused("CONFLICT", SAVE, input={**change, "priority": 8, "ifVersion": 1})["details"]["storedVersion"] == 2


def test_null_takes_away_what_may_be_absent(save, ask) -> None:
    save(**WHOLE)
    names = ("userId", "projectId", "key", "command", "caller", "responseChannel", "idempotencyKey")

    changed = ask(SAVE, input={"id": "a", "ifVersion": 1, **dict.fromkeys(names)})["saveJob"]

    assert {name: changed["job"][name] for name in names} == dict.fromkeys(names)
    assert (changed["job"]["kind"], changed["job"]["version"]) == ("build", 2)


def test_an_idempotency_key_makes_one_job_of_its_kind(save, refused) -> None:
    first = save(idempotencyKey="once", params={"n": 1})
    again = save(idempotencyKey="once", params={"n": 1})
    elsewhere = save(kind="deploy", idempotencyKey="once", params={"n": 1})

    assert (first["created"], again["created"], elsewhere["created"]) == (True, False, True)
    assert again["job"] == first["job"]
    assert elsewhere["job"]["id"] != first["job"]["id"]
    other = {"kind": "build", "idempotencyKey": "once", "params": {"n": 2}}
    assert refused("CONFLICT", SAVE, input=other)["details"]["id"] == first["job"]["id"]
    taken = refused("BAD_USER_INPUT", SAVE, input={"id": "b", "kind": "build", "idempotencyKey": "once"})
    assert taken["details"]["field"] == "idempotencyKey"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": "x" * 201}, "id"),
        ({"id": "a\0b"}, "id"),
        ({"kind": None}, "kind"),
        ({"kind": ""}, "kind"),
        ({"kind": " build"}, "kind"),
        ({"key": ""}, "key"),
        ({"caller": "a\0"}, "caller"),
        ({"command": " \n "}, "command"),
        ({"command": "x" * 10_001}, "command"),
        ({"command": "a\0b"}, "command"),
        ({"params": []}, "params"),
        ({"params": None}, "params"),
        ({"params": {"a": "x" * 262_144}}, "params"),
        ({"params": {"a\0": 1}}, "params"),
        ({"metadata": {"a": 2**53}}, "metadata"),
        ({"metadata": {"a": "x" * 65_536}}, "metadata"),
        ({"priority": 10}, "priority"),
        ({"priority": -1}, "priority"),
        ({"priority": None}, "priority"),
        ({"maxAttempts": 0}, "maxAttempts"),
        ({"maxAttempts": 1_001}, "maxAttempts"),
        ({"onLapse": None}, "onLapse"),
        ({"runAfter": None}, "runAfter"),
        ({"parentId": "new"}, "parentId"),
    ],
)
def test_a_value_that_is_not_acceptable_is_refused_by_its_name(shared_store, given, field) -> None:
    answer = shared_store.graphql(SAVE, {"input": {"id": "new", "kind": "build", **given}})

    assert expect_error(answer, "BAD_USER_INPUT")["extensions"]["details"]["field"] == field
    assert shared_store.graphql("{ jobs { totalCount } }")["data"] == {"jobs": {"totalCount": 0}}


@pytest.mark.parametrize(
    "given", [{"priority": "high"}, {"priority": 10**30}, {"onLapse": "MAYBE"}, {"runAfter": "tomorrow"}, {"kind": 7}]
)
def test_a_value_of_another_type_is_refused(shared_store, given) -> None:
    error = shared_store.graphql(SAVE, {"input": {"kind": "build", **given}})["errors"][0]["extensions"]

    assert error["code"] in {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}


@pytest.mark.parametrize("field", ["constructId", "parentId"])
def test_what_a_job_points_at_must_be_there(shared_store, field) -> None:
    answer = shared_store.graphql(SAVE, {"input": {"kind": "build", field: "nowhere"}})

    error = expect_error(answer, "NOT_FOUND")["extensions"]
    assert error["details"] == {"field": field, "id": "nowhere"}


def test_once_a_job_runs_or_has_finished_only_its_metadata_can_be_changed(running, ask, refused) -> None:
    running("a")
    for status in ("RUNNING", "COMPLETED"):
        error = refused("ILLEGAL_TRANSITION", SAVE, input={"id": "a", "priority": 8, "ifVersion": 1})
        assert error["details"]["status"] == status
        assert error["details"]["fields"] == ["priority"]
        ask(COMPLETE, input={"id": "a", "leaseToken": 1})

    changed = ask(SAVE, input={"id": "a", "metadata": {"seen": True}, "ifVersion": 1})["saveJob"]["job"]

    assert (changed["metadata"], changed["version"], changed["status"]) == ({"seen": True}, 2, "COMPLETED")


def test_a_job_of_the_same_id_can_be_sent_again_when_it_has_finished(save, ask) -> None:
    save(id="a")
    ask(CANCEL, input={"id": "a"})

    again = save(id="a")

    assert (again["created"], again["changed"], again["job"]["status"]) == (False, False, "CANCELLED")


def test_a_limit_is_set_changed_and_taken_away(ask, clock, refused) -> None:
    def limits() -> list[dict]:
        return ask("{ jobLimits { kind runningMax runningPerKeyMax updatedAt } }")["jobLimits"]

    set_ = ask(LIMIT, input={"kind": "build", "runningMax": 2})["saveJobLimit"]["limit"]
    assert set_ == {
        "kind": "build",
        "runningMax": 2,
        "runningPerKeyMax": None,
        "updatedAt": iso_from_ms(clock.now_ms()),
    }
    assert limits() == [set_]

    ask(LIMIT, input={"kind": "build", "runningPerKeyMax": 1})
    ask(LIMIT, input={"kind": "archive", "runningMax": 0})
    assert [(limit["kind"], limit["runningMax"], limit["runningPerKeyMax"]) for limit in limits()] == [
        ("archive", 0, None),
        ("build", None, 1),
    ]

    for kind in ("build", "archive", "never set"):
        assert ask(LIMIT, input={"kind": kind})["saveJobLimit"]["limit"] is None
    assert limits() == []
    for given, field in (({"runningMax": -1}, "runningMax"), ({"runningPerKeyMax": 0}, "runningPerKeyMax")):
        assert refused("BAD_USER_INPUT", LIMIT, input={"kind": "build", **given})["details"]["field"] == field
    assert refused("BAD_USER_INPUT", LIMIT, input={"kind": "\0"})["details"]["field"] == "kind"


def test_claims_keep_to_the_limits_of_their_kind(ask, save) -> None:
    for id, key in (("a", "x"), ("b", "x"), ("c", "y"), ("d", "y")):
        save(id=id, key=key)
    ask(LIMIT, input={"kind": "build", "runningMax": 3, "runningPerKeyMax": 1})
    claim = """mutation { claimJob(input: {kinds: ["build"], worker: "builder-1", limit: 9}) { jobs { id } } }"""

    claimed = ask(claim)["claimJob"]["jobs"]

    assert [job["id"] for job in claimed] == ["a", "c"]
    assert ask(claim)["claimJob"]["jobs"] == []
