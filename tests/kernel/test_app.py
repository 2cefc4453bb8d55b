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
