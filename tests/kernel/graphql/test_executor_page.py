"""The example of docs/executor.md runs as the page says, and the listing is what the executor generates."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import sys
import types
from pathlib import Path
from typing import Annotated, Any

import strawberry

import synthetic
from synthetic import Snapshot
from synthetic.contributions import GraphQL
from synthetic.graphql import field_sources, plans
from synthetic.graphql.executor import compiler, plan
from synthetic.graphql.executor.builders import build_from_rows
from synthetic.graphql.executor.objects import FEW
from synthetic.graphql.executor.plan import PLANS_KEPT
from synthetic.testing import expect_data
from tests.pages import FENCED, blocks_of, table_with, text_of

from .engine_kit import open_bench

PAGE = text_of("executor.md")
GENERATED = re.compile(r"<!-- generated -->\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run_until(end: str | None = None) -> tuple[dict[str, Any], str, str]:
    """Run the blocks of the page one after the other, up to one that contains a text.

    Returns:
        The names that they leave, what they printed, and what the page says that they print.
    """
    names: dict[str, Any] = {}
    printed, said = io.StringIO(), ""
    for language, code in FENCED.findall(GENERATED.sub("", PAGE)):
        if end is not None and end in code:
            break
        if language == "text":
            said += code
        else:
            with contextlib.redirect_stdout(printed):
                exec(compile(code, "executor.md", "exec"), names)
    return names, printed.getvalue(), said


def test_the_example_prints_what_the_page_says():
    _names, printed, said = run_until()
    assert printed == said
    assert len(said.splitlines()) > 10


def test_the_listing_is_the_code_that_is_generated():
    names, _printed, _said = run_until("LookupError")
    [jobs] = names["plan"].root.fields
    [level] = jobs.objects_below()
    builder = build_from_rows(level.fields, names["JOB"])
    [listed] = GENERATED.findall(PAGE)
    assert ast.unparse(ast.parse(builder.source)) == ast.unparse(ast.parse(listed))
    sessions = [{"agent": "x"}, None, None]
    assert builder.build(names["JOBS"], sessions)[0] == {
        "id": "j1",
        "name": "ingest",
        "attempts": 1,
        "session": sessions[0],
    }


def test_the_example_of_a_prepare_in_the_page_about_plugins_runs(tmp_path):
    [block] = [block for block in blocks_of(text_of("plugins/guide.md"), "python") if "prepare=embed" in block]
    asked: list[str] = []

    class Vectors:
        async def embed(self, text: str) -> list[float]:
            asked.append(text)
            return [1.0, 2.0]

    def comments_near(snapshot: Snapshot, vector: list[float]) -> list[str]:
        return [f"near {vector} at {snapshot.value('SELECT 1')}"]

    module = types.ModuleType("sample_of_the_page")
    vars(module).update(
        vectors=Vectors(), comments_near=comments_near, strawberry=strawberry, Annotated=Annotated,
        query=synthetic.query, Snapshot=synthetic.Snapshot,
    )  # fmt: skip
    sys.modules[module.__name__] = module
    try:
        exec(compile(block, "plugins/guide.md", "exec"), vars(module))
        with open_bench(tmp_path, parts=(GraphQL(queries=(module.similar_comments,)),)) as bench:
            data = expect_data(bench.ask('{ similarComments(text: "slow") }'))
    finally:
        del sys.modules[module.__name__]
    assert data == {"similarComments": ["near [1.0, 2.0] at 1"]}
    assert asked == ["slow"]


def test_numbers_of_the_page_are_those_of_the_code():
    words = " ".join(PAGE.split())
    assert f"keeps at most {PLANS_KEPT} plans, those that were used last" in words
    assert f"at most {FEW} objects" in words


def test_the_reasons_for_a_refusal_are_all_listed():
    raised: set[str] = set()
    for module in (plan, compiler, plans):
        raised |= set(re.findall(r'NotCompiled\("([^"]+)"\)', Path(module.__file__).read_text("utf-8")))
    raised.add(field_sources.REFUSED)
    assert {reason for reason, _meaning in table_with(PAGE, "reason", "what it is")} == raised
