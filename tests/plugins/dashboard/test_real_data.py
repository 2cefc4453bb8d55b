"""Every page on real transcripts, on the smallest and on a very large screen: nothing fails, nothing is too wide."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.dashboard.driving import PAGES, dashboard
from plugins.dashboard.filling import fill
from synthetic.testing import copy_template, open_test_store, running_server
from synthetic.testing_commands import run_command

pytestmark = pytest.mark.full

EXIT_CODES = (0, 65)
"""65: some files could not be read; they are named, and all others are stored."""


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory, real_data: Path):
    """Of a store with real transcripts, and a little of all else."""
    directory = copy_template(template, tmp_path_factory.mktemp("looks") / "store")
    with open_test_store(directory) as store:
        token = fill(store).admin
    done = run_command(["ingest", str(real_data), "--data", str(directory)])
    assert done.returncode in EXIT_CODES, done.stderr
    with running_server(directory) as serving:
        serving.token = token
        yield serving


@pytest.mark.parametrize("width", [360, 3840])
def test_every_page_shows_real_transcripts_and_fits_the_screen(browser, server, width):
    with dashboard(browser, server, viewport={"width": width, "height": 900}) as tab:
        tab.page.goto(f"{tab.address}#token={server.token}")
        tab.settle()
        found = tab.ask("query { transcripts(first: 3) { nodes { id } } sessions(first: 1) { nodes { id } } }")
        transcripts = [f"/transcripts/{each['id']}" for each in found["transcripts"]["nodes"]]
        sessions = [f"/sessions/{each['id']}" for each in found["sessions"]["nodes"]]
        for path in (*PAGES, *transcripts, *sessions, "/constructs/c1", "/jobs/j1", "/approvals/a1"):
            tab.go(path)
            assert tab.page.locator("main h1").inner_text() != "No such page", path
            assert tab.page.locator("main [role=alert]").count() == 0, path
            assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert tab.problems == []
