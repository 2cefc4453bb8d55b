"""Loading plugins: what is loaded, in what order, and what is left out.

The plugins are real distributions in a folder on the import path; those of
this repository are disabled, so that each test is about its own.
"""

from __future__ import annotations

import pytest

from synthetic.errors import SettingsInvalidError
from synthetic.kernel_settings import DatabaseSettings, KernelSettings
from synthetic.registry import load_registry
from thirdparty.distributions import WITH_SETTINGS, introduced_with, load, names, refused, write_plugins_toml


class TestWhatLoads:
    def test_a_listed_plugin_is_loaded_with_its_distribution_and_settings(self, site, tmp_path):
        site.install("alpha", WITH_SETTINGS, distribution="alpha-dist", version="2.5")
        registry = load(tmp_path, alpha="size = 3")
        plugin = registry.find_plugin("alpha")
        assert (plugin.distribution, plugin.version, plugin.record.summary) == ("alpha-dist", "2.5", "A sample.")
        assert plugin.settings.size == 3
        assert registry.settings[type(plugin.settings)] is plugin.settings

    def test_the_registry_holds_the_kernels_settings_and_each_section(self, tmp_path):
        registry = load(tmp_path)
        assert registry.settings[KernelSettings] is registry.kernel_settings
        assert registry.settings[DatabaseSettings] is registry.kernel_settings.database

    def test_what_is_installed_but_not_listed_is_not_imported(self, site, tmp_path):
        site.install("alpha", "raise RuntimeError('imported')")
        registry = load(tmp_path)
        assert names(registry) == []
        assert "alpha" in [plugin.name for plugin in registry.installed]

    def test_what_is_disabled_is_not_imported(self, site, tmp_path):
        site.install("alpha", "raise RuntimeError('imported')")
        registry = load(tmp_path, alpha="enabled = false")
        assert (names(registry), "alpha" in registry.disabled) == ([], True)

    def test_records_are_stamped_with_their_plugin_in_load_order(self, site, tmp_path):
        table = """
        @hookimpl
        def register_tables():
            return (Table(name="{0}", purpose="Things.", kept="Few."),)
        """
        site.install("alpha", table.format("alpha_things"))
        site.install("beta", table.format("beta_things"))
        registry = load(tmp_path, beta="", alpha="")
        assert [(each.plugin, each.record.name) for each in registry.tables] == [
            ("beta", "beta_things"),
            ("alpha", "alpha_things"),
        ]

    def test_each_hook_is_called_once(self, site, tmp_path):
        code = "calls = []\n" + "\n".join(
            f"@hookimpl\ndef {hook}():\n    calls.append('{hook}')\n    return ()\n"
            for hook in ("register_tables", "register_errors", "register_graphql", "register_services")
        )
        site.install("alpha", code)
        registry = load(tmp_path, alpha="")
        assert sorted(registry.plugins[0].module.calls) == [
            "register_errors",
            "register_graphql",
            "register_services",
            "register_tables",
        ]

    def test_two_registries_of_one_process_do_not_see_each_other(self, site, tmp_path):
        site.install("alpha", WITH_SETTINGS)
        first = load(tmp_path, alpha="size = 1")
        second = load(tmp_path, alpha="size = 2")
        assert (first.plugins[0].settings.size, second.plugins[0].settings.size) == (1, 2)

    def test_the_plugins_of_this_repository_load(self):
        assert names(load_registry(None, environ={})) == [
            "constructs",
            "sessions",
            "transcripts",
            "jobs",
            "ingest",
            "approvals",
            "dead_letters",
            "deliveries",
            "artifacts",
            "projections",
            "audit",
            "search",
            "dashboard",
        ]


class TestOrder:
    def test_without_other_reasons_the_file_decides(self, site, tmp_path):
        for name in ("alpha", "beta", "gamma"):
            site.install(name, "")
        assert names(load(tmp_path, gamma="", alpha="", beta="")) == ["gamma", "alpha", "beta"]

    def test_what_is_required_comes_first(self, site, tmp_path):
        site.install("alpha", introduced_with(requires=("gamma",)), introduced=False)
        site.install("beta", "")
        site.install("gamma", "")
        assert names(load(tmp_path, alpha="", beta="", gamma="")) == ["beta", "gamma", "alpha"]

    def test_after_counts_when_the_other_is_there_and_is_ignored_when_not(self, site, tmp_path):
        site.install("alpha", introduced_with(after=("beta", "absent")), introduced=False)
        site.install("beta", "")
        assert names(load(tmp_path, alpha="", beta="")) == ["beta", "alpha"]
        assert names(load(tmp_path, alpha="")) == ["alpha"]

    def test_a_circle_is_refused_and_spelled_out(self, site, tmp_path):
        site.install("alpha", introduced_with(requires=("beta",)), introduced=False)
        site.install("beta", introduced_with(requires=("gamma",)), introduced=False)
        site.install("gamma", introduced_with(after=("alpha",)), introduced=False)
        assert "alpha -> beta -> gamma -> alpha" in refused(tmp_path, alpha="", beta="", gamma="").message

    def test_a_circle_with_an_optional_plugin_is_broken_there(self, site, tmp_path):
        site.install("alpha", introduced_with(after=("beta",)), introduced=False)
        site.install("beta", introduced_with(after=("alpha",)), introduced=False)
        registry = load(tmp_path, alpha="", beta="optional = true")
        assert (names(registry), [plugin.name for plugin in registry.left_out]) == (["alpha"], ["beta"])


