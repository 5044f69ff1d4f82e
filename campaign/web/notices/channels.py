"""The channels page: the chat groups and mailboxes that the reader's party is told in."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.delivery.notices import channels, queries
from campaign.delivery.notices.models import NoticeChannel
from campaign.delivery.notices.schemas import NoticeChannelChange, NoticeChannelIn
from campaign.delivery.notices.states import CHANNEL_KINDS
from campaign.delivery.notices.whose import party_of
from campaign.gate.door import reads, writes
from campaign.gate.locale import pick_locale
from campaign.gate.notices import house
from campaign.gate.wording import in_words
from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from campaign.kit.fields import ListQuery
from campaign.outbox.notices import FOR_PARTY
from campaign.web import forms
from campaign.web.paths import read_id
from campaign.web.verbs import attempt, version_in

pages = Blueprint("notice_channels", __name__, url_prefix="/notices/channels")


@pages.get("")
@reads("channels.read", query=ListQuery)
def index(*, db: Session, actor: Actor, query: ListQuery) -> Response:
    """The own channels, and a form for a new one."""
    party = party_of(actor)
    groups = channels.default_groups(party[0]) if party else []
    form = forms.blank(language=pick_locale(), groups=groups)
    return _index(db, actor, form, query)


@pages.post("")
@writes("channels.write")
def create(*, db: Session, actor: Actor) -> Response:
    """Add one."""
    form = forms.read(NoticeChannelIn, request.form, lists=("groups",))
    if form.value is None:
        return _index(db, actor, form, ListQuery())
    given, made = form.value, []
    with forms.refusals(form, db):
        made.append(channels.add_channel(db, actor, given, house()))
    if not made:
        return _index(db, actor, form, ListQuery())
    flash(in_words("done.channel_add", {}), "ok")
    return _to(made[0])


@pages.get("/<channel_id>")
@reads("channels.read")
def show(*, db: Session, actor: Actor, channel_id: str) -> Response:
    """One channel with what it sent last."""
    return _one(db, actor, _channel(db, actor, channel_id))


@pages.post("/<channel_id>")
@writes("channels.write")
def change(*, db: Session, actor: Actor, channel_id: str) -> Response:
    """Another name, address, language, kinds of notice or quiet hours."""
    channel = _channel(db, actor, channel_id)
    form = forms.read(NoticeChannelChange, request.form, build=_edited)
    if form.value is not None:
        given = form.value
        with forms.refusals(form, db):
            expected = version_in(request.form)
            channels.change_channel(db, actor, channel, given, house(), expected_rev=expected)
    if form.refusal is not None:
        # Undone in the database; what stands on the row in memory is not.
        db.refresh(channel)
        return _one(db, actor, channel, form)
    flash(in_words("done.channel_change", {}), "ok")
    return _to(channel)


@pages.post("/<channel_id>/<any(test,pause,enable,remove):verb>")
@writes("channels.write")
def act(*, db: Session, actor: Actor, channel_id: str, verb: str) -> Response:
    """One button."""
    channel = _channel(db, actor, channel_id)
    paused, active = NoticeChannelChange(state="paused"), NoticeChannelChange(state="active")
    verbs: dict[str, Callable[[], Any]] = {
        "test": lambda: channels.test(db, actor, channel),
        "pause": lambda: channels.change_channel(db, actor, channel, paused, house()),
        "enable": lambda: channels.change_channel(db, actor, channel, active, house()),
        "remove": lambda: channels.remove_channel(db, actor, channel),
    }
    done = attempt(db, f"done.channel_{verb}", verbs[verb])
    if done and verb == "remove":
        return redirect(url_for("notice_channels.index"), 303)  # type: ignore[return-value]
    return _to(channel)


def _edited(typed: Any) -> dict[str, Any]:
    """The edit form says everything but address and secret, which it cannot show: empty keeps those."""
    given = {name: typed.get(name, "") for name in ("name", "language")}
    given |= {"groups": typed.getlist("groups")}
    given |= {name: typed.get(name, "").strip() or None for name in ("quiet_from", "quiet_to")}
    given |= {name: typed[name] for name in ("address", "secret") if typed.get(name, "").strip()}
    return given


def _channel(db: Session, actor: Actor, channel_id: str) -> NoticeChannel:
    return queries.get_channel(db, actor, read_id("nch", channel_id))


def _to(channel: NoticeChannel) -> Response:
    where = url_for("notice_channels.show", channel_id=ids.public("nch", channel.id))
    return redirect(where, 303)  # type: ignore[return-value]


def _index(db: Session, actor: Actor, form: forms.Form[Any], query: ListQuery) -> Response:
    party = party_of(actor)
    answer = render_template(
        "notices/channels.html",
        page=queries.page_of_channels(db, actor, query),
        form=form,
        kinds=[kind for kind in CHANNEL_KINDS if kind != "mail" or house().has_mail],
        groups=FOR_PARTY[party[0]] if party else (),
        may_write=allows(actor, "channels.write"),
    )
    return make_response(answer, form.status)


def _one(db: Session, actor: Actor, channel: NoticeChannel, form: forms.Form[Any] | None = None) -> Response:
    answer = render_template(
        "notices/channel.html",
        channel=channel,
        log=queries.log_of_channel(db, actor, channel),
        form=form or _filled(channel),
        groups=FOR_PARTY[channel.audience],
        may_write=allows(actor, "channels.write"),
        now=clock.now(db),
    )
    return make_response(answer, form.status if form else 200)


def _filled(channel: NoticeChannel) -> forms.Form[Any]:
    quiet = {
        name: f"{at:%H:%M}" if at else ""
        for name, at in (("quiet_from", channel.quiet_from), ("quiet_to", channel.quiet_to))
    }
    return forms.blank(name=channel.name, language=channel.language, groups=channel.groups, **quiet)
