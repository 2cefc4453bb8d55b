"""`synthetic plugins enable` and `disable`: what they write, and what they refuse to write."""

from __future__ import annotations

import pytest

from thirdparty.distributions import SHIPPED

REQUIRES = "@hookimpl\ndef register_plugin():\n    return Plugin(summary='x', requires=({!r},))\n"

HEAD = """# Ours.  Keep the order!
[kernel.database]
free_disk_bytes = 0   # a test's

"""
OTHERS = "\n".join(f"[plugins.{name}]\nenabled = false\n" for name in SHIPPED)


@pytest.fixture
def written(line, site):
    """Installs alpha, beta, which requires it, and gamma, which requires beta; writes a file as it is given."""
    site.install("alpha", "")
    site.install("beta", REQUIRES.format("alpha"), introduced=False)
    site.install("gamma", REQUIRES.format("beta"), introduced=False)

    def write(text: str):
        path = line.data_dir / "plugins.toml"
        path.write_bytes((HEAD + text + "\n" + OTHERS).encode())
        return path

    return write


def text_of(path) -> str:
    return path.read_bytes().decode().removeprefix(HEAD).removesuffix("\n" + OTHERS)


def test_a_plugin_that_is_not_listed_is_listed_at_the_end_and_nothing_else_changes(line, written):
    path = written("")
    before = path.read_text()
    assert line.run_json("plugins", "enable", "alpha")["changed"] == ["alpha"]
    assert path.read_text() == before + "\n[plugins.alpha]\n"
    assert line.run_json("plugins", "enable", "alpha")["changed"] == []


@pytest.mark.parametrize(
    ("text", "disabled"),
    [
        ("[plugins.alpha]\n# About beta.\n", "[plugins.alpha]\nenabled = false\n# About beta.\n"),
        ("[plugins.alpha] # the first\n", "[plugins.alpha] # the first\nenabled = false\n"),
        (
            "[plugins.alpha]\noptional  =  true # it may\n",
            "[plugins.alpha]\nenabled = false\noptional  =  true # it may\n",
        ),
        ("[ plugins . alpha ]\nenabled=true # on\n", "[ plugins . alpha ]\nenabled=false # on\n"),
        ("[plugins]\nalpha = { enabled = true }\n", "[plugins]\nalpha = { enabled = false }\n"),
        ("[plugins]\nalpha.optional = false\n", None),
        ("[plugins.alpha]\r\noptional = true\r\n", "[plugins.alpha]\r\nenabled = false\r\noptional = true\r\n"),
    ],
)
def test_a_plugin_is_switched_off_where_it_stands_however_it_is_written(line, written, text, disabled):
    path = written(text)
    line.run("plugins", "disable", "alpha")
    assert "alpha" in [each["name"] for each in line.run_json("plugins") if each["state"] == "disabled"]
    if disabled is not None:
        assert text_of(path) == disabled
    line.run("plugins", "enable", "alpha")
    assert "alpha" in [each["name"] for each in line.run_json("plugins") if each["state"] == "loaded"]


def test_a_shipped_plugin_is_switched_off_in_the_stores_own_file(line):
    path = line.data_dir / "plugins.toml"
    path.unlink()
    assert line.run_json("plugins", "disable", "search")["written"] is True
    assert path.read_text() == "[plugins.search]\nenabled = false\n"
    assert line.run_json("plugins", "enable", "search", "audit")["changed"] == ["search"]
    assert path.read_text() == "[plugins.search]\nenabled = true\n"


def test_what_others_require_is_refused_with_all_of_them_and_goes_with_them(line, written):
    path = written("[plugins.alpha]\n[plugins.beta]\n[plugins.gamma]\n")
    before = path.read_bytes()
    error = line.fail("plugins", "disable", "alpha", code=65)
    assert error["message"] == "beta and gamma cannot be without alpha."
    assert "`synthetic plugins disable gamma beta alpha`" in error["action"]
    assert path.read_bytes() == before
    assert line.run_json("plugins", "disable", "gamma", "beta", "alpha")["loaded"] == []


