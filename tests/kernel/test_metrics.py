from __future__ import annotations

import time
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from synthetic.metrics import Metrics


@dataclass
class Cache:
    hits: int
    misses: int


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Every sample by its name and label values, through the format that Prometheus reads."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


def test_metrics_of_two_kernels_do_not_meet():
    one, other = Metrics(), Metrics()
    one.writes.inc()
    assert samples(one)["synthetic_writes_total",] == 1
    assert samples(other)["synthetic_writes_total",] == 0


def test_waiting_for_the_write_lock_has_the_name_that_dashboards_know():
    metrics = Metrics()
    metrics.sqlite_write_lock_wait_ms.observe(7.0)
    found = samples(metrics)
    assert found["sqlite_write_lock_wait_ms_count",] == 1
    assert found["sqlite_write_lock_wait_ms_sum",] == 7.0
    assert found["sqlite_write_lock_wait_ms_bucket", "5.0"] == 0
    assert found["sqlite_write_lock_wait_ms_bucket", "10.0"] == 1


def test_operations_are_counted_by_transport_kind_and_outcome():
    metrics = Metrics()
    for _ in range(2):
        metrics.request("http", "query", "OK", 1_500.0)
    metrics.request("websocket", "mutation", "CONFLICT", 5.0)
    found = samples(metrics)
    assert found["synthetic_requests_total", "OK", "query", "http"] == 2
    assert found["synthetic_requests_total", "CONFLICT", "mutation", "websocket"] == 1
    assert found["synthetic_request_seconds_sum", "query", "http"] == 3.0
    assert found["synthetic_request_seconds_count", "mutation", "websocket"] == 1


def test_answers_services_and_overloads_are_counted():
    metrics = Metrics()
    metrics.http_response(200)
    metrics.http_response(200)
    metrics.http_response(503)
    metrics.service_step("transcripts.seal", 3, 0.25)
    metrics.service_failing("transcripts.seal", 1)
    metrics.overloads.labels("writer").inc()
    found = samples(metrics)
    assert found["synthetic_http_responses_total", "200"] == 2
    assert found["synthetic_http_responses_total", "503"] == 1
    assert found["synthetic_service_units_total", "transcripts.seal"] == 3
    assert found["synthetic_service_step_seconds_sum", "transcripts.seal"] == 0.25
    assert found["synthetic_service_failures_total", "transcripts.seal"] == 1
    assert found["synthetic_overloads_total", "writer"] == 1


def test_the_document_cache_is_shown_as_it_is_when_asked():
    metrics = Metrics()
    assert samples(metrics)["synthetic_documents_total", "hit"] == 0
    cache = Cache(hits=2, misses=1)
    metrics.documents = cache
    cache.hits += 1
    found = samples(metrics)
    assert found["synthetic_documents_total", "hit"] == 3
    assert found["synthetic_documents_total", "miss"] == 1


def test_every_counter_and_histogram_of_the_kernel_says_since_when_it_counts():
    began = time.time()
    metrics = Metrics()
    metrics.request("http", "query", "OK", 1.0)
    metrics.http_response(200)
    metrics.places.held(0.001)
    metrics.plan_refusals.labels("directive").inc()
    ended = time.time()
    found = samples(metrics)
    counting = {
        (name.removesuffix(ending) + "_created", *labels)
        for name, *labels in found
        for ending in ("_total", "_count")
        if name.endswith(ending) and not name.startswith(("python_", "process_"))
    }
    assert {name for name, *_ in counting} >= {
        "synthetic_requests_created",
        "synthetic_request_seconds_created",
        "synthetic_http_responses_created",
        "synthetic_queries_created",
        "synthetic_query_restarts_created",
        "synthetic_in_place_seconds_created",
        "synthetic_plan_refusals_created",
        "synthetic_documents_created",
    }
    assert {key for key in counting if not began <= found.get(key, 0.0) <= ended} == set()


def test_a_counter_goes_on_counting_from_when_it_was_made():
    metrics = Metrics()
    metrics.http_response(200)
    created = samples(metrics)["synthetic_http_responses_created", "200"]
    metrics.http_response(200)
    found = samples(metrics)
    assert (found["synthetic_http_responses_total", "200"], found["synthetic_http_responses_created", "200"]) == (
        2,
        created,
    )


def test_the_process_says_which_worker_it_is():
    metrics = Metrics()
    metrics.name_process("1.2.3", 4)
    found = samples(metrics)
    assert found["synthetic_process_info", "1.2.3", "4"] == 1
    assert found["process_open_fds",] > 0
