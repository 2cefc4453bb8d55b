"""A real server on loopback, asked by a real client."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from kernel.server.conftest import origin_of
from synthetic.security.tokens import create_token, list_tokens, revoke_token
from synthetic.testing import CONTRACT_KEYS, RunningServer, copy_template, open_test_store, running_server

HEALTH = {"query": "{ health { version } }"}


@pytest.fixture
def client(server: RunningServer):
    with httpx.Client(verify=False, base_url=origin_of(server), headers=server.headers) as opened:
        yield opened


@pytest.fixture
def stranger(server: RunningServer):
    with httpx.Client(verify=False, base_url=origin_of(server)) as opened:
        yield opened


def contract(response: httpx.Response, status: int, code: str) -> dict[str, object]:
    """What a plain route answers when it fails; its headers and body must agree."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert set(body) == CONTRACT_KEYS
    assert body["code"] == code
    assert body["correlationId"] == response.headers["x-correlation-id"]
    return body


def test_probes_need_no_token(stranger: httpx.Client):
    assert stranger.get("/healthz").json() == {"status": "ok"}
    assert stranger.get("/readyz").json() == {"status": "ready"}
    assert stranger.head("/readyz").status_code == 200


def test_metrics_need_a_token(stranger: httpx.Client, client: httpx.Client):
    refused = stranger.get("/metrics")
    contract(refused, 401, "UNAUTHENTICATED")
    assert refused.headers["www-authenticate"].startswith("Bearer")
    answered = client.get("/metrics")
    assert answered.status_code == 200
    assert answered.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "synthetic_open_connections" in answered.text
    assert 'synthetic_process_info{version="' in answered.text


def test_the_root_leads_to_the_dashboard(stranger: httpx.Client):
    led = stranger.get("/")
    assert led.status_code == 307
    assert led.headers["location"] == "/dashboard"


def test_an_operation_is_answered_and_counted(client: httpx.Client):
    answer = client.post("/graphql", json=HEALTH)
    assert answer.status_code == 200
    assert answer.json()["data"]["health"]["version"]
    assert 'synthetic_http_responses_total{status="200"}' in client.get("/metrics").text


def test_an_operation_without_a_token_is_refused(stranger: httpx.Client):
    refused = stranger.post("/graphql", json=HEALTH, headers={"accept": "application/graphql-response+json"})
    assert refused.status_code == 401
    assert refused.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("path", ["/nothing", "/graphql/", "/healthz/", "/%00", "/a%0ab", "/artifacts/../etc"])
def test_an_unknown_path_is_not_found(client: httpx.Client, path: str):
    contract(client.get(path), 404, "NOT_FOUND")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_a_plain_route_takes_get_alone(client: httpx.Client, method: str):
    refused = client.request(method, "/healthz")
    contract(refused, 405, "METHOD_NOT_ALLOWED")
    assert "GET" in refused.headers["allow"]


def test_another_host_is_refused_everywhere(client: httpx.Client):
    for path in ("/healthz", "/metrics", "/", "/nothing"):
        contract(client.get(path, headers={"host": "evil.example"}), 403, "FORBIDDEN")
    refused = client.post("/graphql", json=HEALTH, headers={"host": "evil.example:8787"})
    assert refused.status_code == 403
    assert refused.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_pages_of_another_origin_are_refused(client: httpx.Client):
    for origin in ("http://evil.example", "null", "http://localhost:1"):
        refused = client.post("/graphql", json=HEALTH, headers={"origin": origin})
        assert refused.status_code == 403
        assert "access-control-allow-origin" not in refused.headers
    assert client.options("/graphql", headers=preflight("http://evil.example")).status_code == 403


def preflight(origin: str) -> dict[str, str]:
    return {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }


def test_pages_of_this_server_may_call(client: httpx.Client, server: RunningServer):
    answer = client.post("/graphql", json=HEALTH, headers={"origin": origin_of(server)})
    assert answer.json()["data"]


def test_a_socket_from_another_origin_is_refused_before_it_opens(server: RunningServer):
    url = server.url.replace("http:", "ws:")
    with pytest.raises(InvalidStatus) as caught:
        connect(url, origin="http://evil.example", subprotocols=["graphql-transport-ws"], proxy=None)  # type: ignore[arg-type]
    assert caught.value.response.status_code == 403
    assert b"FORBIDDEN" in caught.value.response.body
    assert caught.value.response.headers["x-correlation-id"]


def test_a_socket_elsewhere_is_refused(server: RunningServer):
    with pytest.raises(InvalidStatus) as caught:
        connect(f"{origin_of(server)}/nothing".replace("http:", "ws:"), proxy=None)
    assert caught.value.response.status_code == 403


def test_every_answer_has_the_security_headers(client: httpx.Client):
    for path in ("/healthz", "/nothing", "/graphql", "/"):
        headers = client.get(path, headers={"accept": "text/html"}).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert len(headers.get_list("content-security-policy")) == 1
        assert "cache-control" in headers
        assert "server" not in headers