def test_what_requires_others_is_refused_without_them_and_comes_with_them(line, written):
    path = written("")
    before = path.read_bytes()
    error = line.fail("plugins", "enable", "gamma", code=78)
    assert error["message"] == (
        "The store would not start: The plugin gamma requires beta, which is not listed in plugins.toml."
    )
    assert path.read_bytes() == before
    assert line.run_json("plugins", "enable", "gamma", "beta", "alpha")["loaded"] == ["alpha", "beta", "gamma"]


@pytest.mark.parametrize(
    ("code", "line_of_table", "said"),
    [
        ("import absent_module", "", "importing sample_delta.plugin failed"),
        ("import absent_module", "optional = true\nenabled = false\n", "importing sample_delta.plugin failed"),
        (
            (
                "def broken(data: list[list[int]] = ()): 'x'\n@hookimpl\ndef register_commands():\n"
                "    return (Command('broken', broken),)"
            ),
            "",
            "its command broken cannot be used",
        ),
        (
            (
                "from synthetic import query\n@query\ndef broken(snapshot) -> 'Absent':\n    'x'\n@hookimpl\n"
                "def register_graphql():\n    return (GraphQL(queries=(broken,)),)"
            ),
            "",
            "the GraphQL schema cannot be built",
        ),
    ],
)
def test_a_plugin_with_which_the_store_would_not_start_is_refused(line, written, site, code, line_of_table, said):
    site.install("delta", code)
    path = written("[plugins.alpha]\n" + (f"[plugins.delta]\n{line_of_table}" if line_of_table else ""))
    before = path.read_bytes()
    error = line.fail("plugins", "enable", "delta", code=78)
    assert said in error["message"]
    assert path.read_bytes() == before


def test_a_plugin_that_keeps_the_store_from_starting_can_be_switched_off(line, written, site):
    site.install("delta", "import absent_module")
    written("[plugins.alpha]\n[plugins.delta]\n")
    assert line.run_json("plugins", "disable", "delta")["loaded"] == ["alpha"]


def test_a_plugin_whose_package_is_gone_can_be_switched_off_and_not_on(line, written):
    written("[plugins.delta]\n")
    assert line.run_json("plugins", "disable", "delta")["changed"] == ["delta"]
    assert "not installed" in line.fail("plugins", "enable", "delta", code=78)["message"]


def test_what_is_stronger_than_the_file_is_named(line, written, monkeypatch):
    path = written("[plugins.alpha]\n")
    before = path.read_bytes()
    monkeypatch.setenv("SYNTHETIC_PLUGINS_ALPHA_ENABLED", "true")
    error = line.fail("plugins", "disable", "alpha", code=65)
    assert "SYNTHETIC_PLUGINS_ALPHA_ENABLED says otherwise of alpha" in error["message"]
    assert path.read_bytes() == before


def test_mode_and_link_stay_and_a_dry_run_writes_nothing(line, written, tmp_path):
    path = written("[plugins.alpha]\n")
    path.chmod(0o640)
    elsewhere = path.rename(tmp_path / "elsewhere.toml")
    path.symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    assert line.run_json("plugins", "disable", "alpha", "--dry-run")["written"] is False
    assert elsewhere.read_bytes() == before
    line.run("plugins", "disable", "alpha")
    assert path.is_symlink()
    assert elsewhere.stat().st_mode & 0o777 == 0o640
    assert text_of(elsewhere) == "[plugins.alpha]\nenabled = false\n"


@pytest.mark.parametrize("text", ["[plugins.alpha\n", "plugins = 3\n", "[plugins]\nalpha = 3\n"])
def test_a_file_that_is_no_such_file_is_left_as_it_is(line, site, text):
    site.install("alpha", "")
    path = line.data_dir / "plugins.toml"
    path.write_text(text)
    assert line.fail("plugins", "disable", "alpha", code=78)["code"] == "SETTINGS_INVALID"
    assert path.read_text() == text


@pytest.mark.parametrize("name", ["alhpa", "kernel", "a\x00b"])
def test_what_nobody_knows_is_not_found(line, written, name):
    written("[plugins.alpha]\n")
    assert line.fail("plugins", "enable", name, code=65)["code"] == "NOT_FOUND"
    assert line.fail("plugins", "disable", name, code=65)["code"] == "NOT_FOUND"


def test_what_the_store_lacks_for_it_is_said(line, things):
    line.run("migrate")
    assert line.run_json("plugins", "enable", "alpha")["pendingMigrations"] == ["alpha 0001_things"]
