"""The plugin's own tests, as its makers run them: against an installed Synthetic."""

from __future__ import annotations

import fleet_reviews
import pytest

import synthetic
from synthetic.testing import FAST_SETTINGS, expect_data, expect_error

SAVE = """mutation($verdict: String!, $body: String!) {
    saveReview(input: { id: "r1", constructId: "c1", verdict: $verdict, body: $body }) { review { id verdict body } }
}"""
CONSTRUCT = (
    'mutation { saveConstruct(input: { id: "c1", type: "plan", title: "Move the queue" }) { construct { id } } }'
)
GOOD = {"verdict": "APPROVED", "body": "Clear and complete."}


@pytest.fixture
def store(tmp_path):
    (tmp_path / "store").mkdir(mode=0o700)
    (tmp_path / "store" / "plugins.toml").write_text("[plugins.reviews]\n")
    with synthetic.open(tmp_path / "store", settings=FAST_SETTINGS) as store:
        expect_data(store.graphql(CONSTRUCT))
        yield store


def test_a_review_is_found_with_its_construct(store):
    expect_data(store.graphql(SAVE, GOOD))
    found = expect_data(store.graphql('{ construct(id: "c1") { reviews(first: 5) { nodes { id verdict } } } }'))
    assert found["construct"]["reviews"]["nodes"] == [{"id": "r1", "verdict": "APPROVED"}]


@pytest.mark.parametrize("wrong", [{"verdict": "PERHAPS"}, {"body": ""}, {"body": "a\x00b"}, {"body": "x" * 2_001}])
def test_what_is_wrong_is_refused(store, wrong):
    expect_error(store.graphql(SAVE, GOOD | wrong), "BAD_USER_INPUT")


def test_another_review_of_the_same_id_is_refused_with_the_plugins_own_code(store):
    expect_data(store.graphql(SAVE, GOOD))
    expect_error(store.graphql(SAVE, GOOD | {"body": "On second thoughts."}), "REVIEW_CHANGED")


def test_the_package_is_the_installed_one():
    assert "site-packages" in fleet_reviews.__file__
    assert "site-packages" in synthetic.__file__
