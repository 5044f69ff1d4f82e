"""The states of a delivery and what an answer means for it. Pure."""

from typing import Literal

State = Literal["pending", "sending", "delivered", "exhausted", "aborted", "held", "expired"]
STATES: tuple[State, ...] = ("pending", "sending", "delivered", "exhausted", "aborted", "held", "expired")

RESENDABLE: frozenset[State] = frozenset(("pending", "delivered", "exhausted", "aborted", "held", "expired"))
"""All but one that is on its way this moment."""

EndpointState = Literal["active", "paused", "disabled"]
ENDPOINT_STATES: tuple[EndpointState, ...] = ("active", "paused", "disabled")

Outcome = Literal["ok", "later", "refused", "gone", "failed"]


def outcome_of(status: int | None) -> Outcome:
    """What a receiver said: ok (2xx) · later (429, 503) · gone (410) · refused (other 4xx) · failed (rest).

    3xx is a failure: a redirect is never followed. None (no answer) is a failure too.
    """
    if status is None:
        return "failed"
    if 200 <= status < 300:
        return "ok"
    if status in (429, 503):
        return "later"
    if status == 410:
        return "gone"
    return "refused" if 400 <= status < 500 else "failed"


def first_state(endpoint: EndpointState) -> State:
    """A new delivery waits with its endpoint: what cannot be sent now is held, never dropped."""
    return "pending" if endpoint == "active" else "held"


SUPERSEDED = "superseded"
"""The `last_error` of totals that newer ones of their session took the place of. One that is on its way bears it too:
it is not tried again."""

FEED = "feed"
"""The channel on which the fan-out says whose feed has news: agency ids, with commas between; nothing for all."""