class TestRequirements:
    def test_one_that_is_not_installed(self, site, tmp_path):
        site.install("alpha", introduced_with(requires=("betta",)), introduced=False)
        site.install("beta", "")
        error = refused(tmp_path, alpha="", beta="")
        assert error.message == "The plugin alpha requires betta, which is not installed. Did you mean `beta`?"

    def test_one_that_is_not_listed(self, site, tmp_path):
        site.install("alpha", introduced_with(requires=("beta",)), introduced=False)
        site.install("beta", "")
        error = refused(tmp_path, alpha="")
        assert error.message == "The plugin alpha requires beta, which is not listed in plugins.toml."
        assert error.suggested_action == "Add a table [plugins.beta] to plugins.toml."

    def test_one_that_is_disabled(self, site, tmp_path):
        site.install("alpha", introduced_with(requires=("beta",)), introduced=False)
        site.install("beta", "")
        error = refused(tmp_path, alpha="", beta="enabled = false")
        assert error.message == "The plugin alpha requires beta, which is disabled."

    def test_a_listed_plugin_that_is_not_installed(self, site, tmp_path):
        site.install("alpha", "")
        error = refused(tmp_path, alfa="")
        assert "alfa is listed in plugins.toml, but not installed. Did you mean `alpha`?" in error.message

    @pytest.mark.parametrize(
        ("wanted", "said"), [(">=99", "works with a kernel >=99; this one is"), ("=>1", "malformed")]
    )
    def test_another_version_of_the_kernel(self, site, tmp_path, wanted, said):
        site.install("alpha", introduced_with(kernel=wanted), introduced=False)
        assert said in refused(tmp_path, alpha="").message

    def test_this_version_of_the_kernel(self, site, tmp_path):
        site.install("alpha", introduced_with(kernel=">=0.1,<100"), introduced=False)
        assert names(load(tmp_path, alpha="")) == ["alpha"]


class TestOptional:
    def test_what_requires_a_plugin_that_is_left_out_is_left_out_too(self, site, tmp_path):
        site.install("alpha", "import absent_module")
        site.install("beta", introduced_with(requires=("alpha",)), introduced=False)
        site.install("gamma", introduced_with(requires=("beta",)), introduced=False)
        site.install("delta", "")
        registry = load(tmp_path, alpha="optional = true", beta="", gamma="", delta="")
        assert names(registry) == ["delta"]
        assert {plugin.name: plugin.reason for plugin in registry.left_out}["gamma"] == (
            "The plugin gamma requires beta, which is left out."
        )

    def test_one_that_fails_late_takes_what_requires_it_and_all_its_records_with_it(self, site, tmp_path):
        tables = "@hookimpl\ndef register_tables():\n    return (Table(name='things', purpose='x', kept='x'),)\n"
        site.install("alpha", tables + "@hookimpl\ndef register_services():\n    return None")
        site.install("beta", introduced_with(requires=("alpha",)), introduced=False)
        site.install("gamma", tables)
        registry = load(tmp_path, alpha="optional = true", beta="", gamma="")
        assert [plugin.name for plugin in registry.left_out] == ["alpha", "beta"]
        assert [each.plugin for each in registry.tables] == ["gamma"]

    def test_wrong_settings_stop_the_start_even_then(self, site, tmp_path):
        site.install("alpha", WITH_SETTINGS)
        with pytest.raises(SettingsInvalidError, match="unknown key `sizes`"):
            load(tmp_path, alpha="optional = true\nsizes = 1")

    def test_a_key_in_the_table_of_a_plugin_without_settings_is_unknown(self, site, tmp_path):
        site.install("alpha", "")
        with pytest.raises(
            SettingsInvalidError, match=r"unknown key `enable` in \[plugins.alpha\]. Did you mean `enabled`"
        ):
            load(tmp_path, alpha="enable = true")

    def test_flags_for_a_plugin_that_is_left_out_are_no_mistake(self, site, tmp_path):
        site.install("alpha", "import absent_module")
        write_plugins_toml(tmp_path / "store", {"alpha": "optional = true"})
        registry = load_registry(tmp_path / "store", overrides={"plugins.alpha.size": "3"}, environ={})
        assert registry.left_out[0].name == "alpha"

    def test_a_flag_can_disable_a_plugin(self, site, tmp_path):
        site.install("alpha", "import absent_module")
        write_plugins_toml(tmp_path / "store", {"alpha": ""})
        registry = load_registry(tmp_path / "store", overrides={"plugins.alpha.enabled": "false"}, environ={})
        assert "alpha" in registry.disabled
