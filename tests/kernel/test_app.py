"""What the application does while it lives, without a server around it."""

from __future__ import annotations

import logging

import anyio
import httpx
import pytest

from synthetic import app
from synthetic.app import create_app
from synthetic.errors import StorageFullError
from synthetic.security.gate import Gate
from synthetic.security.tokens import create_token, find_token_by_id
from synthetic.store import Store
from synthetic.testing import expect_data

pytestmark = pytest.mark.anyio


async def test_when_tokens_were_used_is_stored_now_and_then(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(app, "FLUSH_SECONDS", 0.001)
    created = store.write(create_token, "ci", ["read"])
    application = create_app(store.kernel)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://localhost")
    with anyio.fail_after(30):
        async with application.router.lifespan_context(application), client:
            used = None
            while used is None:
                await client.get("/metrics", headers={"authorization": f"Bearer {created.secret}"})
                found = store.read(find_token_by_id, created.token.id)
                used = found and found.last_used_at
    assert used is not None


async def test_a_full_disk_does_not_keep_a_server_from_stopping(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async def full(_: Gate, *, seconds: float | None) -> None:
        raise StorageFullError

    monkeypatch.setattr(Gate, "flush", full)
    application = create_app(store.kernel)
    with caplog.at_level(logging.WARNING):
        async with application.router.lifespan_context(application):
            pass
    assert "STORAGE_FULL" in caplog.text


async def test_metrics_of_plugins_are_read_from_the_store_when_they_are_asked_for(store: Store):
    created = store.write(create_token, "ci", ["read"])
    application = create_app(store.kernel)
    expect_data(store.graphql('mutation { saveJob(input: {id: "a", kind: "build"}) { created } }'))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://localhost") as client:
        answer = await client.get("/metrics", headers={"authorization": f"Bearer {created.secret}"})
    assert answer.status_code == 200
    assert 'synthetic_jobs{status="PENDING"} 1.0' in answer.text
    assert "synthetic_jobs_stuck 0.0" in answer.text
