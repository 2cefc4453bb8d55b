"""The kernel of Synthetic: all that a plugin, or a program that embeds a store, may import.

What is not named here is the kernel's own affair and may change.
"""

from typing import TYPE_CHECKING

from synthetic.check_contributions import Check, Finding, Readings, Repair
from synthetic.checks.repairs import rebuilding
from synthetic.clock import Clock, RunningTime, SystemClock
from synthetic.command_contributions import Command
from synthetic.consumer_contributions import Consumer, Entity, Fold, FoldInputs, Mirror, Scanned, Waiting
from synthetic.contributions import (
    ErrorCode,
    EventType,
    Extension,
    GraphQL,
    MigrationFolder,
    Plugin,
    Reference,
    Service,
    Settings,
    Table,
)
from synthetic.database.coalescing import CoalescedWrite, CoalescingStore
from synthetic.database.deletion import TablePlan
from synthetic.database.ownership import BlockingStore, DeletionPlan, delete_owned, plan_deletion
from synthetic.database.preparation import ConnectionRole, MatchedRow, PreparedConnection
from synthetic.database.snapshot import Row, Snapshot, Value
from synthetic.database.surroundings import SettingsLookup, Surroundings
from synthetic.database.tokens import TextTokenizer, Token
from synthetic.database.transaction import Transaction
from synthetic.demo_contributions import DemoPart
from synthetic.deprecation import Deprecation, deprecated, deprecated_names
from synthetic.durable_files import reach_the_disk, translate_system_error
from synthetic.errors import (
    BadUserInputError,
    ConflictError,
    ExitCode,
    ForbiddenError,
    NotFoundError,
    StorageFullError,
    SyntheticError,
    iso_from_ms,
)
from synthetic.faults import crash_point
from synthetic.graphql.connections import (
    After,
    Before,
    Connection,
    Edge,
    First,
    Last,
    PageInfo,
)
from synthetic.graphql.cursors import Order, Window, encode_cursor, read_window
from synthetic.graphql.enums import describe_enum
from synthetic.graphql.executor import EVERYTHING, Asked, Layout, LeafFields, Rows, values_of
from synthetic.graphql.fields import batched, mutation, query, subscription
from synthetic.graphql.json_columns import JsonColumn
from synthetic.graphql.lookups import find_row, find_rows, first_of_each, list_rows
from synthetic.graphql.node import Node
from synthetic.graphql.page_layouts import PageLayout, layout_of_pages
from synthetic.graphql.pages import page, pages
from synthetic.graphql.preparing import PreparingReads
from synthetic.graphql.row_types import Column, FromRecord
from synthetic.graphql.scalars import JSON, AfterPosition, DateTime, Long, RawJSON, ms_from_iso
from synthetic.graphql.selections import EACH, Selection
from synthetic.graphql.written_pages import PageWriter, page_of
from synthetic.hookspecs import hookimpl, hookspec
from synthetic.json_text import from_json, to_json
from synthetic.kernel_settings import LimitSettings
from synthetic.log.consumers.fold_state import FoldState
from synthetic.log.consumers.refused import retry_refusal
from synthetic.log.consumers.store import find_making
from synthetic.log.event_fields import Event as EventNode
from synthetic.log.event_types import SYNC_STATUS_CHANGED
from synthetic.log.events import Event, EventFilter, EventPage, find_events, read_events
from synthetic.log.live import Live
from synthetic.log.positions import Position, log_horizon
from synthetic.log.sync.model import RecoveryAction, SyncOutcome
from synthetic.log.sync.report import ReportedError
from synthetic.log.sync.reporting import SyncReport, report_sync
from synthetic.logs import logger_for
from synthetic.metric_contributions import MetricReading
from synthetic.operations.model import Operation, OperationKind, OperationOutcome
from synthetic.origin import Origin
from synthetic.refusal_contributions import Refusal, RefusalReaction, Settlement
from synthetic.retention.batches import RetentionBatch, run_retention_batch
from synthetic.retention.clock_check import is_clock_believed, running_time
from synthetic.retention_contributions import RetentionRule
from synthetic.retry import Backoff
from synthetic.route_contributions import Route
from synthetic.route_requests import RouteRequest
from synthetic.saving import changed_fields, find_changes
from synthetic.security.callers import Caller
from synthetic.security.gate import Scope
from synthetic.selector_contributions import RowKey, Selector
from synthetic.steady_files import steady_file
from synthetic.storage.asking import check_room
from synthetic.store import Store
from synthetic.store import open_store as open  # noqa: A004 - read as `synthetic.open`
from synthetic.store_folder import StoreFolder
from synthetic.travel_contributions import Travel, TravellingFile, TravellingId
from synthetic.validation import bad_input, check_id, check_json, check_json_object, check_text

