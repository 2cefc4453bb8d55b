"""The judgments of a collection, in the forms in which they are had."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).parents[3] / "benchmarks" / "judged.py"


@pytest.fixture
def read_judgments(monkeypatch):
    spec = importlib.util.spec_from_file_location("judged", FILE)
    judged = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "judged", judged)  # its dataclasses look for their module there
    spec.loader.exec_module(judged)
    return judged.read_judgments


TREC = "1 0 d28 1\n1 0 d35 0\n2 0 d29 -1\n"
COLUMNS = "query-id\tcorpus-id\tscore\n1\td28\t1\n1\td35\t0\n2\td29\t-1\n"
CISI = "     1     28\t0\t0.000000\n     1     35\t0\t0.000000\n     2     29\t0\t0.000000\n"


@pytest.mark.parametrize(
    ("content", "judgments"),
    [
        (TREC, {"1": {"d28": 1, "d35": 0}, "2": {"d29": -1}}),
        (COLUMNS, {"1": {"d28": 1, "d35": 0}, "2": {"d29": -1}}),
        (CISI, {"1": {"28": 1, "35": 1}, "2": {"29": 1}}),
    ],
    ids=["trec", "columns", "cisi"],
)
def test_judgments_are_read_in_each_form(read_judgments, tmp_path, content, judgments):
    path = tmp_path / "qrels"
    path.write_text(content)
    assert read_judgments(path) == judgments


def test_a_file_without_a_judgment_is_refused_by_its_name(read_judgments, tmp_path):
    path = tmp_path / "qrels"
    path.write_text("query\tdocument\tgrade\n")
    with pytest.raises(ValueError, match="qrels has no judgments"):
        read_judgments(path)
