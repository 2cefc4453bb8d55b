"""`Route`: what a plugin hands to the kernel with `register_routes`. How it is served is `synthetic.plugin_routes`."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synthetic.contributions import require, require_name, require_sentence
from synthetic.security.callers import Scope

if TYPE_CHECKING:
    from synthetic.route_requests import RouteRequest

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
LITERAL = re.compile(r"[a-z0-9][a-z0-9._-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A path over HTTP that a plugin answers to (`register_routes`), for what GraphQL is not made for: bytes.

    Attributes:
        path: Segments, each a word or a parameter in braces: `/notes/{id}/text`. The first is a word, and below it
            all belongs to the plugin. A parameter is one segment, not empty and percent-decoded, so that it may hold
            a slash that was sent as `%2F`.
        purpose: One sentence: what is there.
        methods: The methods that it answers to, and the scope that the caller's token must have for each; None: it
            needs no token, as a page that a browser opens and that asks for one, and holds nothing of the store. HEAD
            is a method of its own.
        serve: An async function that answers a request, or raises an error of the contract before it has begun to.
        is_page: Whether it is a page for a person to open in a browser: `synthetic serve` shows its address, with a
            new token behind `#token=`, and `/` leads to the first one.
    """

    path: str
    purpose: str
    methods: Mapping[str, Scope | None]
    serve: Callable[[RouteRequest], Awaitable[None]]
    is_page: bool = False

    def __post_init__(self) -> None:
        require_sentence(self.purpose, f"purpose of the route {self.path}")
        require(self.path.startswith("/"), f"the path {self.path!r} must begin with a slash")
        first, *others = self.segments
        require(LITERAL.fullmatch(first), f"the path {self.path!r} must begin with a word: {LITERAL.pattern}")
        for segment in others:
            name = parameter_of(segment)
            if name is None:
                require(LITERAL.fullmatch(segment), f"{segment!r} in {self.path} must be a word or a {{parameter}}")
            else:
                require_name(name, f"parameter of {self.path}")
        names = [name for segment in others if (name := parameter_of(segment)) is not None]
        require(len(set(names)) == len(names), f"the path {self.path} names a parameter twice")
        require(self.methods, f"the route {self.path} must answer to a method")
        for method in self.methods:
            require(method in METHODS, f"the method {method!r} of {self.path} must be one of {', '.join(METHODS)}")
        opens = not names and self.methods.get("GET", Scope.READ) is None
        require(opens or not self.is_page, f"the page {self.path} must answer GET without a token or a parameter")

    @property
    def segments(self) -> tuple[str, ...]:
        """The parts of the path between its slashes."""
        return tuple(self.path[1:].split("/"))

    @property
    def shape(self) -> str:
        """The path without the names of its parameters: two routes of one shape would answer to the same paths."""
        return "/" + "/".join("{}" if parameter_of(segment) is not None else segment for segment in self.segments)


def parameter_of(segment: str) -> str | None:
    """The name of the parameter that a segment of a route's path is; None for a word."""
    return segment[1:-1] if segment.startswith("{") and segment.endswith("}") else None