def test_a_page_keeps_its_address_to_itself(client: httpx.Client):
    headers = client.get("/graphql", headers={"accept": "text/html"}).headers
    assert headers["content-type"].startswith("text/html")
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-opener-policy"] == "same-origin"


def test_a_correlation_id_is_taken_over_when_it_is_harmless(client: httpx.Client):
    assert client.get("/healthz", headers={"x-correlation-id": "job-7.a_B"}).headers["x-correlation-id"] == "job-7.a_B"
    for harmful in ("x" * 65, "a b", "<script>", "a\tb"):
        given = client.get("/healthz", headers={"x-correlation-id": harmful}).headers["x-correlation-id"]
        assert given != harmful
        assert len(given) == 36


def test_a_revoked_token_ends_its_access(template: Path, tmp_path: Path):
    directory = copy_template(template, tmp_path / "store")
    with open_test_store(directory) as store:
        created = store.write(create_token, "worker", ["read"])
        other = store.write(create_token, "other", ["read"])
    with running_server(directory) as server, httpx.Client(verify=False, base_url=origin_of(server)) as client:
        headers = {"authorization": f"Bearer {created.secret}"}
        assert client.get("/metrics", headers=headers).status_code == 200
        with open_test_store(directory) as store:
            store.write(revoke_token, created.token.id)
        # The server looks again within a second or so; the time-out of the test is the limit.
        while (status := client.get("/metrics", headers=headers).status_code) == 200:
            continue
        assert status == 401
        assert client.get("/metrics", headers={"authorization": f"Bearer {other.secret}"}).status_code == 200


def test_when_a_token_was_used_is_stored_at_the_latest_when_the_server_stops(data_dir: Path):
    with running_server(data_dir) as server:
        httpx.get(f"{origin_of(server)}/metrics", headers=server.headers)
        assert server.stop() == 0
    with open_test_store(data_dir) as store:
        (token,) = store.read(list_tokens)
    assert token.last_used_at is not None


def test_pages_of_a_listed_origin_may_call_across_origins(data_dir: Path):
    origin = "https://front.example"
    arguments = ("--set", f"kernel.security.origins={origin}")
    with (
        running_server(data_dir, *arguments) as server,
        httpx.Client(verify=False, base_url=origin_of(server)) as client,
    ):
        allowed = client.options("/graphql", headers=preflight(origin))
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == origin
        assert "authorization" in allowed.headers["access-control-allow-headers"]
        answer = client.post("/graphql", json=HEALTH, headers={"origin": origin, **server.headers})
        assert answer.json()["data"]
        assert answer.headers["access-control-allow-origin"] == origin
        assert "x-correlation-id" in answer.headers["access-control-expose-headers"]
        assert client.options("/graphql", headers=preflight("https://other.example")).status_code == 403


def test_where_other_origins_may_call_every_answer_says_that_it_may_depend_on_them(data_dir: Path):
    origin = "https://front.example"
    arguments = ("--set", f"kernel.security.origins={origin}")
    with (
        running_server(data_dir, *arguments) as server,
        httpx.Client(verify=False, base_url=origin_of(server)) as client,
    ):
        for headers in ({}, {"origin": origin}, {"origin": "https://other.example"}):
            asked = client.post("/graphql", json=HEALTH, headers=headers | server.headers)
            for answer in (asked, client.get("/healthz", headers=headers), client.get("/graphql", headers=headers)):
                assert answer.headers.get_list("vary") == ["Origin"]


def test_the_log_has_one_line_for_each_request_and_no_secrets(data_dir: Path):
    with running_server(data_dir) as server:
        answer = httpx.post(f"{server.url}?secret=abc", json=HEALTH, headers=server.headers)
        refused = httpx.get(f"{origin_of(server)}/a%0Ab")
        with pytest.raises(InvalidStatus):
            connect(server.url.replace("http:", "ws:"), additional_headers={"host": "evil.example"}, proxy=None)
        assert server.stop() == 0
    log = "".join(server.log)
    assert server.token not in log
    assert "secret=abc" not in log
    assert "health {" not in log
    assert '"level":"error"' not in log
    line = next(line for line in server.log if answer.headers["x-correlation-id"] in line)
    assert '"path":"/graphql"' in line
    assert '"method":"POST"' in line
    assert '"status":200' in line
    assert '"caller":"first"' in line
    line = next(line for line in server.log if refused.headers["x-correlation-id"] in line)
    assert '"path":"/a%0Ab"' in line
    assert '"status":404' in line
    line = next(line for line in server.log if '"event":"socket"' in line)
    assert '"status":403' in line


def test_the_rate_of_requests_is_limited(data_dir: Path):
    arguments = ("--set", "kernel.limits.requests_per_second=3")
    with (
        running_server(data_dir, *arguments) as server,
        httpx.Client(verify=False, base_url=origin_of(server)) as client,
    ):
        answers = [client.get("/metrics", headers=server.headers) for _ in range(50)]
        limited = next(answer for answer in answers if answer.status_code != 200)
        body = contract(limited, 429, "RATE_LIMITED")
        assert body["recoverable"] is True
        assert int(str(body["retryAfterMs"])) <= 334
        assert limited.headers["retry-after"] == "1"
