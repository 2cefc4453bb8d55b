"""Rows that are set aside can be read by whoever looks at the file, whatever is in them."""

from __future__ import annotations

import json
import math

from synthetic.recovery.set_aside import SetAside


def test_values_that_json_does_not_have_are_written_so_that_they_can_be_told(tmp_path):
    aside = SetAside(tmp_path / "aside.jsonl")
    aside.add("notes", {"a": -math.inf, "b": math.nan, "c": b"\x00", "d": 1.5}, "A reason.")
    aside.close()
    row = json.loads((tmp_path / "aside.jsonl").read_text(), parse_constant=lambda name: f"not JSON: {name}")["row"]
    assert row == {"a": {"real": "-inf"}, "b": {"real": "nan"}, "c": {"base64": "AA=="}, "d": 1.5}
