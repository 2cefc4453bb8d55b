"""The background work of jobs in a server process: what nobody holds any more moves on by itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from plugins.jobs.documents import CLAIM, SAVE
from plugins.transcripts.following import PATIENCE_SECONDS, Server
from synthetic.testing import running_server

pytestmark = pytest.mark.anyio


async def test_a_job_whose_lease_runs_out_is_requeued_by_a_server(data_dir: Path) -> None:
    settings = ("--set", "plugins.jobs.reap_every_ms=100")
    with running_server(data_dir, *settings, environment={"SYNTHETIC_DATABASE_SYNCHRONOUS": "OFF"}) as running:
        server = Server(running)
        async with server.client:
            for id, policy in (("again", "REQUEUE"), ("once", "FAIL")):
                saved = await server.ask(SAVE, input={"id": id, "kind": "build", "onLapse": policy})
            for id in ("again", "once"):
                await server.ask(CLAIM, input={"id": id, "worker": "builder-1", "leaseMs": 100})
            query = "subscription ($after: Position) { jobUpdates(after: $after) { jobId previousStatus status } }"
            seen: dict[str, str] = {}
            async with (
                asyncio.timeout(PATIENCE_SECONDS),
                server.follow("", saved["extensions"]["position"], query) as feed,
            ):
                while len(seen) < 2:
                    update = (await feed.answer())["data"]["jobUpdates"]
                    if update["previousStatus"] == "RUNNING":
                        seen[update["jobId"]] = update["status"]

    assert seen == {"again": "PENDING", "once": "FAILED"}