if not TYPE_CHECKING:  # a checker that sees it takes any name for one that is there
    __getattr__ = deprecated_names(__name__, {})

__all__ = [
    "EACH",
    "EVERYTHING",
    "JSON",
    "SYNC_STATUS_CHANGED",
    "After",
    "AfterPosition",
    "Asked",
    "Backoff",
    "BadUserInputError",
    "Before",
    "BlockingStore",
    "Caller",
    "Check",
    "Clock",
    "CoalescedWrite",
    "CoalescingStore",
    "Column",
    "Command",
    "ConflictError",
    "Connection",
    "ConnectionRole",
    "Consumer",
    "DateTime",
    "DeletionPlan",
    "DemoPart",
    "Deprecation",
    "Edge",
    "Entity",
    "ErrorCode",
    "Event",
    "EventFilter",
    "EventNode",
    "EventPage",
    "EventType",
    "ExitCode",
    "Extension",
    "Finding",
    "First",
    "Fold",
    "FoldInputs",
    "FoldState",
    "ForbiddenError",
    "FromRecord",
    "GraphQL",
    "JsonColumn",
    "Last",
    "Layout",
    "LeafFields",
    "LimitSettings",
    "Live",
    "Long",
    "MatchedRow",
    "MetricReading",
    "MigrationFolder",
    "Mirror",
    "Node",
    "NotFoundError",
    "Operation",
    "OperationKind",
    "OperationOutcome",
    "Order",
    "Origin",
    "PageInfo",
    "PageLayout",
    "PageWriter",
    "Plugin",
    "Position",
    "PreparedConnection",
    "PreparingReads",
    "RawJSON",
    "Readings",
    "RecoveryAction",
    "Reference",
    "Refusal",
    "RefusalReaction",
    "Repair",
    "ReportedError",
    "RetentionBatch",
    "RetentionRule",
    "Route",
    "RouteRequest",
    "Row",
    "RowKey",
    "Rows",
    "RunningTime",
    "Scanned",
    "Scope",
    "Selection",
    "Selector",
    "Service",
    "Settings",
    "SettingsLookup",
    "Settlement",
    "Snapshot",
    "StorageFullError",
    "Store",
    "StoreFolder",
    "Surroundings",
    "SyncOutcome",
    "SyncReport",
    "SyntheticError",
    "SystemClock",
    "Table",
    "TablePlan",
    "TextTokenizer",
    "Token",
    "Transaction",
    "Travel",
    "TravellingFile",
    "TravellingId",
    "Value",
    "Waiting",
    "Window",
    "bad_input",
    "batched",
    "changed_fields",
    "check_id",
    "check_json",
    "check_json_object",
    "check_room",
    "check_text",
    "crash_point",
    "delete_owned",
    "deprecated",
    "deprecated_names",
    "describe_enum",
    "encode_cursor",
    "find_changes",
    "find_events",
    "find_making",
    "find_row",
    "find_rows",
    "first_of_each",
    "from_json",
    "hookimpl",
    "hookspec",
    "is_clock_believed",
    "iso_from_ms",
    "layout_of_pages",
    "list_rows",
    "log_horizon",
    "logger_for",
    "ms_from_iso",
    "mutation",
    "open",
    "page",
    "page_of",
    "pages",
    "plan_deletion",
    "query",
    "reach_the_disk",
    "read_events",
    "read_window",
    "rebuilding",
    "report_sync",
    "retry_refusal",
    "run_retention_batch",
    "running_time",
    "steady_file",
    "subscription",
    "to_json",
    "translate_system_error",
    "values_of",
]
