"""`jobUpdates`: who names the last position that it saw gets every update once, however often it is cut."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins.jobs.documents import CANCEL, CHECKPOINT, CLAIM, COMPLETE, CONSTRUCT, FAIL, HEARTBEAT, PROGRESS, SAVE
from plugins.transcripts.following import Feed, Server
from synthetic.testing import RunningServer, copy_template, running_server

pytestmark = pytest.mark.anyio

UPDATE = "position jobId type kind status previousStatus progress phase job { id status progress }"


@pytest.fixture(scope="module")
def running(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server process for all of these tests; each makes jobs of a kind of its own."""
    directory = copy_template(template, tmp_path_factory.mktemp("served") / "store")
    with running_server(directory, environment={"SYNTHETIC_DATABASE_SYNCHRONOUS": "OFF"}) as server:
        yield server


class Jobs(Server):
    """What these tests ask of the server."""

    async def say(self, document: str, **fields: Any) -> str:
        """A mutation, which must succeed; the position after it."""
        return (await self.ask(document, input=fields))["extensions"]["position"]

    async def position(self) -> str:
        """How far the log goes now."""
        return (await self.ask("{ health { version } }"))["extensions"]["position"]

    @contextlib.asynccontextmanager
    async def updates(self, filter: str, after: str | None) -> AsyncIterator[Feed]:
        """`jobUpdates` with a filter, as text."""
        query = (
            f"subscription ($after: Position) {{ jobUpdates(after: $after, filter: {{ {filter} }}) {{ {UPDATE} }} }}"
        )
        async with self.follow("", after, query) as feed:
            yield feed


@pytest.fixture
async def server(running: RunningServer) -> AsyncIterator[Jobs]:
    server = Jobs(running)
    async with server.client:
        yield server


async def next_of(feed: Feed) -> dict[str, Any]:
    """The next update, which must come without errors."""
    answer = await feed.answer()
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["jobUpdates"]


async def life_of(server: Jobs, id: str, kind: str) -> None:
    """Everything that happens to a job that fails once, is tried again, and is then done."""
    held = {"id": id, "leaseToken": 1}
    await server.say(SAVE, id=id, kind=kind)
    await server.say(CLAIM, id=id, worker="builder-1")
    await server.say(HEARTBEAT, **held)
    await server.say(PROGRESS, **held, progress=30, phase="scan")
    await server.say(PROGRESS, **held, progress=30)
    await server.say(CHECKPOINT, jobId=id, leaseToken=1, phase="scanned", data={"n": 1})
    await server.say(FAIL, **held, errorMessage="No.", retryAfterMs=0)
    await server.say(CLAIM, id=id, worker="builder-2")
    await server.say(CANCEL, id=id)
    await server.say(COMPLETE, id=id, leaseToken=2, result=7)


LIFE = [
    ("SAVED", "PENDING", None, None, None),
    ("STATUS_CHANGED", "RUNNING", "PENDING", 0, None),
    ("PROGRESSED", "RUNNING", None, 30, "scan"),
    ("CHECKPOINTED", "RUNNING", None, 30, "scanned"),
    ("STATUS_CHANGED", "PENDING", "RUNNING", 30, "scan"),
    ("STATUS_CHANGED", "RUNNING", "PENDING", 30, "scan"),
    ("CANCEL_REQUESTED", "RUNNING", None, 30, "scan"),
    ("STATUS_CHANGED", "COMPLETED", "RUNNING", 100, "scan"),
]
"""Type, status, status before, progress and phase of each update; a heartbeat and what is no news are none."""


