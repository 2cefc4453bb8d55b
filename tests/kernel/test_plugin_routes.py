"""Paths of plugins over HTTP, as a third party would add them: the way in, the way out, and what is refused."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx
import pytest
from starlette.routing import Mount
from starlette.routing import Route as Routed

from synthetic import Route, RouteRequest, Scope
from synthetic.app import create_app
from synthetic.plugins.clashes import KERNEL_PATHS
from synthetic.security.tokens import create_token
from synthetic.store import Store
from synthetic.testing import RunningServer, open_test_store, running_server, wait_until
from thirdparty.distributions import Site, introduced_with, load, refused, write_plugins_toml

ECHO = """
import hashlib

from synthetic import ConflictError, Route, Scope, SyntheticError


class EchoFullError(SyntheticError):
    "There is no room for an echo."

    code = "ECHO_FULL"
    http_status = 507


def count(snapshot):
    return snapshot.value("SELECT count(*) FROM constructs")


def save(tx, title):
    tx.execute("INSERT INTO echo_lines (id, body) VALUES (:id, :body)", {"id": tx.new_id(), "body": title})
    if title == "refused":
        raise ConflictError("No such echo.")
    return tx.origin.actor


async def answer(request):
    mode = request.path["mode"]
    if mode == "full":
        request.channel.refusal_headers["x-room"] = "0"
        raise EchoFullError
    if mode == "broken":
        raise RuntimeError("what nobody outside may read")
    if mode == "half":
        await request.begin(200, {"content-length": "10", "content-type": "text/plain"})
        await request.send(b"half")
        raise EchoFullError
    if mode == "count":
        found = await request.read(count)
        await request.answer(200, {"content-type": "text/plain"}, str(found).encode())
        return
    if mode == "thread":
        found = await request.in_thread(sum, [1, 2])
        await request.answer(200, {"cache-control": "private"}, str(found).encode())
        return
    body = f"{mode} {sorted(request.query.items())} {request.caller.name}".encode()
    await request.answer(200, {"content-type": "text/plain; charset=utf-8"}, body)


async def welcome(request):
    await request.answer(200, {"content-type": "text/html"}, f"{request.caller.name} {request.method}".encode())


async def take(request):
    if request.path["mode"] == "full":
        raise EchoFullError
    sha256, size = hashlib.sha256(), 0
    async for part in request.parts():
        sha256.update(part)
        size += len(part)
    if request.path["mode"] in ("saved", "refused"):
        title = request.path["mode"]
        actor = await request.write(save, title, operation="saveEcho", entity_type="echo", entity_id="e1")
        await request.answer(201, {"content-type": "text/plain"}, actor.encode())
        return
    await request.answer(200, {"content-type": "text/plain"}, f"{size} {sha256.hexdigest()}".encode())


@hookimpl
def register_errors():
    return (ErrorCode(EchoFullError),)


@hookimpl
def register_tables():
    return (Table(name="echo_lines", purpose="What was said.", kept="A few."),)


@hookimpl
def register_migrations():
    return (MigrationFolder("sample_echo"),)


@hookimpl
def register_routes():
    return (
        Route(
            path="/echo/{mode}",
            purpose="Says what it was told.",
            methods={"GET": Scope.READ, "HEAD": Scope.READ},
            serve=answer,
        ),
        Route(path="/echo/{mode}/body", purpose="Takes a body.", methods={"PUT": Scope.WRITE}, serve=take),
        Route(
            path="/welcome",
            purpose="Welcomes whoever comes.",
            methods={"GET": None, "POST": Scope.WRITE},
            serve=welcome,
            is_page=True,
        ),
    )
"""
MIGRATION = "CREATE TABLE echo_lines (id TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL) STRICT;"

ROUTES = """
from synthetic import Route, Scope

async def serve(request):
    pass

@hookimpl
def register_routes():
    return tuple(Route(path=path, purpose="x", methods={{"GET": Scope.READ}}, serve=serve) for path in {paths!r})
