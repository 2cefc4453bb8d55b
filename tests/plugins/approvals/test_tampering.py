"""What somebody has done to the table by other means than the store's own: the log says otherwise, and it is named."""

from __future__ import annotations

import pytest

from plugins.approvals.driving import ARGUMENTS, HOUR_MS
from plugins.approvals.test_checking import tamper
from synthetic_approvals.canonical import hash_arguments
from synthetic_approvals.checks import CHECKS, find_altered_triggers, find_contradicted_rows

NOT_DECIDED = (
    "decided_by = NULL, decider = NULL, decided_at = NULL, decided_sha256 = NULL, decision_event_id = NULL,"
    " decision_position = NULL, comment = NULL"
)
PENDING = f"status = 'PENDING', ended_at = NULL, expires_running_ms = expires_running_ms + 100000000, {NOT_DECIDED}"
ENDS = ["APPROVED", "REJECTED", "EXPIRED", "CANCELLED"]


def end(approvals, clock, status: str) -> None:
    if status == "EXPIRED":
        clock.advance(HOUR_MS)
        approvals.watch()
    elif status == "CANCELLED":
        approvals.cancel_approval("a", reason="Not needed.")
    else:
        approvals.decide(decision=status, comment="Looked at it.", decider="reviewer-1")
    assert approvals.get().status == status


def named(approvals) -> list[str]:
    """What the check of rows says of approvals."""
    return [each.message for each in approvals.store.read(lambda snapshot: [*find_contradicted_rows(snapshot)])]


def refused_everywhere(approvals, arguments=ARGUMENTS, tool: str = "shell") -> None:
    with approvals.refused("APPROVAL_TAMPERED"):
        approvals.decide()
    with approvals.refused("APPROVAL_TAMPERED"):
        approvals.check(tool=tool, arguments=arguments)
    assert len(named(approvals)) == 1


@pytest.mark.parametrize("status", ENDS)
def test_what_has_ended_and_is_set_back_cannot_be_decided_again(approvals, clock, status):
    approvals.ask()
    end(approvals, clock, status)
    assert named(approvals) == []
    tamper(approvals, PENDING)
    assert approvals.get().status == "PENDING"
    refused_everywhere(approvals)
    assert status in named(approvals)[0]


@pytest.mark.parametrize(
    ("status", "other"), [(status, other) for status in ENDS for other in ("EXPIRED", "CANCELLED") if status != other]
)
def test_another_end_than_the_one_that_was_told_is_named(approvals, clock, status, other):
    approvals.ask()
    end(approvals, clock, status)
    tamper(approvals, f"status = '{other}', ended_at = 1, {NOT_DECIDED}")
    refused_everywhere(approvals)


def test_an_end_that_was_never_told_is_named(approvals):
    approvals.ask()
    tamper(approvals, "status = 'CANCELLED', ended_at = 1")
    refused_everywhere(approvals)


def test_what_was_decided_again_after_all_is_named(approvals, clock):
    approvals.ask()
    end(approvals, clock, "REJECTED")
    tamper(approvals, PENDING)
    # The way of a service, which stops at nobody's forgery.
    clock.advance(200 * HOUR_MS)
    approvals.watch()
    assert approvals.get().status == "EXPIRED"
    refused_everywhere(approvals)
    assert "2 ends" in named(approvals)[0]


FORGED = "arguments = '{}', arguments_sha256 = :sha256"


@pytest.mark.parametrize(
    "assignment",
    [
        "tool = 'rm'", "requester = 'lead'", "requester = NULL", "requested_by = 'lead'", "reason = 'No matter.'",
        "reason = NULL", "on_refusal = 'RESUME'", "lifetime_ms = 1", "requested_position = requested_position - 1",
        FORGED,
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", ["PENDING", "EXPIRED", "CANCELLED"])
def test_a_request_that_was_altered_is_refused_and_named(approvals, clock, assignment, status):
    approvals.ask("first")
    approvals.ask(requester="builder-3", reason="The branch is ready.")
    if status != "PENDING":
        end(approvals, clock, status)
    tamper(approvals, assignment, **({"sha256": hash_arguments("{}")} if assignment == FORGED else {}))
    refused_everywhere(approvals)


def test_a_request_that_nobody_has_made_is_refused_and_named(approvals):
    approvals.ask("b")
    columns = "job_id, tool, arguments, arguments_sha256, requester, requested_by, on_refusal, lifetime_ms,"
    columns += "requested_at, requested_position, expires_at, expires_run, expires_running_ms, status"
    approvals.store.write(
        lambda tx: tx.execute(
            f"INSERT INTO pending_approvals (id, {columns}) SELECT 'a', {columns} FROM pending_approvals WHERE id = 'b'"
        )
    )
    refused_everywhere(approvals)


def test_a_row_that_was_deleted_and_put_back_is_refused_and_named(approvals):
    asked = approvals.ask()._asdict()
    approvals.delete()
    names = ", ".join(asked)
    places = ", ".join(f":{name}" for name in asked)
    approvals.store.write(lambda tx: tx.execute(f"INSERT INTO pending_approvals ({names}) VALUES ({places})", asked))
    refused_everywhere(approvals)


@pytest.mark.parametrize("status", ["APPROVED", "REJECTED", "CANCELLED"])
@pytest.mark.parametrize("assignment", ["comment = 'Anything goes.'", "comment = NULL"])
def test_a_comment_that_was_altered_is_refused_and_named(approvals, clock, status, assignment):
    approvals.ask()
    end(approvals, clock, status)
    tamper(approvals, assignment)
    refused_everywhere(approvals)


def test_the_same_id_may_be_asked_for_again_after_it_was_deleted(approvals):
    for arguments in (ARGUMENTS, {"command": "ls"}):
        approvals.ask(arguments=arguments, reason=str(arguments))
        approvals.decide()
        assert approvals.check(arguments=arguments).status == "APPROVED"
        assert named(approvals) == []
        approvals.delete()


def triggers(approvals) -> list[str]:
    return [each.message for each in approvals.store.read(lambda snapshot: [*find_altered_triggers(snapshot)])]


def test_triggers_that_are_missing_altered_or_added_are_named(approvals):
    def run(sql: str) -> None:
        approvals.store.write(lambda tx: tx.execute(sql))

    assert triggers(approvals) == []
    stored = approvals.store.read(
        lambda snapshot: dict(snapshot.rows("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"))
    )
    mine = [name for name in stored if name.startswith("pending_approvals_")]
    assert len(mine) == 3
    for name in mine:
        run(f"DROP TRIGGER {name}")
        assert triggers(approvals) == [f"The trigger {name!r} of the table of approvals is missing."]
        run(stored[name].replace("BEFORE UPDATE", "AFTER UPDATE"))
        assert triggers(approvals) == [f"The trigger {name!r} of the table of approvals was altered."]
        run(f"DROP TRIGGER {name}")
        run(stored[name])
    run("CREATE TRIGGER another AFTER UPDATE ON pending_approvals BEGIN SELECT 1; END")
    assert triggers(approvals) == ["The trigger 'another' of the table of approvals was made by no migration."]
    run("DROP TRIGGER another")
    assert triggers(approvals) == []


def test_rows_and_triggers_are_among_the_checks():
    assert {each.find for each in CHECKS} >= {find_contradicted_rows, find_altered_triggers}
