"""The clients and code generators that front ends use take the exported schema and are served without complaint.

The scripts beside this file use urql, Apollo Client, Relay, graphql-ws and
graphql-sse as applications do, and report what they were told; here it is
held against what the server answers to a plain request. A warning of a
library is a failure.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import parse, print_ast
from graphql.utilities import separate_operations

from synthetic.testing import RunningServer, expect_data, running_server
from tests.kernel.graphql.node_tools import NODE_MISSING, find_node

from .workshop import FOLDER, Workshop

pytestmark = [pytest.mark.full, pytest.mark.skipif(find_node() is None, reason=f"there is no node: {NODE_MISSING}")]

SETTINGS = ("--set", 'kernel.events.external_types=["note.made"]')
JSON_OF_GRAPHQL = "application/graphql-response+json"
OPERATIONS = separate_operations(parse((FOLDER / "operations.graphql").read_text()))


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a made-up fleet, which is copied for each server."""
    target = tmp_path_factory.mktemp("fleet") / "store"
    command = [sys.executable, "-m", "synthetic", "demo", "--no-serve", "--data", str(target)]
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    return target


@pytest.fixture
def server(fleet: Path, tmp_path: Path) -> Iterator[RunningServer]:
    """A server of which nobody has asked anything."""
    copied = shutil.copytree(fleet, tmp_path / "store")
    copied.chmod(0o700)
    with running_server(copied, *SETTINGS) as running:
        yield running


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path / "workshop")


def ask(server: RunningServer, name: str, **variables: Any) -> dict[str, Any]:
    """What an operation is answered to a plain request."""
    content = {"query": print_ast(OPERATIONS[name]), "variables": variables}
    return httpx.post(server.url, json=content, headers=server.headers, trust_env=False).json()


def all_constructs(server: RunningServer) -> list[dict[str, Any]]:
    """Every construct, in one page."""
    constructs = expect_data(ask(server, "Constructs", first=1_000))["constructs"]
    assert constructs["totalCount"] > 12, "several pages"
    return [edge["node"] for edge in constructs["edges"]]


def without_typename(value: Any) -> Any:
    """What a client has in its cache, without the type names that it asks for itself."""
    if isinstance(value, dict):
        return {key: without_typename(inner) for key, inner in value.items() if key != "__typename"}
    return [without_typename(inner) for inner in value] if isinstance(value, list) else value


def notes(prefix: str, *numbers: int) -> list[str]:
    return [f"{prefix}-{number}" for number in numbers]


def sent(method: str, *, text: bool, hashed: bool, status: int = 200) -> dict[str, Any]:
    """A request, as the scripts note it."""
    return {"method": method, "text": text, "hash": hashed, "status": status, "type": JSON_OF_GRAPHQL}


