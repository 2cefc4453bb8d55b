"""Dead letters as clients see them: mutations, lists, groups, and what is recorded of it."""

from __future__ import annotations

import pytest

from synthetic import ReportedError
from synthetic.testing import expect_data, expect_error

LETTER = "{ id status payload originalPayload retries code error { code message retryAfterMs details } retryEntityId }"


def run(letters, document: str, **variables):
    return expect_data(letters.store.graphql(document, variables))


def test_a_message_from_outside_is_saved_listed_edited_retried_and_on_record(letters):
    letters.save("a", "fail")
    saved = run(
        letters,
        f"""mutation {{ saveDeadLetter(input: {{id: "outside", source: "elsewhere", payload: "fail", constructId: null,
            error: {{code: "REFUSED", message: "No."}}}}) {{ created deadLetter {LETTER} }} }}""",
    )["saveDeadLetter"]
    assert saved["created"]
    assert saved["deadLetter"]["error"] == {"code": "REFUSED", "message": "No.", "retryAfterMs": None, "details": {}}
    retry = "mutation ($input: RetryDeadLetterInput!) { retryDeadLetter(input: $input) { deadLetter %s } }" % LETTER  # noqa: UP031 - braces
    failed = run(letters, retry, input={"id": "a"})["retryDeadLetter"]["deadLetter"]
    assert (failed["status"], failed["code"], failed["error"]["retryAfterMs"]) == ("PENDING", "GATEWAY_DOWN", 5_000)
    resolved = run(letters, retry, input={"id": "a", "payload": "done", "ifRetries": 1})["retryDeadLetter"][
        "deadLetter"
    ]
    assert (resolved["status"], resolved["payload"], resolved["originalPayload"]) == ("RESOLVED", "done", "fail")
    expect_error(letters.store.graphql(retry, {"input": {"id": "a"}}), "DEAD_LETTER_ENDED")
    entries = run(letters, "{ auditLog(first: 8) { nodes { name entityType entityId outcome } } }")["auditLog"]["nodes"]
    ended = [(each["name"], each["entityId"], each["outcome"]) for each in entries if each["outcome"] != "BEGUN"]
    assert ended[:4] == [
        ("retryDeadLetter", "a", "FAILED"),
        ("retryDeadLetter", "a", "DONE"),
        ("retryDeadLetter", "a", "DONE"),
        ("saveDeadLetter", "outside", "DONE"),
    ]


def test_nobody_outside_stores_a_letter_of_a_source_that_a_plugin_retries(letters):
    save = """mutation { saveDeadLetter(input: {source: "outbox", error: {code: "X", message: "No."}}) { created } }"""
    expect_error(letters.store.graphql(save), "BAD_USER_INPUT")
    assert letters.told() == []


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ("{}", "dcba"),
        ('{ids: ["a", "d"]}', "da"),
        ('{sources: ["outbox"]}', "cba"),
        ('{sources: ["outbox", "gateway"], statuses: [PENDING]}', "dba"),
        ("{statuses: [RESOLVED, DISCARDED]}", "c"),
        ('{codes: ["LOST"]}', "b"),
        ('{key: "k"}', "ba"),
        ('{entityType: "message", entityId: "m1"}', "a"),
        ('{retryEntityType: "message", retryEntityId: "sent c"}', "c"),
        ('{constructId: "c1"}', "d"),
        ('{constructId: "c1", sources: ["outbox"]}', ""),
        ('{dueBy: "2030-01-01T00:00:00Z"}', ""),
        ('{failedFrom: "2030-01-01T00:00:00Z"}', ""),
    ],
)  # fmt: skip
def test_letters_are_listed_by_all_that_a_filter_says(letters, filter, found):
    run(letters, 'mutation { saveConstruct(input: {id: "c1", type: "task", title: "x"}) { created } }')
    letters.save("a", key="k", entity_type="message", entity_id="m1")
    letters.save("b", key="k", error=ReportedError(code="LOST", message="Lost."))
    letters.save("c")
    letters.save("d", source="gateway", construct_id="c1")
    letters.retry("c")
    listed = run(letters, f"{{ deadLetters(filter: {filter}, first: 10) {{ totalCount nodes {{ id }} }} }}")[
        "deadLetters"
    ]
    assert "".join(node["id"] for node in listed["nodes"]) == found
    assert listed["totalCount"] == len(found)
    if filter == '{constructId: "c1"}':
        of_construct = run(letters, '{ construct(id: "c1") { deadLetters { nodes { id construct { id } } } } }')
        assert of_construct["construct"]["deadLetters"]["nodes"] == [{"id": "d", "construct": {"id": "c1"}}]


def test_groups_and_sources_are_told_and_a_dry_run_counts(letters):
    for id in "abc":
        letters.save(id)
    letters.save("d", group="other")
    letters.save("e", source="elsewhere", group="other")
    groups = run(letters, "{ deadLetterGroups { count source code sample { id } } }")["deadLetterGroups"]
    assert groups[0] == {"count": 3, "source": "outbox", "code": "REFUSED", "sample": {"id": "c"}}
    assert [group["count"] for group in groups] == [3, 1, 1]
    sources = {
        each["name"]: each
        for each in run(letters, "{ deadLetterSources { name isEditable retriesMax } }")["deadLetterSources"]
    }
    assert sources["gateway"] == {"name": "gateway", "isEditable": False, "retriesMax": 0}
    assert sources["patient"]["retriesMax"] == 2
    redrive = "mutation { redriveDeadLetters(input: {filter: {}, dryRun: %s}) { matched redrive { id status } } }"
    assert run(letters, redrive % "true")["redriveDeadLetters"] == {"matched": 4, "redrive": None}
    begun = run(letters, redrive % "false")["redriveDeadLetters"]["redrive"]
    cancel = "mutation ($id: ID!) { cancelDeadLetterRedrive(input: {id: $id}) { redrive { status } } }"
    assert run(letters, cancel, id=begun["id"])["cancelDeadLetterRedrive"]["redrive"]["status"] == "CANCELLED"
    assert run(letters, "{ deadLetterRedrives { nodes { id } } }")["deadLetterRedrives"]["nodes"] == [
        {"id": begun["id"]}
    ]


def test_a_construct_takes_its_letters_with_it(letters):
    run(letters, 'mutation { saveConstruct(input: {id: "c1", type: "task", title: "x"}) { created } }')
    letters.save("a", construct_id="c1")
    run(letters, 'mutation { deleteConstruct(input: {id: "c1"}) { rows } }')
    assert run(letters, '{ deadLetter(id: "a") { id } }') == {"deadLetter": None}
    assert "deleted" in letters.told()
