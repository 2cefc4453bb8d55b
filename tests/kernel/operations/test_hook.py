"""`record_operation`: each who implements it is called, what it raises refuses the change, and none costs nothing."""

from __future__ import annotations

import pytest

from synthetic.operations.recorder import Recording
from synthetic.testing import expect_data, expect_error, open_test_store
from thirdparty.distributions import load, names, refused, write_plugins_toml
from thirdparty.ledger import Ledger, entries_of, install_ledger

WITNESS = """
SEEN = []

@hookimpl
def record_operation(tx, operation):
    SEEN.append((operation.name, tx.value("SELECT count(*) FROM ledger")))
"""


def test_several_plugins_are_told_in_load_order(site, tmp_path):
    site.install("witness", WITNESS)
    install_ledger(site, tmp_path / "store", "witness")
    with open_test_store(tmp_path / "store") as store:
        expect_data(Ledger(store).run("saveNote", id="n1"))
        assert len(entries_of(store)) == 1
    import sample_witness.plugin as witness

    # It comes second, so the first one's row was there already, in the same transaction.
    assert witness.SEEN == [("saveNote", 1)]


def test_a_module_for_another_plugin_may_record_too_and_goes_with_that_plugin(site, tmp_path):
    with_module = (
        'from synthetic import hookimpl\n\n@hookimpl\ndef record_operation(tx, operation):\n    """Nothing."""\n'
    )
    site.install(
        "friend",
        "@hookimpl\ndef register_plugin():\n"
        "    return Plugin(summary='A sample.', with_={'other': 'sample_friend.with_other'})\n",
        modules={"with_other.py": with_module},
        introduced=False,
    )
    site.install("other", "")
    both = load(tmp_path, friend="", other="")
    assert [stamped.plugin for stamped in both.operation_recorders] == ["friend"]
    alone = load(tmp_path, friend="")
    assert names(alone) == ["friend"]
    assert alone.operation_recorders == ()


def test_a_hook_that_raises_refuses_the_change_and_is_named_in_the_log(ledger, caplog):
    ledger.refuse("saveNote")
    error = expect_error(ledger.run("saveNote", id="n1"), "INTERNAL")
    assert "hunter2" not in str(error)
    assert "record_operation of the plugin ledger" in caplog.text
    assert ledger.notes() == []
    # That it was refused cannot be recorded either, by the same plugin.
    assert ledger.entries() == []
    assert ledger.unrecorded() == 1


def test_a_hook_that_raises_at_the_end_of_many_transactions_takes_nothing_back(ledger, caplog):
    ledger.refuse("saveNotes DONE")
    expect_data(ledger.run("saveNotes", tags=["x"]))
    assert ledger.notes() == ["made0"]
    assert ledger.unrecorded() == 1
    assert "operation not recorded" in caplog.text


def test_without_anybody_to_tell_nothing_is_gathered(site, tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("something was gathered")

    install_ledger(site, tmp_path / "store")
    with open_test_store(tmp_path / "store") as store:
        assert store.kernel.database.recorder.is_wanted
    write_plugins_toml(tmp_path / "store", {})
    monkeypatch.setattr(Recording, "done_in", refuse)
    monkeypatch.setattr(Recording, "done", refuse)
    monkeypatch.setattr(Recording, "failed", refuse)
    with open_test_store(tmp_path / "store") as store:
        assert not store.kernel.database.recorder.is_wanted
        answer = store.graphql('mutation { forgetSyncModule(input: {module: "unknown"}) { module } }')
        expect_error(answer, "NOT_FOUND")
        store.operation("nothing").write(lambda tx: None)
        with store.operation("nothing"):
            pass


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("@hookimpl\ndef record_operation(operation, tx):\n    pass\n", "takes operation, tx"),
        ("@hookimpl\ndef record_operation():\n    pass\n", "takes nothing"),
        ("@hookimpl\nasync def record_operation(tx, operation):\n    pass\n", "is async"),
        ("@hookimpl\ndef record_operation(tx, operation):\n    yield\n", "is a generator"),
        ("def record_operation(tx, operation):\n    pass\n", "is not marked with @hookimpl"),
        ("@hookimpl\ndef record_operations(tx, operation):\n    pass\n", "Did you mean `record_operation`?"),
    ],
)
def test_a_hook_that_could_not_be_called_stops_the_start(site, tmp_path, code, problem):
    name = "wrong"
    site.install(name, code)
    error = refused(tmp_path, **{name: ""})
    assert error.code == "PLUGIN_FAILED"
    assert problem in error.message
    assert f"The plugin {name}" in error.message
