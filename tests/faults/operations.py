"""What changes a store and takes more than one step, and what starts it: the list that the crash points are held to.

A mutation of `tx` is one transaction by its making; all that can be more is
named here: commands, mutations of `store`, and background work. Whoever adds
one says here what it is, and where it takes several steps gives it crash points
(`synthetic.crash_point`) and a case in `crash_cases.py`.
"""

from __future__ import annotations

READS = "reads"
"""It changes nothing of the store."""

ONE = "one transaction"
"""What it changes, it changes in one transaction, or in several that have nothing to do with each other."""

COMMANDS: dict[str, str] = {
    "serve": "migration, first_migration, first_token",
    "migrate": "migration, first_migration",
    "status": READS,
    "check": "rebuild, orphan",
    "doctor": READS,
    "recover": "recovery, recovery_in_place",
    "schema": READS,
    "storage": READS,
    "plugins": READS,
    "plugins list": READS,
    "plugins show": READS,
    "plugins check": READS,
    "plugins new": ONE,
    "plugins enable": ONE,
    "plugins disable": ONE,
    "plugins purge": "purge",
    "token create": ONE,
    "token list": READS,
    "token revoke": ONE,
    "retention": "retention",
    "backup": "backup, backup_to_file",
    "backup list": READS,
    "backup verify": ONE,
    "restore": "restore",
    "export": "export",
    "import": "import",
    "demo": "demo",
    "jobs list": READS,
    "jobs show": READS,
    "jobs watch": READS,
    "jobs retry": "bulk_change",
    "jobs cancel": "bulk_change",
    "jobs replay": ONE,
    "jobs limit": ONE,
    "jobs schedules list": READS,
    "jobs schedules pause": ONE,
    "jobs schedules resume": ONE,
    "jobs schedules run": ONE,
    "ingest": "ingest",
    "approvals list": READS,
    "approvals show": READS,
    "approvals approve": ONE,
    "approvals reject": ONE,
    "approvals cancel": ONE,
    "approvals delete": "deletion",
    "dead-letters list": READS,
    "dead-letters groups": READS,
    "dead-letters show": READS,
    "dead-letters retry": "bulk_change",
    "dead-letters resolve": ONE,
    "dead-letters discard": ONE,
    "dead-letters redrive": "bulk_change",
    "dead-letters redrives": READS,
    "dead-letters cancel-redrive": ONE,
    "deliveries list": READS,
    "deliveries resend": ONE,
    "deliveries resend-failed": "bulk_change",
    "deliveries targets list": READS,
    "deliveries targets add": ONE,
    "deliveries targets enable": ONE,
    "deliveries targets disable": ONE,
    "deliveries targets test": ONE,
    "deliveries targets rotate-secret": ONE,
    "deliveries targets delete": "bulk_change",
    "artifacts list": READS,
    "artifacts show": READS,
    "artifacts get": ONE,
    "artifacts put": "artifact, artifact_repair",
    "artifacts delete": ONE,
    "artifacts restore": ONE,
    "artifacts adopt-folder": ONE,
    "costs show": READS,
    "costs budgets": READS,
    "costs prices": READS,
    "agents list": READS,
    "agents outliers": READS,
    "audit": READS,
    "search": READS,
}
"""By their words."""

MUTATIONS: dict[str, str] = {
    "runRetention": "retention",
    "deleteConstruct": "deletion",
    "touchSession": ONE,
    "touchSessionContext": ONE,
    "deleteSessionContext": "deletion",
    "touchThreadSession": ONE,
    "deleteThreadSession": "deletion",
    "cancelJobs": "bulk_change",
    "retryJobs": "bulk_change",
    "claimJob": ONE,
    "deleteApproval": "deletion",
    "retryDeadLetter": "bulk_change",
    "redriveDeadLetters": "bulk_change",
    "deleteDeliveryTarget": "bulk_change",
    "resendDeliveries": "bulk_change",
    "createArtifact": "artifact, artifact_repair",
    "deleteWorkflow": "bulk_change",
    "deleteDocument": "deletion",
    "deleteBudget": "deletion",
    "deleteSearch": "deletion",
}
"""Those that are given the store, and so may take several transactions."""

SERVICES: dict[str, str] = {
    "kernel.pass_over": ONE,
    "kernel.tidy_consumers": "rebuild",
    "kernel.sync_monitor": ONE,
    "kernel.archive_log": "archive",
    "kernel.checkpointer": "checkpoint",
    "kernel.free_pages": "free_pages",
    "kernel.storage_watch": ONE,
    "kernel.drift_watch": ONE,
    "kernel.light_checks": ONE,
    "kernel.backup": "backup",
    "kernel.retention": "retention",
    "constructs.index_metadata": ONE,
    "sessions.settle_instants": ONE,
    "transcripts.seal_tails": ONE,
    "jobs.reap": ONE,
    "jobs.schedules": ONE,
    "approvals.watch": ONE,
    "approvals.settle_instants": ONE,
    "dead_letters.retry_due": "bulk_change",
    "dead_letters.redrive": "bulk_change",
    "dead_letters.settle": "bulk_change",
    "deliveries.gather": ONE,
    "deliveries.send": "delivery",
    "deliveries.report": ONE,
    "artifacts.remove_files": "artifact_removal",
    "artifacts.watch_folder": ONE,
    "artifacts.sweep": "artifact_removal",
    "projections.watch_budgets": ONE,
    "search.index": ONE,
    "search.embed": ONE,
    "search.saved_searches": ONE,
}


ELSEWHERE = {"demo": "tests/kernel/demo/test_making.py"}
"""Operations that are broken off in a test of their own."""


def operations_in(said: str) -> frozenset[str]:
    """The operations that an entry names; none for one that says that there is nothing to be killed in the midst of."""
    return frozenset() if said in (READS, ONE) else frozenset(said.split(", "))
