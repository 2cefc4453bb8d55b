"""`synthetic serve`: its flags are settings, and it answers until it is told to stop."""

from __future__ import annotations

import httpx
import pytest

from synthetic.testing import running_server
from thirdparty.distributions import write_plugins_toml


def test_it_serves_a_new_store_and_ends_with_0_when_it_is_told_to_stop(tmp_path):
    write_plugins_toml(tmp_path / "store", {})
    with running_server(tmp_path / "store") as server:
        answer = httpx.post(server.url, json={"query": "{ health { version } }"}, headers=server.headers)
        assert answer.status_code == 200
        assert answer.json()["data"]["health"]["version"]
        assert server.stop() == 0


def test_its_flags_beat_the_settings(tmp_path):
    write_plugins_toml(tmp_path / "store", {}, extra='[kernel.server]\nhost = "203.0.113.1"\n')
    with running_server(tmp_path / "store", "--host", "127.0.0.1", "--no-auth") as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert httpx.post(server.url, json={"query": "{ health { version } }"}).json()["data"]["health"]


def test_without_tokens_it_listens_on_loopback_alone(line):
    line.run("serve", "--no-auth", "--host", "0.0.0.0", "--port", "0", code=78)
    assert "SETTINGS_INVALID" in line.errors


@pytest.mark.parametrize("workers", ["0", "65"])
def test_a_number_of_workers_out_of_bounds_is_a_usage_error(line, workers):
    line.run("serve", "--workers", workers, code=64)
    assert "--workers" in line.errors
