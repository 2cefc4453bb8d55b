"""Access tokens: the SQL over the kernel's `tokens` table, and the first token of a store.

A token is 256 random bits, shown once, when it is made. The store keeps its
SHA-256 alone: with that much randomness a slow hash would add nothing, and
whoever reads the database file learns no token from it.

Who may do what with a token is `synthetic.security.gate`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from synthetic.database.snapshot import Row, Snapshot
from synthetic.database.transaction import Transaction
from synthetic.errors import BadUserInputError, ConflictError, NotFoundError

TOKEN = "token"  # noqa: S105 - what kind of thing it is
"""The entity type of tokens, where an operation on one is recorded."""

PREFIX = "syn_"
SECRET_BYTES = 32
SECRET = re.compile(r"[!-~]{20,256}")
"""What a token may look like that an operator brings: long enough that it cannot be guessed."""

SCOPES = ("read", "write", "admin")
NAME_LENGTH_MAX = 100

RESERVED_NAMES = frozenset({"anonymous", "program", "server", "unknown"})
RESERVED_PREFIXES = ("command:", "consumer:", "service:")
"""What the kernel writes as the actor where no token acts: a token of such a name would pass for it."""

COLUMNS = "id, name, hash, scopes, created_at, expires_at, revoked_at, last_used_at"


@dataclass(frozen=True, slots=True)
class Token:
    """A token, without its secret.

    Attributes:
        id: UUIDv7.
        name: What its owner calls it.
        scopes: Those that it was given: `read`, `write`, `admin`.
        created_at: Unix milliseconds UTC.
        expires_at: From then on it is not accepted; None for never.
        revoked_at: From then on it is not accepted; None while it is.
        last_used_at: Unix milliseconds UTC, exact to about a minute; None when it was never used.
    """

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    last_used_at: int | None


@dataclass(frozen=True, slots=True)
class CreatedToken:
    """A new token, and its secret, which is not to be had again."""

    token: Token
    secret: str


def generate_secret() -> str:
    """A fresh secret: `syn_` and 43 characters of base64url."""
    return PREFIX + secrets.token_urlsafe(SECRET_BYTES)


def hash_secret(secret: str) -> bytes:
    """What the store keeps of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def create_token(
    tx: Transaction, name: str, scopes: Sequence[str], expires_at: int | None = None, secret: str | None = None
) -> CreatedToken:
    """Make a token.

    Args:
        tx: The write transaction.
        name: What to call it: the actor of all that is done with it. No other token that is valid has it.
        scopes: One or more of `read`, `write`, `admin`.
        expires_at: Unix milliseconds UTC, in the future; None for never.
        secret: One to use instead of a generated one.

    Raises:
        BadUserInputError: One of them is not acceptable, or the secret is in use.
        ConflictError: A token that is valid has the name.
    """
    _check(tx, name, scopes, expires_at)
    _refuse_taken(tx, name)
    secret = generate_secret() if secret is None else secret
    check_secret(secret)
    token = Token(tx.new_id(), name, tuple(s for s in SCOPES if s in scopes), tx.now, expires_at, None, None)
    stored = tx.execute(
        "INSERT INTO tokens (id, name, hash, scopes, created_at, expires_at)"
        " VALUES (:id, :name, :hash, :scopes, :created_at, :expires_at) ON CONFLICT (hash) DO NOTHING",
        {
            "id": token.id,
            "name": name,
            "hash": hash_secret(secret),
            "scopes": orjson.dumps(token.scopes).decode(),
            "created_at": token.created_at,
            "expires_at": expires_at,
        },
    )
    if not stored:
        raise BadUserInputError("This token exists already.", action="Leave it out: a new one is generated then.")
    return CreatedToken(token, secret)


def check_secret(secret: str) -> None:
    """See that a secret which was not generated here cannot be guessed.

    Raises:
        BadUserInputError: It is too short, too long, or not printable ASCII without spaces.
    """
    if not SECRET.fullmatch(secret):
        raise BadUserInputError(
            "A token must be 20 to 256 printable ASCII characters without spaces.",
            action="Make one with `python -c 'import secrets; print(secrets.token_urlsafe(32))'`.",
        )


