"""What is installed: entry points, distributions that are there twice, imports that fail."""

from __future__ import annotations

import pytest

from synthetic.errors import PluginClashError
from thirdparty.distributions import load, names, refused


class TestDistributions:
    def test_two_with_one_plugin_name_are_both_named(self, site, tmp_path):
        site.install("alpha", "", distribution="first-dist")
        site.install("alpha", "", distribution="second-dist", folder=tmp_path / "other")
        site.add_folder(tmp_path / "other")
        error = refused(tmp_path, alpha="")
        assert isinstance(error, PluginClashError)
        for part in ("first-dist 1.0", "second-dist 1.0", str(site.folder), str(tmp_path / "other")):
            assert part in error.message

    def test_two_versions_of_one_distribution_on_the_path_are_both_named(self, site, tmp_path):
        site.install("alpha", "", version="1.0")
        site.add_folder(tmp_path / "other")
        site.install("alpha", "", version="2.0", folder=tmp_path / "other")
        message = refused(tmp_path, alpha="").message
        assert "sample-alpha 1.0" in message
        assert "sample-alpha 2.0" in message

    def test_one_that_is_on_the_path_twice_is_one(self, site, tmp_path):
        site.install("alpha", "")
        site.add_folder(tmp_path / "other")
        site.install("alpha", "", folder=tmp_path / "other")
        assert names(load(tmp_path, alpha="")) == ["alpha"]

    def test_a_clash_between_plugins_that_are_not_listed_is_nobodys_business(self, site, tmp_path):
        site.install("alpha", "", distribution="first-dist")
        site.install("alpha", "", distribution="second-dist")
        assert names(load(tmp_path)) == []

    @pytest.mark.parametrize("entry", ["sample_alpha", "sample_alpha.plugin:thing", "sample_alpha.other"])
    def test_an_entry_point_that_is_not_the_module_plugin_is_refused(self, site, tmp_path, entry):
        site.install("alpha", "", entry=entry)
        error = refused(tmp_path, alpha="")
        assert f"its entry point is `{entry}`" in error.message

    def test_two_names_for_one_module_are_a_clash(self, site, tmp_path):
        site.install("alpha", "")
        site.install("beta", "", entry="sample_alpha.plugin")
        assert refused(tmp_path, alpha="", beta="").message == (
            "The plugins alpha and beta are the same module, sample_alpha.plugin."
        )


class TestImports:
    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            ("import absent_module", "ModuleNotFoundError: No module named 'absent_module'"),
            ("def broken(:", "SyntaxError: invalid syntax"),
            ("raise SystemExit(3)", "SystemExit: 3"),
            ("raise ValueError", "ValueError"),
        ],
    )
    def test_an_import_that_fails_is_reported_with_the_plugin_and_the_place(self, site, tmp_path, code, reason):
        site.install("alpha", code)
        error = refused(tmp_path, alpha="")
        assert error.message.startswith(f"The plugin alpha: importing sample_alpha.plugin failed: {reason}")
        assert "sample_alpha/plugin.py:" in error.details["at"]
        assert error.code == "PLUGIN_FAILED"

    def test_ctrl_c_during_an_import_is_not_swallowed(self, site, tmp_path):
        site.install("alpha", "raise KeyboardInterrupt")
        with pytest.raises(KeyboardInterrupt):
            load(tmp_path, alpha="optional = true")


SETTINGS = """
from dataclasses import dataclass

@dataclass(frozen=True)
class SampleSettings:
    size: int = "many"

@hookimpl
def register_settings():
    return (Settings(SampleSettings),)
"""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "from synthetic import query\n\n@query\ndef things(snapshot) -> int:\n    return 1\n",
            "must have a docstring",
        ),
        (
            "@hookimpl\ndef register_events():\n    return (EventType(name='Thing', entity='t', purpose='x'),)",
            "EventType",
        ),
    ],
)
def test_a_mistake_is_placed_in_the_plugin_and_not_in_what_refuses_it(site, tmp_path, code, said):
    site.install("alpha", code)
    error = refused(tmp_path, alpha="")
    assert said in error.message
    assert f"{site.folder}/sample_alpha/plugin.py:" in error.details["at"]


def test_a_default_that_no_operator_could_write_is_refused_with_the_setting(site, tmp_path):
    site.install("alpha", SETTINGS)
    error = refused(tmp_path, alpha="")
    assert error.message.endswith("the default of size must be a whole number, not 'many'")
