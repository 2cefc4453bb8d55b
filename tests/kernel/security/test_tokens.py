from __future__ import annotations

import hashlib

import pytest

from synthetic.errors import BadUserInputError, ConflictError, NotFoundError
from synthetic.security.tokens import (
    create_token,
    find_token,
    find_token_by_id,
    generate_secret,
    hash_secret,
    list_tokens,
    revoke_token,
    touch_tokens,
)
from synthetic.store import Store

FAR = 4_000_000_000_000


def test_a_secret_is_256_random_bits_in_base64url_after_the_prefix():
    secrets = {generate_secret() for _ in range(100)}
    assert len(secrets) == 100
    for secret in secrets:
        assert secret.startswith("syn_")
        assert len(secret) == 4 + 43


def test_the_store_keeps_the_hash_and_not_the_secret(store: Store):
    created = store.write(create_token, "ci", ["read"])
    rows = store.read(lambda snapshot: snapshot.rows("SELECT * FROM tokens WHERE id = :id", {"id": created.token.id}))
    assert hashlib.sha256(created.secret.encode()).digest() in rows[0]
    assert created.secret not in repr(rows)


def test_a_token_is_found_by_its_secret_and_by_its_id(store: Store):
    created = store.write(create_token, "ci", ["write", "read"], FAR)
    assert created.token.scopes == ("read", "write")
    assert created.token.expires_at == FAR
    assert store.read(find_token, hash_secret(created.secret)) == created.token
    assert store.read(find_token_by_id, created.token.id) == created.token
    assert store.read(find_token, hash_secret(created.secret + "x")) is None
    assert store.read(find_token_by_id, "none") is None


def test_tokens_are_listed_oldest_first(store: Store):
    made = [store.write(create_token, name, ["read"]).token.id for name in ("b", "a", "c")]
    assert [token.id for token in store.read(list_tokens) if token.id in made] == made


def test_revoking_marks_the_token_once(store: Store):
    created = store.write(create_token, "ci", ["admin"])
    revoked = store.write(revoke_token, created.token.id)
    assert revoked.revoked_at is not None
    assert store.write(revoke_token, created.token.id) == revoked


def test_revoking_works_after_the_clock_went_back(store: Store):
    created = store.write(create_token, "ci", ["admin"])
    store.write(
        lambda tx: tx.execute("UPDATE tokens SET created_at = :at WHERE id = :id", {"at": FAR, "id": created.token.id})
    )
    assert store.write(revoke_token, created.token.id).revoked_at == FAR


def test_revoking_an_unknown_token_is_not_found(store: Store):
    with pytest.raises(NotFoundError):
        store.write(revoke_token, "nobody")


def test_last_use_only_moves_forward(store: Store):
    id = store.write(create_token, "ci", ["read"]).token.id
    assert store.write(touch_tokens, {id: 2_000}) == 1
    assert store.write(touch_tokens, {id: 1_000, "unknown": 5}) == 0
    found = store.read(find_token_by_id, id)
    assert found is not None
    assert found.last_used_at == 2_000


@pytest.mark.parametrize(
    ("name", "scopes", "expires_at", "secret"),
    [
        ("", ["read"], None, None),
        ("x" * 101, ["read"], None, None),
        ("line\nbreak", ["read"], None, None),
        ("ci", [], None, None),
        ("ci", ["root"], None, None),
        ("ci", ["read"], 1, None),
        ("ci", ["read"], None, "short"),
        ("ci", ["read"], None, "with a space in the middle of it"),
        ("ci", ["read"], None, "x" * 257),
    ],
)
def test_what_is_not_acceptable_is_refused(store: Store, name, scopes, expires_at, secret):
    with pytest.raises(BadUserInputError):
        store.write(create_token, name, scopes, expires_at, secret)
    assert store.read(list_tokens) == []


def test_one_secret_makes_one_token(store: Store):
    secret = generate_secret()
    store.write(create_token, "one", ["read"], None, secret)
    with pytest.raises(BadUserInputError, match="exists already"):
        store.write(create_token, "two", ["admin"], None, secret)
    assert [token.name for token in store.read(list_tokens)] == ["one"]


@pytest.mark.parametrize(
    "name", ["server", "Unknown", " program", "anonymous", "command:approvals approve", "service:x", "consumer:y"]
)
def test_a_name_that_the_store_itself_writes_is_refused(store: Store, name: str):
    with pytest.raises(BadUserInputError, match="no token acts"):
        store.write(create_token, name, ["read"])


def test_two_valid_tokens_have_no_name_in_common(store: Store):
    first = store.write(create_token, "lead", ["read"])
    with pytest.raises(ConflictError, match=first.token.id):
        store.write(create_token, "lead", ["admin"])
    store.write(revoke_token, first.token.id)
    assert store.write(create_token, "lead", ["admin"]).token.name == "lead"
