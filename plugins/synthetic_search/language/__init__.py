"""The query language: from what people type to expressions and filters. Pure, and it refuses nothing."""