def _check(tx: Transaction, name: str, scopes: Sequence[str], expires_at: int | None) -> None:
    if not name.strip() or len(name) > NAME_LENGTH_MAX or not name.isprintable():
        raise BadUserInputError(f"The name of a token must be 1 to {NAME_LENGTH_MAX} printable characters.")
    folded = name.strip().casefold()
    if folded in RESERVED_NAMES or folded.startswith(RESERVED_PREFIXES):
        raise BadUserInputError(
            f"The name {name!r} is what the store itself writes where no token acts.",
            action="Name the token after who gets it.",
        )
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        wrong = f"{unknown[0]!r} is no scope" if unknown else "A token must have a scope"
        raise BadUserInputError(f"{wrong}: choose from {', '.join(SCOPES)}.")
    if expires_at is not None and expires_at <= tx.now:
        raise BadUserInputError("The token would have expired already.")


def _refuse_taken(tx: Transaction, name: str) -> None:
    """Refuse a name by which two could not be told apart.

    Raises:
        ConflictError: A token that is valid has it.
    """
    id = tx.value(
        "SELECT id FROM tokens"
        " WHERE name = :name AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now) LIMIT 1",
        {"name": name, "now": tx.now},
    )
    if id is not None:
        raise ConflictError(
            f"The token {id} is called {name!r} already.",
            action="Choose another name, or revoke that token first.",
            details={"id": id},
        )


def find_token(snapshot: Snapshot, secret_hash: bytes) -> Token | None:
    """The token with this hash, expired and revoked ones included."""
    row = snapshot.row(f"SELECT {COLUMNS} FROM tokens WHERE hash = :hash", {"hash": secret_hash})
    # The index has compared byte by byte, but what it compared is a hash:
    # from its timing nobody can work back to a secret. This is the comparison that counts.
    if row is None or not hmac.compare_digest(row[2], secret_hash):
        return None
    return _token(row)


def find_token_by_id(snapshot: Snapshot, id: str) -> Token | None:
    """The token with this id, expired and revoked ones included."""
    row = snapshot.row(f"SELECT {COLUMNS} FROM tokens WHERE id = :id", {"id": id})
    return None if row is None else _token(row)


def list_tokens(snapshot: Snapshot) -> list[Token]:
    """All tokens, oldest first."""
    return [_token(row) for row in snapshot.rows(f"SELECT {COLUMNS} FROM tokens ORDER BY created_at, id")]


def count_tokens(snapshot: Snapshot) -> int:
    """How many tokens the store has ever had; none is ever deleted."""
    return int(snapshot.value("SELECT count(*) FROM tokens"))


def revoke_token(tx: Transaction, id: str) -> Token:
    """Stop accepting a token, everywhere, within about a second; again changes nothing.

    Raises:
        NotFoundError: There is no such token.
    """
    tx.execute(
        "UPDATE tokens SET revoked_at = max(:now, created_at) WHERE id = :id AND revoked_at IS NULL",
        {"id": id, "now": tx.now},
    )
    token = find_token_by_id(tx, id)
    if token is None:
        raise NotFoundError(f"There is no token with the id {id}.", action="List them with `synthetic token list`.")
    return token


def touch_tokens(tx: Transaction, used: Mapping[str, int]) -> int:
    """Record when tokens were last used.

    Args:
        tx: The write transaction.
        used: From the id of a token to Unix milliseconds UTC.

    Returns:
        How many tokens have now been used later than was known.
    """
    sql = "UPDATE tokens SET last_used_at = :at WHERE id = :id AND (last_used_at IS NULL OR last_used_at < :at)"
    return tx.execute_many(sql, [{"id": id, "at": at} for id, at in used.items()])


def _token(row: Row) -> Token:
    id, name, _, scopes, created_at, expires_at, revoked_at, last_used_at = row
    return Token(id, name, tuple(orjson.loads(scopes)), created_at, expires_at, revoked_at, last_used_at)
