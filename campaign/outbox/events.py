"""The catalogue of facts that leave the house. A fact's name is past tense and never changes its meaning."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campaign.outbox import examples
from campaign.outbox.examples import of_session
from campaign.outbox.payloads import (
    Cancelled,
    Corrected,
    Countered,
    Data,
    Evidenced,
    Released,
    SalesFinal,
    SalesUpdated,
    SessionFact,
    Tested,
)

VERSION = 1
"""Of every body. A receiver that knows this one reads all that is added to it later."""


@dataclass(frozen=True)
class Fact:
    """The shape of a type's `data`, and an example of it."""

    shape: type[Data]
    example: Mapping[str, Any]

    def schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) of `data`; open to fields that come later."""
        found: dict[str, Any] = _opened(self.shape.model_json_schema(mode="validation"))
        return found


CATALOGUE: Mapping[str, Fact] = {
    "session.offered": Fact(SessionFact, of_session(1)),
    "session.accepted": Fact(SessionFact, of_session(2, "accepted")),
    "session.declined": Fact(SessionFact, of_session(2, "draft")),
    "session.countered": Fact(Countered, examples.countered()),
    "session.counter_refused": Fact(Countered, examples.countered()),
    "session.offer_expired": Fact(SessionFact, of_session(2, "draft")),
    "session.moved": Fact(SessionFact, of_session(3)),
    "session.people_changed": Fact(SessionFact, of_session(3)),
    "session.updated": Fact(SessionFact, of_session(3, "accepted")),
    "session.corrected": Fact(
        Corrected, of_session(8, "ended", fields=["actual_ends_at"], reason="下播按晚了")
    ),
    "session.cancelled": Fact(Cancelled, examples.cancelled()),
    "session.ready": Fact(SessionFact, of_session(5, "ready")),
    "session.started": Fact(Evidenced, of_session(6, "live", evidence="tap")),
    "session.overrunning": Fact(SessionFact, of_session(7, "live")),
    "session.ended": Fact(Evidenced, of_session(8, "ended", evidence="platform")),
    "session.no_show": Fact(SessionFact, of_session(6, "no_show")),
    "schedule.released": Fact(Released, examples.released()),
    "sales.updated": Fact(SalesUpdated, examples.sold(maturing=True)),
    "sales.final": Fact(SalesFinal, examples.sold(maturing=False) | {"revision": 1}),
    "endpoint.test": Fact(Tested, {"endpoint_id": "whe_0cna3k7v500dz"}),
}
"""In the order of a session's life, which is how people are asked about them."""

TYPES = tuple(CATALOGUE)


def _opened(schema: Any) -> Any:
    """Without additionalProperties: our tests hold us to the shapes, a receiver takes what is added later."""
    if isinstance(schema, dict):
        return {name: _opened(part) for name, part in schema.items() if name != "additionalProperties"}
    return [_opened(part) for part in schema] if isinstance(schema, list) else schema
