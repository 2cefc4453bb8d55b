"""`[plugins.projections]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

BYTES_A_CHARACTER_MAX = 4
"""Of UTF-8."""


@dataclass(frozen=True, slots=True)
class ProjectionSettings:
    """`[plugins.projections]`: prices, budgets, outliers and checks of the folds."""

    metadata_bytes: Annotated[
        int, Meta(ge=2, description="Most bytes of the metadata of a transition or a document, as JSON.")
    ] = 65_536
    metadata_depth: Annotated[int, Meta(ge=1, le=200, description="Most levels of nesting in such metadata.")] = 16
    reason_characters: Annotated[
        int,
        Meta(ge=1, description="Most characters of the reason of a transition, or of the description of a machine."),
    ] = 2_000
    keep_transitions_ms: Annotated[
        int,
        Meta(
            ge=0,
            description="How long a transition of a workflow is kept after another one has taken its place; 0: for "
            "ever. The last one of each workflow always stays, and so does what was computed from those that go.",
        ),
    ] = 0
    document_title_characters: Annotated[int, Meta(ge=1, description="Most characters of a document's title.")] = 500
    document_body_characters: Annotated[int, Meta(ge=0, description="Most characters of a document's body.")] = (
        1_000_000
    )
    document_answer_bytes: Annotated[
        int,
        Meta(
            ge=1,
            description="Most bytes of bodies of documents that one answer reads; at least four times "
            "`document_body_characters`.",
        ),
    ] = 67_108_864
    keep_document_versions_ms: Annotated[
        int,
        Meta(
            ge=0,
            description="How long a version of a document is kept after another one has taken its place; 0: for ever. "
            "The newest version always stays.",
        ),
    ] = 0
    agent_window_ms: Annotated[
        int,
        Meta(
            ge=900_000,
            le=315_360_000_000,
            description="How far `agentMetrics` looks back where it is not asked; default: 30 days, most: ten years.",
        ),
    ] = 2_592_000_000
    outlier_window: Annotated[
        int, Meta(ge=10, le=500, description="With how many of the latest runs of its kind a run is compared, at most.")
    ] = 100
    outlier_least: Annotated[
        int, Meta(ge=3, le=500, description="A run is not judged before so many others of its kind have ended.")
    ] = 20
    outlier_score: Annotated[
        float,
        Meta(gt=0, description="Runs whose modified z-score is beyond this, either way, are outliers."),
    ] = 3.5
    prices: Annotated[
        str,
        Meta(
            description="File of prices, TOML or JSON: absolute, or beside the store; read at the start. Empty: the "
            "sample that comes with the plugin, whose figures are examples."
        ),
    ] = ""
    budgets: Annotated[int, Meta(ge=1, le=1_000, description="Most budgets of a store.")] = 200

    def __post_init__(self) -> None:
        """Check what must hold between them.

        Raises:
            ValueError: It does not.
        """
        if self.outlier_least > self.outlier_window:
            raise ValueError("outlier_least must not be more than outlier_window")
        if self.document_answer_bytes < BYTES_A_CHARACTER_MAX * self.document_body_characters:
            raise ValueError("document_answer_bytes must be at least four times document_body_characters")
