"""What `data` of each type of fact holds: shapes, descriptions and one example a type, from which the schemas are made.

Additions may come at any time and a receiver ignores what it does not know; a field is taken away or changes
its meaning under a new `version` alone. Instants are RFC 3339 in UTC, ids public ones, money in minor units.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

At = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class Part(BaseModel):
    """Nothing stands in a fact that its shape does not name."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Studio(Part):
    id: str
    name: str


class Brand(Part):
    id: str
    name: str


class Channel(Part):
    platform: str
    account: str | None = Field(description="The platform account's name.")
    room_ids: list[str]


class HostName(Part):
    """Co-hosts of other agencies by name only."""

    name: str
    role: str


class Item(Part):
    """A line of the line-up, without prices."""

    position: int
    sku: str
    name: str


class SessionPart(Part):
    """The session as it is after the change, as every agency that takes part may read it."""

    id: str
    title: str
    state: str = Field(
        description="draft, offered, accepted, ready, live, ended, reviewed, cancelled or no_show."
    )
    version: int = Field(description="Rises with each change; the ETag of GET /sessions/{id}.")
    studio: Studio
    starts_at: At
    ends_at: At
    actual_starts_at: At | None
    actual_ends_at: At | None
    answer_by: At | None = Field(description="Until when an offer can be answered.")
    cancel_code: str | None
    brands: list[Brand]
    channels: list[Channel]
    hosts: list[HostName]
    lineup: list[Item] = Field(
        default_factory=list, description="Left out first where a body grows too long."
    )


class PartedSession(Part):
    """What an agency hears last of a session that none of its hosts takes part in any more."""

    id: str
    title: str
    version: int
    state: Literal["parted"]


class Participant(Part):
    """One of the receiving agency's own people, with how they answered."""

    id: str | None
    host_id: str | None
    name: str
    role: str
    from_: At | None = Field(alias="from")
    to: At | None
    acceptance: str = Field(description="How they answered; `asked` waits for an answer.")
    reason: str


class Proposal(Part):
    """What was proposed instead; only the fields of its kind are there."""

    id: str
    kind: Literal["time", "person", "cancel"]
    starts_at: At | None = None
    ends_at: At | None = None
    participant_id: str | None = None
    host_id: str | None = None
    code: str | None = None


class Totals(Part):
    """What the agency's hosts sold in their shifts, in one currency; minor units."""

    currency: str
    placed_gmv_fen: int
    paid_gmv_fen: int
    refund_fen: int
    net_gmv_fen: int = Field(description="paid_gmv_fen less refund_fen.")
    lines: int
    units: int
    maturing: bool = Field(description="True while returns may still come.")


class Data(Part):
    """What every `data` may say of itself."""

    truncated: bool = Field(
        default=False, description="Parts were left out to stay within 20 KB; ask the API for them."
    )


class OfSession(Data):
    session_id: str
    seq: int = Field(
        description="Rises by one with each fact of this session: order by it, and see a gap by it."
    )


class SessionFact(OfSession):
    session: SessionPart | PartedSession | None = None
    participants: list[Participant] = Field(
        default_factory=list, description="The receiving agency's own people."
    )


class Evidenced(SessionFact):
    evidence: str = Field(description="tap, platform, inferred or corrected: how it is known.")


class Cancelled(SessionFact):
    code: str
    reason: str


class Countered(SessionFact):
    proposal: Proposal
    reason: str


class Corrected(SessionFact):
    fields: list[str] = Field(default_factory=list, description="What was set right.")
    reason: str = ""
    why: str = ""


class SalesUpdated(OfSession):
    """At most once a minute for a session; the newest figures replace those before."""

    version: int = Field(description="Rises with the figures: a lower one is out of date.")
    as_of: At
    totals: list[Totals] = Field(default_factory=list)


class SalesFinal(SalesUpdated):
    """No more returns are expected. A refund after all comes as sales.updated and makes a new revision."""

    revision: int = Field(description="1 the first time; a higher one replaces those before.")


class ReleasedSession(Part):
    """A session of the agency's, as it is after the release."""

    id: str
    title: str
    version: int = Field(description="Rises with each change; the ETag of GET /sessions/{id}.")
    what: Literal["added", "changed", "cancelled"] = Field(
        description="added: the agency is asked for it the first time."
    )
    state: str
    changed: list[str] = Field(
        description="Of one that changed: moved, longer, shorter, studio, people, lineup, brands, channels, title."
    )
    starts_at: At
    ends_at: At
    was_starts_at: At | None = Field(description="Where it began before, if it moved.")
    studio: Studio
    answer_by: At | None = Field(description="Until when an offer can be answered.")
    cancel_code: str | None
    participants: list[Participant] = Field(
        default_factory=list,
        description="The receiving agency's own people. Left out first where a body grows too long.",
    )


class ReleasedParting(Part):
    """One that none of the agency's hosts takes part in any more: nothing else of it is told."""

    id: str
    title: str
    version: int
    what: Literal["parted"]
    state: Literal["parted"]


class Released(Data):
    """A plan was released: all of it that touches the agency, once. No other fact is sent of what it did.

    It belongs to no one session, so it has no seq: a session's next fact follows the one before the release.
    """

    release_id: str
    first_day: str = Field(json_schema_extra={"format": "date"})
    last_day: str = Field(json_schema_extra={"format": "date"})
    sessions: list[ReleasedSession | ReleasedParting] = Field(
        default_factory=list, description="By time. Left out where a body grows too long."
    )


class Tested(Data):
    endpoint_id: str
