"""Judged collections made of what every machine with Python has: weak evidence, where no other is at hand.

- `functions`: the functions of Python's standard library without their
  docstrings; the question is the first sentence of a docstring, and its answer
  the function.
- `sections`: the sections of this project's pages without their headings; the
  question is the heading, with that of the page.

A question has one answer that is known of, though others may be as good. So the
figures compare ways of searching on the same collection, and say nothing about
people's questions; and sentences that were written for a text favour the words
of that text.
"""

from __future__ import annotations

import ast
import re
import sysconfig
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from .judged import Collection, Judged

QUESTIONS = 300
FUNCTIONS_MAX = 6_000
LINES_MIN = 4
WORDS_MIN = 4
PAGES = Path(__file__).parents[1] / "docs"


def make_functions() -> Collection:
    """Functions, and what they are said to do."""
    documents: list[Judged] = []
    queries: list[Judged] = []
    for id, title, source, sentence in islice(_list_functions(), FUNCTIONS_MAX):
        documents.append(Judged(id, title, source))
        if len(sentence.split()) >= WORDS_MIN:
            queries.append(Judged(id, "", sentence))
    return _judged_by_id(documents, queries)


def make_sections() -> Collection:
    """Sections, and their headings."""
    documents: list[Judged] = []
    queries: list[Judged] = []
    for page in sorted(PAGES.glob("*.md")):
        head, *sections = re.split(r"^#{1,4} ", page.read_text(), flags=re.MULTILINE)[1:]
        of_page = head.partition("\n")[0]
        for number, section in enumerate(sections):
            heading, _, text = section.partition("\n")
            id = f"{page.stem}-{number}"
            documents.append(Judged(id, "", text))
            queries.append(Judged(id, "", f"{of_page}: {heading}"))
    return _judged_by_id([each for each in documents if each.text.strip()], queries)


def _judged_by_id(documents: list[Judged], queries: list[Judged]) -> Collection:
    """A question and its answer have the same id."""
    known = {document.id for document in documents}
    chosen = [query for query in queries if query.id in known]
    step = max(1, len(chosen) // QUESTIONS)
    asked = chosen[::step][:QUESTIONS]
    return Collection(documents, asked, {query.id: {query.id: 1} for query in asked})


def _list_functions() -> Iterator[tuple[str, str, str, str]]:
    """Id, name, source without docstring, and the docstring's first sentence, of documented functions."""
    root = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted((*root.glob("*.py"), *root.glob("[a-z]*/*.py"))):
        if {"site-packages", "test", "tests", "idlelib"} & set(path.relative_to(root).parts):
            continue
        text = path.read_text(errors="replace")
        lines = text.splitlines()
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.FunctionDef) or node.end_lineno is None:
                continue
            docstring = ast.get_docstring(node)
            if docstring is None or node.body[0].end_lineno is None or len(node.body) == 1:
                continue
            kept = lines[node.lineno - 1 : node.body[0].lineno - 1] + lines[node.body[0].end_lineno : node.end_lineno]
            if len(kept) < LINES_MIN:
                continue
            sentence = re.split(r"(?<=\.)\s|\n\s*\n", docstring.strip())[0]
            yield (
                f"{path.relative_to(root).as_posix()}-{node.lineno}",
                node.name,
                "\n".join(kept),
                " ".join(sentence.split()),
            )
