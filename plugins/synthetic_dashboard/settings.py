"""What an operator may change about the dashboard: `[plugins.dashboard]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """`[plugins.dashboard]`: for those who write pages."""

    reread_files: Annotated[
        bool,
        Meta(description="Whether the files are read again whenever the page is opened; for those who write pages."),
    ] = False
