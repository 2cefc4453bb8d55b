"""The examples of the documentation are run, and print what the pages say."""

from __future__ import annotations

import asyncio
import contextlib
import doctest
import json
import os
import random
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import graphql
import httpx
import pytest

from synthetic.data_directory import DataDirectory
from synthetic.demo.making import Wanted, fleet_of, make_demo
from synthetic.demo.parts import load_parts
from synthetic.graphql.answers import GraphQLRequest
from synthetic.graphql.schema import undescribed
from synthetic.log.positions import read_position
from synthetic.security.gate import ANONYMOUS
from synthetic.testing import FAST_SETTINGS, copy_template, expect_data, open_test_store, running_server
from synthetic.testing_commands import run_command, start_command
from synthetic.testing_shell import shell_program
from synthetic_artifacts.model import ArtifactContent
from synthetic_artifacts.store import create_artifact
from synthetic_constructs.store import save_construct
from thirdparty.distributions import Site

from .kernel.graphql.node_tools import _installed, _node
from .pages import blocks_of, code_in, console_steps, files_in, table_with, tables_of, text_of

MARK = "--- the next command ---"
DOCUMENTED = "127.0.0.1:8787"
SAME = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
SECONDS = 240
CHECKER = doctest.OutputChecker()


class Served(NamedTuple):
    """A server that runs as a reader of the pages would have started it.

    Attributes:
        address: Host and port.
        printed: What it has printed until it was ready.
        log: What it has written to standard error; whole when it has ended.
    """

    address: str
    printed: str
    log: list[str]


