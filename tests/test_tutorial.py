"""The tutorial for authors of plugins holds: each of its steps is carried out, and does what the page says.

The plugin is made as the page makes it. Then the files and changes that it shows are applied in their order, and what
it asks is asked.
"""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import textwrap

import pytest

from synthetic import hookspecs
from synthetic.plugins.making import NewPlugin, make_plugin, name_plugin, render
from synthetic.registry import load_registry
from synthetic.testing import check_plugin, expect_data, open_plugin_store
from thirdparty.distributions import Site

from .pages import blocks_of, text_of

CHANGE = re.compile(r"(?:^`([\w./]+)`(, at its end)?:\n\n)?^```(sql|python|diff)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
QUICK = ("everything_is_described", "events_are_declared", "queries_use_indexes", "migrates_a_filled_store")


def changed_by(section: str, files: dict[str, str]) -> None:
    """Apply the files and changes that a section shows; a change without a path is one more of the file before it."""
    path = ""
    for named, is_end, kind, text in CHANGE.findall(section):
        path = named or path
        if kind == "diff":
            before = "".join(f"{line[1:]}\n" for line in text.splitlines() if line[:1] in "- ")
            after = "".join(f"{line[1:]}\n" for line in text.splitlines() if line[:1] in "+ ")
            assert files[path].count(before) == 1, f"{path} has not once:\n{before}"
            files[path] = files[path].replace(before, after)
        elif is_end:
            # Two lines before a function or class, as a formatter has them; a page has none at the top of a block.
            files[path] += f"\n\n{text}" if text.startswith(("def ", "class ", "@")) else text
        else:
            assert path not in files, path
            files[path] = text


@pytest.fixture(scope="module")
def made():
    """The files of the plugin, after all changes of the page."""
    files = dict(render(name_plugin("bookmarks", None)))
    for section in re.split(r"^## ", text_of("plugins/tutorial.md"), flags=re.MULTILINE)[1:]:
        changed_by(section, files)
    return files


@pytest.fixture
def bookmarks(made, tmp_path, monkeypatch):
    """The plugin, installed."""
    site = Site(tmp_path / "site", monkeypatch)
    package = {path.removeprefix("synthetic_bookmarks/"): text for path, text in made.items()
               if path.startswith("synthetic_bookmarks/")}  # fmt: skip
    site.install(
        "bookmarks", "", entry="synthetic_bookmarks.plugin", modules=package, introduced=False,
        package="synthetic_bookmarks",
    )  # fmt: skip
    yield
    site.forget()


def test_what_the_page_asks_is_answered(bookmarks, tmp_path):
    documents = blocks_of(text_of("plugins/tutorial.md"), "graphql")
    with open_plugin_store(tmp_path / "store", {"bookmarks": {"keep_ms": 2_592_000_000}}) as store:
        save, ask, pin, count = [expect_data(store.graphql(document)) for document in documents]
    assert save == {"saveConstruct": {"created": True}, "saveBookmark": {"created": True}}
    assert ask["construct"]["bookmarks"]["totalCount"] == 1
    assert pin["pinBookmark"]["bookmark"]["version"] == 2
    assert count == {"constructs": {"nodes": [{"title": "A task", "pinnedBookmarks": 1}]}}


def test_the_plugin_of_the_page_still_conforms(bookmarks):
    check_plugin("bookmarks", only=QUICK).expect_passed()


def test_the_plugin_of_the_page_is_formatted_and_clean(made, tmp_path):
    folder = make_plugin(name_plugin("bookmarks", None), tmp_path)
    for path, text in made.items():
        (folder / path).write_text(text)
    for words in (["check"], ["format", "--check", "--diff"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "--no-cache", "."], cwd=folder, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout


@pytest.mark.full
def test_the_tests_of_the_page_pass(made, bookmarks, tmp_path):
    for path, text in made.items():
        target = tmp_path / "project" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "scratch")],
        cwd=tmp_path / "project", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "29 passed, 1 skipped" in done.stdout


def test_all_code_of_the_cookbook_and_of_the_page_about_tests_is_tested_elsewhere(made):
    plugins = load_registry(None, environ={}).plugins
    offered = [sys.modules[plugin.record.hooks] for plugin in plugins if plugin.record.hooks is not None]
    examples = [inspect.getdoc(each) or "" for module in (hookspecs, *offered) for each in vars(module).values()
                if inspect.isfunction(each)]  # fmt: skip
    rendered = dict(render(NewPlugin("bookmarks", "bookmark", has_dashboard=True))).values()
    shown = (textwrap.dedent(each.partition("Example::")[2]) for each in examples)
    tested = "\n".join([*rendered, text_of("plugins/guide.md"), *shown])
    for page in ("cookbook.md", "testing.md"):
        for block in blocks_of(text_of(f"plugins/{page}"), "python"):
            assert _plain(block) in _plain(tested), block


def _plain(text: str) -> str:
    """Text without the indentation of its lines."""
    return "\n".join(line.strip() for line in text.strip().splitlines() if line.strip())
