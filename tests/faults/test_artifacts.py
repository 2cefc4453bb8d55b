"""A real disk that fills up while artifacts are stored."""

from __future__ import annotations

import base64
import os

from synthetic.testing import copy_template, running_server
from synthetic_artifacts.marks import MARK

from .kit import COUNT, SAVE, Disk, ask, check_sound, code_of, command

CREATE = """mutation($id: ID!, $data: String) { createArtifact(input: {
    id: $id, constructId: "c", type: "dump", name: "dump.bin", base64: $data
}) { created } }"""


def test_a_full_disk_refuses_artifacts_and_leaves_nothing_of_them(template, disk: Disk):
    data = copy_template(template, disk.path / "store")
    content = base64.b64encode(os.urandom(300_000)).decode()
    stored: set[str] = set()
    with running_server(data, "--set", "plugins.artifacts.free_disk_bytes=0") as server:
        assert code_of(ask(server, SAVE, id="c")) == "OK"
        disk.fill(leave_bytes=2_000_000)
        for number in range(40):
            answer = ask(server, CREATE, id=f"a{number}", data=content)
            if code_of(answer) != "OK":
                break
            stored.add(f"a{number}")
        assert code_of(answer) == "STORAGE_FULL"
        assert stored
        assert ask(server, COUNT)["data"] == {"constructs": {"totalCount": 1}}
        disk.free()
        assert code_of(ask(server, CREATE, id="after", data=content)) == "OK"
    files = [path for path in (data / "artifacts").rglob("*") if path.is_file() and path.name != MARK]
    assert len(files) == len(stored) + 1
    with check_sound(data) as connection:
        assert {id for (id,) in connection.execute("SELECT id FROM artifacts")} == stored | {"after"}
    done = command("check", "--deep", data=data)
    assert done.returncode == 0, done.stdout


def test_before_the_disk_is_full_artifacts_are_refused_and_the_database_goes_on(template, disk: Disk):
    data = copy_template(template, disk.path / "store")
    content = base64.b64encode(os.urandom(100_000)).decode()
    with running_server(data, "--set", "plugins.artifacts.free_disk_bytes=8000000") as server:
        assert code_of(ask(server, SAVE, id="c")) == "OK"
        disk.fill(leave_bytes=6_000_000)
        assert code_of(ask(server, CREATE, id="a", data=content)) == "STORAGE_FULL"
        assert code_of(ask(server, SAVE, id="d")) == "OK"
    assert not any((data / "artifacts").rglob("*.bin"))
