"""What this plugin raises, and what it says of an attempt that failed."""

from __future__ import annotations

from synthetic import ConflictError, SyntheticError


class DeliveryError(SyntheticError):
    """The delivery did not arrive."""

    code = "DELIVERY_FAILED"
    recoverable = True
    action = "Look at the receiver; the delivery is tried again."
    http_status = 502


class AddressRefusedError(DeliveryError):
    """The host of the target has no address that may be posted to."""

    code = "DELIVERY_ADDRESS_REFUSED"
    action = "Correct the target's URL, or let it allow private addresses if the receiver stands in your own network."


class TimedOutError(DeliveryError):
    """The receiver did not answer in time."""

    code = "DELIVERY_TIMED_OUT"
    action = "Let the receiver answer first and work afterwards, or raise `plugins.deliveries.timeout_ms`."


class UnreachableError(DeliveryError):
    """No connection to the receiver could be made, or it broke."""

    code = "DELIVERY_UNREACHABLE"
    action = "Make sure that the receiver runs, and that its name and its certificate are right."


class AnswerBrokenError(DeliveryError):
    """What the receiver answered is not HTTP."""

    code = "DELIVERY_ANSWER_BROKEN"
    action = "Look at what listens at the target's URL."


class NotAcceptedError(DeliveryError):
    """The receiver answered with another status than 2xx."""

    code = "DELIVERY_NOT_ACCEPTED"
    action = "Look at the receiver's log; redirects are not followed, so give the target the URL that they lead to."


class TargetFailingError(SyntheticError):
    """Some targets of deliveries do not take what is sent to them."""

    code = "DELIVERY_TARGET_FAILING"
    recoverable = True
    action = "Look at `lastError` of the targets, mend the receivers or correct the targets, and ask for RETRY."
    http_status = 502


class StillPendingError(ConflictError):
    """The delivery has not ended."""

    code = "DELIVERY_PENDING"
    action = "Wait until it has arrived or failed; it is tried again by itself."
