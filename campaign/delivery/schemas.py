"""Shapes of endpoints, deliveries and events, in and out."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from campaign.delivery.states import EndpointState, State
from campaign.kit.fields import AgencyId, Line, ListQuery, PublicId, QueryInt, SessionId, Strict
from campaign.kit.instants import Instant
from campaign.kit.paging import DEFAULT_LIMIT, LARGEST_LIMIT
from campaign.outbox.events import TYPES

EndpointId = Annotated[int, PublicId("whe")]
DeliveryId = Annotated[int, PublicId("whd")]
EventId = Annotated[int, PublicId("evt")]

MOST_PER_SECOND = 10_000
MOST_IN_FLIGHT = 64


def _known(types: list[str]) -> list[str]:
    unique = list(dict.fromkeys(types))
    if "*" in unique:
        return ["*"]
    if any(one not in TYPES for one in unique):
        raise ValueError("event_type")
    return unique


EventTypes = Annotated[list[str], Field(min_length=1, max_length=64), AfterValidator(_known)]
Url = Annotated[str, Field(strict=True, min_length=1, max_length=2048)]


class EndpointIn(Strict):
    """A new endpoint. An agency's own key needs no agency_id; the hub's does."""

    url: Url
    event_types: EventTypes = Field(default_factory=lambda: ["*"])
    description: Line = ""
    agency_id: AgencyId | None = None
    max_in_flight: Annotated[int, Field(strict=True, ge=1, le=MOST_IN_FLIGHT)] = 4
    per_second: Annotated[int, Field(strict=True, ge=1, le=MOST_PER_SECOND)] = 50


class EndpointChange(Strict):
    """What may change; `state` pauses an endpoint and takes it up again."""

    url: Url | None = None
    event_types: EventTypes | None = None
    description: Line | None = None
    state: Literal["active", "paused"] | None = None
    max_in_flight: Annotated[int, Field(strict=True, ge=1, le=MOST_IN_FLIGHT)] | None = None
    per_second: Annotated[int, Field(strict=True, ge=1, le=MOST_PER_SECOND)] | None = None

    @model_validator(mode="after")
    def _no_nulls(self) -> Self:
        if any(getattr(self, name) is None for name in self.model_fields_set):
            raise ValueError("wrong_type")
        return self


class EndpointOut(BaseModel):
    """An endpoint and its health.

    `updated_at`, which `updated_since` goes by, moves with what is changed of it and with `state`, `failing_since` and
    `paused_until`, not with each success (`last_success_at`). The ETag is another with any of them; If-Match minds what
    is changed alone, so that a receiver that begins to fail stands in nobody's way.
    """

    model_config = ConfigDict(from_attributes=True)

    id: EndpointId
    agency_id: AgencyId
    url: str
    event_types: list[str]
    description: str
    state: EndpointState
    disabled_reason: str | None
    max_in_flight: int
    per_second: int
    paused_until: Instant | None
    failing_since: Instant | None
    last_success_at: Instant | None
    created_at: Instant
    updated_at: Instant
    archived_at: Instant | None


class EndpointWithSecret(EndpointOut):
    """The answer that shows the secret, this once."""

    secret: str


class SecretOut(BaseModel):
    """A new secret, shown this once; the one before it signs along until `previous_active_until`, and any that was
    replaced before until its own time.
    """

    secret: str
    previous_active_until: Instant


class EndpointList(BaseModel):
    items: list[EndpointOut]
    next_cursor: str | None


class ReplayIn(Strict):
    since: Instant


class CountOut(BaseModel):
    """How many deliveries were put in line."""

    deliveries: int


class DeliveryQuery(ListQuery):
    """from and to: when its event was, each an instant, or a day in the hub's zone (to: that day included).

    `last_status` is the answer to the last try. `updated_since` finds what was tried since then, whatever came of it,
    and what was held, taken up again, given up or asked for again.
    """

    model_config = ConfigDict(populate_by_name=True)

    from_at: str | None = Field(default=None, alias="from", max_length=40)
    to_at: str | None = Field(default=None, alias="to", max_length=40)
    delivery_id: DeliveryId | None = None
    endpoint_id: EndpointId | None = None
    state: State | None = None
    event_type: str | None = Field(default=None, max_length=64)
    event_id: EventId | None = None
    session_id: SessionId | None = None
    last_status: Annotated[QueryInt, Field(ge=100, le=599)] | None = None


class DeliveryOut(BaseModel):
    """`next_try_at` is null once it is over. `id` names the delivery, `event_id` is the webhook-id sent.

    `created_at` is when its event happened, `sent_again_at` when somebody last asked for it to be sent again,
    `updated_at` when it last changed: what `updated_since` goes by.
    """

    model_config = ConfigDict(from_attributes=True)

    id: DeliveryId
    endpoint_id: EndpointId
    event_id: EventId
    event_type: str
    session_id: SessionId | None
    state: State
    attempts: int
    last_status: int | None
    last_error: str | None
    next_try_at: Instant | None
    created_at: Instant
    finished_at: Instant | None
    sent_again_at: Instant | None
    updated_at: Instant


class AttemptOut(BaseModel):
    """One try. `answer` is at most 4 KiB of what came back, undecodable bytes replaced.

    url: the address that it went to; null of a try made before that was kept.
    """

    at: Instant
    url: str | None
    took_ms: int
    status: int | None
    error: str | None
    answer: str


class DeliveryWithAttempts(DeliveryOut):
    body: dict[str, Any]
    attempts_made: list[AttemptOut]


class DeliveryList(BaseModel):
    items: list[DeliveryOut]
    next_cursor: str | None


class EventQuery(Strict):
    """`after` is the cursor of the last event read; without it the feed is read from its start.

    `wait`: seconds to wait for an event when there is none yet; the answer comes as soon as one does.
    """

    after: str | None = Field(default=None, max_length=200)
    limit: Annotated[QueryInt, Field(ge=1, le=LARGEST_LIMIT)] = DEFAULT_LIMIT
    wait: Annotated[QueryInt, Field(le=25)] = 0


class EventOut(BaseModel):
    """The same as a webhook's body, with its webhook-id as `id`.

    `agency_id`, which agency it was for, is told to the hub alone: it reads those of all of them.
    """

    id: EventId
    agency_id: AgencyId | None = Field(default=None, exclude_if=lambda value: value is None)
    type: str
    timestamp: Instant
    version: int
    data: dict[str, Any]


class EventList(BaseModel):
    """`next_cursor` is always there: ask again with it, now or later.

    `forgotten`: the cursor is older than events are kept, so that some before these may be gone. What matters of them
    is in `GET /sessions?updated_since=`.
    """

    items: list[EventOut]
    next_cursor: str
    forgotten: bool = False


class EventTypeOut(BaseModel):
    """A type of event: the JSON Schema of its `data` in this version, and an example of it."""

    type: str
    version: int
    data_schema: dict[str, Any]
    example: dict[str, Any]


class EventTypeList(BaseModel):
    items: list[EventTypeOut]
