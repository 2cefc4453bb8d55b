"""Limits that are counted on the text of a GraphQL document, before it is parsed.

graphql-core takes about ten microseconds for a token, so a document must be
known to be short before the parser sees it. One regular expression splits the
text into tokens in one pass, without backtracking (its quantifiers are
possessive), and stops at the limit. Whether the text is well formed is not
asked here: that is the parser's to say. What depends on the meaning of the
document (depth, cost) is `synthetic.graphql.limits`.
"""

from __future__ import annotations

import re
from itertools import islice

from synthetic.errors import QueryTooComplexError
from synthetic.kernel_settings import LimitSettings

TOKEN = re.compile(
    r'"""(?:[^"\\]++|\\"""|\\|"(?!""))*+(?:"""|\Z)'  # block string, closed or not
    r'|"(?:[^"\\\n\r]++|\\.)*+"?'  # string, closed or not
    r"|\#[^\n\r]*+"  # comment
    r"|[_A-Za-z][_0-9A-Za-z]*+"  # name
    r"|-?[0-9][0-9A-Za-z_.+-]*+"  # number
    r"|\.\.\.|[!$&()*:=@\[\]{|}]"  # punctuator
)
"""Lexical tokens and comments. What matches nothing is white space, or an error that the parser reports."""


def too_complex(setting: str, allowed: int, problem: str) -> QueryTooComplexError:
    """The refusal of a document that exceeds a limit.

    Args:
        setting: Name of the setting in `[kernel.limits]`.
        allowed: Its value.
        problem: What the document does, as a sentence without its end.
    """
    return QueryTooComplexError(
        f"{problem}; this server allows {allowed:,}.",
        details={"limit": f"kernel.limits.{setting}", "allowed": allowed},
    )


def check_text(query: str, limits: LimitSettings) -> int:
    """Refuse a document that is too long, or has too many tokens, directives or aliases.

    Takes time linear in the text, and stops at the first limit that is hit.

    Args:
        query: The document as it came.
        limits: `document_bytes`, `tokens`, `directives` and `aliases`. Comments
            count as tokens. Aliases are counted for each definition; those
            that come in through fragments are `synthetic.graphql.limits`'s.

    Returns:
        How many tokens the document has.

    Raises:
        QueryTooComplexError: One of them is exceeded.
    """
    if len(query) > limits.document_bytes or (
        not query.isascii() and len(query.encode("utf-8", "surrogatepass")) > limits.document_bytes
    ):
        raise too_complex("document_bytes", limits.document_bytes, "The document is too long in bytes")
    tokens = [match.group() for match in islice(TOKEN.finditer(query), limits.tokens + 1)]
    if len(tokens) > limits.tokens:
        raise too_complex("tokens", limits.tokens, "The document has too many tokens")
    if tokens.count("@") > limits.directives:
        raise too_complex("directives", limits.directives, "The document has too many directives")
    if tokens.count(":") > limits.aliases:
        _check_aliases(tokens, limits.aliases)
    return len(tokens)


def _check_aliases(tokens: list[str], allowed: int) -> None:
    """Count the colons outside of parentheses, which only an alias has, in each definition."""
    parentheses = braces = aliases = 0
    for token in tokens:
        if token == "(":  # noqa: S105 - a lexical token, not a secret
            parentheses += 1
        elif token == ")":  # noqa: S105
            parentheses -= 1
        elif parentheses > 0:
            continue
        elif token == ":":  # noqa: S105
            aliases += 1
            if aliases > allowed:
                raise too_complex("aliases", allowed, "The document has too many aliases")
        elif token == "{":  # noqa: S105
            braces += 1
        elif token == "}":  # noqa: S105
            braces -= 1
            if braces <= 0:
                aliases = 0
