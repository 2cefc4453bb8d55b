"""Make, list and revoke the tokens that clients send."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from synthetic.cli.invocation import DataOption, JsonOption
from synthetic.cli.output import emit, fields_of, show, table_of
from synthetic.cli.stores import open_store
from synthetic.clock import SystemClock
from synthetic.database.transaction import Transaction
from synthetic.errors import iso_from_ms
from synthetic.security.gate import Scope
from synthetic.security.tokens import TOKEN, CreatedToken, Token, create_token, list_tokens, revoke_token

UNITS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
SHOWN_ONCE = "This is the only time that the token is shown."


def _read_expiry(text: str | None, now_ms: int) -> int | None:
    """Unix milliseconds of `30d` from now, or of an ISO 8601 instant.

    Raises:
        typer.BadParameter: It is neither.
    """
    if text is None:
        return None
    span = re.fullmatch(r"(\d{1,6})([mhdw])", text)
    if span:
        return now_ms + int(span[1]) * UNITS_MS[span[2]]
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("neither like 30d nor like 2027-01-31T00:00:00Z", param_hint="--expires") from None
    return int((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp() * 1000)


def _as_json(token: Token) -> dict[str, Any]:
    instants = {"createdAt": token.created_at, "expiresAt": token.expires_at, "revokedAt": token.revoked_at}
    shown = {name: _instant(at) for name, at in {**instants, "lastUsedAt": token.last_used_at}.items()}
    return {"id": token.id, "name": token.name, "scopes": list(token.scopes), **shown}


def _instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso_from_ms(at_ms)


def create(
    name: Annotated[str, typer.Argument(help="What to call it, for instance after who gets it.")],
    data: DataOption = None,
    as_json: JsonOption = False,
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it allows; write includes read, admin both. May be repeated.")
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="When it ends: 30d, 12h, or an instant in ISO 8601.", show_default="never"),
    ] = None,
) -> None:
    """Make a token and print it; the store keeps only its hash. Without --scope it may read."""
    expires_at = _read_expiry(expires, SystemClock().now_ms())
    scopes = [each.value for each in scope or (Scope.READ,)]
    with open_store(data) as store:
        operation = store.operation(entity_type=TOKEN, details={"tokenName": name, "scopes": scopes})

        def make(tx: Transaction) -> CreatedToken:
            made = create_token(tx, name, scopes, expires_at)
            operation.about(TOKEN, made.token.id)
            return made

        created = operation.write(make)
    if as_json:
        emit({**_as_json(created.token), "token": created.secret}, as_json)
        return
    values = {"Token": created.secret, "Id": created.token.id, "Scopes": created.token.scopes}
    show(fields_of({**values, "Expires": _instant(created.token.expires_at) or "never"}), SHOWN_ONCE)


def list_(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the tokens of the store, expired and revoked ones included; what they are is not known."""
    with open_store(data) as store:
        tokens = store.read(list_tokens)
    if as_json:
        emit([_as_json(token) for token in tokens], as_json)
        return
    now = SystemClock().now_ms()
    rows = [
        (
            token.id,
            token.name,
            token.scopes,
            _state(token, now),
            _instant(token.created_at),
            _instant(token.last_used_at),
        )
        for token in tokens
    ]
    show(table_of(("id", "name", "scopes", "state", "created", "last used"), rows))


def _state(token: Token, now: int) -> str:
    if token.revoked_at is not None:
        return f"revoked {iso_from_ms(token.revoked_at)}"
    if token.expires_at is None:
        return "valid"
    return f"{'valid until' if token.expires_at > now else 'expired'} {iso_from_ms(token.expires_at)}"


def revoke(
    id: Annotated[str, typer.Argument(help="Id of the token, as `synthetic token list` shows it.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop accepting a token; connections that were opened with it are closed."""
    with open_store(data) as store:
        token = store.operation(entity_type=TOKEN, entity_id=id).write(revoke_token, id)
    emit(_as_json(token) if as_json else f"The token {token.name} ({token.id}) is revoked.", as_json)
