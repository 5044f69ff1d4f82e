"""The hub's rules: what each does, its numbers, and which brands compete."""

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaign.accounts.policy import allows
from campaign.gate.door import reads, writes
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.fields import BrandId, Name, Strict
from campaign.kit.numbers import whole
from campaign.parties import bonds
from campaign.schedule.house import rules_of_hub, set_rules
from campaign.schedule.rules.limits import GAPS, REST, RulesIn
from campaign.schedule.rules.table import LEVELS, RULES
from campaign.web import forms
from campaign.web.hub import options

pages = Blueprint("hub_rules", __name__, url_prefix="/hub/rules")

NUMBERS = (
    ("longest_stretch_minutes", _l("Longest on end, minutes")),
    ("break_minutes", _l("A break is one from, minutes")),
    ("day_minutes", _l("Most in one day, minutes")),
    ("between_days_minutes", _l("Rest between two days, minutes")),
    ("rival_gap_minutes", _l("Competing brands at least apart, minutes")),
    ("sku_gap_minutes", _l("Same SKU at least apart, minutes")),
    ("answer_minutes", _l("Time to answer before the start, minutes")),
)


class RivalForm(Strict):
    """A brand for a group: a new name makes a new group."""

    group: Name
    brand_id: BrandId


@pages.get("")
@reads("rules.read")
def index(*, db: Session, actor: Actor) -> Response:
    """Every rule with its level and numbers."""
    return _page(db, actor, forms.blank(**_values(rules_of_hub(db, actor))))


@pages.post("")
@writes("rules.write")
def save(*, db: Session, actor: Actor) -> Response:
    """Set them all."""
    form = forms.read(RulesIn, request.form, build=_given)
    if form.value is not None:
        with forms.refusals(form, db):
            set_rules(db, actor, form.value)
    if form.refusal is not None:
        return _page(db, actor, form)
    flash(_("Saved."), "ok")
    return redirect(url_for("hub_rules.index"), 303)  # type: ignore[return-value]


@pages.post("/rivals/<any(add,remove):how>")
@writes("rules.write")
def rivals(*, db: Session, actor: Actor, how: str) -> Response:
    """Put a brand into a group of competitors, or take it out."""
    form = forms.read(RivalForm, request.form)
    if form.value is not None:
        with forms.refusals(form, db):
            change = bonds.join_group if how == "add" else bonds.leave_group
            change(db, actor, form.value.group, form.value.brand_id)
    if form.refusal is not None:
        form.typed = MultiDict([*form.typed.items(multi=True), *_values(rules_of_hub(db, actor)).items()])
        return _page(db, actor, form)
    flash(_("Saved."), "ok")
    return redirect(url_for("hub_rules.index"), 303)  # type: ignore[return-value]


def _values(standing: dict[str, Any]) -> dict[str, str]:
    values = {name: str(standing[name]) for name in (*REST, *GAPS)}
    return values | {f"levels.{code}": level for code, level in standing["levels"].items()}


def _given(typed: "MultiDict[str, str]") -> dict[str, Any]:
    found = forms.folded(typed)
    faults = []
    for name in (*REST, *GAPS):
        found[name] = whole(found.get(name), 5)
        if found[name] is None:
            faults.append(FieldError(name, "number", {"least": 0, "most": 2880}))
    if faults:
        raise Invalid(faults)
    return found


def _page(db: Session, actor: Actor, form: forms.Form[Any]) -> Response:
    brands = options.brands(db, actor)
    answer = render_template(
        "hub/rules.html",
        form=form,
        numbers=NUMBERS,
        rules=RULES.values(),
        levels=LEVELS,
        groups=bonds.rival_groups(db, actor),
        brands=brands,
        names=dict(brands),
        may_write=allows(actor, "rules.write"),
    )
    return make_response(answer, form.status)
