"""`plugins` tells the settings that hold and who set them, and no secret."""

from __future__ import annotations

import pytest

from synthetic.testing import expect_data, open_test_store
from thirdparty.distributions import Site, write_plugins_toml

QUERY = """
query Settings($name: String) {
  plugins(name: $name) {
    loaded { settings { name value default layer where isSecret } }
    disabled
    kernelSettings { name value layer }
  }
}
"""
CODE = """
from dataclasses import dataclass

@dataclass(frozen=True)
class SampleSettings:
    size: int = 1
    sizes: tuple[int, ...] = (1, 2)
    api_token: str = ""
    token_seconds: int = 5

@hookimpl
def register_settings():
    return (Settings(SampleSettings),)
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    site = Site(tmp_path / "site", monkeypatch)
    yield site
    site.forget()


def test_settings_are_told_with_who_set_them_and_secrets_are_not(site, data_dir):
    site.install("sample", CODE)
    write_plugins_toml(
        data_dir, {"sample": 'api_token = "geheim"\nsize = 7', "search": "enabled = false"}, shipped=True
    )
    with open_test_store(data_dir, settings={"kernel.database.readers": "3"}) as store:
        answer = store.graphql(QUERY, {"name": "sample"})
        found = expect_data(answer)["plugins"]
        disabled = expect_data(store.graphql("{ plugins { disabled } }"))["plugins"]["disabled"]
    settings = {each["name"]: each for each in found["loaded"][0]["settings"]}
    size = settings["plugins.sample.size"]
    assert (size["value"], size["default"], size["layer"], size["isSecret"]) == (7, 1, "STORE", False)
    assert size["where"] == str(data_dir / "plugins.toml")
    assert settings["plugins.sample.sizes"]["value"] == [1, 2]
    secret = settings["plugins.sample.api_token"]
    assert (secret["value"], secret["default"], secret["isSecret"]) == (None, None, True)
    assert settings["plugins.sample.token_seconds"]["value"] == 5
    assert "geheim" not in str(answer)
    assert disabled == ["search"]
    assert {"name": "kernel.database.readers", "value": 3, "layer": "FLAG"} in found["kernelSettings"]
