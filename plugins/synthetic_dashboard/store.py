"""What other plugins may use of the dashboard: the records of its hook."""

from __future__ import annotations

from synthetic_dashboard.contributions import Dashboard, EntityLink, Page, Panel

__all__ = ["Dashboard", "EntityLink", "Page", "Panel"]
