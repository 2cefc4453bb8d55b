"""Files that somebody has made up or altered are refused before anything is written."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import struct
import tracemalloc
import zipfile
from functools import partial

import pytest
import zstandard

from kernel.transfer import kit
from synthetic import SyntheticError
from synthetic.testing import copy_template, open_test_store
from synthetic.transfer.errors import ExportRefusedError, ExportTooNewError
from synthetic.transfer.lines import decode_line
from synthetic.transfer.manifest import MEMBERS_MAX


class Forgery:
    """An export that can be altered, with or without a manifest that agrees."""

    def __init__(self, source):
        with zipfile.ZipFile(source) as archive:
            self.members = {name: archive.read(name) for name in archive.namelist()}
        self.manifest = json.loads(self.members.pop("manifest.json"))

    def member(self, table):
        """What the manifest says of the first member with rows of a table."""
        return next(
            each
            for unit in self.manifest["units"]
            for each in (*unit["members"], unit["events"])
            if each is not None and each["table"] == table
        )

    def lines(self, table):
        return zstandard.ZstdDecompressor().decompressobj().decompress(self.members[self.member(table)["name"]])

    def put_lines(self, table, data, rows=None):
        """Put other lines in, with a manifest that agrees."""
        described = self.member(table)
        packed = zstandard.ZstdCompressor().compress(data)
        self.members[described["name"]] = packed
        described.update(
            sha256=hashlib.sha256(packed).hexdigest(), size_bytes=len(packed), unpacked_bytes=len(data),
            rows=data.count(b"\n") if rows is None else rows,
        )  # fmt: skip

    def write(self, target, extra=()):
        with zipfile.ZipFile(target, "w") as archive:
            for name, data in self.members.items():
                archive.writestr(name, data)
            for info, data in extra:
                archive.writestr(info, data)
            archive.writestr("manifest.json", json.dumps(self.manifest))
        return target


@pytest.fixture
def forgery(places):
    return Forgery(places.plan)


@pytest.fixture(scope="module")
def refuse(places, tmp_path_factory):
    """Imports a file that must be refused, and makes sure that the store and its folders are as they were."""
    with open_test_store(copy_template(places.empty, tmp_path_factory.mktemp("untouched") / "store")) as store:
        yield partial(_refuse, store)


def _refuse(store, target, error=ExportRefusedError):
    before = kit.all_rows(store)
    (store.kernel.directory.path / "artifacts").mkdir(exist_ok=True)
    files = sorted(store.kernel.directory.path.parent.rglob("*"))
    with pytest.raises(error) as caught:
        kit.bring(store, target)
    assert {table: rows for table, rows in kit.all_rows(store).items() if rows != before[table]} == {}
    assert sorted(store.kernel.directory.path.parent.rglob("*")) == files
    return caught.value


NAMES = (
    "../evil", "/etc/evil", "units/000001/../../evil", "units/000001/constructs.jsonl.zst/", "C:evil", "evil",
    "files/" + "A" * 64, "units/000001/CONSTRUCTS.jsonl.zst", "units/000001/n\\..\\otes.jsonl.zst",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_member_that_is_called_otherwise_than_in_an_export(forgery, refuse, tmp_path, name):
    refuse(forgery.write(tmp_path / "x.zip", [(zipfile.ZipInfo(name), b"x")]))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR])
def test_a_link_a_pipe_a_device_or_a_folder(forgery, refuse, tmp_path, kind):
    info = zipfile.ZipInfo("files/" + "0" * 64)
    info.external_attr = (kind | 0o600) << 16
    refuse(forgery.write(tmp_path / "x.zip", [(info, b"/etc/passwd")]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name(forgery, refuse, tmp_path):
    name, data = next(iter(forgery.members.items()))
    assert "two members" in str(refuse(forgery.write(tmp_path / "x.zip", [(zipfile.ZipInfo(name), data)])))


def test_a_member_that_the_manifest_does_not_name_or_that_is_not_there(forgery, refuse, tmp_path):
    refuse(forgery.write(tmp_path / "x.zip", [(zipfile.ZipInfo("files/" + "0" * 64), b"x")]))
    del forgery.members[forgery.member("sessions")["name"]]
    refuse(forgery.write(tmp_path / "y.zip"))


def test_content_that_was_altered_is_named(forgery, refuse, tmp_path):
    for name in list(forgery.members):
        sound = forgery.members[name]
        forgery.members[name] = sound[:-1] + bytes([sound[-1] ^ 1])
        assert refuse(forgery.write(tmp_path / "x.zip")).details["member"] == name
        forgery.members[name] = sound


def test_a_byte_that_was_flipped_anywhere(places, tmp_path):
    sound = places.plan.read_bytes()
    for place in range(0, len(sound), max(len(sound) // 40, 1)):
        altered = bytearray(sound)
        altered[place] ^= 0x10
        (tmp_path / "x.zip").write_bytes(altered)
        with contextlib.suppress(ExportRefusedError, ExportTooNewError):
            # Only what nothing depends on, such as the time of a member, may differ.
            assert kit.opened_id(tmp_path / "x.zip") == kit.opened_id(places.plan)


def test_a_file_that_was_cut_off_or_is_something_else(places, refuse, tmp_path):
    sound = places.plan.read_bytes()
    for number, data in enumerate((b"", b"PK", sound[:-1], sound[: len(sound) // 2], b"x" * 10_000, sound + b"x")):
        (tmp_path / f"{number}.zip").write_bytes(data)
        refuse(tmp_path / f"{number}.zip")
    refuse(tmp_path, SyntheticError)
    refuse(tmp_path / "none.zip", SyntheticError)


def test_a_bomb_is_stopped_where_it_begins_to_expand(forgery, refuse, tmp_path):
    forgery.put_lines("sessions", b"[" + b" " * 200_000_000 + b"]\n")
    assert "expand" in str(refuse(forgery.write(tmp_path / "x.zip")))
    forgery.member("sessions")["unpacked_bytes"] = 100
    assert "longer than the manifest says" in str(refuse(forgery.write(tmp_path / "x.zip")))


def test_a_member_that_zip_has_compressed(forgery, refuse, tmp_path):
    info = zipfile.ZipInfo("files/" + "0" * 64)
    info.compress_type = zipfile.ZIP_DEFLATED
    assert "compressed by ZIP" in str(refuse(forgery.write(tmp_path / "x.zip", [(info, b"0" * 1_000_000)])))


def test_more_members_than_an_export_has_are_refused_before_they_are_listed(refuse, tmp_path):
    count = 1_000_000
    end_64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, 46 * count, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 46 * count, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    with (tmp_path / "x.zip").open("wb") as file:
        file.seek(46 * count)
        file.write(end_64 + locator + end)
    assert refuse(tmp_path / "x.zip").details == {"members": count}
    assert count > MEMBERS_MAX


def test_a_file_that_says_it_has_fewer_members_than_its_directory_lists(forgery, refuse, tmp_path):
    sound = forgery.write(tmp_path / "sound.zip").read_bytes()
    start = struct.unpack_from("<L", sound, len(sound) - 6)[0]
    entries, end = sound[start:-22], bytearray(sound[-22:])
    many = entries * 2_000
    struct.pack_into("<L", end, 12, len(many))
    (tmp_path / "32.zip").write_bytes(sound[:start] + many + end)
    assert "does not end as one" in str(refuse(tmp_path / "32.zip"))
    # In the form for large files, the end is said to lie elsewhere, where it says otherwise.
    count = struct.unpack_from("<H", end, 10)[0]
    false, true = (
        struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, each, each, size, start)
        for each, size in ((count, len(entries)), (2_000 * count, len(many)))
    )
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    (tmp_path / "64.zip").write_bytes(false + sound[len(false) : start] + many + true + locator + end)
    tracemalloc.start()
    assert "does not end as one" in str(refuse(tmp_path / "64.zip"))
    assert tracemalloc.get_traced_memory()[1] < 30_000_000
    tracemalloc.stop()


def test_members_that_lie_in_one_another(forgery, refuse, tmp_path):
    target = forgery.write(tmp_path / "x.zip")
    data = bytearray(target.read_bytes())
    directory = struct.unpack_from("<L", data, len(data) - 6)[0]
    name_bytes, extra_bytes, note_bytes = struct.unpack_from("<3H", data, directory + 28)
    second = directory + 46 + name_bytes + extra_bytes + note_bytes
    # The second member is said to begin within the first.
    struct.pack_into("<L", data, second + 42, 1)
    target.write_bytes(data)
    refuse(target)


@pytest.mark.parametrize(
    "line", [b"[1]\n", b"{}\n", b"nonsense\n", b'["x", {"base64": "?"}]\n', b"[" * 100_000 + b"\n"]
)
def test_lines_that_are_no_rows(forgery, refuse, tmp_path, line):
    forgery.put_lines("notes", line)
    refuse(forgery.write(tmp_path / "x.zip"))


def test_a_row_that_the_table_could_not_hold_undoes_its_construct(forgery, refuse, tmp_path):
    forgery.put_lines("notes", forgery.lines("notes").replace(b'\\"see\\"', b"see"))
    refuse(forgery.write(tmp_path / "x.zip"))


def test_a_path_of_a_file_that_leads_elsewhere(forgery, refuse, tmp_path):
    for path in ("../../evil", "/etc/evil", "a/../../evil", ".store", "a//b", "a/b\x00"):
        forgery.manifest["units"][0]["files"][0]["path"] = path
        refuse(forgery.write(tmp_path / "x.zip"))


def test_events_of_the_kernel_are_never_brought_in(forgery, refuse, tmp_path):
    forgery.put_lines("domain_events", forgery.lines("domain_events").replace(b'"constructs"', b'"kernel"'))
    refuse(forgery.write(tmp_path / "x.zip"))


def test_rows_of_tables_that_do_not_travel_are_never_brought_in(forgery, refuse, tmp_path):
    described = forgery.member("notes")
    for table in ("tokens", "meta", "audit_log", "sqlite_schema"):
        old, new = described["name"], f"units/000001/{table}.jsonl.zst"
        forgery.members[new] = forgery.members.pop(old)
        forgery.manifest["tables"][table] = {**forgery.manifest["tables"]["notes"], "plugin": "kernel"}
        described.update(name=new, table=table)
        refuse(forgery.write(tmp_path / "x.zip"), SyntheticError)


def test_a_newer_format_and_newer_tables_are_refused_and_older_ones_are_not(forgery, refuse, tmp_path, opened):
    forgery.manifest["plugins"]["sessions"] = 999
    assert "plugin sessions" in str(refuse(forgery.write(tmp_path / "x.zip"), ExportTooNewError))
    forgery.manifest["plugins"]["sessions"] = 0
    older = kit.bring(opened("older"), forgery.write(tmp_path / "x.zip"))
    assert [(each.outcome, each.rows.get("sessions")) for each in older if each.kind == "CONSTRUCT"] == [
        ("IMPORTED", 1)
    ]
    forgery.manifest["version"] = 2
    forgery.manifest["units"] = "something else by then"
    assert refuse(forgery.write(tmp_path / "x.zip"), ExportTooNewError).details == {"version": 2, "readable": 1}


def test_a_column_that_came_later_gets_its_default(places, opened, tmp_path):
    forgery = Forgery(places.plan)
    described = forgery.member("sync_jobs")
    place = described["columns"].index("retries")
    rows = [json.loads(line) for line in forgery.lines("sync_jobs").splitlines()]
    for row in rows:
        del row[place]
    del described["columns"][place]
    forgery.put_lines("sync_jobs", b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    store = opened("older")
    kit.bring(store, forgery.write(tmp_path / "x.zip"))
    assert store.read(lambda snapshot: snapshot.value("SELECT retries FROM sync_jobs")) == 0


def _edit(forgery, table, **values):
    """Give all rows of a table other values."""
    columns = forgery.member(table)["columns"]
    rows = [dict(zip(columns, json.loads(line), strict=True)) | values for line in forgery.lines(table).splitlines()]
    forgery.put_lines(table, b"".join(json.dumps([row[name] for name in columns]).encode() + b"\n" for row in rows))


def _drop(forgery, table, column):
    """Leave a column out."""
    described = forgery.member(table)
    place = described["columns"].index(column)
    rows = [json.loads(line) for line in forgery.lines(table).splitlines()]
    for row in rows:
        del row[place]
    del described["columns"][place]
    forgery.put_lines(table, b"".join(json.dumps(row).encode() + b"\n" for row in rows))


def test_events_that_are_called_otherwise_are_looked_at_all_the_same(forgery, refuse, tmp_path):
    unit = forgery.manifest["units"][0]
    old = unit["events"]["name"]
    new = old.replace("domain_events", "evil")
    forgery.members[new] = forgery.members.pop(old)
    unit["events"].update(table="evil", name=new)
    refuse(forgery.write(tmp_path / "x.zip"))
    forgery.members[old] = forgery.members.pop(new)
    unit["members"].append({**unit["events"], "table": "domain_events", "name": old})
    unit["events"] = None
    forgery.manifest["tables"]["domain_events"] = {**forgery.manifest["tables"]["notes"], "plugin": "kernel"}
    refuse(forgery.write(tmp_path / "y.zip"))


@pytest.mark.parametrize(
    "values",
    [
        {"module": "kernel"}, {"payload": "nojson{"}, {"payload": "[1]"}, {"occurred_at_utc": "yesterday"},
        {"epoch": None}, {"position": 0}, {"origin_position": 5}, {"construct_id": 7},
        {"payload": '{"a":' * 1010 + "1" + "}" * 1010},
    ],
)  # fmt: skip
def test_events_that_the_log_could_not_hold(forgery, refuse, tmp_path, values):
    _edit(forgery, "domain_events", **values)
    refuse(forgery.write(tmp_path / "x.zip"))


def test_rows_that_do_not_say_which_they_are(places, refuse, tmp_path):
    for number, spoil in enumerate(
        (
            lambda forgery: forgery.manifest["tables"]["sessions"].update(key=[]),
            lambda forgery: (forgery.manifest["tables"]["sessions"].update(key=["agent"]),
                             _drop(forgery, "sessions", "id")),
            lambda forgery: _drop(forgery, "artifacts", "path"),
            lambda forgery: _edit(forgery, "sessions", id={"base64": "eHg="}),
            lambda forgery: _edit(forgery, "sessions", id=None),
            lambda forgery: _edit(forgery, "constructs", id="another"),
            lambda forgery: _edit(forgery, "notes", body={"base64": "eHg="}),
        )
    ):  # fmt: skip
        forgery = Forgery(places.plan)
        spoil(forgery)
        refuse(forgery.write(tmp_path / f"{number}.zip"))


def test_a_row_names_no_file_but_those_that_its_unit_lists(places, refuse, tmp_path):
    for number, path in enumerate(("../../x", "./../.store", "a/b/c", 5, None)):
        forgery = Forgery(places.plan)
        _edit(forgery, "artifacts", path=path)
        refuse(forgery.write(tmp_path / f"{number}.zip"))


def test_flags_and_names_that_zip_cannot_read(places, refuse, tmp_path):
    sound = places.plan.read_bytes()
    at = sound.rfind(b"PK\x01\x02")
    for number, flags in enumerate((0x20, 0x800)):
        data = bytearray(sound)
        struct.pack_into("<H", data, at + 8, flags)
        local = struct.unpack_from("<L", data, at + 42)[0]
        struct.pack_into("<H", data, local + 6, flags)
        data[local + 30] = 0xFF
        (tmp_path / f"{number}.zip").write_bytes(data)
        refuse(tmp_path / f"{number}.zip")


def test_a_pipe_in_place_of_a_file_is_not_waited_for(refuse, tmp_path):
    os.mkfifo(tmp_path / "x.zip")
    assert "no regular file" in str(refuse(tmp_path / "x.zip"))


def test_of_a_line_with_too_many_values_no_more_are_read_than_a_row_has():
    tracemalloc.start()
    with pytest.raises(ValueError, match="length 3"):
        decode_line(b"[" + b"{}," * 500_000 + b"0]", 3)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
