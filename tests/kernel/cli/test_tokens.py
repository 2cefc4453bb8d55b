"""`synthetic token`: what is made opens the store, what is revoked does not, and secrets are shown once."""

from __future__ import annotations

import pytest

from synthetic.cli.stores import open_store
from synthetic.cli.tokens import _read_expiry
from synthetic.security.tokens import find_token, hash_secret


@pytest.fixture
def migrated(line):
    line.run("migrate")
    return line


def test_a_token_that_was_made_is_known_by_its_hash(migrated):
    made = migrated.run_json("token", "create", "front end", "--scope", "write", "--scope", "read")
    with open_store(migrated.data_dir) as store:
        found = store.read(find_token, hash_secret(made["token"]))
    assert (found.id, found.name, found.scopes, found.expires_at) == (made["id"], "front end", ("read", "write"), None)


def test_without_scopes_a_token_may_read(migrated):
    assert migrated.run_json("token", "create", "reader")["scopes"] == ["read"]


def test_people_see_the_token_once_and_are_told_so(migrated):
    shown = migrated.run("token", "create", "front end")
    assert "syn_" in shown
    assert "This is the only time that the token is shown." in shown
    assert "syn_" not in migrated.run("token", "list")


def test_the_list_shows_the_state_of_each(migrated):
    migrated.run("token", "create", "lasting")
    migrated.run("token", "create", "short", "--expires", "1d")
    gone = migrated.run_json("token", "create", "gone")
    assert f"The token gone ({gone['id']}) is revoked." in migrated.run("token", "revoke", gone["id"])
    rows = [row.split() for row in migrated.run("token", "list").splitlines()[2:]]
    assert [row[1:4] for row in rows] == [
        ["lasting", "read", "valid"],
        ["short", "read", "valid"],
        ["gone", "read", "revoked"],
    ]
    listed = migrated.run_json("token", "list")
    assert [each["revokedAt"] is None for each in listed] == [True, True, False]
    assert all("token" not in each for each in listed)


def test_revoking_again_changes_nothing(migrated):
    id = migrated.run_json("token", "create", "gone")["id"]
    first = migrated.run_json("token", "revoke", id)
    assert migrated.run_json("token", "revoke", id) == first


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        (("create", " "), 65, "BAD_USER_INPUT"),
        (("create", "x", "--scope", "all"), 64, "BAD_USER_INPUT"),
        (("create", "x", "--expires", "soon"), 64, "BAD_USER_INPUT"),
        (("create", "x", "--expires", "2001-01-01T00:00:00Z"), 65, "BAD_USER_INPUT"),
        (("revoke", "unknown"), 65, "NOT_FOUND"),
    ],
)
def test_what_is_wrong_is_refused(migrated, words, code, name):
    assert migrated.fail("token", *words, code=code)["code"] == name


def test_without_a_store_there_are_no_tokens(line):
    assert line.fail("token", "create", "x", code=78)["code"] == "NO_STORE"
    assert not (line.data_dir / "synthetic.db").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("5m", 300_000),
        ("2h", 7_200_000),
        ("30d", 2_592_000_000),
        ("1w", 604_800_000),
        ("1970-01-01T01:00:00Z", 3_600_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T01:00:00", 3_600_000),
    ],
)
def test_an_expiry_is_a_span_or_an_instant(text, expected):
    assert _read_expiry(text, 0) == expected
