"""The gate against a real store. The gate's clock is moved by hand, so that a second passes when a test says so."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from synthetic.errors import ForbiddenError, RateLimitedError, SyntheticError, UnauthenticatedError
from synthetic.kernel_settings import KernelSettings
from synthetic.logs import request_scope
from synthetic.security.gate import ANONYMOUS, Caller, Gate, Scope, find_authorization
from synthetic.security.tokens import count_tokens, create_token, find_token_by_id, revoke_token
from synthetic.store import Store
from synthetic.testing import ManualClock, open_test_store

pytestmark = pytest.mark.anyio

CLIENT = "127.0.0.1"


def make_gate(store: Store, *, per_second: int = 1_000, no_auth: bool = False) -> tuple[Gate, ManualClock]:
    clock = ManualClock(store.read(lambda snapshot: snapshot.now))
    limits = dataclasses.replace(store.kernel.settings.limits, requests_per_second=per_second)
    settings = dataclasses.replace(store.kernel.settings, limits=limits)
    return Gate(store.kernel.database, settings, no_auth=no_auth, clock=clock), clock


def bearer(store: Store, *scopes: str, expires_at: int | None = None) -> tuple[str, str]:
    count = store.read(count_tokens)
    name = f"ci-{count}" if count else "ci"
    created = store.write(create_token, name, list(scopes) or ["read"], expires_at)
    return f"Bearer {created.secret}", created.token.id


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("read", {Scope.READ}),
        ("write", {Scope.READ, Scope.WRITE}),
        ("admin", {Scope.READ, Scope.WRITE, Scope.ADMIN}),
    ],
)
async def test_a_scope_implies_the_lesser_ones(store: Store, given: str, expected: set[Scope]):
    gate, _ = make_gate(store)
    authorization, id = bearer(store, given)
    caller = await gate.admit(authorization, CLIENT)
    assert caller == Caller("ci", id, frozenset(expected))
    for scope in Scope:
        if scope in expected:
            caller.require(scope)
        else:
            with pytest.raises(ForbiddenError, match=str(scope)):
                caller.require(scope)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "syn_token",
        "Bearer syn_" + "A" * 43,
        "Bearer \ud800",
        "Bearer " + "x" * 5_000,
        "Bearer \x00",
    ],
)
async def test_without_a_valid_token_nobody_comes_in(store: Store, authorization: str | None):
    gate, _ = make_gate(store)
    with pytest.raises(UnauthenticatedError):
        await gate.admit(authorization, CLIENT)


async def test_the_kind_of_authorization_is_read_in_any_case(store: Store):
    gate, _ = make_gate(store)
    authorization, _ = bearer(store)
    secret = authorization.removeprefix("Bearer ")
    assert (await gate.admit(f"  bEARER   {secret} ", CLIENT)).name == "ci"


async def test_a_token_revoked_by_another_process_is_refused_within_a_second(store: Store, data_dir: Path):
    gate, clock = make_gate(store)
    authorization, id = bearer(store)
    caller = await gate.admit(authorization, CLIENT)
    assert await gate.still_valid(caller)
    with open_test_store(data_dir) as other:
        other.write(revoke_token, id)
    clock.advance(1_000)
    with pytest.raises(UnauthenticatedError):
        await gate.admit(authorization, CLIENT)
    assert not await gate.still_valid(caller)


async def test_a_token_expires_to_the_millisecond_whatever_was_believed(store: Store):
    gate, clock = make_gate(store)
    expires_at = clock.now_ms() + 500
    authorization, _ = bearer(store, expires_at=expires_at)
    await gate.admit(authorization, CLIENT)
    clock.advance(499)
    await gate.admit(authorization, CLIENT)
    clock.advance(1)
    with pytest.raises(UnauthenticatedError):
        await gate.admit(authorization, CLIENT)


async def test_an_expired_token_ends_sessions_too(data_dir: Path):
    clock = ManualClock()
    with open_test_store(data_dir, clock=clock) as store:
        gate = Gate(store.kernel.database, store.kernel.settings, clock=clock)
        authorization, _ = bearer(store, expires_at=clock.now_ms() + 5_000)
        caller = await gate.admit(authorization, CLIENT)
        clock.advance(4_000)
        assert await gate.still_valid(caller)
        clock.advance(1_000)
        assert not await gate.still_valid(caller)


async def test_a_hundred_requests_within_a_second_ask_the_store_once(store: Store):
    gate, clock = make_gate(store)
    authorization, _ = bearer(store)
    before = reads(store)
    await asyncio.gather(*(gate.admit(authorization, CLIENT) for _ in range(100)))
    assert reads(store) == before + 1
    clock.advance(1_000)
    await gate.admit(authorization, CLIENT)
    assert reads(store) == before + 2


def reads(store: Store) -> float:
    value = store.kernel.metrics.registry.get_sample_value("synthetic_reads_total")
    assert value is not None
    return value


async def test_a_token_may_only_ask_so_often(store: Store):
    gate, clock = make_gate(store, per_second=5)
    authorization, _ = bearer(store)
    other, _ = bearer(store)
    for _ in range(5):
        await gate.admit(authorization, CLIENT)
    with pytest.raises(RateLimitedError) as caught:
        await gate.admit(authorization, CLIENT)
    assert caught.value.retry_after_ms == 200
    await gate.admit(other, "10.0.0.2")
    clock.advance(200)
    await gate.admit(authorization, CLIENT)


async def test_guessing_tokens_is_limited_by_address_and_does_not_lock_out_those_who_have_one(store: Store):
    gate, clock = make_gate(store, per_second=5)
    authorization, _ = bearer(store)
    await gate.admit(authorization, CLIENT)
    for guess in range(4):
        with pytest.raises(UnauthenticatedError):
            await gate.admit(f"Bearer syn_{guess:043}", CLIENT)
    before = reads(store)
    with pytest.raises(RateLimitedError):
        await gate.admit("Bearer syn_once-more", CLIENT)
    assert reads(store) == before
    clock.advance(0)
    await gate.admit(authorization, CLIENT)


async def test_without_authentication_everybody_is_anonymous_and_still_counted(store: Store):
    gate, _ = make_gate(store, per_second=2, no_auth=True)
    assert await gate.admit(None, CLIENT) is ANONYMOUS
    assert await gate.admit("Bearer nonsense", CLIENT) is ANONYMOUS
    assert await gate.still_valid(ANONYMOUS)
    assert all(ANONYMOUS.has(scope) for scope in Scope)
    with pytest.raises(RateLimitedError):
        await gate.admit(None, CLIENT)


async def test_the_anonymous_caller_is_worth_nothing_where_tokens_are_needed(store: Store):
    gate, _ = make_gate(store)
    assert not await gate.still_valid(ANONYMOUS)


async def test_last_use_is_stored_when_it_is_flushed(store: Store):
    gate, clock = make_gate(store)
    authorization, id = bearer(store)
    await gate.admit(authorization, CLIENT)
    found = store.read(find_token_by_id, id)
    assert found is not None
    assert found.last_used_at is None
    await gate.flush()
    found = store.read(find_token_by_id, id)
    assert found is not None
    assert found.last_used_at == clock.now_ms()


async def test_last_use_that_could_not_be_stored_is_kept_for_the_next_time(store: Store, data_dir: Path):
    gate, clock = make_gate(store)
    authorization, id = bearer(store)
    await gate.admit(authorization, CLIENT)
    with open_test_store(data_dir) as other:
        closed = Gate(other.kernel.database, KernelSettings(), clock=clock)
        await closed.admit(authorization, CLIENT)
    with pytest.raises(SyntheticError):
        await closed.flush()
    closed._database = store.kernel.database
    await closed.flush()
    found = store.read(find_token_by_id, id)
    assert found is not None
    assert found.last_used_at == clock.now_ms()


async def test_the_access_log_learns_who_calls(store: Store):
    gate, _ = make_gate(store)
    authorization, _ = bearer(store)
    with request_scope("id") as info:
        await gate.admit(authorization, CLIENT)
    assert info.caller == "ci"


def headers(**values: str | list[str]) -> dict[str, object]:
    found = [
        (name.replace("_", "-").encode(), one.encode("latin-1"))
        for name, given in values.items()
        for one in ([given] if isinstance(given, str) else given)
    ]
    return {"type": "http", "headers": found, "server": ("127.0.0.1", 8787), "client": ("127.0.0.1", 5)}


@pytest.mark.parametrize(
    "scope",
    [
        headers(host="localhost"),
        headers(host="localhost:8787", origin="http://localhost:8787", sec_fetch_site="same-origin"),
        headers(host="localhost:8787", sec_fetch_site="none", sec_fetch_mode="navigate"),
        headers(host="localhost:8787", sec_fetch_site="cross-site", sec_fetch_mode="navigate"),
        {**headers(host="localhost"), "server": None},
    ],
)
async def test_requests_for_this_server_pass(store: Store, scope: dict[str, object]):
    make_gate(store)[0].check_headers(scope)


@pytest.mark.parametrize(
    "scope",
    [
        headers(),
        headers(host="evil.example"),
        headers(host=["localhost", "localhost"]),
        headers(host="localhost\xff"),
        headers(host="localhost", origin="http://evil.example"),
        headers(host="localhost", origin=["http://localhost", "http://evil.example"]),
        headers(host="localhost", sec_fetch_site="cross-site", sec_fetch_mode="no-cors"),
        headers(host="localhost", sec_fetch_site="same-site", sec_fetch_mode="no-cors"),
        headers(host="localhost:8787", sec_fetch_site="cross-site"),
    ],
)
async def test_requests_of_strangers_do_not(store: Store, scope: dict[str, object]):
    with pytest.raises(ForbiddenError):
        make_gate(store)[0].check_headers(scope)


async def test_where_a_request_comes_from_and_what_it_brings():
    assert Gate.client_address(headers()) == "127.0.0.1"
    assert Gate.client_address({**headers(), "client": None}) == "unknown"
    assert find_authorization(headers(authorization="Bearer x")) == "Bearer x"
    assert find_authorization(headers()) is None
    assert find_authorization(headers(authorization=["Bearer x", "Bearer y"])) is None