@pytest.fixture
def shell(tmp_path) -> Iterator[dict[str, str]]:
    """An environment in which `synthetic` and `python3` are those of the tests; it names nothing of a store."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (folder / "python3").chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SYNTHETIC")}
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    with shell_program(folder):
        yield {**kept, "PATH": path, "SYNTHETIC_DATABASE_FREE_DISK_BYTES": "0"}


@contextlib.contextmanager
def served(folder: Path, shell: dict[str, str]) -> Iterator[Served]:
    """`synthetic serve` in a folder, but for the port."""
    with contextlib.chdir(folder):
        process = start_command(["serve", "--port", "0"], environment=shell)
    log: list[str] = []
    collecting = threading.Thread(target=log.extend, args=(process.stderr,))
    collecting.start()
    try:
        printed: list[str] = []
        for line in process.stdout:
            printed.append(line)
            if line.startswith("ready "):
                break
        address = re.search(r"http://([\w.:]+)/", printed[-1])[1]
        yield Served(address, "".join(printed), log)
    finally:
        process.terminate()
        code = process.wait(SECONDS)
        collecting.join()
        process.stdout.close()
        process.stderr.close()
    assert code == 0, "".join(log)


def run_console(page: str, folder: Path, shell: dict[str, str], address: str = DOCUMENTED) -> None:
    """Run the console sessions of a page in one shell, since some commands set what later ones need."""
    steps = list(console_steps(text_of(page)))
    script = "".join(f"{step.command}\necho '{MARK}'\n" for step in steps).replace(DOCUMENTED, address)
    done = subprocess.run(
        ["bash"], input=script, cwd=folder, env=shell, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    printed = done.stdout.split(f"{MARK}\n")
    for step, got in zip(steps, printed, strict=False):
        said = f"$ {step.command}\n{got}\n--- {page} says\n{step.output}\n{done.stderr}"
        assert CHECKER.check_output(step.output, got, SAME), said
    assert len(printed) == len(steps) + 1, done.stderr


def test_the_first_start_and_the_commands_of_operators_do_what_they_say(tmp_path, shell):
    text = text_of("operating.md")
    with served(tmp_path, shell) as server:
        banner = re.search(r"<!-- serve-output -->\n```text\n(.*?)```", text, re.DOTALL)[1]
        assert CHECKER.check_output(banner.replace(DOCUMENTED, server.address), server.printed, SAME), server.printed
        named = {name for rows in tables_of(text) for cell, *_ in rows for name in re.findall(r"`([\w./-]+)`", cell)}
        present = {f"{file.name}{'/' * file.is_dir()}" for file in (tmp_path / "synthetic-data").iterdir()}
        assert present <= named
        assert httpx.get(f"http://{server.address}/healthz", trust_env=False).json() == {"status": "ok"}
    run_console("operating.md", tmp_path, shell)
    (shown,) = [json.loads(block) for block in blocks_of(text, "json")]
    lines = [json.loads(line) for line in server.log]
    assert set(shown) in [set(line) for line in lines if line["event"] == shown["event"]]


def module_in(name: str) -> str:
    """A JavaScript module of the page about the API."""
    return re.search(rf"<!-- file: {name} -->\n```js\n(.*?)```", text_of("graphql.md"), re.DOTALL)[1]


def run_module(code: str, **variables: str) -> str:
    """What a JavaScript module prints; it finds the npm packages beside it."""
    script = _installed() / "client_of_the_docs.mjs"
    script.write_text(code)
    done = subprocess.run(
        [_node(), str(script)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_requests_of_the_api_page_are_answered_as_it_says(tmp_path, shell):
    with served(tmp_path, shell) as server:
        run_console("graphql.md", tmp_path, shell, server.address)
        token = (tmp_path / "synthetic-data" / "token").read_text().strip()
        socket = {"GRAPHQL_URL": f"ws://{server.address}/graphql", "TOKEN": token}
        printed = run_module(module_in("client.mjs"), **socket)
        assert json.loads(printed) == {"constructs": {"nodes": [{"id": "retry-fix", "title": "Retry gives up"}]}}
        asked = httpx.post(
            f"http://{server.address}/graphql",
            json={"query": '{ events(first: 1, filter: {types: ["construct.saved"]}) { nodes { position } } }'},
            headers={"authorization": f"Bearer {token}"},
            trust_env=False,
        )
        (first,) = asked.json()["data"]["events"]["nodes"]
        follow = {"TOKEN": token, "AFTER": first["position"], "UNTIL": "session.saved"}
        heard = run_module(module_in("follow.mjs"), **{**socket, **follow})
        streamed = run_module(module_in("follow-stream.mjs"), GRAPHQL_URL=f"http://{server.address}/graphql", **follow)
    assert heard.splitlines() == ["construct.saved retry-fix", "session.saved s1"]
    assert streamed == heard


@pytest.mark.full
def test_the_procedures_of_the_page_about_recovery_do_what_they_say(tmp_path, shell, template):
    with open_test_store(copy_template(template, tmp_path / "synthetic-data")) as store:
        store.write(lambda tx: save_construct(tx, {"type": "task", "title": "A plan"}, id="plan-7"))
        log = ArtifactContent(
            id="build-41", construct_id="plan-7", type="log", name="build.log", content_type="text/plain"
        )
        create_artifact(store, log, [b"All went well."])
    run_console("recovery.md", tmp_path, shell)


def test_the_commands_of_the_page_about_ingest_do_what_they_say(tmp_path, shell):
    run_console("ingest.md", tmp_path, shell)


def test_the_commands_of_the_page_about_the_audit_log_do_what_they_say(tmp_path, shell):
    run_console("audit.md", tmp_path, shell)


@pytest.fixture
def ratings(tmp_path, monkeypatch) -> Iterator[Path]:
    """The plugin of the page, installed; a data directory that lists it."""
    files = files_in(text_of("plugins/guide.md"))
    package = {path.removeprefix("synthetic_ratings/"): code for path, code in files.items() if "ratings/" in path}
    site = Site(tmp_path / "site", monkeypatch)
    project = tomllib.loads(files["pyproject.toml"])["project"]
    (entry,) = project["entry-points"]["synthetic.plugins"].items()
    site.install(
        entry[0],
        "",
        distribution=project["name"],
        version=project["version"],
        entry=entry[1],
        modules=package,
        introduced=False,
        package="synthetic_ratings",
    )
    data_dir = tmp_path / "store"
    data_dir.mkdir(mode=0o700)
    (data_dir / "plugins.toml").write_text("[plugins.ratings]\n")
    yield data_dir
    site.forget()


def test_the_plugin_of_the_page_works_with_a_real_store(ratings):
    mutation, subscription = blocks_of(text_of("plugins/guide.md"), "graphql")
    with open_test_store(ratings) as store:
        assert undescribed(store.kernel.schema) == []
        for document in (mutation, subscription):
            assert graphql.validate(store.kernel.schema, graphql.parse(document)) == []
        expect_data(store.graphql('mutation { saveConstruct(input: {id: "c", type: "t", title: "T"}) { created } }'))
        expect_data(store.graphql('mutation { saveSession(input: {id: "s", constructId: "c"}) { created } }'))
        rated = expect_data(store.graphql(mutation, {"sessionId": "s"}))["rateSession"]["rating"]
        assert rated["session"] == {"averageScore": 4.0, "ratings": {"totalCount": 1}}
        found = store.graphql("query($id: ID!) { rating(id: $id) { score } node(id: $id) { id } }", {"id": rated["id"]})
        assert expect_data(found) == {"rating": {"score": 4}, "node": {"id": rated["id"]}}
        assert asyncio.run(scores_heard(store, subscription)) == [3.0, 3.0]
        plan = 'mutation { deleteConstruct(input: {id: "c", dryRun: true}) { tables { table rows } } }'
        tables = expect_data(store.graphql(plan))["deleteConstruct"]["tables"]
        assert {"table": "ratings", "rows": 3} in tables
        delete = 'mutation { deleteRatings(input: {before: "2999-01-01T00:00:00Z"}) { deleted } }'
        assert expect_data(store.graphql(delete)) == {"deleteRatings": {"deleted": 3}}


def test_the_route_of_the_plugin_of_the_page_answers_with_a_comment(ratings):
    rate = 'mutation { rateSession(input: {sessionId: "s", score: 4, id: "r", comment: "grüße"}) { rating { id } } }'
    with open_test_store(ratings) as store:
        expect_data(store.graphql('mutation { saveSession(input: {id: "s"}) { created } }'))
        expect_data(store.graphql(rate))
    with running_server(ratings) as server:
        base = server.url.removesuffix("/graphql")
        answer = httpx.get(f"{base}/ratings/r/comment", headers=server.headers, trust_env=False)
        assert (answer.status_code, answer.text) == (200, "grüße")
        gone = httpx.get(f"{base}/ratings/none/comment", headers=server.headers, trust_env=False)
        assert (gone.status_code, gone.json()["code"]) == (404, "NOT_FOUND")


@pytest.fixture
def snippets(tmp_path, monkeypatch) -> Iterator[Path]:
    """The shorter plugin of the page, installed; a data directory that lists it."""
    files = files_in(text_of("plugins/guide.md"))
    package = {path.removeprefix("synthetic_snippets/"): code for path, code in files.items() if "snippets/" in path}
    site = Site(tmp_path / "site", monkeypatch)
    entry = "synthetic_snippets.plugin"
    site.install("snippets", "", entry=entry, modules=package, introduced=False, package="synthetic_snippets")
    data_dir = tmp_path / "store"
    data_dir.mkdir(mode=0o700)
    (data_dir / "plugins.toml").write_text("[plugins.snippets]\n")
    yield data_dir
    site.forget()


def test_the_shorter_plugin_of_the_page_works_with_a_real_store(snippets):
    keep = """mutation($input: KeepSnippetInput!) {
        keepSnippet(input: $input) { snippet { language about size } }
    }"""
    lists = """{
        snippets(languages: [SQL, PYTHON, SQL], last: 2) { nodes { language size } totalCount }
        latestSnippets(languages: [PYTHON, SQL]) { about size }
        none: snippets(languages: []) { totalCount }
    }"""
    with open_test_store(snippets) as store:
        assert undescribed(store.kernel.schema) == []
        for language, body in (("SQL", "SELECT 1"), ("SQL", "SELECT 22")):
            wanted = {"language": language, "body": body, "about": {"by": ["planner"]}}
            kept = expect_data(store.graphql(keep, {"input": wanted}))["keepSnippet"]["snippet"]
            assert kept == {"language": language, "about": {"by": ["planner"]}, "size": len(body)}
        assert expect_data(store.graphql(lists)) == {
            "snippets": {"nodes": [{"language": "SQL", "size": 9}, {"language": "SQL", "size": 8}], "totalCount": 2},
            "latestSnippets": [None, {"about": {"by": ["planner"]}, "size": 9}],
            "none": {"totalCount": 0},
        }


def test_the_excerpts_of_the_page_stand_in_its_plugins():
    """So that they cannot say anything else than what is run."""
    plugin = files_in(text_of("plugins/guide.md"))["synthetic_snippets/plugin.py"]
    (enum,) = [code for code in blocks_of(text_of("plugins/guide.md"), "python") if code.startswith("describe_enum(")]
    (merged,) = [code for code in blocks_of(text_of("plugins/guide.md"), "python") if code.startswith("different = ")]
    assert enum in plugin
    *lines, selection = merged.splitlines()
    assert "".join(f"    {line}\n" for line in lines) + f"    return {selection}\n" in plugin


def test_the_plugin_of_the_page_has_its_part_in_the_demo(ratings):
    stop = threading.Event()
    made = make_demo(DataDirectory(ratings), Wanted(), FAST_SETTINGS, stop, lambda _total: None, lambda _amount: None)
    assert made.written["ratings"] > 50
    with open_test_store(ratings) as store:
        (part,) = [part for part in load_parts(store.kernel.registry) if part.plugin == "ratings"]
        part.live(store, fleet_of(made.mark), random.Random(1))
        rated = store.read(lambda snapshot: snapshot.value("SELECT count(*) FROM ratings"))
        assert rated == made.written["ratings"] + 1


async def scores_heard(store, document: str) -> list[float]:
    """What a subscription says of two more ratings."""
    request = GraphQLRequest(document, {"sessionId": "s"})
    # It begins at a position, so nothing that is rated from now on can be missed.
    after = store.read(read_position)
    for score in (2, 3):
        rate = 'mutation($n: Int!) { rateSession(input: {sessionId: "s", score: $n}) { rating { id } } }'
        expect_data(await asyncio.to_thread(store.graphql, rate, {"n": score}))
    subscription = await store.kernel.engine.subscribe(request, ANONYMOUS, "a-correlation-id", resume=after)
    async with contextlib.aclosing(subscription.answers) as answers:
        heard = [await anext(answers) for _ in range(2)]
    return [answer.body["data"]["sessionScore"]["averageScore"] for answer in heard]


def test_the_command_and_the_tests_of_the_plugin_of_the_page_run(ratings, tmp_path):
    with open_test_store(ratings) as store:
        expect_data(store.graphql('mutation { saveSession(input: {id: "s"}) { created } }'))
        for score in (5, 5, 2):
            rate = 'mutation($n: Int!) { rateSession(input: {sessionId: "s", score: $n}) { rating { id } } }'
            expect_data(store.graphql(rate, {"n": score}))
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    variables = {**environment, "SYNTHETIC_DATABASE_FREE_DISK_BYTES": "0"}
    counted = run_command(["ratings", "--json", "--data", str(ratings)], environment=variables)
    assert (counted.stderr, counted.stdout) == ("", '{"2":1,"5":2}\n')
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "test_ratings.py").write_text(files_in(text_of("plugins/guide.md"))["tests/test_ratings.py"])
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "--rootdir", str(tests), "."],
        cwd=tests, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout
    assert re.search(r"^4 passed", run.stdout, re.MULTILINE), run.stdout


def test_the_files_of_the_plugin_are_in_the_rooms_that_the_page_lists():
    page = text_of("plugins/guide.md")
    rooms = {code_in(cell) for row in table_with(page, "file", "holds") for cell in row[0].split(", ")}
    rooms = {re.sub(r"0001_\w+", "0001_words", room) for room in rooms}
    shown = [path.removeprefix("synthetic_ratings/") for path in files_in(page) if "ratings/" in path]
    assert {re.sub(r"0001_\w+", "0001_words", path) for path in shown} == rooms
