"""Settings: four layers over each other, and errors that say where and what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest
from msgspec import Meta

from synthetic.errors import SettingsInvalidError
from synthetic.kernel_settings import KernelSettings
from synthetic.setting_layers import SettingLayers, environment_name, read_layers, shipped_file
from synthetic.settings import check_names, describe_type, load_kernel_settings, load_section

NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class NoteSettings:
    length_max: Annotated[int, Meta(ge=1, le=10)] = 5
    ratio: Annotated[float, Meta(gt=0)] = 0.5
    strict: bool = False
    mode: Literal["fast", "safe"] = "safe"
    tags: tuple[str, ...] = ()
    limits: dict[str, int] = field(default_factory=dict)
    title: Annotated[str, Meta(pattern="^[a-z]+$")] = "notes"


def layers_of(
    tmp_path: Path,
    text: str = "",
    *,
    flags: Mapping[str, str] = NOTHING,
    environ: Mapping[str, str] = NOTHING,
) -> SettingLayers:
    (tmp_path / "plugins.toml").write_text(text)
    return read_layers(tmp_path, flags, environ)


def load_notes(layers: SettingLayers) -> NoteSettings:
    return load_section(layers, "plugins.notes", NoteSettings).settings


def refused(tmp_path: Path, text: str) -> str:
    def read() -> None:
        layers = layers_of(tmp_path, text)
        load_kernel_settings(layers)
        load_notes(layers)

    with pytest.raises(SettingsInvalidError) as caught:
        read()
    return caught.value.message


def test_without_any_layer_every_setting_is_at_its_default_and_says_so():
    settings, values = load_kernel_settings(read_layers(None, {}, {}))
    assert settings == KernelSettings()
    assert {value.source.layer for value in values} == {"default"}
    assert all(value.value == value.default for value in values)


def test_each_layer_beats_the_one_below_and_is_named_as_the_source(tmp_path):
    text = "[kernel.database]\nreaders = 2\n"
    environ = {"SYNTHETIC_DATABASE_READERS": "3"}
    flags = {"kernel.database.readers": "4"}
    found = []
    for layers in (
        read_layers(None, {}, {}),
        layers_of(tmp_path, text),
        layers_of(tmp_path, text, environ=environ),
        layers_of(tmp_path, text, environ=environ, flags=flags),
    ):
        settings, values = load_kernel_settings(layers)
        source = next(value.source for value in values if value.name == "kernel.database.readers")
        found.append((settings.database.readers, source.layer, source.where))
    assert found == [
        (5, "default", "the default"),
        (2, "store", str(tmp_path / "plugins.toml")),
        (3, "environment", "SYNTHETIC_DATABASE_READERS"),
        (4, "flag", "--set"),
    ]


def test_a_flag_for_a_table_that_is_no_toml_is_refused(tmp_path):
    layers = layers_of(tmp_path, "[plugins.notes]", flags={"plugins.notes.limits": "a: 1"})
    with pytest.raises(
        SettingsInvalidError, match=r"must be a table in which each value is a whole number, not 'a: 1'"
    ):
        load_notes(layers)


def test_the_shipped_file_lists_the_plugins_in_their_order():
    assert read_layers(None, {}, {}).plugin_names() == (
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
    )


def test_the_store_adds_plugins_after_the_shipped_ones(tmp_path):
    names = layers_of(tmp_path, "[plugins.notes]\n[plugins.constructs]\n").plugin_names()
    assert names == (
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
        "notes",
    )


def test_the_shipped_file_is_found_at_the_top_of_the_repository():
    assert shipped_file().read_text().startswith("# The plugins that are loaded")


@pytest.mark.parametrize("place", ["site-packages/synthetic", "."])
def test_the_shipped_file_is_found_inside_the_package_or_two_folders_up(tmp_path, place):
    """Inside it in a wheel; above `kernel/synthetic` in the repository."""
    package = tmp_path / "site-packages" / "synthetic"
    package.mkdir(parents=True)
    (tmp_path / place / "plugins.toml").touch()
    assert shipped_file(package) == tmp_path / place / "plugins.toml"


def test_an_installation_without_the_shipped_file_says_so(tmp_path):
    with pytest.raises(SettingsInvalidError, match=r"has lost its plugins\.toml"):
        shipped_file(tmp_path / "site-packages" / "synthetic")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ({"plugins.notes.length_max": "7"}, NoteSettings(length_max=7)),
        ({"plugins.notes.ratio": "2"}, NoteSettings(ratio=2.0)),
        ({"plugins.notes.strict": "true"}, NoteSettings(strict=True)),
        ({"plugins.notes.mode": "fast"}, NoteSettings(mode="fast")),
        ({"plugins.notes.tags": "a, b"}, NoteSettings(tags=("a", "b"))),
        ({"plugins.notes.tags": '["a", "b,c"]'}, NoteSettings(tags=("a", "b,c"))),
        ({"plugins.notes.tags": ""}, NoteSettings(tags=())),
        ({"plugins.notes.limits": "{ a = 1 }"}, NoteSettings(limits={"a": 1})),
        ({"plugins.notes.title": "words"}, NoteSettings(title="words")),
    ],
)
def test_flags_are_text_that_is_read_by_the_type_of_the_setting(tmp_path, text, value):
    assert load_notes(layers_of(tmp_path, "[plugins.notes]", flags=text)) == value


def test_variables_are_named_after_section_and_key():
    assert environment_name("kernel.database.busy_timeout_ms") == "SYNTHETIC_DATABASE_BUSY_TIMEOUT_MS"
    assert environment_name("plugins.notes.length_max") == "SYNTHETIC_PLUGINS_NOTES_LENGTH_MAX"


def test_a_variable_of_a_plugin_reaches_its_settings(tmp_path):
    environ = {"SYNTHETIC_PLUGINS_NOTES_TAGS": "x,y", "OTHER": "1"}
    assert load_notes(layers_of(tmp_path, "[plugins.notes]", environ=environ)).tags == ("x", "y")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('length_max = "5"', "plugins.notes.length_max must be a whole number, at least 1 and at most 10, not '5'."),
        ("length_max = 11", "plugins.notes.length_max must be a whole number, at least 1 and at most 10, not 11."),
        ("length_max = true", "plugins.notes.length_max must be a whole number, at least 1 and at most 10, not True."),
        ("ratio = 0", "plugins.notes.ratio must be a number, above 0, not 0."),
        ("strict = 1", "plugins.notes.strict must be true or false, not 1."),
        ('mode = "loud"', 'plugins.notes.mode must be one of "fast", "safe", not \'loud\'.'),
        ("tags = [1]", "plugins.notes.tags must be a list in which each item is a text, not [1]."),
        ('title = "A"', "plugins.notes.title must be a text that matches ^[a-z]+$, not 'A'."),
        (
            'limits = { a = "b" }',
            "plugins.notes.limits must be a table in which each value is a whole number, not {'a': 'b'}.",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_file_key_and_what_fits(tmp_path, line, expected):
    assert refused(tmp_path, f"[plugins.notes]\n{line}\n") == f"{tmp_path / 'plugins.toml'}: {expected}"


def test_a_variable_that_does_not_fit_is_named(tmp_path):
    layers = layers_of(tmp_path, "[plugins.notes]", environ={"SYNTHETIC_PLUGINS_NOTES_LENGTH_MAX": "many"})
    with pytest.raises(SettingsInvalidError, match=r"^SYNTHETIC_PLUGINS_NOTES_LENGTH_MAX: .* not 'many'"):
        load_notes(layers)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[plugins.notes]\nlenght_max = 1", "unknown key `lenght_max` in [plugins.notes]. Did you mean `length_max`?"),
        ("[plugins.notes]\nzzz = 1", "unknown key `zzz` in [plugins.notes]."),
        ("[kernel.database]\nreader = 1", "unknown key `reader` in [kernel.database]. Did you mean `readers`?"),
        ("[kernel.databse]\nreaders = 1", "unknown section [kernel.databse]. Did you mean `database`?"),
        ("[kernel.databse]", "unknown section [kernel.databse]. Did you mean `database`?"),
        (
            "[plugin.notes]",
            "unknown key `plugin`; the file holds tables [kernel.SECTION] and [plugins.NAME]. Did you mean `plugins`?",
        ),
        ("plugins = 1", "[plugins] must be a table, not 1."),
        ("[kernel]\ndatabase = 1", "[kernel.database] must be a table, not 1."),
        ("[plugins.Notes]", "`Notes` in [plugins] must be a name in lower case with underscores."),
    ],
)
def test_what_is_unknown_is_refused_with_the_file_and_the_nearest_name(tmp_path, text, expected):
    assert refused(tmp_path, text) == f"{tmp_path / 'plugins.toml'}: {expected}"


def test_broken_toml_is_refused_with_its_line(tmp_path):
    message = refused(tmp_path, "[plugins.notes]\n\nlength_max = = 5\n")
    assert message.startswith(f"{tmp_path / 'plugins.toml'} is not TOML: ")
    assert "line 3" in message


def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "plugins.toml").write_bytes(b"# \xff\n")
    with pytest.raises(SettingsInvalidError, match=r"plugins.toml is not UTF-8 \(byte 2\)"):
        read_layers(tmp_path, {}, {})


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "plugins.toml").mkdir()
    with pytest.raises(SettingsInvalidError, match=r"plugins\.toml cannot be read: Is a directory"):
        read_layers(tmp_path, {}, {})


def known_of(layers: SettingLayers) -> list[str]:
    values = [*load_kernel_settings(layers)[1], *load_section(layers, "plugins.notes", NoteSettings).values]
    return [value.name for value in values]


@pytest.mark.parametrize(
    ("flags", "environ", "expected"),
    [
        ({"kernel.database.reader": "1"}, {}, "there is no setting `kernel.database.reader`. Did you mean"),
        (
            {"plugins.note.mode": "fast"},
            {},
            "there is no setting `plugins.note.mode`. Did you mean `plugins.notes.mode`",
        ),
        ({}, {"SYNTHETIC_DATABASE_READER": "1"}, "variable SYNTHETIC_DATABASE_READER is no setting. Did you mean"),
        ({}, {"SYNTHETIC_PLUGINS_NOTES_MOOD": "1"}, "variable SYNTHETIC_PLUGINS_NOTES_MOOD is no setting"),
        ({}, {"SYNTHETIC_DATABSE_READERS": "1"}, "Did you mean `SYNTHETIC_DATABASE_READERS`"),
    ],
)
def test_mistyped_flags_and_variables_are_refused(tmp_path, flags, environ, expected):
    layers = layers_of(tmp_path, "[plugins.notes]", flags=flags, environ=environ)
    with pytest.raises(SettingsInvalidError, match="(?s)" + expected.replace("[", r"\[")):
        check_names(layers, known_of(layers), unloaded=())


def test_variables_of_others_and_of_plugins_that_are_not_loaded_are_left_alone(tmp_path):
    environ = {
        "SYNTHETIC_DATA": "/somewhere",
        "SYNTHETIC_TOKEN": "x",
        "SYNTHETIC_REAL_DATA": "y",
        "SYNTHETIC_PLUGINS_ABSENT_SIZE": "1",
    }
    layers = layers_of(tmp_path, "[plugins.notes]", environ=environ, flags={"plugins.absent.size": "1"})
    check_names(layers, known_of(layers), unloaded=("absent",))


def test_a_class_may_refuse_combinations_and_the_section_is_named(tmp_path):
    @dataclass(frozen=True)
    class Window:
        first: int = 1
        last: int = 2

        def __post_init__(self) -> None:
            if self.first > self.last:
                raise ValueError("first must not be after last")

    layers = layers_of(tmp_path, "[plugins.window]\nfirst = 3\n")
    with pytest.raises(SettingsInvalidError, match=r"plugins.toml: \[plugins.window\]: first must not be after last"):
        load_section(layers, "plugins.window", Window)


def test_keys_that_another_class_reads_are_not_unknown(tmp_path):
    layers = layers_of(tmp_path, "[plugins.notes]\noptional = true\nlength_max = 2\n")
    assert load_section(layers, "plugins.notes", NoteSettings, also=["optional"]).settings.length_max == 2


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (int | None, "a whole number"),
        (list[int], "a list in which each item is a whole number"),
        (frozenset[str], "a list in which each item is a text"),
        (bytes, "of the type bytes"),
    ],
)
def test_types_are_described_in_words(hint, words):
    assert describe_type(hint) == words
