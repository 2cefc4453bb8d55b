from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from synthetic.errors import SettingsInvalidError, StorageFailedError
from synthetic.security.first_token import ensure_first_token
from synthetic.security.tokens import (
    count_tokens,
    create_token,
    find_token,
    generate_secret,
    hash_secret,
    list_tokens,
    revoke_token,
)
from synthetic.store import Store


def test_the_first_start_makes_an_admin_token_and_leaves_it_in_a_private_file(store: Store, data_dir: Path):
    first = ensure_first_token(store, data_dir, {})
    assert first is not None
    assert not first.brought
    assert first.path == data_dir / "token"
    assert first.path.read_text() == first.secret + "\n"
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o600
    found = store.read(find_token, hash_secret(first.secret))
    assert found is not None
    assert found.scopes == ("admin",)


def test_a_store_that_had_a_token_gets_none_even_if_it_was_revoked(store: Store, data_dir: Path):
    token = store.write(create_token, "ci", ["read"]).token
    store.write(revoke_token, token.id)
    assert ensure_first_token(store, data_dir, {}) is None
    assert not (data_dir / "token").exists()
    assert len(store.read(list_tokens)) == 1


def test_the_environment_brings_the_token(store: Store, data_dir: Path):
    secret = generate_secret()
    first = ensure_first_token(store, data_dir, {"SYNTHETIC_TOKEN": secret})
    assert first is not None
    assert first.brought
    assert first.secret == secret
    assert (data_dir / "token").read_text().strip() == secret


def test_the_environment_beats_a_file_that_was_left_behind(store: Store, data_dir: Path):
    (data_dir / "token").write_text(generate_secret())
    secret = generate_secret()
    ensure_first_token(store, data_dir, {"SYNTHETIC_TOKEN": secret})
    assert (data_dir / "token").read_text().strip() == secret


def test_a_token_that_can_be_guessed_is_refused_and_nothing_is_left(store: Store, data_dir: Path):
    with pytest.raises(SettingsInvalidError, match="SYNTHETIC_TOKEN"):
        ensure_first_token(store, data_dir, {"SYNTHETIC_TOKEN": "secret"})
    assert store.read(list_tokens) == []
    assert not list(data_dir.glob("token*"))


def test_a_start_that_was_killed_after_writing_the_file_is_taken_up(store: Store, data_dir: Path):
    left = generate_secret()
    (data_dir / "token").write_text(left + "\n")
    (data_dir / "token").chmod(0o644)
    first = ensure_first_token(store, data_dir, {})
    assert first is not None
    assert first.secret == left
    assert stat.S_IMODE((data_dir / "token").stat().st_mode) == 0o600


def test_a_file_that_holds_no_token_is_named(store: Store, data_dir: Path):
    (data_dir / "token").write_text("")
    with pytest.raises(SettingsInvalidError, match="holds no token"):
        ensure_first_token(store, data_dir, {})
    assert store.read(list_tokens) == []


def test_the_token_file_is_not_followed_to_another_place(store: Store, data_dir: Path, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(generate_secret())
    (data_dir / "token").symlink_to(elsewhere)
    with pytest.raises(StorageFailedError):
        ensure_first_token(store, data_dir, {})
    assert store.read(list_tokens) == []


def test_two_starts_at_once_agree_on_one_token(store: Store, data_dir: Path):
    together = threading.Barrier(4)
    results = []

    def start() -> None:
        together.wait()
        results.append(ensure_first_token(store, data_dir, {}))

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [result for result in results if result is not None]
    assert len(made) == 1
    assert len(store.read(list_tokens)) == 1
    assert (data_dir / "token").read_text().strip() == made[0].secret
    assert list(data_dir.glob("token?*")) == []


@pytest.mark.parametrize("environ", [{}, {"SYNTHETIC_TOKEN": generate_secret()}])
def test_the_name_of_the_file_is_on_the_disk_before_the_store_learns_the_token(
    store: Store, data_dir: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    synced: list[tuple[bool, int]] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        fsync(descriptor)
        if os.path.samestat(os.fstat(descriptor), data_dir.stat()):
            synced.append(((data_dir / "token").exists(), store.read(count_tokens)))

    monkeypatch.setattr(os, "fsync", watched)
    assert ensure_first_token(store, data_dir, environ) is not None
    assert synced == [(True, 0)]
