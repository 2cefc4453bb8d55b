"""Jobs as documents: found by what they do, what they were given, and what came of it."""

from __future__ import annotations

from synthetic import hookimpl
from synthetic_jobs.model import Job
from synthetic_search.store import SearchDocument, SearchDocuments, table_documents


def document_of(job: Job) -> SearchDocument:
    """What is found of a job."""
    objects = (text for text in (job.params, job.metadata) if text != "{}")
    facets = {"type": job.kind, "project": job.project_id}
    return SearchDocument(
        id=job.id,
        title=f"{job.kind}: {job.command or job.key}" if job.command or job.key else job.kind,
        body="\n".join(filter(None, (job.error_message, job.key, job.phase, *objects, job.result))),
        occurred_at=job.completed_at or job.started_at or job.created_at,
        construct_id=job.construct_id,
        status=job.status,
        facets={name: value for name, value in facets.items() if value is not None},
    )


@hookimpl
def register_search_documents() -> tuple[SearchDocuments, ...]:
    """Each job is a document."""
    return (
        table_documents(
            "JOB",
            "job",
            "Jobs, by their commands, parameters, results and errors.",
            table="sync_jobs",
            record=Job,
            document=document_of,
            type_name="Job",
        ),
    )
