"""Judged collections: documents, questions, and which documents answer which, in the forms in which they are had.

A folder has three files, by their names: `documents`, `corpus`, `collection` or
`docs`; `queries`, `topics` or `questions`; and `qrels`, which may lie in a
folder of that name as `test`. Their forms are known by what they begin with:
JSON Lines, the SGML of TREC, SMART's lines of `.I`, `.T` and `.W` (Cranfield,
CISI, MED), or else columns between tabs.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

DOCUMENTS = ("documents", "corpus", "collection", "docs")
QUERIES = ("queries", "topics", "questions")
IDS = ("_id", "id", "docno", "doc_id", "query_id", "num")
TEXTS = ("text", "contents", "body", "abstract", "query", "title")
SGML_DOCUMENT = re.compile(r"<(doc|top)>(.*?)</\1>", re.DOTALL | re.IGNORECASE)
SGML_FIELD = re.compile(r"<(\w+)>([^<]*)")
TREC_COLUMNS = 4
DEPTH = 10
RECALL_DEPTH = 100


class Judged(NamedTuple):
    """A text of a collection.

    Attributes:
        id: As the judgments name it.
        title: Of a document; may be empty.
        text: All else.
    """

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents, questions, and by question how much each document answers it (above 0: it does)."""

    documents: Sequence[Judged]
    queries: Sequence[Judged]
    judgments: Mapping[str, Mapping[str, int]]


class Relevance(NamedTuple):
    """Means over the questions that have an answer."""

    ndcg_at_10: float
    recall_at_100: float
    reciprocal_rank: float


def read_collection(folder: Path) -> Collection:
    """Read the collection in a folder.

    Raises:
        FileNotFoundError: A file is missing; the message names what is looked for.
    """
    queries = list(read_texts(_find(folder, QUERIES)))
    judged = _find(folder, ("qrels",), inside="test")
    return Collection(list(read_texts(_find(folder, DOCUMENTS))), queries, read_judgments(judged))


def _find(folder: Path, names: Sequence[str], inside: str = "") -> Path:
    for name in names:
        for found in sorted(folder.glob(f"{name}*")):
            if found.is_file():
                return found
            if inside and (within := sorted(found.glob(f"{inside}*"))):
                return within[0]
    raise FileNotFoundError(f"{folder} has no file {' or '.join(names)}")


def read_texts(path: Path) -> Iterator[Judged]:
    """The texts of a file, whichever of the forms it has."""
    content = path.read_text(errors="replace")
    start = content.lstrip()[:5].lower()
    if start.startswith("{"):
        yield from (_of_json(json.loads(line)) for line in content.splitlines() if line.strip())
    elif start.startswith(("<doc>", "<top>")):
        yield from (_of_sgml(match[2]) for match in SGML_DOCUMENT.finditer(content))
    elif start.startswith(".i"):
        yield from _of_smart(content, is_numbered_anew=path.stem in QUERIES)
    else:
        for line in content.splitlines():
            id, *texts = line.split("\t")
            if texts:
                yield Judged(id, texts[0] if len(texts) > 1 else "", texts[-1])


def _of_json(record: Mapping[str, object]) -> Judged:
    id = next(str(record[name]) for name in IDS if name in record)
    texts = [name for name in TEXTS if record.get(name)]
    text = str(record[texts[0]]) if texts else ""
    title = str(record.get("title") or "")
    return Judged(id, "" if title == text else title, text)


def _of_sgml(content: str) -> Judged:
    fields = {name.lower(): " ".join(text.split()) for name, text in SGML_FIELD.findall(content)}
    id = (fields.get("docno") or fields.get("num", "")).removeprefix("Number:").strip()
    title = fields.get("title", "") or fields.get("headline", "")
    return Judged(id, title, fields.get("text", "")) if "docno" in fields else Judged(id, "", title)


def _of_smart(content: str, *, is_numbered_anew: bool) -> Iterator[Judged]:
    """Cranfield's questions are judged by their place in the file, and not by their numbers."""
    for number, part in enumerate(re.split(r"^\.I\s*", content, flags=re.MULTILINE)[1:], start=1):
        id, _, rest = part.partition("\n")
        fields = dict(re.findall(r"^\.([A-Z])[^\n]*\n(.*?)(?=^\.[A-Z]|\Z)", rest, flags=re.MULTILINE | re.DOTALL))
        title, text = (" ".join(fields.get(name, "").split()) for name in "TW")
        yield Judged(str(number) if is_numbered_anew else id.strip(), title, text)


def read_judgments(path: Path) -> dict[str, dict[str, int]]:
    """Judgments in TREC's four columns, in three with a head line, or in CISI's four: what cannot be read is left out.

    CISI's columns are a question, a document that answers it, and two numbers that say nothing, the last a fraction.

    Raises:
        ValueError: No line can be read as a judgment.
    """
    found: dict[str, dict[str, int]] = {}
    for line in path.read_text().splitlines():
        columns = line.split()
        if len(columns) == TREC_COLUMNS and columns[2] == "0" and not columns[3].isdigit():
            columns = [*columns[:2], "1"]
        elif len(columns) == TREC_COLUMNS:
            del columns[1]
        if len(columns) == TREC_COLUMNS - 1 and columns[2].lstrip("-").isdigit():
            found.setdefault(columns[0], {})[columns[1]] = int(columns[2])
    if not found:
        raise ValueError(f"{path} has no judgments")
    return found


def judge(found: Mapping[str, Sequence[str]], judgments: Mapping[str, Mapping[str, int]]) -> Relevance:
    """How well the documents that were found answer the questions.

    The measures are those of `trec_eval`: nDCG with the judgment as gain and
    the logarithm to 2 of the rank as discount, recall, and the reciprocal of
    the rank of the first answer.

    Args:
        found: Ids of documents by question, best first.
        judgments: Of the collection.
    """
    each = [_judge_one(found.get(id, ()), gains) for id, gains in judgments.items() if max(gains.values()) > 0]
    return Relevance(*(sum(values) / len(each) for values in zip(*each, strict=True)))


def _judge_one(found: Sequence[str], gains: Mapping[str, int]) -> Relevance:
    answers = {id for id, gain in gains.items() if gain > 0}
    ideal = _discounted(sorted((gains[id] for id in answers), reverse=True)[:DEPTH])
    first = next((rank for rank, id in enumerate(found, start=1) if id in answers), math.inf)
    return Relevance(
        _discounted(max(0, gains.get(id, 0)) for id in found[:DEPTH]) / ideal,
        len(answers.intersection(found[:RECALL_DEPTH])) / len(answers),
        1 / first,
    )


def _discounted(gains: Iterable[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))
