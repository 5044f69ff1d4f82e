"""What a party does with its channels."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.delivery.actions import EndpointDisabled, EndpointNotActive
from campaign.delivery.destinations import move, start_anew, take_up, touch
from campaign.delivery.notices.models import NoticeChannel, NoticeDelivery
from campaign.delivery.notices.schemas import NoticeChannelChange, NoticeChannelIn
from campaign.delivery.notices.states import SIGNED, ChannelKind
from campaign.delivery.notices.whose import party_of
from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from campaign.kit.addresses import Blocked, Network, check_url
from campaign.kit.errors import FieldError, Forbidden, Invalid
from campaign.kit.sealing import seal
from campaign.outbox.notices import FOR_PARTY, tell

ADDRESS_CONTEXT, SECRET_CONTEXT = "notice_address", "notice_secret"

_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+\Z", re.ASCII)


@dataclass(frozen=True)
class House:
    """What of the installation decides which addresses may be used: how to seal them, where calls may go."""

    secret_key: bytes
    allow: Sequence[Network]
    has_mail: bool


class ChannelNotActive(EndpointNotActive):
    """It is paused or disabled: a test would only be held."""

    code = "channel_not_active"


class ChannelDisabled(EndpointDisabled):
    """It is switched off, so that there is nothing to pause: taken up again first, by state active."""

    code = "channel_disabled"


def add_channel(db: Session, actor: Actor, given: NoticeChannelIn, house: House) -> NoticeChannel:
    """Give the actor's party a channel. Raises Invalid for an address that cannot be used."""
    party = party_of(actor)
    if party is None or party[0] not in FOR_PARTY:
        raise Forbidden
    address = _checked(given.kind, given.address, house)
    _check_secret(given.kind, given.secret)
    now = clock.now(db)
    channel = NoticeChannel(
        audience=party[0],
        party_id=party[1],
        kind=given.kind,
        name=given.name,
        address_sealed=seal(house.secret_key, address, context=ADDRESS_CONTEXT),
        address_hint=hint_of(given.kind, address),
        secret_sealed=_sealed(given.secret, house),
        language=given.language,
        groups=_groups(party[0], given.groups),
        quiet_from=given.quiet_from,
        quiet_to=given.quiet_to,
        created_at=now,
        updated_at=now,
    )
    db.add(channel)
    db.flush()
    _note(db, actor, channel, "added", {"kind": channel.kind, "address": channel.address_hint})
    return channel


def change_channel(
    db: Session,
    actor: Actor,
    channel: NoticeChannel,
    given: NoticeChannelChange,
    house: House,
    *,
    expected_rev: int | None = None,
) -> NoticeChannel:
    """Change what is given; `state` pauses (what comes is held) and takes up again.

    Raises ChannelDisabled where one that is switched off is to be paused: why it was would be forgotten.
    """
    named = given.model_fields_set
    touch(db, channel, expected_rev)
    if given.state == "paused" and channel.state == "disabled":
        raise ChannelDisabled
    for name in named & {"name", "language", "quiet_from", "quiet_to"}:
        setattr(channel, name, getattr(given, name))
    if given.groups is not None:
        channel.groups = _groups(channel.audience, given.groups)
    if given.address is not None:
        address = _checked(channel.kind, given.address, house)
        channel.address_sealed = seal(house.secret_key, address, context=ADDRESS_CONTEXT)
        channel.address_hint = hint_of(channel.kind, address)
        # What the old address did says nothing about the new one.
        start_anew(channel)
    if "secret" in named:
        _check_secret(channel.kind, given.secret)
        channel.secret_sealed = _sealed(given.secret, house)
    if given.state == "active":
        take_up(db, channel)
        move(db, channel, NoticeDelivery.channel_id, ("held",), "pending")
    if given.state == "paused" and channel.state == "active":
        channel.state = "paused"
        move(db, channel, NoticeDelivery.channel_id, ("pending",), "held")
    db.flush()
    _note(db, actor, channel, "changed", {"fields": sorted(named)})
    return channel


def remove_channel(
    db: Session, actor: Actor, channel: NoticeChannel, *, expected_rev: int | None = None
) -> None:
    """Take it out of use; what waits for it is aborted."""
    touch(db, channel, expected_rev)
    channel.archived_at = clock.now(db)
    move(db, channel, NoticeDelivery.channel_id, ("pending", "held"), "aborted")
    db.flush()
    _note(db, actor, channel, "removed", {"address": channel.address_hint})


def test(db: Session, actor: Actor, channel: NoticeChannel) -> None:
    """Send a test by this channel alone, through the same queue as everything."""
    if channel.state != "active":
        raise ChannelNotActive
    now = clock.now(db)
    tell(
        db,
        "system.test",
        channel.audience,  # type: ignore[arg-type]
        [channel.party_id],
        key=f"test:{channel.id}:{now.timestamp()}",
        params={"name": channel.name},
        channel_id=channel.id,
    )
    _note(db, actor, channel, "tested", {})


def hint_of(kind: ChannelKind, address: str) -> str:
    """What may be shown of an address: a mailbox whole, of a robot its host and the last four characters."""
    if kind == "mail":
        return address
    return f"{urlsplit(address).hostname} …{address[-4:]}"


def _checked(kind: ChannelKind, address: str, house: House) -> str:
    address = address.strip()
    if kind == "mail":
        if not _MAIL.match(address) or len(address) > 200:
            raise Invalid([FieldError("address", "email")])
        if not house.has_mail:
            raise Invalid([FieldError("kind", "mail_off")])
        return address
    try:
        return check_url(address, house.allow)
    except Blocked as error:
        raise Invalid([FieldError("address", error.error_code)]) from error


def _check_secret(kind: ChannelKind, secret: str | None) -> None:
    if secret is None:
        return
    if kind not in SIGNED:
        raise Invalid([FieldError("secret", "no_secret_here")])
    if not secret.isascii() or not secret.isprintable():
        raise Invalid([FieldError("secret", "text")])


def _sealed(secret: str | None, house: House) -> bytes | None:
    return None if secret is None else seal(house.secret_key, secret, context=SECRET_CONTEXT)


def default_groups(audience: str) -> list[str]:
    """What a channel sends unless told otherwise: the hub needs no reminder of every show."""
    return [group for group in FOR_PARTY[audience] if (audience, group) != ("hub", "reminder")]


def _groups(audience: str, given: Sequence[str] | None) -> list[str]:
    """In the order pages show them. Raises Invalid for a group this party never hears of."""
    if given is None:
        return default_groups(audience)
    if not set(given) <= set(FOR_PARTY[audience]):
        raise Invalid([FieldError("groups", "not_your_group")])
    return [group for group in FOR_PARTY[audience] if group in given]


def _note(db: Session, actor: Actor, channel: NoticeChannel, act: str, detail: dict[str, object]) -> None:
    told = {"id": ids.public("nch", channel.id)} | detail
    audit.note(db, actor, f"notice_channel.{act}", "notice_channel", channel.id, told)
