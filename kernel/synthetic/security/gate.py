"""Who may come in: tokens and their scopes, the rate of requests, Host and Origin.

One store is one domain of trust: whoever holds a token with `read` reads all
of it. A token is looked up in the store, so that revoking it in one process is
seen by all; what was found is believed for a second.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

from synthetic.clock import Clock, SystemClock
from synthetic.database.database import Database
from synthetic.database.interruption import Interruption
from synthetic.database.snapshot import Snapshot
from synthetic.errors import ForbiddenError, UnauthenticatedError
from synthetic.kernel_settings import KernelSettings
from synthetic.logs import name_caller
from synthetic.operations.accesses import Accesses
from synthetic.security.believed import Believed
from synthetic.security.callers import ANONYMOUS, IMPLIED, Caller, Scope
from synthetic.security.host_names import HostNames
from synthetic.security.rate_limit import RateLimit
from synthetic.security.tokens import Token, find_token, find_token_by_id, hash_secret, touch_tokens

BELIEVED_SECONDS = 1.0
"""How long a token that was looked up counts as it was found; so long may a revoked one still be used."""

TOKENS_REMEMBERED_MAX = 10_000
SECRET_LENGTH_MAX = 1_024
CROSS_SITE = (b"cross-site", b"same-site")


class HeaderScope(Protocol):
    """The part of an ASGI scope that is read here."""

    def __getitem__(self, key: str, /) -> Any:
        """A value of the scope."""
        ...

    def get(self, key: str, /) -> Any:
        """A value of the scope, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """A valid token that was found in the store."""

    caller: Caller
    expires_at: int | None


class Gate:
    """Decides about every request and socket of one server process."""

    def __init__(
        self, database: Database, settings: KernelSettings, *, no_auth: bool = False, clock: Clock | None = None
    ) -> None:
        """Make a gate.

        Args:
            database: Where the tokens are.
            settings: For names, origins and the rate of requests.
            no_auth: Let everybody in, as `ANONYMOUS`; only for loopback.
            clock: The system's, where none is given.

        Raises:
            SettingsInvalidError: A host or origin in the settings is none.
        """
        self._database = database
        self._no_auth = no_auth
        self._clock = clock or SystemClock()
        self._names = HostNames(settings.server.host, settings.security.hosts, settings.security.origins)
        self._rate = RateLimit(settings.limits.requests_per_second, self._clock.monotonic)
        self._tokens = Believed(
            self._find_known, self._clock.monotonic, seconds=BELIEVED_SECONDS, entries_max=TOKENS_REMEMBERED_MAX
        )
        self._sessions = Believed(
            self._find_session, self._clock.monotonic, seconds=BELIEVED_SECONDS, entries_max=TOKENS_REMEMBERED_MAX
        )
        self._used: dict[str, int] = {}
        self._accesses = Accesses(self._clock, is_wanted=database.recorder.is_wanted)

    def check_headers(self, scope: HeaderScope) -> None:
        """Refuse a request for a foreign host or from a page of a foreign origin.

        Args:
            scope: The ASGI scope of a request or socket.

        Raises:
            ForbiddenError: Host or Origin are not known, or twice there.
        """
        try:
            self._check_headers(scope)
        except ForbiddenError as error:
            self._accesses.foreign(self.client_address(scope), error)
            raise

    def _check_headers(self, scope: HeaderScope) -> None:
        raw: list[tuple[bytes, bytes]] = scope["headers"]
        headers = dict(raw)
        if len(headers) != len(raw):
            _refuse_repeated(raw)
        host, origin = headers.get(b"host"), headers.get(b"origin")
        if (
            origin is None
            and headers.get(b"sec-fetch-site") in CROSS_SITE
            and headers.get(b"sec-fetch-mode") != b"navigate"
        ):
            # An image or script of another site's page: browsers send it without an Origin.
            raise ForbiddenError(
                "Pages of other sites may not call this server.", action="Open it in a tab of its own."
            )
        server = scope.get("server")
        self._names.check(
            None if host is None else host.decode("latin-1"),
            None if origin is None else origin.decode("latin-1"),
            str(server[0]) if server else "",
        )

    @staticmethod
    def client_address(scope: HeaderScope) -> str:
        """The address that a request or socket came from, for `admit`."""
        client = scope.get("client")
        return str(client[0]) if client else "unknown"

    def count(self, client: str) -> None:
        """Count a request that needs no token against the address it came from.

        Raises:
            RateLimitedError: There were too many.
        """
        self._rate.take(client)

    async def admit(self, authorization: str | None, client: str) -> Caller:
        """Find out who asks, and count the request.

        Args:
            authorization: `Bearer TOKEN`, from the header or from `connection_init`.
            client: Address of the client.

        Raises:
            UnauthenticatedError: There is no token, or none that is valid.
            RateLimitedError: Too many requests came with this token, or from
                this address without a valid one.
            SyntheticError: The store cannot be read.
        """
        if self._no_auth:
            self._rate.take(client)
            name_caller(ANONYMOUS.name)
            return ANONYMOUS
        secret = _find_secret(authorization)
        if secret is None:
            self._rate.take(client)
            self._accesses.unauthenticated(client, None)
            raise UnauthenticatedError
        secret_hash = hash_secret(secret)
        known = self._tokens.find(secret_hash)
        if known is None:
            if secret_hash not in self._tokens:
                # Guessing costs as much as asking without a token, and does not cost those who have one.
                self._rate.take(client)
            known = await self._tokens.ask(secret_hash)
        now = self._clock.now_ms()
        if known is None or (known.expires_at is not None and known.expires_at <= now):
            self._accesses.unauthenticated(client, secret_hash)
            raise UnauthenticatedError("The token is not valid: unknown, expired or revoked.")
        caller = known.caller
        token_id = cast("str", caller.token_id)
        self._rate.take(token_id)
        self._used[token_id] = now
        self._accesses.used(caller, client, now)
        name_caller(caller.name)
        return caller

    def find_admitted(self, secret_hash: bytes | None, client: str) -> Caller | None:
        """Who asks, where nothing has to be looked up for that, and count the request.

        Args:
            secret_hash: What `secret_hash_of` gave.
            client: Address of the client.

        Returns:
            None where `admit` is to be asked; then nothing was counted.
        """
        if self._no_auth:
            caller = ANONYMOUS
        else:
            known = None if secret_hash is None else self._tokens.find(secret_hash)
            if known is None:
                return None
            caller, now = known.caller, self._clock.now_ms()
            if known.expires_at is not None and known.expires_at <= now:
                return None
            self._used[cast("str", caller.token_id)] = now
        return caller if self._rate.has_taken(caller.token_id or client) else None

    def forget(self, caller: Caller, client: str) -> None:
        """Take back the count of a request that `find_admitted` has let in, and that is going to be asked again."""
        self._rate.give_back(caller.token_id or client)

    def knows_host(self, host: bytes | None, server: str) -> bool:
        """Whether requests for this host, and of no page's, have been let in; else `check_headers` is to be asked."""
        return host is not None and self._names.has_accepted(host.decode("latin-1"), server)

    async def still_valid(self, caller: Caller) -> bool:
        """Whether a caller that was admitted earlier would be let in again.

        Costs nothing most of the time: an answer is believed for a second.

        Raises:
            SyntheticError: The store cannot be read.
        """
        if caller.token_id is None:
            return self._no_auth
        return bool(await self._sessions.ask(caller.token_id))

    async def flush_first(self) -> None:
        """Record refusals of kinds that are new since the last flush, if there are any.

        Raises:
            SyntheticError: The store cannot be written; what is to be stored is kept for the next time.
        """
        if self._accesses.has_first:
            await self._accesses.flush(self._database, Interruption(self._clock), first_only=True)

    @property
    def has_first_refusals(self) -> bool:
        """Whether `flush_first` would record something."""
        return self._accesses.has_first

    async def flush(self, *, seconds: float | None = None) -> None:
        """Store when tokens were last used, and record who came and who was refused, since the last time.

        Called about once a minute, and at a stop.

        Args:
            seconds: How long it may wait for the store; None: as long as any other write.

        Raises:
            SyntheticError: The store cannot be written; what is to be stored is kept for the next time.
        """
        deadline = None if seconds is None else self._clock.monotonic() + seconds
        if self._used:
            await self._flush_used(deadline)
        await self._accesses.flush(self._database, Interruption(self._clock, deadline))

    async def _flush_used(self, deadline: float | None) -> None:
        used, self._used = self._used, {}
        try:
            await self._database.write(touch_tokens, used, interruption=Interruption(self._clock, deadline))
        except BaseException:
            self._used = used | self._used
            raise

    async def _find_known(self, secret_hash: bytes) -> Known | None:
        known = await self._database.read(_find_known, secret_hash)
        if known is None or not self._accesses.is_wanted:
            return known
        return replace(known, caller=replace(known.caller, on_refusal=self._accesses.unauthorised))

    async def _find_session(self, token_id: str) -> bool | None:
        return await self._database.read(_find_session, token_id)


