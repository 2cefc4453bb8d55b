"""The limit: what somebody would write who has only these answers to give.

One Starlette route. Each handler reads the JSON of the request's body, runs
its SQL in place on one connection with the columns named, makes dicts of the
rows, and has orjson write them. The answers are those of GraphQL, to the last
value of `data`. The connection has no lock of SQLite's, like ours.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import Any

import apsw
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PLAIN = """
SELECT id, user_id, project_id, construct_id, kind, key, command, priority, progress, phase
FROM sync_jobs ORDER BY sync_jobs.created_at DESC, id DESC LIMIT :first
"""
TYPED = """
SELECT
    id, kind, status, on_lapse, priority, progress,
    strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch') AS created_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', started_at / 1000.0, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', completed_at / 1000.0, 'unixepoch') AS completed_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', updated_at / 1000.0, 'unixepoch') AS updated_at
FROM sync_jobs ORDER BY sync_jobs.created_at DESC, id DESC LIMIT :first
"""
ONE = "SELECT id, kind, key, priority, progress FROM sync_jobs WHERE id = :id"
CONSTRUCTS = "SELECT id, title, status FROM constructs ORDER BY created_at DESC, id DESC LIMIT 50"
SESSIONS = """
SELECT construct_id, id, agent, title FROM sessions
WHERE construct_id IN (SELECT value FROM json_each(:ids)) ORDER BY started_at DESC, id DESC
"""
TRANSCRIPTS = """
SELECT session_id, key, id, message_count FROM transcripts
WHERE session_id IN (SELECT value FROM json_each(:ids)) ORDER BY created_at DESC, id DESC
"""
MESSAGES = """
SELECT transcript_key, seq, role, kind, CAST(body AS TEXT) AS text FROM transcript_messages
WHERE transcript_key IN (SELECT value FROM json_each(:keys)) AND seq <= 10 ORDER BY transcript_key, seq
"""


def list_plain_jobs(connection: apsw.Connection, variables: dict[str, Any]) -> dict[str, Any]:
    nodes = [
        {
            "id": id, "userId": user_id, "projectId": project_id, "constructId": construct_id, "kind": kind, "key": key,
            "command": command, "priority": priority, "progress": progress, "phase": phase,
        }
        for id, user_id, project_id, construct_id, kind, key, command, priority, progress, phase in connection.execute(
            PLAIN, variables
        )
    ]  # fmt: skip
    return {"jobs": {"nodes": nodes}}


def list_typed_jobs(connection: apsw.Connection, variables: dict[str, Any]) -> dict[str, Any]:
    nodes = [
        {
            "id": id, "kind": kind, "status": status, "onLapse": on_lapse, "priority": priority, "progress": progress,
            "createdAt": created_at, "startedAt": started_at, "completedAt": completed_at, "updatedAt": updated_at,
        }
        for id, kind, status, on_lapse, priority, progress, created_at, started_at, completed_at, updated_at
        in connection.execute(TYPED, variables)
    ]  # fmt: skip
    return {"jobs": {"nodes": nodes}}


def get_job(connection: apsw.Connection, variables: dict[str, Any]) -> dict[str, Any]:
    for id, kind, key, priority, progress in connection.execute(ONE, variables):
        return {"job": {"id": id, "kind": kind, "key": key, "priority": priority, "progress": progress}}
    return {"job": None}


def list_constructs(connection: apsw.Connection, variables: dict[str, Any]) -> dict[str, Any]:
    constructs = [
        {"id": id, "title": title, "status": status, "sessions": {"nodes": []}}
        for id, title, status in connection.execute(CONSTRUCTS)
    ]
    sessions: dict[str, list[Any]] = {each["id"]: each["sessions"]["nodes"] for each in constructs}
    transcripts: dict[str, list[Any]] = {}
    for construct_id, id, agent, title in connection.execute(SESSIONS, {"ids": orjson.dumps(list(sessions)).decode()}):
        nodes = transcripts[id] = []
        sessions[construct_id].append({"id": id, "agent": agent, "title": title, "transcripts": {"nodes": nodes}})
    messages: dict[int, list[Any]] = {}
    ids = orjson.dumps(list(transcripts)).decode()
    for session_id, key, id, count in connection.execute(TRANSCRIPTS, {"ids": ids}):
        nodes = messages[key] = []
        transcripts[session_id].append({"id": id, "messageCount": count, "messages": {"nodes": nodes}})
    rows = connection.execute(MESSAGES, {"keys": orjson.dumps(list(messages)).decode()})
    for key, group in itertools.groupby(rows, itemgetter(0)):
        messages[key].extend(
            {"seq": seq, "role": role, "kind": kind, "text": text} for _, seq, role, kind, text in group
        )
    return {"constructs": {"nodes": constructs}}


ANSWERS: dict[str, Callable[[apsw.Connection, dict[str, Any]], dict[str, Any]]] = {
    "/plain": list_plain_jobs,
    "/typed": list_typed_jobs,
    "/one": get_job,
    "/tree": list_constructs,
}
"""What is answered where."""


def create_app(directory: Path) -> Starlette:
    """The application, which reads the store of a directory."""
    connection = apsw.Connection(
        str(directory / "synthetic.db"), flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_NOMUTEX
    )

    def route(path: str, answer: Callable[[apsw.Connection, dict[str, Any]], dict[str, Any]]) -> Route:
        async def handle(request: Request) -> Response:
            asked = orjson.loads(await request.body())
            body = orjson.dumps({"data": answer(connection, asked["variables"])})
            return Response(body, media_type="application/json")

        return Route(path, handle, methods=["POST"])

    return Starlette(routes=[route(path, answer) for path, answer in ANSWERS.items()])
