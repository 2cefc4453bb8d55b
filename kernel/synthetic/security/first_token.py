"""The first token of a store, which its first start makes and leaves in the data directory.

The file is written before the store learns the token, and whole or not at
all. So a start that is killed between the two leaves a file that the next
start takes up, never a store whose only token nobody knows; and of two starts
at once both end up with the same token.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

from synthetic.clock import new_id
from synthetic.database.transaction import Transaction
from synthetic.durable_files import reach_the_disk
from synthetic.errors import BadUserInputError, SettingsInvalidError, StorageFailedError
from synthetic.faults import crash_point
from synthetic.operations.commands import StoreOperation
from synthetic.security.tokens import TOKEN, check_secret, count_tokens, create_token, generate_secret
from synthetic.store import Store

FILE_NAME = "token"
VARIABLE = "SYNTHETIC_TOKEN"
TOKEN_NAME = "first"  # noqa: S105 - what it is called, not what it is
FILE_BYTES_MAX = 1_024


@dataclass(frozen=True, slots=True)
class FirstToken:
    """The token that a first start made.

    Attributes:
        secret: The token.
        path: The file that holds it.
        brought: Whether it came from `SYNTHETIC_TOKEN`.
    """

    secret: str
    path: Path
    brought: bool


def ensure_first_token(store: Store, data_dir: Path, environ: Mapping[str, str]) -> FirstToken | None:
    """Make the first token of a store that never had one, with the scope admin.

    Args:
        store: Where the tokens are.
        data_dir: Where the file `token` is written, readable for its owner alone.
        environ: Where `SYNTHETIC_TOKEN` may bring the token.

    Returns:
        None when the store had a token already, be it revoked.

    Raises:
        SettingsInvalidError: `SYNTHETIC_TOKEN` can be guessed.
        StorageFailedError: The file cannot be written.
    """
    if store.read(count_tokens):
        return None
    path = data_dir / FILE_NAME
    brought = environ.get(VARIABLE) or None
    try:
        secret = _take_up(path) if brought is None else _bring(path, brought)
        # The name too must outlive a power cut before the store does: no start would make a second first token.
        reach_the_disk(data_dir)
    except OSError as error:
        raise StorageFailedError(
            f"The file {path} cannot be written: {error.strerror}.",
            action="Make the data directory writable for this user, and its disk not full.",
        ) from error
    crash_point("first_token.file_written")
    operation = store.operation("token create", details={"tokenName": TOKEN_NAME, "scopes": ["admin"]})
    if not store.write(_insert_first, secret, operation):
        return None
    return FirstToken(secret, path, brought is not None)


def _insert_first(tx: Transaction, secret: str, operation: StoreOperation) -> bool:
    if count_tokens(tx):
        return False
    operation.about(TOKEN, create_token(tx, TOKEN_NAME, ("admin",), None, secret).token.id)
    operation.record_in(tx)
    return True


def _bring(path: Path, secret: str) -> str:
    try:
        check_secret(secret)
    except BadUserInputError as error:
        raise SettingsInvalidError(f"{VARIABLE}: {error.message}", action=error.suggested_action) from error
    with _written(path, secret) as temporary:
        temporary.replace(path)
    return secret


def _take_up(path: Path) -> str:
    """The token of a start that was interrupted or runs at this moment, or a new one."""
    with _written(path, generate_secret()) as temporary, contextlib.suppress(FileExistsError):
        # A link fails where something is there already, and what it makes is complete from the first moment.
        os.link(temporary, path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        os.fchmod(descriptor, 0o600)
        secret = file.read(FILE_BYTES_MAX).decode("ascii", "replace").strip()
    try:
        check_secret(secret)
    except BadUserInputError as error:
        raise SettingsInvalidError(
            f"The file {path} holds no token.", action="Delete it; the next start makes one."
        ) from error
    return secret


@contextlib.contextmanager
def _written(path: Path, secret: str) -> Generator[Path]:
    """A file beside `path` that holds the secret, on the disk; taken away if it is still there in the end."""
    temporary = path.with_name(f"{path.name}.{new_id()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secret.encode("ascii") + b"\n")
            file.flush()
            os.fsync(descriptor)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
