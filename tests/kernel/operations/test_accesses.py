"""Tokens as they are used, and refused authorisation: on record, and no more of it than is bounded."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from synthetic import app
from synthetic.errors import ForbiddenError, StorageFailedError, SyntheticError, UnauthenticatedError
from synthetic.graphql.answers import GraphQLRequest
from synthetic.graphql.execute import Engine
from synthetic.json_text import from_json, to_json
from synthetic.operations.accesses import GATHERED_MAX, RECORDED_MAX, USE_EVERY_MS
from synthetic.security.callers import Caller, Scope
from synthetic.security.gate import Gate
from synthetic.security.tokens import CreatedToken, create_token, revoke_token
from synthetic.testing import ManualClock, wait_until
from thirdparty.ledger import Ledger

pytestmark = pytest.mark.anyio

CLIENT = "192.0.2.7"


@pytest.fixture
def clock(ledger: Ledger) -> ManualClock:
    return ManualClock(ledger.store.read(lambda snapshot: snapshot.now))


@pytest.fixture
def gate(ledger: Ledger, clock: ManualClock) -> Gate:
    return Gate(ledger.store.kernel.database, ledger.store.kernel.settings, clock=clock)


def make(ledger: Ledger, name: str = "builder-3", scope: str = "read") -> CreatedToken:
    return ledger.store.write(create_token, name, (scope,))


async def refuse(gate: Gate, secret: str | None, client: str = CLIENT) -> None:
    with pytest.raises(UnauthenticatedError):
        await gate.admit(None if secret is None else f"Bearer {secret}", client)


async def send(engine: Engine, field: str, caller: Caller) -> dict[str, Any]:
    """Send a mutation; the whole answer."""
    request = GraphQLRequest(query=f'mutation {{ {field}(input: {{id: "n"}}) }}', variables={})
    return from_json(to_json((await engine.run(request, caller, "given-id")).body))


async def test_the_use_of_a_token_is_recorded_once_an_hour(ledger, gate, clock):
    token = make(ledger)
    for _ in range(3):
        await gate.admit(f"Bearer {token.secret}", CLIENT)
    await gate.flush()
    clock.advance(USE_EVERY_MS - 1)
    await gate.admit(f"Bearer {token.secret}", CLIENT)
    await gate.flush()
    (entry,) = ledger.entries()
    assert (entry.name, entry.kind, entry.actor, entry.outcome) == ("token use", "ACCESS", "builder-3", "DONE")
    assert (entry.entity, entry.details) == (f"token:{token.token.id}", {"client": CLIENT})
    clock.advance(1)
    await gate.admit(f"Bearer {token.secret}", CLIENT)
    await gate.flush()
    assert [entry.name for entry in ledger.entries()] == ["token use", "token use"]


async def test_a_clock_that_was_set_back_does_not_keep_uses_from_being_recorded(ledger, gate, clock):
    token = make(ledger)
    await gate.admit(f"Bearer {token.secret}", CLIENT)
    clock.jump(-24 * 3_600_000)
    await gate.admit(f"Bearer {token.secret}", CLIENT)
    await gate.flush()
    (entry,) = ledger.entries()
    assert entry.occurred_at == clock.now_ms()


async def test_refusals_of_one_kind_are_one_record_with_a_count(ledger, gate, clock):
    for _ in range(3):
        await refuse(gate, None)
        clock.advance(1_000)
    await refuse(gate, None, "192.0.2.8")
    await gate.flush()
    first, second = ledger.entries()
    assert (first.name, first.kind, first.actor) == ("authenticate", "ACCESS", "unknown")
    assert (first.outcome, first.code, first.entity) == ("REFUSED", "UNAUTHENTICATED", None)
    assert (first.details["client"], first.details["count"]) == (CLIENT, 3)
    assert first.details["firstAt"] < second.details["firstAt"]
    assert (second.details["client"], second.details["count"]) == ("192.0.2.8", 1)
    await gate.flush()
    assert len(ledger.entries()) == 2


async def test_a_token_that_was_valid_once_is_named_when_it_is_refused(ledger, gate, clock):
    revoked, expiring = (
        make(ledger, "revoked"),
        ledger.store.write(create_token, "old", ("read",), clock.now_ms() + 60_000),
    )
    ledger.store.write(revoke_token, revoked.token.id)
    clock.advance(60_000)
    for _ in range(2):
        await refuse(gate, revoked.secret)
    await refuse(gate, expiring.secret)
    await refuse(gate, "syn_" + "x" * 43)
    await gate.flush()
    found = {entry.actor: entry for entry in ledger.entries()}
    assert found["revoked"].entity == f"token:{revoked.token.id}"
    assert (found["revoked"].details["reason"], found["revoked"].details["count"]) == ("revoked", 2)
    assert (found["old"].details["reason"], found["old"].entity) == ("expired", f"token:{expiring.token.id}")
    assert (found["unknown"].details["reason"], found["unknown"].entity) == ("unknown token", None)
    assert revoked.secret not in str(ledger.entries())


async def test_a_token_that_lacks_a_scope_is_recorded_with_what_it_wanted(ledger, gate):
    reader = await gate.admit(f"Bearer {make(ledger, 'reader').secret}", CLIENT)
    writer = await gate.admit(f"Bearer {make(ledger, 'writer', 'write').secret}", CLIENT)
    engine = ledger.store.kernel.engine
    before = ledger.notes()
    for caller, field in ((reader, "saveNote"), (writer, "dropNotes"), (writer, "dropNotes")):
        answer = await send(engine, field, caller)
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    await gate.flush()
    refused = {entry.actor: entry for entry in ledger.entries() if entry.outcome == "REFUSED"}
    assert refused["reader"].details["wanted"] == "saveNote"
    assert (refused["reader"].name, refused["reader"].details["reason"]) == ("authorise", "write is missing")
    assert (refused["writer"].details["wanted"], refused["writer"].details["count"]) == ("dropNotes", 2)
    assert refused["writer"].details["reason"] == "admin is missing"
    assert ledger.notes() == before


async def test_a_request_for_another_host_or_from_a_foreign_page_is_recorded(ledger, gate):
    foreign = {"headers": [(b"host", b"127.0.0.1:8787"), (b"origin", b"https://elsewhere.example")]}
    scope = {**foreign, "server": ("127.0.0.1", 8787), "client": (CLIENT, 50_000)}
    for _ in range(2):
        with pytest.raises(ForbiddenError):
            gate.check_headers(scope)
    await gate.flush()
    (entry,) = ledger.entries()
    assert (entry.name, entry.outcome, entry.code) == ("origin", "REFUSED", "FORBIDDEN")
    assert (entry.details["client"], entry.details["count"]) == (CLIENT, 2)


async def test_a_flood_of_guesses_is_a_bounded_number_of_records_and_hides_no_known_token(ledger, gate):
    revoked = make(ledger, "revoked")
    ledger.store.write(revoke_token, revoked.token.id)
    await refuse(gate, revoked.secret)
    lacking = await gate.admit(f"Bearer {make(ledger, 'reader').secret}", CLIENT)
    guesses = GATHERED_MAX * 3
    for number in range(guesses):
        await refuse(gate, f"syn_{number:043}", f"198.51.100.{number % 250}")
        assert len(gate._accesses._refusals["authenticate"]) <= GATHERED_MAX + 1
    with pytest.raises(ForbiddenError):
        lacking.require(Scope.ADMIN, "dropNotes")
    await gate.flush()
    refused = [entry for entry in ledger.entries() if entry.outcome == "REFUSED"]
    assert len(refused) <= 2 * (RECORDED_MAX + 1)
    assert {"revoked", "reader"} <= {entry.actor for entry in refused}
    authenticate = [entry for entry in refused if entry.name == "authenticate"]
    assert sum(entry.details["count"] for entry in authenticate) == guesses + 1


async def test_what_a_store_cannot_take_now_is_recorded_the_next_time(ledger, gate, monkeypatch):
    token = make(ledger)
    await gate.admit(f"Bearer {token.secret}", CLIENT)
    await refuse(gate, None)
    database = ledger.store.kernel.database

    async def fail(*_: object, **__: object) -> None:
        raise StorageFailedError

    with monkeypatch.context() as patched:
        patched.setattr(database, "write", fail)
        with pytest.raises(SyntheticError):
            await gate.flush()
    await refuse(gate, None)
    await gate.flush()
    assert [(entry.name, entry.details.get("count")) for entry in ledger.entries()] == [
        ("token use", None),
        ("authenticate", 2),
    ]


async def test_records_that_a_plugin_refuses_are_counted_and_dropped(ledger, gate):
    ledger.refuse("authenticate")
    await refuse(gate, None)
    await gate.flush()
    await gate.flush()
    assert ledger.entries() == []
    assert ledger.unrecorded() == 1


async def test_the_first_of_a_kind_are_recorded_at_once_and_their_repeats_together(ledger, gate, clock):
    assert not gate.has_first_refusals
    await refuse(gate, None)
    await refuse(gate, None)
    assert gate.has_first_refusals
    await gate.flush_first()
    await refuse(gate, None)
    assert not gate.has_first_refusals
    await gate.flush_first()
    await refuse(gate, None, "192.0.2.8")
    await gate.flush_first()
    assert [entry.details["count"] for entry in ledger.entries()] == [2, 1]
    await gate.flush()
    assert [(entry.details["client"], entry.details["count"]) for entry in ledger.entries()][2:] == [(CLIENT, 1)]
    await refuse(gate, None)
    assert gate.has_first_refusals


async def test_refusals_reach_the_record_of_a_server_before_its_minute_is_over(ledger, gate, monkeypatch):
    monkeypatch.setattr(app, "EARLY_FLUSH_SECONDS", 0.01)
    flushing = asyncio.create_task(app._flush_now_and_then(gate))
    try:
        await refuse(gate, None)
        await asyncio.to_thread(wait_until, ledger.entries, "the record")
    finally:
        flushing.cancel()


async def test_a_mutation_is_recorded_with_the_id_of_its_token(ledger, gate):
    token = make(ledger, "writer", "write")
    writer = await gate.admit(f"Bearer {token.secret}", CLIENT)
    await send(ledger.store.kernel.engine, "saveNote", writer)
    (entry,) = ledger.entries()
    assert (entry.actor, entry.details["tokenId"]) == ("writer", token.token.id)
