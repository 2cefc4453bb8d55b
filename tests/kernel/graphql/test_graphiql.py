from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import synthetic.graphql.graphiql as graphiql_module
from synthetic.graphql.graphiql import page

from .live_server import LiveServer

FOLDER = Path(graphiql_module.__file__).parent / "static" / "graphiql"
MANIFEST = json.loads((FOLDER / "manifest.json").read_text())["files"]


@pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: entry["file"])
def test_a_vendored_file_is_the_one_that_the_manifest_names(entry: dict[str, str]):
    content = (FOLDER / entry["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert entry["licence"] == "MIT"
    assert (
        "MIT" in (FOLDER / entry["licenceFile"]).read_text()
        or "Permission is hereby granted" in (FOLDER / entry["licenceFile"]).read_text()
    )
    assert re.fullmatch(r"\d+\.\d+\.\d+", entry["version"])


def test_nothing_lies_in_the_folder_that_the_manifest_does_not_know():
    vendored = {entry["file"] for entry in MANIFEST}
    own = {"index.html", "page.js", "page.css", "manifest.json", "licences"}
    assert {file.name for file in FOLDER.iterdir()} == vendored | own
    assert {f"licences/{file.name}" for file in (FOLDER / "licences").iterdir()} == {
        entry["licenceFile"] for entry in MANIFEST
    }


def test_the_page_may_run_nothing_but_the_servers_own_files(live: LiveServer):
    response = live.get(accept="text/html", authorization=None)
    policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers.get_list("content-security-policy") == [response.headers["content-security-policy"]]
    assert re.findall(r"<script(?![^>]*\ssrc=)", response.text) == []
    assert re.findall(r"\son\w+=|<style", response.text) == []


def test_everything_that_the_page_loads_comes_from_the_server(live: LiveServer):
    html = page()[1].decode()
    references = re.findall(r'(?:src|href)="([^"]+)"', html)
    files = [reference for reference in references if reference != "data:,"]
    assert len(files) == 7
    for file in files:
        response = live.client.get(live.url.removesuffix("graphql") + file)
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/javascript" if file.endswith("js") else "text/css")
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.content == (FOLDER / file.rpartition("/")[2]).read_bytes()
        again = live.client.get(response.url, headers={"if-none-match": response.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        head = live.client.head(response.url)
        assert head.headers["content-length"] == str(len(response.content))


@pytest.mark.parametrize("name", ["", "nothing.js", "../graphiql.py", "%2e%2e/graphiql.py", "index.html", "licences"])
def test_there_are_no_other_files(live: LiveServer, name: str):
    assert live.client.get(f"{live.url}/static/{name}").status_code == 404


def test_files_are_only_read(live: LiveServer):
    response = live.client.post(f"{live.url}/static/page.js")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"


def test_licences_can_be_read(live: LiveServer):
    assert "Permission is hereby granted" in live.client.get(f"{live.url}/static/licences/react.txt").text


CHROMIUM = shutil.which("chromium")


@pytest.mark.full
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.parametrize("with_token", [True, False])
def test_a_browser_shows_the_page_and_its_policy_stops_nothing(live: LiveServer, tmp_path: Path, with_token: bool):
    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
    command = [str(CHROMIUM), "--headless", "--no-sandbox", *quiet, f"--user-data-dir={tmp_path}"]
    command += ["--enable-logging=stderr", "--virtual-time-budget=20000", "--dump-dom"]
    address = f"{live.url}#token={live.token}" if with_token else live.url
    shown = subprocess.run([*command, address], capture_output=True, text=True, timeout=120, check=True)
    assert ('class="graphiql-container"' in shown.stdout) is with_token
    assert ("Your token is kept in this tab only." in shown.stdout) is with_token
    assert ("Paste a token" in shown.stdout) is not with_token
    assert live.token not in shown.stdout
    assert "Content Security Policy" not in shown.stderr
