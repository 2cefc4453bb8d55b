"""Reading the documentation as a test does: its headings, links, code blocks and console sessions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
WRITTEN = (
    "operating.md", "backups.md", "recovery.md", "exports.md", "export-format.md", "graphql.md", "ingest.md",
    "audit.md", "workers.md", "approvals.md", "deliveries.md",
    "artifacts.md", "dead_letters.md", "agents.md", "costs.md", "workflows.md", "documents.md", "lineage.md",
    "search.md", "dashboard.md", "executor.md", "reliability.md",
    "plugins/README.md", "plugins/tutorial.md", "plugins/guide.md", "plugins/cookbook.md", "plugins/testing.md",
    "plugins/stability.md",
)  # fmt: skip
"""The pages that people write; the others are made from the code."""

PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]

FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Step(NamedTuple):
    """One command of a console session, and what it prints."""

    command: str
    output: str


def text_of(page: str) -> str:
    return (DOCS / page).read_text("utf-8")


def prose_of(text: str) -> str:
    """A page without its code blocks."""
    return FENCED.sub("", text)


def spans_of(text: str) -> list[str]:
    """What stands between single backticks."""
    return INLINE.findall(prose_of(text))


def blocks_of(text: str, language: str) -> list[str]:
    """The code blocks in a language."""
    return [code for marked, code in FENCED.findall(text) if marked == language]


def slug_of(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def slugs_of(text: str) -> list[str]:
    return [slug_of(heading) for heading in HEADING.findall(prose_of(text))]


def tables_of(text: str) -> list[list[list[str]]]:
    """The tables of a page: rows of cells, the heading first and the rule left out."""
    found: list[list[list[str]]] = [[]]
    for line in prose_of(text).splitlines():
        if not line.startswith("|"):
            found.append([])
        elif not set(line) <= set("|- "):
            found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
    return [table for table in found if table]


def table_with(text: str, *headings: str) -> list[list[str]]:
    """The rows of the one table that has this heading."""
    (rows,) = [table[1:] for table in tables_of(text) if table[0] == list(headings)]
    return rows


def code_in(cell: str) -> str:
    """The text of a cell that is one piece of code."""
    return cell.strip("`")


def console_steps(text: str) -> Iterator[Step]:
    """Each command of the console sessions of a page. `> ` continues a command, and so does a here document."""
    for block in blocks_of(text, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines()
            command = [lines.pop(0)]
            while lines and lines[0].startswith("> "):
                command.append(lines.pop(0)[2:])
            here = re.search(r"<<'(\w+)'", command[-1])
            while here and command[-1] != here[1]:
                command.append(lines.pop(0))
            yield Step("\n".join(command), "".join(f"{line}\n" for line in lines))


def files_in(text: str) -> dict[str, str]:
    """The files that a page shows, each after its path in a line of its own."""
    return dict(re.findall(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
