"""Campaigns: a tree of seasons, fairs, festivals and brand groups, each against its targets."""

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.catalog.calendar import coming
from campaign.catalog.campaigns import add_campaign, change_campaign
from campaign.catalog.models import Campaign
from campaign.catalog.queries import forest
from campaign.catalog.schemas import CampaignIn
from campaign.catalog.shapes import shown
from campaign.gate.door import reads, writes
from campaign.gate.wording import in_words
from campaign.insight.progress import campaign_progress, forest_progress
from campaign.insight.usage import refuse_in_use
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.parties.actions import archive
from campaign.parties.queries import get, today
from campaign.parties.schemas import partial
from campaign.schedule.queries import page_of_sessions
from campaign.schedule.schemas import SessionFilter
from campaign.web import forms
from campaign.web.goals import goal_rows
from campaign.web.hub import options
from campaign.web.hub.campaign_form import FIELDS, brand_rows, given_in, values_of
from campaign.web.paths import read_id
from campaign.web.show import named

pages = Blueprint("hub_campaigns", __name__, url_prefix="/hub/campaigns")

KINDS = ("season", "fair", "festival", "group")
CampaignChange = partial(CampaignIn)


@pages.get("")
@reads("hub.pages")
def index(*, db: Session, actor: Actor) -> str:
    """The tree, each campaign with how far it has got, and what the calendar brings next."""
    return render_template(
        "hub/campaigns.html",
        rows=forest_progress(db, actor),
        coming=coming(db, actor, today(db, actor)),
        may_write=allows(actor, "parties.write"),
    )


@pages.get("/new")
@reads("parties.write")
def new(*, db: Session, actor: Actor) -> Response:
    """An empty form; parent, name and days may come from the tree or the calendar."""
    wanted = ("parent_id", "name", "name_en", "kind", "starts_on", "ends_on")
    first = {name: request.args.get(name) for name in wanted}
    return _form(db, actor, forms.blank(**first))


@pages.post("/new")
@writes("parties.write")
def create(*, db: Session, actor: Actor) -> Response:
    """Add one."""
    given = forms.read(CampaignIn, request.form, build=given_in, fields=FIELDS)
    made = None
    if "_brands" not in request.form and given.value is not None:
        with forms.refusals(given, db):
            made = add_campaign(db, actor, given.value)
    if made is None:
        return _form(db, actor, given)
    flash(_("Added."), "ok")
    return _to(made)


@pages.get("/<campaign_id>")
@reads("hub.pages")
def show(*, db: Session, actor: Actor, campaign_id: str) -> str:
    """Targets against plan and sales, what is below, by day and brand, and its sessions."""
    progress = campaign_progress(db, actor, read_id("cmp", campaign_id))
    campaign = progress.campaign
    parent = get(db, actor, Campaign, campaign.parent_id) if campaign.parent_id else None
    return render_template(
        "hub/campaign.html",
        campaign=campaign,
        parent=parent,
        progress=progress,
        goals=goal_rows(progress),
        sessions=page_of_sessions(db, actor, SessionFilter(campaign_id=campaign.id), limit=200).items,
        may_plan=allows(actor, "sessions.plan"),
        may_write=allows(actor, "parties.write"),
    )


@pages.get("/<campaign_id>/change")
@reads("parties.write")
def change_form(*, db: Session, actor: Actor, campaign_id: str) -> Response:
    """The form, filled with the campaign as it stands."""
    row = get(db, actor, Campaign, read_id("cmp", campaign_id))
    return _form(db, actor, forms.blank(**values_of(shown(db, actor, [row])[0])), row)


@pages.post("/<campaign_id>/change")
@writes("parties.write")
def alter(*, db: Session, actor: Actor, campaign_id: str) -> Response:
    """Change all that the form shows; what was emptied is unset."""
    row = get(db, actor, Campaign, read_id("cmp", campaign_id))
    emptied = {name: None for name in CampaignIn.model_fields if name not in _KEPT}
    texts = {"name_en": "", "brand_ids": [], "agency_ids": []}
    given = forms.read(
        CampaignIn, request.form, build=lambda typed: emptied | texts | given_in(typed), fields=FIELDS
    )
    changed = None
    if "_brands" not in request.form and given.value is not None:
        with forms.refusals(given, db):
            changed = change_campaign(db, actor, row, given.value, expected_rev=forms.sent_rev(request.form))
    if changed is None:
        return _form(db, actor, given, row)
    flash(_("Changed."), "ok")
    return _to(changed)


_KEPT = ("name", "name_en", "kind", "currency", "brand_ids", "agency_ids", "brand_targets")


@pages.post("/<campaign_id>/archive")
@writes("parties.write")
def put_away(*, db: Session, actor: Actor, campaign_id: str) -> Response:
    """Take it out of use where nothing ahead needs it."""
    row = get(db, actor, Campaign, read_id("cmp", campaign_id))
    form: forms.Form[Any] = forms.Form(request.form)
    with forms.refusals(form, db):
        refuse_in_use(db, actor, row)
        archive(db, actor, row)
    if form.refusal is not None:
        flash(in_words(form.refusal.error_code, form.refusal.params), "bad")
        return _to(row)
    flash(_("Archived."), "ok")
    return redirect(url_for("hub_campaigns.index"), 303)  # type: ignore[return-value]


def _to(row: Campaign) -> Response:
    return redirect(url_for("hub_campaigns.show", campaign_id=ids.public("cmp", row.id)), 303)  # type: ignore[return-value]


def _form(db: Session, actor: Actor, form: forms.Form[Any], campaign: Campaign | None = None) -> Response:
    brands = options.brands(db, actor)
    parents = [
        (ids.public("cmp", node.campaign.id), "　" * node.depth + named(node.campaign))
        for root in forest(db, actor)
        for node in root.walk()
        if node.campaign.kind != "group" and (campaign is None or node.campaign.id != campaign.id)
    ]
    answer = render_template(
        "hub/campaign_form.html",
        form=form,
        campaign=campaign,
        kinds=[(kind, in_words(f"campaign_kind.{kind}", {})) for kind in KINDS],
        parents=parents,
        brands=brands,
        agencies=options.agencies(db, actor),
        brand_rows=brand_rows(form.typed, brands),
        coming=coming(db, actor, today(db, actor)) if campaign is None else (),
    )
    return make_response(answer, form.status)