def outline(update: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(update[name] for name in ("type", "status", "previousStatus", "progress", "phase"))


async def test_each_thing_that_happens_to_a_job_is_one_update(server: Jobs) -> None:
    begin = await server.position()
    await life_of(server, "whole", "life")

    async with server.updates('kinds: ["life"]', begin) as feed:
        updates = [await next_of(feed) for _ in LIFE]

    assert [outline(update) for update in updates] == LIFE
    assert {(update["jobId"], update["kind"]) for update in updates} == {("whole", "life")}
    # The job is read as it is now, not as it was.
    assert {str(update["job"]) for update in updates} == {str({"id": "whole", "status": "COMPLETED", "progress": 100})}
    numbers = [int(update["position"].partition(":")[2]) for update in updates]
    assert numbers == sorted(set(numbers))


async def test_a_client_that_is_cut_off_after_each_update_gets_every_one_once(server: Jobs) -> None:
    position = await server.position()
    await life_of(server, "cut", "cut")
    updates = []

    while len(updates) < len(LIFE):
        async with server.updates('kinds: ["cut"]', position) as feed:
            updates.append(await next_of(feed))
            position = updates[-1]["position"]

    assert [outline(update) for update in updates] == LIFE


async def test_updates_come_as_they_happen(server: Jobs) -> None:
    begin = await server.say(SAVE, id="live", kind="live")

    async with server.updates('ids: ["live"]', begin) as feed:
        position = await server.say(CLAIM, id="live", worker="builder-1")
        update = await next_of(feed)
        assert (update["position"], update["status"], update["job"]["status"]) == (position, "RUNNING", "RUNNING")
        for progress in (10, 20):
            await server.say(PROGRESS, id="live", leaseToken=1, progress=progress)
            assert (await next_of(feed))["progress"] == progress


async def test_a_filter_on_statuses_tells_of_jobs_that_come_stay_and_leave(server: Jobs) -> None:
    begin = await server.position()
    await life_of(server, "seen", "statuses")

    async with server.updates('kinds: ["statuses"], statuses: [RUNNING]', begin) as feed:
        running = [outline(await next_of(feed)) for _ in LIFE[1:]]
    async with server.updates('kinds: ["statuses"], statuses: [COMPLETED, FAILED]', begin) as feed:
        finished = outline(await next_of(feed))

    assert running == LIFE[1:]
    assert finished == LIFE[-1]


async def test_only_updates_of_what_the_filter_names_are_delivered(server: Jobs) -> None:
    for id in ("fc", "fd"):
        await server.ask(CONSTRUCT, id=id)
    await server.say(SAVE, id="fp", kind="filters")
    await server.say(SAVE, id="fq", kind="filters")
    begin = await server.position()
    mine = {"userId": "fu", "projectId": "fx", "constructId": "fc", "parentId": "fp", "kind": "filters"}
    for number, (name, value) in enumerate(
        {"userId": "fv", "projectId": "fy", "constructId": "fd", "parentId": "fq", "kind": "others"}.items()
    ):
        await server.say(SAVE, id=f"not-{number}", **{**mine, name: value})
    await server.say(SAVE, id="mine", **mine)

    named = {**{name: f'{name}: "{value}"' for name, value in mine.items()}, "kind": 'kinds: ["filters"]'}
    for name, text in {**named, "all": ", ".join(named.values())}.items():
        seen = []
        async with server.updates(text, begin) as feed:
            while "mine" not in seen:
                seen.append((await next_of(feed))["jobId"])
        left_out = f"not-{list(mine).index(name)}" if name in mine else "not-"
        assert not any(id.startswith(left_out) for id in seen), name
        assert len(seen) == (5 if name in mine else 1), name
    async with server.updates('ids: ["mine", "not-3"]', begin) as feed:
        assert [(await next_of(feed))["jobId"] for _ in range(2)] == ["not-3", "mine"]


async def test_a_deletion_is_told_whatever_the_filter_says_of_the_job(server: Jobs) -> None:
    for id in ("gone", "kept"):
        await server.ask(CONSTRUCT, id=id)
        await server.say(SAVE, id=f"{id}-job", kind="gone", constructId=id)
    begin = await server.position()
    position = await server.delete("gone")
    await server.delete("kept")

    for text in (
        'kinds: ["gone"]',
        "statuses: [PENDING]",
        'userId: "fleet"',
        'constructId: "gone"',
        'ids: ["gone-job"]',
    ):
        async with server.updates(text, begin) as feed:
            update = await next_of(feed)
        nothing = dict.fromkeys(("kind", "status", "previousStatus", "progress", "phase", "job"))
        assert update == {"jobId": "gone-job", "type": "DELETED", **nothing, "position": update["position"]}, text
        assert int(update["position"].partition(":")[2]) <= int(position.partition(":")[2])


@pytest.mark.parametrize("text", ['ids: [""]', 'kinds: ["\\u0000"]', 'constructId: ""', 'userId: " "'])
async def test_a_filter_that_is_not_acceptable_is_refused(server: Jobs, text: str) -> None:
    async with server.updates(text, None) as feed:
        message = await feed.hear()

    error = message["payload"][0]["extensions"]
    assert (message["type"], error["code"]) == ("error", "BAD_USER_INPUT")
    assert error["details"]["field"] == f"filter.{text.partition(':')[0]}"


async def test_a_position_of_another_history_must_be_begun_anew(server: Jobs) -> None:
    epoch, number = (await server.position()).split(":")

    for position, reason in ((f"0000000000:{number}", "EPOCH"), (f"{epoch}:{2**40}", "AHEAD")):
        async with server.updates('kinds: ["any"]', position) as feed:
            error = (await feed.hear())["payload"][0]["extensions"]
        assert (error["code"], error["details"]["reason"]) == ("RESYNC_REQUIRED", reason)
