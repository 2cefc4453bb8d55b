"""`/artifacts/{id}` on a real server: what is sent is what was stored, and nothing else ever is."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

from plugins.artifacts.serving import SAID, Served
from synthetic.testing import copy_template, running_server, wait_until
from synthetic_artifacts.ranges import etag_of, repr_digest_of

TEXT = b"".join(b"%d: one line of a log\n" % number for number in range(60_000))
NOISE = random.Random(3).randbytes(2_500_000)
CREATE = 'mutation { saveConstruct(input: {id: "c", type: "task", title: "A task"}) { created } }'


@pytest.fixture(scope="module")
def served(template: Path, tmp_path_factory: pytest.TempPathFactory):
    data_dir = copy_template(template, tmp_path_factory.mktemp("served") / "store")
    limits = ("plugins.artifacts.free_disk_bytes=0", "plugins.artifacts.size_bytes=4000000")
    flags = [word for each in limits for word in ("--set", each)]
    with running_server(data_dir, *flags) as server:
        served = Served(server, data_dir)
        with served.client:
            served.graphql(CREATE)
            for id, content, kind in (("text", TEXT, "text/plain"), ("noise", NOISE, "image/png")):
                assert served.put(id, content, kind, name=f"{id}.out").status_code == 201
            yield served


@pytest.mark.parametrize(("id", "content", "kind"), [("text", TEXT, "text/plain"), ("noise", NOISE, "image/png")])
def test_a_download_is_the_content_with_all_that_is_known_of_it(served: Served, id: str, content: bytes, kind: str):
    sha256 = hashlib.sha256(content).hexdigest()
    answer = served.get(id)
    assert answer.content == content
    assert answer.headers["content-type"] == kind
    assert answer.headers["etag"] == etag_of(sha256)
    assert answer.headers["repr-digest"] == repr_digest_of(sha256)
    assert answer.headers["content-disposition"] == f'attachment; filename="{id}.out"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    head = served.client.head(f"/artifacts/{id}")
    assert (head.content, head.headers["content-length"]) == (b"", str(len(content)))
    assert head.headers["etag"] == answer.headers["etag"]


@pytest.mark.parametrize(("id", "content"), [("text", TEXT), ("noise", NOISE)])
def test_ranges_are_byte_equal(served: Served, id: str, content: bytes):
    dice = random.Random(5)
    for _ in range(12):
        first = dice.randrange(len(content))
        last = min(first + dice.randrange(700_000), len(content) - 1)
        answer = served.get(id, range=f"bytes={first}-{last}")
        assert (answer.status_code, answer.content) == (206, content[first : last + 1])
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(content)}"
    assert served.get(id, range="bytes=-5").content == content[-5:]
    whole = served.get(id, range="bytes=0-1,5-6")
    assert (whole.status_code, whole.content) == (200, content)
    beyond = served.get(id, range=f"bytes={len(content)}-")
    assert (beyond.status_code, beyond.json()["code"]) == (416, "ARTIFACT_RANGE")
    assert beyond.headers["content-range"] == f"bytes */{len(content)}"


def test_conditions_are_kept(served: Served):
    tag = served.client.head("/artifacts/text").headers["etag"]
    same = served.get("text", if_none_match=tag)
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert served.get("text", if_match=tag).status_code == 200
    other = served.get("text", if_match='"other"')
    assert (other.status_code, other.json()["code"]) == (412, "ARTIFACT_PRECONDITION")
    assert served.get("text", if_range=tag, range="bytes=0-4").content == TEXT[:5]
    assert served.get("text", if_range='"other"', range="bytes=0-4").content == TEXT


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/xhtml+xml"])
def test_what_a_browser_could_run_is_sandboxed(served: Served, kind: str):
    content = b"<script>fetch('/graphql')</script>" * 50
    served.put(f"page-{len(kind)}", content, kind, name="page.html")
    answer = served.get(f"page-{len(kind)}")
    assert answer.content == content
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    assert answer.headers["content-disposition"].startswith("attachment")


def test_an_empty_artifact_has_no_bytes(served: Served):
    assert served.put("empty", b"").json()["sizeBytes"] == 0
    assert (served.get("empty").status_code, served.get("empty").content) == (200, b"")
    assert served.get("empty", range="bytes=0-").status_code == 416


def test_an_upload_says_what_was_stored_and_may_be_sent_again(served: Served):
    first = served.put("again", TEXT, metadata='{"step": 3}', expiresAt="2100-01-01T00:00:00Z")
    assert (first.status_code, first.headers["location"]) == (201, "/artifacts/again")
    stored = first.json()
    assert (stored["sha256"], stored["encoding"]) == (hashlib.sha256(TEXT).hexdigest(), "ZSTD")
    assert stored["storedBytes"] < stored["sizeBytes"] == len(TEXT)
    files = len(served.files())
    second = served.put("again", TEXT, metadata='{"step": 3}', expiresAt="2100-01-01T00:00:00Z")
    assert (second.status_code, second.json()) == (200, {**stored, "created": False})
    assert len(served.files()) == files
    assert served.put("again", b"other").json()["code"] == "CONFLICT"
    only_new = served.put("again", TEXT, headers={"if-none-match": "*"})
    assert only_new.json()["code"] == "ARTIFACT_PRECONDITION"


def test_a_streamed_upload_without_a_length_gets_an_id(served: Served):
    answer = served.client.post(
        "/artifacts", params=SAID, content=(NOISE[at : at + 9_999] for at in range(0, 99_990, 9_999))
    )
    stored = answer.json()
    assert (answer.status_code, stored["sizeBytes"]) == (201, 99_990)
    assert served.client.get(answer.headers["location"]).content == NOISE[:99_990]
    assert stored["contentType"] == "application/octet-stream"


def test_an_id_may_be_any_text(served: Served):
    answer = served.put("a%2Fb%20%3F%C3%A9", b"x")
    assert answer.json()["id"] == "a/b ?\u00e9"
    assert served.client.get(answer.headers["location"]).content == b"x"


def test_what_is_refused_leaves_no_file(served: Served):
    files = sorted(served.files())
    wrong = hashlib.sha256(b"other").hexdigest()
    refusals = {
        "ARTIFACT_MISMATCH": served.put("no", TEXT, sha256=wrong),
        "ARTIFACT_TOO_LARGE": served.put("no", (b"x" * 65_536 for _ in range(64))),
        "ARTIFACT_ENCODING": served.put("no", b"x", headers={"content-encoding": "gzip"}),
        "NOT_FOUND": served.put("no", b"x", constructId="none"),
        "BAD_USER_INPUT": served.put("no", b"x", colour="red"),
    }
    assert {code: answer.json()["code"] for code, answer in refusals.items()} == {code: code for code in refusals}
    assert served.put("no", b"x" * 4_000_001).status_code == 413
    assert served.put("no", TEXT, headers={"repr-digest": f"sha-256=:{'A' * 43}=:"}).status_code == 400
    for said in ({"metadata": "[]"}, {"metadata": "{"}, {"expiresAt": "soon"}, {"name": ""}, {"name": "../x"}):
        assert served.put("no", b"x", **said).json()["code"] == "BAD_USER_INPUT", said
    assert served.get("no").status_code == 404
    wait_until(lambda: sorted(served.files()) == files, "the end of what was begun")


def test_a_client_that_leaves_in_the_middle_of_an_upload_leaves_nothing(served: Served):
    files = sorted(served.files())
    for length in ("Content-Length: 3000000", "Transfer-Encoding: chunked"):
        connection = served.connect("PUT /artifacts/gone?constructId=c&type=log&name=gone.bin HTTP/1.1")
        connection.sendall(f"{length}\r\n\r\n".encode())
        connection.sendall((b"" if "Content" in length else b"F4240\r\n") + NOISE[:1_000_000])
        wait_until(lambda: sorted(served.files()) != files, "the file that is being written")
        connection.close()
        wait_until(lambda: sorted(served.files()) == files, "its removal")
    assert served.get("gone").status_code == 404


def test_a_client_that_leaves_in_the_middle_of_a_download_takes_nobody_along(served: Served):
    connection = served.connect("GET /artifacts/noise HTTP/1.1", receive_bytes=4_096)
    connection.sendall(b"\r\n")
    assert connection.recv(100).startswith(b"HTTP/1.1 200")
    connection.close()
    assert served.get("noise").content == NOISE
    open_files = Path(f"/proc/{served.server.process.pid}/fd")
    wait_until(
        lambda: not [each for each in map(_target, open_files.iterdir()) if "artifacts" in each], "all files closed"
    )


@pytest.mark.parametrize("kind", ["text/plain", "image/png"])
def test_bytes_that_are_not_what_was_stored_are_never_sent(served: Served, kind: str):
    id = f"altered-{kind[:4]}"
    content = TEXT if kind == "text/plain" else NOISE
    served.put(id, content, kind, name=f"{id}.out")
    assert served.get(id).content == content
    file = served.file_of(f"{id}~")
    changed = bytearray(file.read_bytes())
    changed[len(changed) // 2] ^= 1
    file.write_bytes(changed)
    for _ in range(2):
        answer = served.get(id, range="bytes=0-9")
        assert (answer.status_code, answer.json()["code"]) == (500, "ARTIFACT_ALTERED")
    assert served.graphql(f'{{ artifact(id: "{id}") {{ status }} }}') == {"artifact": {"status": "ALTERED"}}
    modules = served.graphql("{ syncStatus { module status error { code } } }")["syncStatus"]
    assert [each["error"] for each in modules if each["module"] == "artifacts"] == [{"code": "ARTIFACT_ALTERED"}]


def test_a_link_in_the_place_of_a_file_is_not_followed(served: Served, tmp_path: Path):
    served.put("linked", b"content", "image/png", name="linked.out")
    secret = tmp_path / "secret"
    secret.write_bytes(b"content")
    file = served.file_of("linked~")
    file.unlink()
    file.symlink_to(secret)
    answer = served.get("linked")
    assert (answer.status_code, answer.json()["code"]) == (410, "ARTIFACT_MISSING")


@pytest.mark.parametrize("size_bytes", [0, 16_384, 65_537, 2_500_000])
def test_a_whole_answer_has_the_same_head_however_it_is_sent(served: Served, size_bytes: int):
    id = f"sized-{size_bytes}"
    served.put(id, NOISE[:size_bytes], "image/png")
    whole, head = served.get(id), served.client.head(f"/artifacts/{id}")
    assert whole.content == NOISE[:size_bytes]
    changing = {"date", "x-correlation-id"}
    heads = [
        sorted((name, value) for name, value in each.headers.multi_items() if name not in changing)
        for each in (whole, head)
    ]
    assert heads[0] == heads[1]
    assert len({name for name, _ in heads[0]}) == len(heads[0])
    assert dict(heads[0])["content-security-policy"].startswith("default-src 'none'; sandbox")
    assert dict(heads[0])["cache-control"] == "private, no-cache"


def test_a_deleted_artifact_is_not_served(served: Served):
    served.put("deleted", b"content")
    served.graphql('mutation { deleteArtifact(input: {id: "deleted"}) { artifact { id } } }')
    assert served.get("deleted").json()["code"] == "ARTIFACT_DELETED"


def test_only_who_may_write_stores(served: Served):
    nobody = {"authorization": "Bearer none"}
    assert served.get("text", **nobody).status_code == 401
    assert served.put("no", b"x", headers=nobody).status_code == 401
    methods = served.client.delete("/artifacts/text")
    assert (methods.status_code, methods.headers["allow"]) == (405, "GET, HEAD, PUT")


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""
