"""What this theme gives to the kernel: a table of contents."""

from __future__ import annotations

from synthetic import Extension, GraphQL, Reference, RetentionRule, Table, Travel, TravellingId
from synthetic_constructs.types import Construct
from synthetic_projections.documents import mutation, query, types
from synthetic_projections.documents.checks import CHECKS
from synthetic_projections.documents.events import DOCUMENT_DELETED, EVENTS
from synthetic_projections.theme import Theme
from synthetic_projections.workflows.group_types import Project, Story

THEME = Theme(
    tables=(
        Table(
            name="documents",
            purpose="Plans, stories, notes and hand-overs.",
            references=(Reference(column="construct_id", table="constructs"),),
            deleted=DOCUMENT_DELETED,
            kept="What agents and people work by: an operator deletes documents, age does not.",
        ),
        Table(
            name="document_versions",
            purpose="Every version of each document, with its body.",
            key=("document_id", "version"),
            references=(Reference(column="document_id", table="documents"),),
            travel=Travel(ids=(TravellingId(column="construct_id", table="constructs"),)),
        ),
    ),
    events=EVENTS,
    graphql=(
        GraphQL(
            queries=(query.document, query.documents),
            mutations=(mutation.save_document, mutation.delete_document),
            extend=(
                Extension(type=Construct, fields=(types.documents_of("construct_id"), types.plans)),
                Extension(type=Story, fields=(types.documents_of("story_id"),)),
                Extension(type=Project, fields=(types.documents_of("project_id"),)),
            ),
            nodes={types.Document: types.find_document_nodes},
        ),
    ),
    retention=(
        RetentionRule(
            name="document_versions",
            purpose="Deletes versions of documents that others have taken the place of, where that is asked for.",
            table="document_versions",
            age_column="superseded_at",
            keep_setting="keep_document_versions_ms",
            condition="superseded_at IS NOT NULL",
        ),
    ),
    checks=CHECKS,
)
