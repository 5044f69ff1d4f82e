"""The states of a session and the verbs each allows. Pure."""

from typing import Literal, get_args

State = Literal["draft", "offered", "accepted", "ready", "live", "ended", "reviewed", "cancelled", "no_show"]
STATES: tuple[State, ...] = (
    "draft",
    "offered",
    "accepted",
    "ready",
    "live",
    "ended",
    "reviewed",
    "cancelled",
    "no_show",
)
BEFORE_AIR = frozenset[str]({"draft", "offered", "accepted", "ready"})
"""Everything may still be changed, and the session may be cancelled."""

AIRED = frozenset[str]({"live", "ended", "no_show", "reviewed"})
"""What happened, or did not, can be corrected."""

HOLDING = BEFORE_AIR | {"live", "ended", "reviewed"}
"""Holds its claims: cancelled and no_show have released what was left of them."""

TRANSITIONS: dict[State, frozenset[State]] = {
    "draft": frozenset({"offered", "accepted", "cancelled"}),
    "offered": frozenset({"accepted", "draft", "cancelled"}),
    "accepted": frozenset({"offered", "ready", "live", "no_show", "cancelled"}),
    "ready": frozenset({"offered", "live", "no_show", "cancelled"}),
    "live": frozenset({"ended"}),
    "ended": frozenset({"reviewed"}),
    "reviewed": frozenset(),
    "cancelled": frozenset(),
    "no_show": frozenset({"live", "ended"}),
}
"""Which state may follow which, by any verb but correct, which keeps the state or sets right a wrong tap."""

CORRECTIONS: dict[State, frozenset[State]] = {
    "live": frozenset({"live", "ended", "ready"}),
    "ended": frozenset({"ended", "live", "no_show"}),
    "no_show": frozenset({"no_show", "ended"}),
    "reviewed": frozenset({"reviewed"}),
    # On air while nobody had scheduled it: the hub says that it did take place.
    "draft": frozenset({"ended"}),
    "offered": frozenset({"ended"}),
    "cancelled": frozenset({"ended"}),
}
"""What correct may make of a state: the same one, or the one that a wrong tap hid."""

VERBS: dict[str, frozenset[str]] = {
    "offer": frozenset({"draft"}),
    "confirm": frozenset({"draft"}),
    "accept": frozenset({"offered"}),
    "decline": frozenset({"offered", "accepted", "ready"}),
    "counter": frozenset({"offered", "accepted", "ready"}),
    "decide": BEFORE_AIR,
    "ready": frozenset({"accepted"}),
    "arrive": frozenset({"accepted", "ready", "live"}),
    "start": frozenset({"accepted", "ready", "no_show"}),
    "end": frozenset({"live"}),
    "hand_over": frozenset({"live"}),
    # A hand-over that was tapped at the wrong moment, or not at all.
    "correct_handover": frozenset({"live", "ended", "reviewed"}),
    "cancel": BEFORE_AIR,
    # Of a reviewed one: the review is written anew, and what stood is kept in the history.
    "review": frozenset({"ended", "reviewed"}),
    "correct": frozenset(CORRECTIONS),
    "move": BEFORE_AIR,
    "swap": BEFORE_AIR,
    # While live only room ids, line-up and end (changing.py).
    "change": BEFORE_AIR | {"live"},
}
"""Verb → the states it is allowed in."""

CancelCode = Literal[
    "brand_request",
    "host_unavailable",
    "studio_fault",
    "goods_missing",
    "platform",
    "weather",
    "duplicate",
    "other",
]
CANCEL_CODES: tuple[CancelCode, ...] = get_args(CancelCode)
"""Why a person cancels a session."""

HOLD_LAPSED = "hold_lapsed"
"""Why the clock does."""


def may(verb: str, state: str) -> bool:
    """Whether a session in `state` allows the verb."""
    return state in VERBS[verb]


def verbs_of(state: str) -> frozenset[str]:
    """All verbs that `state` allows: which buttons to show."""
    return frozenset(verb for verb, states in VERBS.items() if state in states)


def follows(before: str, after: str) -> bool:
    """Whether the table allows `after` to follow `before`."""
    return after in TRANSITIONS[before]  # type: ignore[index]