def _refuse_repeated(headers: list[tuple[bytes, bytes]]) -> None:
    names = [name for name, _ in headers]
    if names.count(b"host") > 1 or names.count(b"origin") > 1:
        raise ForbiddenError("The request names more than one host or origin.", action="Send each header once.")


def find_authorization(scope: HeaderScope) -> str | None:
    """The Authorization header of a request; None without one or with several."""
    found = [value for name, value in scope["headers"] if name == b"authorization"]
    return found[0].decode("latin-1") if len(found) == 1 else None


def _find_known(snapshot: Snapshot, secret_hash: bytes) -> Known | None:
    token = find_token(snapshot, secret_hash)
    if token is None or not _is_valid(token, snapshot.now):
        return None
    scopes = frozenset[Scope]().union(*(IMPLIED[Scope(scope)] for scope in token.scopes))
    return Known(Caller(token.name, token.id, scopes), token.expires_at)


def _find_session(snapshot: Snapshot, token_id: str) -> bool | None:
    token = find_token_by_id(snapshot, token_id)
    return True if token is not None and _is_valid(token, snapshot.now) else None


def _is_valid(token: Token, now: int) -> bool:
    return token.revoked_at is None and (token.expires_at is None or token.expires_at > now)


def secret_hash_of(authorization: bytes | None) -> bytes | None:
    """What a token in the header Authorization is known by; None where there is none."""
    secret = None if authorization is None else _find_secret(authorization.decode("latin-1"))
    return None if secret is None else hash_secret(secret)


def _find_secret(authorization: str | None) -> str | None:
    if authorization is None:
        return None
    kind, _, secret = authorization.strip().partition(" ")
    secret = secret.strip()
    if kind.lower() != "bearer" or not secret or len(secret) > SECRET_LENGTH_MAX:
        return None
    return secret
