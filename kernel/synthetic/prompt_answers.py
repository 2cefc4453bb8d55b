"""`PromptAnswers`: what most requests are, a short query on a connection that stays open, answered without a detour.

An ASGI application is a task, a scope, and a message for each part; the checks
and the access log around it take their own look at each. For a query of a few
microseconds that is most of what it costs. So the server hands over requests
for `/graphql` that are here as a whole, and those that are plain, by a known
caller, and known to be answered in place, are answered at once.

Nothing is decided here that the ordinary way does not decide too
(`synthetic.front`, `synthetic.graphql.http`): whatever is special about a
request, or wrong with it, is left to that way as if it had not been looked at.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache

from synthetic.answer_headers import EveryAnswer, find_correlation_id
from synthetic.clock import new_id
from synthetic.errors import SyntheticError
from synthetic.graphql.answer_bytes import AnswerWriter, code_of
from synthetic.graphql.body import check_size, parse_json
from synthetic.graphql.execute import Engine
from synthetic.graphql.http import TRANSPORT
from synthetic.graphql.http_exchange import OK, PromptHead, content_type_lines
from synthetic.graphql.known_queries import KnownQueries, KnownQuery
from synthetic.graphql.negotiation import check_json_content, wishes_of
from synthetic.graphql.requests import request_of
from synthetic.graphql.sse_requests import TOKEN_HEADER
from synthetic.kernel_settings import LimitSettings
from synthetic.logs import AccessLog, logger_for, request_scope
from synthetic.metrics import Metrics
from synthetic.security.gate import Gate, secret_hash_of

log = logger_for(__name__)

METHOD = "POST"
PATH = "/graphql"

SPECIAL = frozenset({b"content-encoding", b"origin", b"sec-fetch-site", TOKEN_HEADER.encode()})
"""Headers that need more than a look: pages of browsers send some, and the clients of event streams."""


class PromptAnswers:
    """Answers queries at once (`synthetic.graphql.http_exchange.Prompt`)."""

    def __init__(
        self, engine: Engine, gate: Gate, limits: LimitSettings, *, metrics: Metrics, every: EveryAnswer
    ) -> None:
        """Make it.

        Args:
            engine: Runs the queries.
            gate: Knows who asks.
            limits: `body_bytes`, `json_depth` and `answer_bytes`.
            metrics: Counts answers.
            every: The headers that every answer has.
        """
        self._engine = engine
        self._answers = AnswerWriter(engine, limits)
        self._gate = gate
        self._limits = limits
        self._metrics = metrics
        self._access = AccessLog()
        self._every = every
        self._known = KnownQueries()

    def look_at(self, headers: Sequence[tuple[bytes, bytes]], server: str) -> PromptHead | None:
        """See `Prompt`."""
        given = dict(headers)
        content_type = _content_type(given.get(b"accept"), given.get(b"content-type"))
        if (
            content_type is None
            or len(given) != len(headers)
            or not SPECIAL.isdisjoint(given)
            or not self._gate.knows_host(given.get(b"host"), server)
        ):
            return None
        return PromptHead(content_type, secret_hash_of(given.get(b"authorization")), find_correlation_id(given))

    def answer(self, head: PromptHead, body: bytes, client: str) -> tuple[bytes, bytes] | None:
        """See `Prompt`."""
        try:
            return self._answer(head, body, client)
        except Exception:
            # Whatever it is: nobody else would answer the request.
            log.exception("request not answered at once")
            return None

    def _answer(self, head: PromptHead, body: bytes, client: str) -> tuple[bytes, bytes] | None:
        started = time.perf_counter()
        caller = self._gate.find_admitted(head.secret_hash, client)
        if caller is None:
            return None
        with request_scope(head.correlation_id or new_id()) as info:
            info.caller = caller.name
            answered = None
            try:
                known = self._known.find(body)
                if known is None or not self._engine.has_kept(known):
                    known = self._look_at(body)
                asked = time.perf_counter()
                answer = None if known is None else self._engine.run_now(known, caller, info.correlation_id)
                answered = None if answer is None or answer.status != OK else self._answers.json_now(answer)
            except SyntheticError:
                return None
            finally:
                if answered is None:
                    self._gate.forget(caller, client)
            if answer is None or answered is None:
                return None
            ended = time.perf_counter()
            self._metrics.request(TRANSPORT, "query", code_of(answer), (ended - asked) * 1000)
            self._metrics.http_response(OK)
            self._access.request(info, METHOD, OK, PATH, (ended - started) * 1000)
            return head.content_type + self._every.lines(info.correlation_id), answered

    def _look_at(self, body: bytes) -> KnownQuery | None:
        """What can be known of a request that is new; None where the application is to be asked.

        Raises:
            SyntheticError: It is refused.
        """
        request = request_of(parse_json(check_size(body, self._limits.body_bytes), self._limits.json_depth))
        known = self._engine.find_known(request)
        if known is not None:
            self._known.keep(body, known)
        return known


@lru_cache(maxsize=256)
def _content_type(accept: bytes | None, content_type: bytes | None) -> bytes | None:
    """The line of an answer that says what it is; None where the answer may have to be a stream, or a refusal."""
    wishes = wishes_of(None if accept is None else accept.decode("latin-1"))
    if wishes.media_type is None or wishes.takes_stream or content_type is None:
        return None
    try:
        check_json_content(content_type.decode("latin-1"), None)
    except SyntheticError:
        return None
    return content_type_lines(wishes.media_type)
