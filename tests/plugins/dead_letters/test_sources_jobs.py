"""Jobs that fail for good are dead letters, in the same commit, and a retry of the letter is one of the job."""

from __future__ import annotations

from typing import Any

import pytest
from tests.plugins.dead_letters.letters_kit import letters_of, only_letter, retry, retry_with

from synthetic import BadUserInputError, Store, from_json
from synthetic.testing import CONTRACT_KEYS, ManualClock, open_test_store
from synthetic_constructs.store import save_construct
from synthetic_dead_letters.store import give_up_lost_retries
from synthetic_jobs import store as job_store
from synthetic_jobs.store import Job
from thirdparty.distributions import Site, introduced_with, write_plugins_toml


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(data_dir, clock):
    with open_test_store(data_dir, clock=clock) as opened:
        yield opened


class Work:
    """A worker that does what a test says."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def save(self, id: str = "a", **content: Any) -> None:
        given: Any = {"kind": "build", "max_attempts": 1, **content}
        self.store.write(lambda tx: job_store.save_job(tx, given, job_id=id))

    def fail(self, id: str = "a", message: str = "Disk 7 is gone.") -> Job:
        token = self.store.write(job_store.claim_job, id, "builder-1").lease_token
        return self.store.write(job_store.fail_job, id, token, message)

    def complete(self, id: str = "a") -> Job:
        token = self.store.write(job_store.claim_job, id, "builder-2").lease_token
        return self.store.write(job_store.complete_job, id, token)

    def get(self, id: str | None = "a") -> Job:
        assert id is not None
        return self.store.read(job_store.get_job, id)


@pytest.fixture
def work(store):
    return Work(store)


def test_a_job_out_of_attempts_is_a_letter_that_says_all_that_a_retry_needs(store, work):
    store.write(lambda tx: save_construct(tx, {"type": "task", "title": "A task"}, id="c"))
    work.save(construct_id="c", key="repository-1", params={"branch": "main"}, max_attempts=2, priority=7)
    work.fail()
    assert letters_of(store, "job") == [], "it is tried again by itself"
    store.kernel.clock.advance(3_600_000)
    work.fail()
    letter = only_letter(store, "job")
    assert (letter.status, letter.entity_type, letter.entity_id) == ("PENDING", "job", "a")
    assert (letter.construct_id, letter.key, letter.attempts, letter.code) == ("c", "repository-1", 2, "JOB_FAILED")
    assert letter.first_failed_at < letter.last_failed_at
    error = from_json(letter.error)
    assert set(error) == CONTRACT_KEYS
    assert error["message"] == "A job of the kind build has failed for good: Disk 7 is gone."
    payload = from_json(letter.payload)
    assert (payload["kind"], payload["params"], payload["priority"]) == ("build", {"branch": "main"}, 7)


def test_jobs_that_fail_alike_have_one_fingerprint_and_others_another(store, work):
    for id, message in (("a", "Disk 7 is gone."), ("b", "Disk 12 is gone."), ("c", "Out of memory.")):
        work.save(id)
        work.fail(id, message)
    first, second, third = (letter.fingerprint for letter in letters_of(store, "job"))
    assert first == second != third


def test_a_job_that_its_worker_left_for_good_and_one_that_waited_in_vain_are_letters_too(store, work, clock):
    work.save("left", on_lapse="FAIL")
    store.write(job_store.claim_job, "left", "builder-1")
    clock.advance(3_600_000)
    store.write(job_store.reap_jobs)
    work.save("waited")
    token = store.write(job_store.claim_job, "waited", "builder-1").lease_token
    change = job_store.update_job_status
    store.write(lambda tx: change(tx, "waited", job_store.JobStatus.WAITING, lease_token=token, waiting_for="x"))
    store.write(lambda tx: change(tx, "waited", job_store.JobStatus.FAILED, message="Nobody answered."))
    assert [letter.entity_id for letter in letters_of(store, "job")] == ["left", "waited"]


def test_a_write_that_is_lost_leaves_neither_the_failure_nor_its_letter(store, work):
    work.save()
    token = store.write(job_store.claim_job, "a", "builder-1").lease_token

    def fail_and_break(tx):
        job_store.fail_job(tx, "a", token, "It broke.")
        raise LookupError

    with pytest.raises(LookupError):
        store.write(fail_and_break)
    assert (work.get().status, letters_of(store, "job")) == ("RUNNING", [])


def test_a_retry_grants_the_job_another_attempt_and_its_end_resolves_the_letter(store, work):
    work.save()
    work.fail()
    begun = retry(store, only_letter(store, "job"))
    assert (begun.status, begun.retry_entity_type, begun.retry_entity_id) == ("RETRYING", "job", "a")
    assert work.get().status == "PENDING"
    work.complete()
    letter = only_letter(store, "job")
    assert (letter.status, letter.retries, letter.retry_entity_id) == ("RESOLVED", 1, "a")


def test_a_retry_that_fails_again_is_the_same_letter_and_one_that_is_cancelled_is_pending(store, work):
    work.save()
    work.fail()
    retry(store, only_letter(store, "job"))
    work.fail(message="Disk 8 is gone.")
    again = only_letter(store, "job")
    assert (again.status, again.attempts, again.retries) == ("PENDING", 2, 1)
    assert "Disk 8" in again.error
    retry(store, again)
    store.write(job_store.cancel_job, "a")
    cancelled = only_letter(store, "job")
    assert (cancelled.status, cancelled.attempts) == ("PENDING", 3)
    assert "was cancelled" in cancelled.error


def test_a_job_that_is_retried_past_its_letter_resolves_it_all_the_same(store, work):
    work.save()
    work.fail()
    store.write(job_store.retry_job, "a")
    assert retry(store, only_letter(store, "job")).status == "RETRYING", "it is under way already"
    work.complete()
    work.save("b")
    work.fail("b")
    store.write(job_store.retry_job, "b")
    work.complete("b")
    assert [letter.status for letter in letters_of(store, "job")] == ["RESOLVED", "RESOLVED"]


def test_an_edited_letter_makes_one_new_job_that_names_the_first(store, work):
    work.save(idempotency_key="once", params={"branch": "mian"})
    work.fail()
    letter = only_letter(store, "job")
    payload = {**from_json(letter.payload), "params": {"branch": "main"}}
    begun = retry_with(store, letter, payload)
    made = work.get(begun.retry_entity_id)
    assert (made.id != "a", made.replay_of, from_json(made.params)) == (True, "a", {"branch": "main"})
    assert work.get("a").status == "FAILED"
    work.fail(made.id)
    assert only_letter(store, "job").status == "PENDING", "the new job's failure is that of the letter"
    assert retry(store, only_letter(store, "job")).retry_entity_id == made.id, "it is tried again, not made again"
    work.complete(made.id)
    assert only_letter(store, "job").status == "RESOLVED"


def test_what_becomes_of_a_new_job_later_concerns_the_letter_that_made_it(store, work):
    work.save(params={"branch": "mian"})
    work.fail()
    letter = only_letter(store, "job")
    made = retry_with(store, letter, {**from_json(letter.payload), "params": {"branch": "main"}}).retry_entity_id
    work.fail(made)
    store.write(job_store.retry_job, made)
    work.fail(made, message="Disk 8 is gone.")
    again = only_letter(store, "job")
    assert (again.status, again.attempts, "Disk 8" in again.error) == ("PENDING", 3, True)
    store.write(job_store.retry_job, made)
    work.complete(made)
    assert only_letter(store, "job").status == "RESOLVED"


def test_a_new_job_that_was_taken_for_lost_and_completes_resolves_its_letter(store, work, clock):
    work.save(params={"branch": "mian"})
    work.fail()
    letter = only_letter(store, "job")
    made = retry_with(store, letter, {**from_json(letter.payload), "params": {"branch": "main"}}).retry_entity_id
    clock.advance(24 * 3_600_000)
    assert store.write(give_up_lost_retries) == 1
    assert (only_letter(store, "job").status, only_letter(store, "job").code) == ("PENDING", "DEAD_LETTER_RETRY_LOST")
    work.complete(made)
    assert only_letter(store, "job").status == "RESOLVED"


def test_a_letter_outlives_its_job_and_makes_it_anew(store, work, clock):
    work.save(params={"branch": "main"})
    work.fail()
    clock.advance(8 * 86_400_000)
    assert store.write(job_store.delete_expired_jobs).rows == 1
    begun = retry(store, only_letter(store, "job"))
    made = work.get(begun.retry_entity_id)
    assert (made.kind, from_json(made.params), made.status) == ("build", {"branch": "main"}, "PENDING")


@pytest.mark.parametrize(
    "payload",
    ["no object", {"params": {}}, {"kind": "b", "params": []}, {"kind": "b", "x": 1}],
)
def test_a_payload_that_no_job_can_be_made_of_is_refused(store, work, payload):
    work.save()
    work.fail()
    with pytest.raises(BadUserInputError):
        retry_with(store, only_letter(store, "job"), payload)
    assert only_letter(store, "job").edited_at is None


def test_a_job_that_holds_more_than_a_letter_may_fails_all_the_same(data_dir, clock):
    with open_test_store(data_dir, clock=clock, settings={"plugins.dead_letters.payload_bytes": "1000"}) as store:
        work = Work(store)
        work.save(params={"text": "x" * 2_000})
        work.fail()
        letter = only_letter(store, "job")
        assert "params" not in from_json(letter.payload)
        assert retry(store, letter).retry_entity_id == "a"
        work.fail()
        clock.advance(8 * 86_400_000)
        assert store.write(job_store.delete_expired_jobs).rows == 1
        again = retry(store, only_letter(store, "job"))
        assert (again.status, again.code) == ("PENDING", "BAD_USER_INPUT"), "half of the work is not done in its place"
        assert retry_with(store, again, {"kind": "build", "params": {"text": "y"}}).status == "RETRYING"


def test_deleting_a_construct_deletes_the_letters_of_its_jobs(store, work):
    store.write(lambda tx: save_construct(tx, {"type": "task", "title": "A task"}, id="c"))
    work.save(construct_id="c")
    work.fail()
    answer = store.graphql('mutation { deleteConstruct(input: {id: "c"}) { rows } }')
    assert "errors" not in answer
    assert letters_of(store, "job") == []


REACTION = """
from synthetic_jobs.store import JobReaction, JobStatus

SEEN = []

def react(tx, before, job):
    SEEN.append((before.status, job.status))
    if job.error_message == "refuse":
        raise LookupError("refused by a reaction")

@hookimpl
def register_job_reactions():
    return (JobReaction(purpose="Looks on.", statuses=frozenset({JobStatus.FAILED}), react=react),)
"""


def test_a_third_party_reacts_in_the_transaction_and_can_refuse_it(data_dir, tmp_path, monkeypatch):
    site = Site(tmp_path / "site", monkeypatch)
    site.install("looker", introduced_with(requires=("jobs",)) + REACTION, introduced=False)
    write_plugins_toml(data_dir, {"looker": ""}, shipped=True)
    with open_test_store(data_dir) as store:
        import sample_looker.plugin as looker

        work = Work(store)
        work.save()
        with pytest.raises(LookupError):
            work.fail(message="refuse")
        assert (work.get().status, letters_of(store, "job")) == ("RUNNING", [])
        store.write(job_store.fail_job, "a", work.get().lease_token, "It broke.")
        assert looker.SEEN == [("RUNNING", "FAILED"), ("RUNNING", "FAILED")]
        assert only_letter(store, "job").entity_id == "a"
    site.forget()
