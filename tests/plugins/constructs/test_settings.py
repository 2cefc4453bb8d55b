from __future__ import annotations

from pathlib import Path

import pytest

from plugins.constructs.documents import SAVE
from synthetic import SyntheticError
from synthetic.testing import open_test_store

WRONG = {
    "empty key": ('metadata_keys = [""]', "metadata_keys"),
    "invisible key": ('metadata_keys = ["a\\tb"]', "metadata_keys"),
    "key that is too long": (f'metadata_keys = ["{"a" * 201}"]', "metadata_keys"),
    "white space around a key": ('metadata_keys = [" env"]', "metadata_keys"),
    "key named twice": ('metadata_keys = ["env", "env"]', "named twice"),
    "too many keys": (f"metadata_keys = {[str(number) for number in range(33)]}", "metadata_keys"),
    "text for a list": ('metadata_keys = "env"', "metadata_keys"),
    "deeper than JSON writers go": ("metadata_depth = 201", "metadata_depth"),
    "mistyped name": ('metadata_key = ["env"]', "metadata_keys"),
}


@pytest.mark.parametrize(("line", "mentioned"), WRONG.values(), ids=WRONG.keys())
def test_settings_that_cannot_be_stop_the_start_and_say_which(data_dir: Path, line: str, mentioned: str) -> None:
    (data_dir / "plugins.toml").write_text(f"[plugins.constructs]\n{line}\n", "utf-8")

    with pytest.raises(SyntheticError) as failure, open_test_store(data_dir):
        pass

    assert failure.value.code == "SETTINGS_INVALID"
    assert mentioned in failure.value.message


@pytest.mark.parametrize(
    "settings",
    [
        {
            "plugins.constructs.title_characters": "5",
            "plugins.constructs.description_characters": "5",
            "plugins.constructs.metadata_bytes": "9",
            "plugins.constructs.metadata_depth": "2",
        }
    ],
)
def test_limits_are_those_of_the_settings(save, refused) -> None:
    fits = {"title": "12345", "description": "12345", "metadata": {"a": [1]}}
    assert save(type="plan", **fits)["created"]
    for field, wrong in {"title": "123456", "description": "123456", "metadata": {"a": "123456"}}.items():
        error = refused("BAD_USER_INPUT", SAVE, input={"type": "plan", **fits, field: wrong})
        assert error["details"] == {"field": field}
    assert refused("BAD_USER_INPUT", SAVE, input={"type": "plan", "title": "1", "metadata": {"a": [[1]]}})
