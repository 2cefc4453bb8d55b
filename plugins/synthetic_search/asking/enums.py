"""This theme's enums as the schema shows them, with what each value means."""

from __future__ import annotations

from enum import StrEnum

from synthetic import describe_enum


class SearchMode(StrEnum):
    """How documents are found."""

    LEXICAL = "LEXICAL"
    SEMANTIC = "SEMANTIC"
    HYBRID = "HYBRID"


class SearchGrouping(StrEnum):
    """What hits are gathered by."""

    CONSTRUCT = "CONSTRUCT"
    SESSION = "SESSION"


describe_enum(
    SearchMode,
    "How documents are found.",
    {
        SearchMode.LEXICAL: "By their words.",
        SearchMode.SEMANTIC: "By their meaning: documents need have no word of the query.",
        SearchMode.HYBRID: "By both; the two lists are merged by reciprocal rank fusion.",
    },
)
describe_enum(
    SearchGrouping,
    "What hits are gathered by: of each group the best hit is listed. What belongs to none stands for itself.",
    {
        SearchGrouping.CONSTRUCT: "The construct that they belong to.",
        SearchGrouping.SESSION: "The session that they belong to.",
    },
)
