"""This theme's enums as the schema shows them, with what each value means."""

from __future__ import annotations

from enum import StrEnum

from synthetic import describe_enum


class DocumentOrder(StrEnum):
    """The orders that documents are listed in, as columns and directions."""

    UPDATED_AT_DESC = "updated_at desc"
    UPDATED_AT_ASC = "updated_at asc"
    CREATED_AT_DESC = "created_at desc"
    CREATED_AT_ASC = "created_at asc"
    TITLE_ASC = "title asc"
    TITLE_DESC = "title desc"


describe_enum(
    DocumentOrder,
    "The orders that documents are listed in; equal ones are ordered by id.",
    {
        DocumentOrder.UPDATED_AT_DESC: "The last changed first.",
        DocumentOrder.UPDATED_AT_ASC: "The longest unchanged first.",
        DocumentOrder.CREATED_AT_DESC: "The newest first.",
        DocumentOrder.CREATED_AT_ASC: "The oldest first.",
        DocumentOrder.TITLE_ASC: "By title, A to Z whatever the case.",
        DocumentOrder.TITLE_DESC: "By title, Z to A whatever the case.",
    },
)
