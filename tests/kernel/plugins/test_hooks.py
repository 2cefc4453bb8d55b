"""Hooks: every way to implement one wrongly, and hooks that plugins offer to others."""

from __future__ import annotations

from pathlib import Path

import pytest

from thirdparty.distributions import WITH_SETTINGS, introduced_with, load, names, refused

WRONG_HOOKS = {
    "without_the_marker": ("def register_tables():\n    return ()", "its register_tables is not marked with @hookimpl"),
    "with_a_name_like_a_hook": ("def register_stuff():\n    return ()", "its register_stuff is not marked"),
    "that_nobody_offers": (
        "@hookimpl\ndef register_table():\n    return ()",
        "its register_table is offered by no loaded plugin. Did you mean `register_tables`?",
    ),
    "that_is_a_generator": ("@hookimpl\ndef register_tables():\n    yield 1", "its register_tables is a generator"),
    "that_is_async": ("@hookimpl\nasync def register_tables():\n    return ()", "its register_tables is async"),
    "that_takes_arguments": (
        "@hookimpl\ndef register_tables(x):\n    return ()",
        "its register_tables takes arguments",
    ),
    "that_wraps": (
        "@hookimpl(wrapper=True)\ndef register_tables():\n    return (yield)",
        "its register_tables is a wrapper",
    ),
    "that_is_optional": (
        "@hookimpl(optionalhook=True)\ndef register_other():\n    return ()",
        "its register_other is marked optional",
    ),
    "twice": (
        (
            "@hookimpl\ndef register_tables():\n    return ()\n"
            "@hookimpl(specname='register_tables')\ndef more():\n    return ()"
        ),
        "its register_tables is implemented twice",
    ),
    "that_returns_none": ("@hookimpl\ndef register_tables():\n    pass", "must return a tuple of Table, not None"),
    "that_returns_a_list": ("@hookimpl\ndef register_tables():\n    return []", "must return a tuple of Table, not []"),
    "that_returns_other_records": (
        "@hookimpl\ndef register_tables():\n    return (1,)",
        "must return a tuple of Table; in it is 1",
    ),
    "that_raises": (
        "@hookimpl\ndef register_tables():\n    return (Table(name='A', purpose='x', kept='x'),)",
        "its register_tables failed: ValueError: table 'A' must be lower-case words",
    ),
    "that_exits": ("@hookimpl\ndef register_tables():\n    raise SystemExit", "its register_tables failed: SystemExit"),
    "with_two_settings_classes": (
        WITH_SETTINGS.replace("(Settings(SampleSettings),)", "(Settings(SampleSettings),) * 2"),
        "its register_settings returns more than one record",
    ),
    "with_settings_that_have_no_default": (WITH_SETTINGS.replace("size: int = 1", "size: int"), "has no default"),
    "with_settings_of_unknown_types": (
        WITH_SETTINGS.replace("size: int", "size: 'Absent'"),
        "cannot be used: NameError",
    ),
    "with_a_setting_of_the_loader": (
        WITH_SETTINGS.replace("size", "optional"),
        "its setting `optional` has a name that",
    ),
}


class TestHooks:
    @pytest.mark.parametrize("case", WRONG_HOOKS)
    def test_a_hook_that_is_wrong_stops_the_start_with_the_plugin_and_the_reason(self, site, tmp_path, case):
        code, said = WRONG_HOOKS[case]
        site.install("alpha", code)
        error = refused(tmp_path, alpha="")
        assert error.code == "PLUGIN_FAILED"
        assert said in error.message
        assert "alpha" in error.message

    @pytest.mark.parametrize("case", WRONG_HOOKS)
    def test_the_same_in_an_optional_plugin_leaves_it_out(self, site, tmp_path, case):
        code, said = WRONG_HOOKS[case]
        site.install("alpha", code)
        site.install("beta", "")
        registry = load(tmp_path, alpha="optional = true", beta="")
        assert names(registry) == ["beta"]
        assert said in registry.left_out[0].reason
        assert registry.left_out[0].action

    @pytest.mark.parametrize(
        ("code", "said"),
        [
            ("", "does not implement register_plugin"),
            ("@hookimpl\ndef register_plugin():\n    return None", "must return one Plugin, not None"),
            ("@hookimpl\ndef register_plugin():\n    return (1,)", "must return one Plugin, not (1,)"),
        ],
    )
    def test_every_plugin_must_introduce_itself(self, site, tmp_path, code, said):
        site.install("alpha", code, introduced=False)
        assert said in refused(tmp_path, alpha="").message

    def test_functions_that_are_imported_under_another_name_are_no_hooks(self, site, tmp_path):
        site.install("alpha", "from atexit import register as register_at_exit")
        assert names(load(tmp_path, alpha="")) == ["alpha"]


