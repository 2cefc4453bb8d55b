"""This plugin's enums as the schema shows them, with what each value means."""

from __future__ import annotations

from enum import StrEnum

from synthetic import OperationKind, OperationOutcome, describe_enum

__all__ = ["AuditOrder", "OperationKind", "OperationOutcome"]


class AuditOrder(StrEnum):
    """The orders of `auditLog`: the column, and the direction."""

    OCCURRED_AT_DESC = "occurred_at desc"
    OCCURRED_AT_ASC = "occurred_at asc"
    SEQ_DESC = "seq desc"
    SEQ_ASC = "seq asc"


describe_enum(
    AuditOrder,
    "In which order entries of the audit log are listed.",
    {
        AuditOrder.OCCURRED_AT_DESC: "The last done first.",
        AuditOrder.OCCURRED_AT_ASC: "The first done first.",
        AuditOrder.SEQ_DESC: "The last written first. A filter then looks at every entry.",
        AuditOrder.SEQ_ASC: "As they were written, whatever the clock showed. A filter then looks at every entry.",
    },
)
describe_enum(
    OperationKind,
    "By which door somebody came.",
    {
        OperationKind.MUTATION: "A mutation of GraphQL.",
        OperationKind.COMMAND: "A command of an operator.",
        OperationKind.ACCESS: "A token that was used, or an authorisation that was refused.",
    },
)
describe_enum(
    OperationOutcome,
    "What came of an operation.",
    {
        OperationOutcome.BEGUN: "It takes many transactions, and this was the first. How it ended says the entry with "
        "the same correlation id and name; where there is none, it is under way, or was cut off.",
        OperationOutcome.DONE: "It was done.",
        OperationOutcome.FAILED: "It was not done; of what takes many transactions, some may be committed.",
        OperationOutcome.REFUSED: "It was not allowed.",
    },
)
