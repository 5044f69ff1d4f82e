"""Shapes of notices and channels, in and out."""

import re
from datetime import time
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    PlainSerializer,
    model_validator,
)

from campaign.delivery.notices.states import ChannelKind
from campaign.delivery.states import EndpointState
from campaign.kit.fields import ListQuery, Name, PublicId, SessionId, Strict
from campaign.kit.instants import Instant
from campaign.outbox.notices import Audience, Group
from config.settings import LOCALES

NoticeId = Annotated[int, PublicId("ntc")]
ChannelId = Annotated[int, PublicId("nch")]

_WALL_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d\Z", re.ASCII)


def _wall_time(value: Any) -> time:
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or not _WALL_TIME.match(value):
        raise ValueError("clock_time")
    return time.fromisoformat(value)


WallTime = Annotated[
    time,
    BeforeValidator(_wall_time),
    PlainSerializer(lambda at: f"{at:%H:%M}", return_type=str, when_used="json"),
]
"""A time of the day in the hub's zone, HH:MM."""


def _locale(value: str) -> str:
    if value not in LOCALES:
        raise ValueError("language")
    return value


Language = Annotated[str, Field(strict=True), AfterValidator(_locale)]


def _truth(value: Any) -> Any:
    """Query strings are text."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


class NoticeQuery(ListQuery):
    """`unread` true gives only what this reader has not seen, false only what it has."""

    group: Group | None = None
    unread: Annotated[bool, BeforeValidator(_truth), Field(strict=True)] | None = None


class NoticeOut(BaseModel):
    """`message` is in the language asked for (Accept-Language); `params` are what fills it."""

    id: NoticeId
    kind: str
    message: str
    params: dict[str, Any]
    session_id: SessionId | None
    at: Instant
    useful_until: Instant | None
    seen: bool
    acknowledged_at: Instant | None
    acknowledged_by: str | None


class NoticeList(BaseModel):
    items: list[NoticeOut]
    next_cursor: str | None


Groups = Annotated[
    list[Literal["alert", "arrival", "deadline", "reminder", "change", "system"]], Field(min_length=1)
]
Address = Annotated[str, Field(strict=True, min_length=1, max_length=2048)]
Secret = Annotated[str, Field(strict=True, min_length=1, max_length=200)]


class _Quiet(Strict):
    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        given = {"quiet_from", "quiet_to"} & self.model_fields_set
        values = [getattr(self, name) for name in ("quiet_from", "quiet_to")]
        if len(given) == 1 or values.count(None) == 1:
            raise ValueError("quiet_both")
        if values[0] is not None and values[0] == values[1]:
            raise ValueError("quiet_same")
        return self


class NoticeChannelIn(_Quiet):
    """A chat robot (`address` is the webhook the group shows, `secret` its signing secret) or a mailbox.

    Without `groups` it sends all that its party hears of; the hub's leaves out reminders of every show.
    Within quiet hours, in the hub's zone, only alerts and missing arrivals go out.
    """

    kind: ChannelKind
    name: Name
    address: Address
    secret: Secret | None = None
    language: Language = "zh_CN"
    groups: Groups | None = None
    quiet_from: WallTime | None = None
    quiet_to: WallTime | None = None


class NoticeChannelChange(_Quiet):
    """What may change; `state` pauses and takes up again; a null `secret` means none any more."""

    name: Name | None = None
    address: Address | None = None
    secret: Secret | None = None
    language: Language | None = None
    groups: Groups | None = None
    quiet_from: WallTime | None = None
    quiet_to: WallTime | None = None
    state: Literal["active", "paused"] | None = None

    @model_validator(mode="after")
    def _no_nulls(self) -> Self:
        may_be_null = {"secret", "quiet_from", "quiet_to"}
        if any(getattr(self, name) is None for name in self.model_fields_set - may_be_null):
            raise ValueError("wrong_type")
        return self


class NoticeChannelOut(BaseModel):
    """`address` is cut to its host and last characters: a robot's address is its key."""

    id: ChannelId
    audience: Audience
    kind: ChannelKind
    name: str
    address: str
    signed: bool
    language: str
    groups: list[str]
    quiet_from: WallTime | None
    quiet_to: WallTime | None
    state: EndpointState
    disabled_reason: str | None
    paused_until: Instant | None
    failing_since: Instant | None
    last_success_at: Instant | None
    created_at: Instant
    updated_at: Instant


class NoticeChannelList(BaseModel):
    items: list[NoticeChannelOut]
    next_cursor: str | None
