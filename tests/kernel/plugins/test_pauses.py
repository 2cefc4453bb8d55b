"""A service may take its pause from a setting of its plugin, which must be one."""

from __future__ import annotations

import pytest

from synthetic.errors import PluginFailedError, SettingsInvalidError
from thirdparty.distributions import WITH_SETTINGS, load, refused

SERVICE = """
from synthetic import Service

@hookimpl
def register_services():
    return (Service(name="sweep", purpose="Sweeps.", step=lambda tx: 0, {pause}),)
"""


def code(pause: str) -> str:
    return WITH_SETTINGS + SERVICE.format(pause=pause)


@pytest.mark.parametrize(
    ("number", "pause", "lines", "every_ms"),
    [
        (1, "every_ms=250", "", 250),
        (2, "every_setting='size'", "", 1),
        (3, "every_setting='size'", "size = 700", 700),
    ],
)
def test_the_pause_is_what_the_record_says_or_what_the_setting_is_set_to(
    site, tmp_path, number, pause, lines, every_ms
):
    site.install(f"paced{number}", code(pause))

    registry = load(tmp_path, **{f"paced{number}": lines})

    assert [service.record.every_ms for service in registry.services] == [every_ms]


@pytest.mark.parametrize(
    ("number", "pause", "lines", "message"),
    [
        (1, "every_setting='length'", "", "names length as its pause, which is no setting"),
        (2, "every_setting='size'", "size = 0", "names size as its pause"),
        (3, "every_setting='size', every_ms=5", "", "every_ms or every_setting, not both"),
        (4, "every_ms=0", "", "must be at least 1"),
    ],
)
def test_a_pause_that_is_none_is_refused_with_the_names_of_plugin_and_service(
    site, tmp_path, number, pause, lines, message
):
    site.install(f"unpaced{number}", code(pause))

    error = refused(tmp_path, **{f"unpaced{number}": lines})

    assert isinstance(error, PluginFailedError)
    assert message in error.message
    assert f"unpaced{number}" in error.message
    assert "sweep" in error.message


def test_a_pause_is_checked_as_any_setting(site, tmp_path):
    site.install("paced", code("every_setting='size'"))

    with pytest.raises(SettingsInvalidError, match="size"):
        load(tmp_path, paced='size = "often"')