def check_cache(report: dict[str, Any], constructs: list[dict[str, Any]], title: str) -> None:
    """Pages, a mutation and an interface, in a client with a cache."""
    first = constructs[0]
    assert report["paged"]["pages"] == -(-len(constructs) // 4)
    assert report["paged"]["total"] == len(constructs)
    paged = without_typename(report["paged"]["nodes"])
    assert paged == constructs
    renamed = without_typename(report["renamed"])
    metadata = {"by": [title.removeprefix("Renamed by ").lower(), 1, None]}
    assert renamed == {**first, "title": title, "metadata": metadata, "version": first["version"] + 1}
    assert report["saved"]["saveConstruct"]["created"] is False
    construct, session = report["anything"]
    assert (construct["__typename"], construct["title"]) == ("Construct", title)
    assert (session["__typename"], session["construct"]["title"]) == ("Session", title)
    assert session["runStatus"] == first["sessions"]["edges"][0]["node"]["status"]


def check_errors(errors: dict[str, Any], constructs: list[dict[str, Any]]) -> None:
    """The codes of the contract reach the application, and half an answer does with its error."""
    assert errors["stale"] == ["CONFLICT"]
    assert errors["variables"] == ["BAD_USER_INPUT"]
    assert errors["stranger"] == ["UNAUTHENTICATED"]
    assert errors["partly"]["codes"] == ["BAD_USER_INPUT"]
    assert without_typename(errors["partly"]["data"]) == {"found": {"id": constructs[0]["id"]}, "refused": None}


def test_apollo_client_is_served(server: RunningServer, workshop: Workshop):
    constructs = all_constructs(server)
    report = workshop.report_of("apollo.mjs", server)
    check_cache(report, constructs, "Renamed by Apollo")
    check_errors(report["errors"], constructs)
    by_get, by_post = report["persisted"]["get"], report["persisted"]["post"]
    assert by_get["found"] == [["syncStatus"]] * 2
    assert by_get["requests"] == [
        sent("GET", text=False, hashed=True, status=400),
        sent("POST", text=True, hashed=True),
        sent("GET", text=False, hashed=True),
    ]
    # Sent with its text before, so that its hash is enough at once.
    assert by_post["found"] == [["constructs"]] * 2
    assert by_post["requests"] == [sent("POST", text=False, hashed=True)] * 2
    assert report["followed"]["entities"] == notes("apollo", 1, 2, 3, 4, 5)
    assert report["followed"]["payload"] == {"from": "a client"}
    assert report["followed"]["connections"] == 2
    assert {request["type"] for request in report["requests"]} == {JSON_OF_GRAPHQL}
    assert report["complaints"] == []


def test_urql_is_served(server: RunningServer, workshop: Workshop):
    constructs = all_constructs(server)
    report = workshop.report_of("urql.mjs", server)
    check_cache(report, constructs, "Renamed by urql")
    check_errors(report["errors"], constructs)
    by_get, by_post = report["persisted"]["get"], report["persisted"]["post"]
    assert by_get["found"] == [["syncStatus"]] * 2
    assert [(request["hash"], request["text"], request["status"]) for request in by_get["requests"]] == [
        (True, False, 400),
        (True, True, 200),
        (True, False, 200),
    ]
    assert {request["method"] for request in by_get["requests"]} == {"GET"}
    assert by_post["found"] == [["constructs"]] * 2
    assert {request["method"] for request in by_post["requests"]} == {"POST"}
    assert by_post["requests"][-1] == sent("POST", text=False, hashed=True)
    followed = report["followed"]
    assert followed["bySocket"]["entities"] == notes("urql-socket", 1, 2, 3, 4, 5)
    assert followed["bySocket"]["connections"] == 2
    assert followed["sent"] == [{"text": False, "hash": True}, {"text": True, "hash": True}]
    assert followed["byStream"]["entities"] == notes("urql-stream", 1, 2, 5)
    assert report["complaints"] == []


def test_relay_compiles_and_is_served(server: RunningServer, workshop: Workshop):
    constructs = all_constructs(server)
    artifacts = workshop.compile_relay("javascript")
    assert "fleetConstructsPaginationQuery.graphql.js" in artifacts
    assert "fleetWorkRefetchQuery.graphql.js" in artifacts
    report = workshop.report_of("relay.mjs", server)
    first = constructs[0]
    compared = ("id", "type", "title", "status", "version", "metadata", "createdAt", "endedAt")
    assert report["paged"]["pages"] == -(-len(constructs) // 4)
    assert report["paged"]["total"] == len(constructs)
    assert [{name: node[name] for name in compared} for node in report["paged"]["nodes"]] == [
        {name: node[name] for name in compared} for node in constructs
    ]
    assert report["saved"] == {"old": {"created": False}, "new": {"created": True}}
    titles = [construct["title"] for construct in constructs[1:]]
    assert report["titles"] == ["Renamed by Relay", *titles, "Made by Relay"]
    sessions = [edge["node"] for edge in first["sessions"]["edges"]]
    assert report["sessions"] == [session["id"] for session in sessions]
    assert report["node"] == {
        "__typename": "Session",
        "id": sessions[0]["id"],
        "agent": sessions[0]["agent"],
        "construct": {"title": "Renamed by Relay"},
    }
    assert report["errors"] == {
        "stale": {"codes": ["CONFLICT"]},
        "variables": {"codes": ["BAD_USER_INPUT"]},
        "query": "BAD_USER_INPUT",
    }
    assert report["followed"]["entities"] == notes("relay", 1, 2, 3, 4, 5)
    assert report["followed"]["connections"] == 2
    assert report["complaints"] == []


def test_generated_types_are_what_the_schema_promises(workshop: Workshop):
    """`typed.ts` says what must hold, and what must be refused."""
    said = workshop.run_tool("graphql-codegen", "--config", "codegen.json")
    assert "warn" not in said.lower(), said
    assert "fleet_work.graphql.ts" in workshop.compile_relay("typescript")
    assert workshop.run_tool("tsc", "--project", "tsconfig.json") == ""
