"""What this theme gives to the kernel: a table of contents."""

from __future__ import annotations

from synthetic import Command, GraphQL
from synthetic_search.asking import command, query
from synthetic_search.theme import Theme

THEME = Theme(
    graphql=(GraphQL(queries=(query.search,)),),
    commands=(Command("search", command.search),),
)
