"""How the dashboard is served: without a token, compressed, kept by browsers for good, and under a strict policy."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import httpx
import pytest
import zstandard

from synthetic.app import create_app
from synthetic.testing import open_test_store

FIRST_VIEW_BYTES_MAX = 300_000


@pytest.fixture(scope="module")
def app(template: Path):
    with open_test_store(template, settings={"kernel.limits.requests_per_second": "1000000"}) as store:
        yield create_app(store.kernel)


def client_of(app, accepted: str = "zstd, gzip") -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://localhost", headers={"accept-encoding": accepted}
    )


async def get_raw(client: httpx.AsyncClient, path: str) -> tuple[httpx.Response, bytes]:
    """An answer, and its bytes as they go over the wire."""
    async with client.stream("GET", path) as answer:
        return answer, b"".join([part async for part in answer.aiter_raw()])


@pytest.mark.anyio
async def test_the_page_needs_no_token_and_may_run_nothing_but_its_own_files(app):
    async with client_of(app) as client:
        root = await client.get("/")
        page = await client.get("/dashboard")
        again = await client.get("/dashboard", headers={"if-none-match": page.headers["etag"]})
        post = await client.post("/dashboard")
    assert (root.status_code, root.headers["location"]) == (307, "/dashboard")
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers.get_list("content-security-policy") == [page.headers["content-security-policy"]]
    assert (again.status_code, again.content) == (304, b"")
    assert post.json()["code"] == "UNAUTHENTICATED"


@pytest.mark.anyio
async def test_the_first_view_is_small_and_all_of_it_is_there(app):
    """What the overview loads: the page, its styles, and the modules that are preloaded."""
    async with client_of(app) as client:
        page, raw = await get_raw(client, "/dashboard")
        html = zstandard.decompress(raw).decode()
        paths = re.findall(r'(?:src|href)="(/[^"]+)"', html)
        modules = [path for path in paths if path.endswith(".js")]
        overview = f"{modules[0].rpartition('/')[0]}/pages/overview.js"
        size = len(raw)
        for path in (*dict.fromkeys(paths), overview):
            answer, body = await get_raw(client, path)
            assert answer.status_code == 200, path
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            size += len(body)
    assert page.headers["content-encoding"] == "zstd"
    assert len(modules) > 20
    assert size < FIRST_VIEW_BYTES_MAX


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("GZIP;q=0.5", "gzip"),
        ("zstd;q=0, *", "gzip"),
        ("identity", None),
        ("gzip;q=x", None),
        ("", None),
    ],
)
async def test_a_file_comes_in_an_encoding_that_the_client_takes(app, accepted: str, encoding: str | None):
    async with client_of(app) as client:
        kit = (await client.get("/dashboard/kit.js")).text
    path = re.findall(r'"(.+)/kit\.js"', kit)[0] + "/vendor/uplot.js"
    content = Path("plugins/synthetic_dashboard/static/vendor/uplot.js")
    expected = (Path(__file__).parents[3] / content).read_bytes()
    async with client_of(app, accepted) as client:
        answer, raw = await get_raw(client, path)
        head = await client.head(path)
    decode = {"zstd": zstandard.decompress, "gzip": gzip.decompress, None: bytes}[encoding]
    assert decode(raw) == expected
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["vary"] == "accept-encoding"
    assert head.headers["content-length"] == str(len(raw))
    assert head.content == b""


@pytest.mark.anyio
async def test_what_is_not_there_is_refused_and_nothing_is_looked_for_on_the_disk(app):
    async with client_of(app) as client:
        kit = (await client.get("/dashboard/kit.js")).text
        base = re.findall(r'"(.+)/kit\.js"', kit)[0]
        for path in (
            "/dashboard/0000000000000000/main.js",
            f"{base}/index.html",
            f"{base}/pages/%2e%2e%2fmain.js",
            f"{base}/..%2f..%2fplugin.py",
            f"{base}/vendor/highlight/none.js",
        ):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND"), path


@pytest.mark.anyio
async def test_files_are_read_again_where_a_writer_of_pages_wants_that(template: Path):
    settings = {"plugins.dashboard.reread_files": "true"}
    with open_test_store(template, settings=settings) as store:
        async with client_of(create_app(store.kernel)) as client:
            answers = [await client.get("/dashboard") for _ in range(2)]
    assert answers[0].text == answers[1].text
    assert "modulepreload" in answers[0].text
