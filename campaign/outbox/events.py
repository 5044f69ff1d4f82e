"""The catalogue of facts that leave the house. A fact's name is past tense and never changes its meaning."""

TYPES = (
    "session.offered",
    "session.accepted",
    "session.declined",
    "session.countered",
    "session.counter_refused",
    "session.offer_expired",
    "session.moved",
    "session.people_changed",
    "session.updated",
    "session.corrected",
    "session.cancelled",
    "session.ready",
    "session.started",
    "session.overrunning",
    "session.ended",
    "session.no_show",
    "schedule.released",
    "sales.updated",
    "sales.final",
    "endpoint.test",
)
"""In the order of a session's life, which is how people are asked about them."""
