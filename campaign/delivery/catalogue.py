"""The catalogue of events as receivers are given it."""

from campaign.delivery.schemas import EventTypeOut
from campaign.outbox.events import CATALOGUE, VERSION


def event_types() -> list[EventTypeOut]:
    """Every type that is sent, in the order of a session's life."""
    return [
        EventTypeOut(type=name, version=VERSION, data_schema=fact.schema(), example=dict(fact.example))
        for name, fact in CATALOGUE.items()
    ]
