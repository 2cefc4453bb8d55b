"""A store inside another program: opened, read, written, asked by GraphQL, closed."""

from __future__ import annotations

import pytest

import synthetic
from synthetic.errors import MigrationPendingError, NoStoreError
from synthetic.testing import FAST_SETTINGS, expect_data, expect_error, open_test_store


def test_a_program_opens_a_store_and_finds_what_it_wrote(tmp_path):
    with synthetic.open(tmp_path / "store", settings=FAST_SETTINGS) as store:
        answer = store.graphql(
            'mutation($title: String!) { saveConstruct(input: {id: "c", type: "task", title: $title})'
            " { construct { title createdAt metadata } } }",
            {"title": "From a program"},
        )
        construct = expect_data(answer)["saveConstruct"]["construct"]
        assert construct["title"] == "From a program"
        assert construct["metadata"] == {}
    with synthetic.open(tmp_path / "store", settings=FAST_SETTINGS, migrate=False) as store:
        assert store.read(lambda snapshot: snapshot.value("SELECT title FROM constructs")) == "From a program"
        assert store.write(lambda tx: tx.execute("UPDATE constructs SET title = 'Changed'")) == 1


def test_nothing_of_sqlites_log_is_left_after_a_clean_close(tmp_path):
    with synthetic.open(tmp_path / "store", settings=FAST_SETTINGS) as store:
        store.graphql('mutation { saveConstruct(input: {type: "task", title: "x"}) { construct { id } } }')
        store.graphql("{ constructs { totalCount } }")
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == ["open.lock", "start.lock", "synthetic.db"]


def test_a_store_is_not_made_or_migrated_without_being_asked(tmp_path):
    with pytest.raises(NoStoreError):
        synthetic.open(tmp_path / "none", settings=FAST_SETTINGS, migrate=False)
    assert not (tmp_path / "none").exists()
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "synthetic.db").touch()
    with pytest.raises(MigrationPendingError):
        synthetic.open(tmp_path / "empty", settings=FAST_SETTINGS, migrate=False)


def test_the_store_says_who_it_is(store):
    data = expect_data(
        store.graphql(
            "{ health { version sqliteVersion startedAt now } plugins { loaded { name tables } leftOut { name } }"
            ' one: plugins(name: "sessions") { loaded { name requires } } }'
        )
    )
    assert data["health"]["startedAt"] <= data["health"]["now"]
    assert [plugin["name"] for plugin in data["plugins"]["loaded"]] == [
        "constructs",
        "sessions",
        "transcripts",
        "jobs",
        "ingest",
        "approvals",
        "dead_letters",
        "deliveries",
        "artifacts",
        "projections",
        "audit",
        "search",
        "dashboard",
    ]
    assert data["one"]["loaded"] == [{"name": "sessions", "requires": ["constructs"]}]


def test_stores_with_the_same_plugins_share_one_schema(store, tmp_path):
    """To build it takes three times as long as all else of an opening."""
    with open_test_store(tmp_path / "other") as other:
        assert other.kernel.schema is store.kernel.schema


def test_stores_of_tests_share_their_plugins_where_settings_environment_and_file_are_the_same(tmp_path, monkeypatch):
    def registry_of(name: str, **settings: str):
        with open_test_store(
            tmp_path / name, settings={f"kernel.limits.{key}": text for key, text in settings.items()}
        ) as store:
            return store.kernel.registry

    first = registry_of("first")
    assert registry_of("second") is first
    assert registry_of("third", page_size="70").kernel_settings.limits.page_size == 70
    (tmp_path / "fourth").mkdir(mode=0o700)
    (tmp_path / "fourth" / "plugins.toml").write_text("[plugins.audit]\nenabled = false\n")
    assert registry_of("fourth").disabled == ("audit",)
    monkeypatch.setenv("SYNTHETIC_LIMITS_PAGE_SIZE", "90")
    assert registry_of("fifth").kernel_settings.limits.page_size == 90
    monkeypatch.undo()
    assert registry_of("sixth") is first
    monkeypatch.syspath_prepend(tmp_path)
    assert registry_of("seventh") is not first


def test_an_error_of_an_embedded_operation_has_the_contract(store):
    expect_error(store.graphql("{ nothing }"), "GRAPHQL_VALIDATION_FAILED")
    expect_error(
        store.graphql('{ construct(id: "none") { id } constructs(first: -1) { totalCount } }'), "BAD_USER_INPUT"
    )
