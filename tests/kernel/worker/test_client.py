"""The client of workers: answers, refusals, what stands between it and the store, and streams."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from synthetic.testing import wait_until
from synthetic.worker import Client, RequestFailedError, StoreError, UnreachableError, Worker
from synthetic.worker.pauses import CEILING_SECONDS, FIRST_SECONDS, pause_seconds
from synthetic.worker.updates import JobUpdates

from .kit import SECONDS, working

UPDATES = """subscription($kinds: [String!], $after: Position) {
    jobUpdates(filter: { kinds: $kinds }, after: $after) { jobId status }
}"""
LAST = "{ events(last: 1) { nodes { position } } }"


@pytest.fixture
def in_between() -> Iterator[str]:
    """The URL of something that answers for a server which is not there: the path says with which status."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(int(self.path.strip("/")))
            self.send_header("content-type", "text/html")
            self.send_header("content-length", "4")
            self.end_headers()
            self.wfile.write(b"<p/>")

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join(SECONDS)


def test_an_error_of_the_store_has_its_contract(jobs):
    with pytest.raises(StoreError) as unknown:
        jobs.client.execute("{ nothing }")
    assert unknown.value.code == "GRAPHQL_VALIDATION_FAILED"
    assert unknown.value.action
    assert unknown.value.correlation_id
    assert not unknown.value.recoverable
    with pytest.raises(StoreError) as missing:
        jobs.mutate("heartbeatJob", id="nobody's", leaseToken=1)
    assert missing.value.code == "NOT_FOUND"


def test_a_path_beside_the_endpoint_is_refused_for_good(server):
    with Client(server.url.replace("/graphql", "/nothing"), token=server.token) as elsewhere:
        with pytest.raises(StoreError) as missing:
            elsewhere.execute("{ health { version } }")
        assert not missing.value.recoverable


def test_what_is_not_there_or_answers_for_the_server_that_is_not_may_be_asked_again(in_between):
    with Client("http://127.0.0.1:1/graphql") as nowhere:
        with pytest.raises(UnreachableError):
            nowhere.execute("{ health { version } }")
        with pytest.raises(UnreachableError), nowhere.subscribe(UPDATES, {}):
            pytest.fail("there is nothing to subscribe to")
    with Client(f"{in_between}/502") as gateway:
        with pytest.raises(UnreachableError, match="502"):
            gateway.execute("{ health { version } }")
        with pytest.raises(UnreachableError, match="502"), gateway.subscribe(UPDATES, {}):
            pytest.fail("a page is no stream")
    with Client(f"{in_between}/404") as wrong:
        with pytest.raises(StoreError) as refused:
            wrong.execute("{ health { version } }")
        assert (refused.value.code, refused.value.recoverable) == ("HTTP_404", False)


def test_a_client_needs_a_url_of_http():
    with pytest.raises(ValueError, match="http://"):
        Client("127.0.0.1:8787/graphql")


def test_a_closed_client_reaches_nobody(server):
    client = Client(server.url, token=server.token)
    client.close()
    with pytest.raises(UnreachableError):
        client.execute("{ health { version } }")


def test_a_subscription_yields_data_says_errors_and_ends_when_it_is_cut(jobs):
    # A stream is open before it has looked where the log ends, so it is told from where to follow.
    jobs.save("before")
    (last,) = jobs.client.execute(LAST)["events"]["nodes"]
    with jobs.client.subscribe(UPDATES, {"kinds": ["heard"], "after": last["position"]}) as subscription:
        # Line ends that only some take for such must not divide an answer.
        job_id = jobs.save("heard", id="line\u00a0end")
        answers = iter(subscription)
        assert next(answers) == {"jobUpdates": {"jobId": job_id, "status": "PENDING"}}
        subscription.cut()
        with pytest.raises(UnreachableError):
            next(answers)
    with jobs.client.subscribe("{ health { version } }", {}) as one:
        assert [set(data) for data in one] == [{"health"}]
    with jobs.client.subscribe("subscription { nothing }", {}) as wrong, pytest.raises(StoreError):
        next(iter(wrong))
    with Client(jobs.client.url, token="x" * 30) as stranger:
        with pytest.raises(StoreError) as refused, stranger.subscribe(UPDATES, {}):
            pytest.fail("strangers hear nothing")
        assert refused.value.code == "UNAUTHENTICATED"


def test_updates_begin_anew_where_the_log_cannot_be_followed_from_the_position(server, jobs):
    told: list[float] = []
    with Client(server.url, token=server.token) as client:
        updates = JobUpdates(client, ["anew"], told.append)
        updates._position = "0123456789:7"  # of another epoch
        updates.start()
        try:
            wait_until(lambda: updates._position is None)
            heard = len(told)
            wait_until(lambda: jobs.save("anew") and len(told) > heard + 1)
            assert updates._position
        finally:
            updates.close()


def test_without_a_stream_jobs_are_found_by_looking(server, jobs, monkeypatch):
    monkeypatch.setattr("synthetic.worker.updates.UPDATES", "subscription { nothing }")
    worker = Worker(server.url, token=server.token, poll_ms=100)
    worker.handles("looked-for")(lambda job: job.id)
    with working(worker):
        for _ in range(2):
            job_id = jobs.save("looked-for")
            assert jobs.wait(job_id, "COMPLETED")["result"] == job_id


def test_pauses_double_up_to_a_ceiling_and_are_no_shorter_than_the_server_asks_for():
    for failures in (1, 2, 20, 5_000):
        ceiling = min(CEILING_SECONDS, FIRST_SECONDS * 2 ** min(failures - 1, 30))
        pauses = [pause_seconds(failures) for _ in range(200)]
        assert 0 <= min(pauses) < ceiling / 2 < max(pauses) <= ceiling
    error = RequestFailedError()
    error.retry_after_ms = 3_000
    assert pause_seconds(1, error) >= 3