"""


@pytest.fixture
def echo_dir(site: Site, tmp_path: Path) -> Path:
    """The directory of a store that is to have the plugin `echo`."""
    site.install("echo", introduced_with() + ECHO, introduced=False, modules={"migrations/0001_echo.sql": MIGRATION})
    write_plugins_toml(tmp_path / "store", {"echo": ""}, shipped=True)
    return tmp_path / "store"


@pytest.fixture
def echo_store(echo_dir: Path):
    with open_test_store(echo_dir) as store:
        yield store


def client_of(store: Store, *scopes: str) -> httpx.AsyncClient:
    """A client of an application, with a token of these scopes."""
    secret = store.write(create_token, "caller", list(scopes)).secret
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(store.kernel)),
        base_url="http://localhost",
        headers={"authorization": f"Bearer {secret}"},
    )


@pytest.mark.anyio
async def test_a_route_answers_with_the_headers_of_every_answer(echo_store: Store):
    async with client_of(echo_store, "read") as client:
        answer = await client.get("/echo/a%2Fb", params={"x": "1", "y": ""})
        head = await client.head("/echo/hello")
        own = await client.get("/echo/thread")
    assert answer.text == "a/b [('x', '1'), ('y', '')] caller"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-correlation-id"]
    assert head.status_code == 200
    assert (own.text, own.headers.get_list("cache-control")) == ("3", ["private"])


@pytest.mark.anyio
async def test_a_route_reads_and_writes_in_the_name_of_its_caller_and_is_put_on_record(echo_store: Store):
    async with client_of(echo_store, "write") as client:
        assert (await client.get("/echo/count")).text == "0"
        saved = await client.put("/echo/saved/body", content=b"x")
        refusal = await client.put("/echo/refused/body", content=b"x")
    assert (saved.status_code, saved.text) == (201, "caller")
    assert (refusal.status_code, refusal.json()["code"]) == (409, "CONFLICT")
    recorded = "SELECT name, actor, entity_type, entity_id, outcome FROM audit_log WHERE name = 'saveEcho'"
    assert echo_store.read(lambda snapshot: snapshot.rows(recorded)) == [
        ("saveEcho", "caller", "echo", "e1", "DONE"),
        ("saveEcho", "caller", "echo", "e1", "FAILED"),
    ]
    assert echo_store.read(lambda snapshot: snapshot.rows("SELECT body FROM echo_lines")) == [("saved",)]


@pytest.mark.anyio
async def test_a_method_without_a_scope_needs_no_token_and_gives_no_rights(echo_store: Store):
    async with client_of(echo_store, "read") as client:
        stranger = await client.get("/welcome", headers={"authorization": "Bearer none"})
        post = await client.post("/welcome", headers={"authorization": "Bearer none"})
        reader = await client.post("/welcome")
        other = await client.delete("/welcome", headers={"authorization": "Bearer none"})
    assert (stranger.status_code, stranger.text) == (200, "stranger GET")
    assert [each.json()["code"] for each in (post, reader, other)] == [
        "UNAUTHENTICATED",
        "FORBIDDEN",
        "UNAUTHENTICATED",
    ]


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/sample/{id}", {"GET": None}), ("/sample", {"GET": Scope.READ}), ("/sample", {"POST": None})],
)
def test_a_page_answers_browsers_as_they_come(path: str, methods: dict[str, Scope | None]):
    with pytest.raises(ValueError, match="must answer GET without a token"):
        Route(path=path, purpose="A page.", methods=methods, serve=serve_nothing, is_page=True)


async def serve_nothing(_request: RouteRequest) -> None:
    pass


@pytest.mark.anyio
async def test_what_is_wrong_is_told_in_the_shape_of_every_error(echo_store: Store):
    async with client_of(echo_store, "read") as client:
        answers = {
            "ECHO_FULL": await client.get("/echo/full"),
            "INTERNAL": await client.get("/echo/broken"),
            "FORBIDDEN": await client.put("/echo/x/body", content=b"x"),
            "METHOD_NOT_ALLOWED": await client.post("/echo/x"),
            "NOT_FOUND": await client.get("/echo/x/other"),
            "UNAUTHENTICATED": await client.get("/echo/x", headers={"authorization": "Bearer none"}),
            "BAD_USER_INPUT": await client.get("/echo/x?a=1&a=2"),
        }
        empty = await client.get("/echo/")
        not_utf8 = await client.get("/echo/%ff")
        beside = await client.get("/echoes")
    assert {code: answer.json()["code"] for code, answer in answers.items()} == {code: code for code in answers}
    assert "nobody outside" not in answers["INTERNAL"].text
    assert answers["ECHO_FULL"].headers["x-room"] == "0"
    assert answers["METHOD_NOT_ALLOWED"].headers["allow"] == "GET, HEAD"
    assert [each.status_code for each in (empty, not_utf8, beside)] == [404, 404, 404]


def refused_before_it_sends(server: RunningServer) -> bytes:
    """What the server answers to a client that waits for leave to send a body."""
    url = httpx.URL(server.url)
    with socket.create_connection((url.host, url.port or 80), timeout=60) as connection:
        head = (
            f"PUT /echo/full/body HTTP/1.1\r\nHost: {url.host}:{url.port}\r\nContent-Length: 1000000\r\n"
            f"Authorization: Bearer {server.token}\r\nExpect: 100-continue\r\n\r\n"
        )
        connection.sendall(head.encode())
        return connection.recv(65_536)


def test_a_server_streams_bodies_and_ends_what_breaks_off(echo_dir: Path):
    with running_server(echo_dir) as server:
        base = server.url.removesuffix("/graphql")
        with httpx.Client(base_url=base, headers=server.headers, timeout=60) as client:
            size = 3_000_000
            taken = client.put("/echo/x/body", content=(b"x" * 100_000 for _ in range(30)))
            assert taken.text.startswith(f"{size} ")
            # The rest of a body that nobody wants does not keep the connection: it ends with the answer.
            refusal = client.put("/echo/full/body", content=b"x" * size)
            assert (refusal.status_code, refusal.headers["connection"]) == (507, "close")
            with pytest.raises(httpx.RemoteProtocolError):
                client.get("/echo/half")
        assert refused_before_it_sends(server).startswith(b"HTTP/1.1 507 ")
        assert wait_until(lambda: [line for line in server.log if "answer broken off" in line], "the line in the log")


@pytest.mark.anyio
async def test_pages_of_a_known_origin_may_call_a_route(echo_dir: Path):
    with open_test_store(echo_dir, settings={"kernel.security.origins": "https://pages.example"}) as store:
        origin = {"origin": "https://pages.example"}
        async with client_of(store, "read") as client:
            answer = await client.get("/echo/hello", headers=origin)
            asked = {"access-control-request-method": "PUT", "access-control-request-headers": "authorization"}
            preflight = await client.options("/echo/x/body", headers={**origin, **asked})
            other = await client.get("/echo/hello", headers={"origin": "https://other.example"})
    assert answer.headers["access-control-allow-origin"] == "https://pages.example"
    assert "etag" in answer.headers["access-control-expose-headers"]
    assert preflight.status_code == 200
    assert other.status_code == 403


def test_the_first_segment_of_a_path_belongs_to_one_plugin(site: Site, tmp_path: Path):
    site.install("one", ROUTES.format(paths=("/things/{id}", "/things/{id}/text", "/things")))
    site.install("two", ROUTES.format(paths=("/things/all",)))
    site.install("three", ROUTES.format(paths=("/metrics/mine",)))
    site.install("four", ROUTES.format(paths=("/others/{id}", "/others/{key}")))
    assert [stamped.record.path for stamped in load(tmp_path, one="").routes] == [
        "/things/{id}",
        "/things/{id}/text",
        "/things",
    ]
    assert refused(tmp_path, one="", two="").details["plugins"] == ["one", "two"]
    assert refused(tmp_path, three="").details["plugins"] == ["kernel", "three"]
    assert refused(tmp_path, four="").details["name"] == "/others/{}"


def test_the_paths_of_the_kernel_are_taken(store: Store):
    paths = {route.path for route in create_app(store.kernel).routes if isinstance(route, Routed | Mount)}
    of_plugins = {stamped.record.segments[0] for stamped in store.kernel.registry.routes}
    words = {path[1:].partition("/")[0].partition("{")[0] for path in paths}
    assert words - of_plugins - {""} == set(KERNEL_PATHS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": "things"},
        {"path": "/"},
        {"path": "/{id}"},
        {"path": "/things//x"},
        {"path": "/things/{id}/{id}"},
        {"path": "/things/{Id}"},
        {"path": "/things/a b"},
        {"purpose": " "},
        {"methods": {}},
        {"methods": {"CONNECT": Scope.READ}},
    ],
)
def test_a_route_that_cannot_be_served_is_refused_when_it_is_made(wrong: dict[str, object]):
    async def serve(_: object) -> None:
        raise AssertionError

    with pytest.raises(ValueError, match=r".+"):
        Route(**{"path": "/things", "purpose": "x", "methods": {"GET": Scope.READ}, "serve": serve, **wrong})