HOOKSPECS = """
from dataclasses import dataclass
from synthetic.hookspecs import hookspec

@dataclass(frozen=True)
class Recipe:
    name: str

@hookspec
def register_recipes() -> tuple[Recipe, ...]:
    "Contribute recipes."
"""

RECIPE = """
from sample_kitchen.hookspecs import Recipe

@hookimpl
def register_recipes():
    return (Recipe("{0}"),)
"""


class TestHooksOfPlugins:
    @pytest.fixture(autouse=True)
    def kitchen(self, site):
        code = introduced_with(hooks="sample_kitchen.hookspecs") + RECIPE.format("of the kitchen")
        site.install("kitchen", code, modules={"hookspecs.py": HOOKSPECS}, introduced=False)

    def test_results_come_plugin_by_plugin_in_load_order(self, site, tmp_path):
        for name in ("alpha", "beta"):
            code = introduced_with(requires=("kitchen",)) + RECIPE.format(f"of {name}")
            site.install(name, code, introduced=False)
        found = load(tmp_path, beta="", alpha="", kitchen="").hooks_of("register_recipes")
        assert [(plugin, [recipe.name for recipe in recipes]) for plugin, recipes in found] == [
            ("kitchen", ["of the kitchen"]),
            ("beta", ["of beta"]),
            ("alpha", ["of alpha"]),
        ]

    def test_whoever_implements_a_hook_that_is_deprecated_is_warned_at_their_own_line(self, site, tmp_path):
        warning = "DeprecationWarning('register_recipes goes with 2.0; return the recipe in register_dishes')"
        hookspecs = HOOKSPECS.replace("@hookspec\n", f"@hookspec(warn_on_impl={warning})\n")
        site.install("old", introduced_with(hooks="sample_old.hookspecs"), introduced=False,
                     modules={"hookspecs.py": hookspecs})  # fmt: skip
        code = introduced_with(requires=("old",)) + RECIPE.format("of alpha").replace("sample_kitchen", "sample_old")
        site.install("alpha", code, introduced=False)
        with pytest.warns(DeprecationWarning, match="register_recipes goes with 2.0") as warned:
            load(tmp_path, old="", alpha="")
        assert {Path(each.filename).parent.name for each in warned} == {"sample_alpha"}

    def test_a_hook_that_nobody_offers_has_no_results_to_ask_for(self, tmp_path):
        registry = load(tmp_path)
        with pytest.raises(KeyError):
            registry.hooks_of("register_recipes")

    def test_a_hook_of_a_plugin_that_is_left_out_has_no_results_to_ask_for_either(self, site, tmp_path):
        hooks = HOOKSPECS.replace("register_recipes", "register_meals")
        site.install(
            "diner",
            introduced_with(hooks="sample_diner.hookspecs") + "@hookimpl\ndef register_tables():\n    return None\n",
            modules={"hookspecs.py": hooks},
            introduced=False,
        )
        registry = load(tmp_path, diner="optional = true", kitchen="")
        with pytest.raises(KeyError):
            registry.hooks_of("register_meals")

    def test_a_hook_of_a_plugin_that_is_not_required_is_refused(self, site, tmp_path):
        site.install("alpha", RECIPE.format("x"))
        error = refused(tmp_path, kitchen="", alpha="")
        assert "its register_recipes belongs to kitchen, which it does not require" in error.message
        assert "with_kitchen.py" in error.suggested_action

    def test_a_with_module_counts_only_when_the_other_plugin_is_there(self, site, tmp_path):
        code = introduced_with(with_={"kitchen": "sample_alpha.with_kitchen"})
        module = "from synthetic import hookimpl\n" + RECIPE.format("with")
        site.install("alpha", code, modules={"with_kitchen.py": module}, introduced=False)
        with_kitchen = load(tmp_path, alpha="", kitchen="")
        assert [plugin for plugin, _ in with_kitchen.hooks_of("register_recipes")] == ["alpha", "kitchen"]
        assert names(load(tmp_path, alpha="")) == ["alpha"]

    def test_a_with_module_does_not_count_when_the_other_plugin_is_left_out_after_it(self, site, tmp_path):
        code = introduced_with(with_={"late": "sample_alpha.with_late"})
        module = """
        from synthetic import Table, hookimpl

        @hookimpl
        def register_tables():
            return (Table(name="things", purpose="x", kept="x"),)
        """
        site.install("alpha", code, modules={"with_late.py": module}, introduced=False)
        site.install("late", "@hookimpl\ndef register_services():\n    return None")
        registry = load(tmp_path, alpha="", late="optional = true")
        assert (names(registry), registry.tables) == (["alpha"], ())

    def test_a_with_module_that_fails_is_its_plugins_failure(self, site, tmp_path):
        site.install("alpha", introduced_with(with_={"kitchen": "sample_alpha.with_kitchen"}), introduced=False)
        error = refused(tmp_path, kitchen="", alpha="")
        assert "The plugin alpha: importing sample_alpha.with_kitchen failed" in error.message

    def test_a_with_module_cannot_introduce_its_plugin_again(self, site, tmp_path):
        module = "from synthetic import Plugin, hookimpl\n" + introduced_with()
        code = introduced_with(with_={"kitchen": "sample_alpha.with_kitchen"})
        site.install("alpha", code, modules={"with_kitchen.py": module}, introduced=False)
        assert "its register_plugin is implemented twice" in refused(tmp_path, kitchen="", alpha="").message

    @pytest.mark.parametrize(
        ("hookspecs", "said"),
        [
            (HOOKSPECS.replace("register_recipes", "register_tables"), "kernel and second both offer the hook"),
            (HOOKSPECS, "kitchen and second both offer the hook register_recipes"),
            (HOOKSPECS.replace("recipes()", "meals(x)"), "its register_meals is no contribution hook"),
            (HOOKSPECS.replace("register_recipes", "cook"), "its cook is no contribution hook"),
            (
                HOOKSPECS.replace("recipes() -> tuple[Recipe, ...]", "meals() -> tuple[Recipe, str]"),
                "does not say what",
            ),
            (HOOKSPECS.replace("recipes() -> tuple[Recipe, ...]", "meals() -> 'Absent'"), "cannot be read: NameError"),
            (HOOKSPECS.replace("recipes() -> tuple[Recipe, ...]", "meals() -> Recipe"), "does not say what it returns"),
            ("", "holds no function marked @hookspec"),
        ],
    )
    def test_hooks_that_are_offered_wrongly_are_refused(self, site, tmp_path, hookspecs, said):
        code = introduced_with(hooks="sample_second.hookspecs")
        site.install("second", code, modules={"hookspecs.py": hookspecs}, introduced=False)
        assert said in refused(tmp_path, kitchen="", second="").message

    def test_a_wrong_record_for_a_plugins_hook_is_refused(self, site, tmp_path):
        code = introduced_with(requires=("kitchen",)) + "@hookimpl\ndef register_recipes():\n    return ('soup',)\n"
        site.install("alpha", code, introduced=False)
        assert "must return a tuple of Recipe; in it is 'soup'" in refused(tmp_path, kitchen="", alpha="").message
