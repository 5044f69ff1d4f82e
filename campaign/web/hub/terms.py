"""What binds a host, by dates: agencies by contract, exclusive or not, and brands it is promised to."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaign.accounts.policy import allows
from campaign.gate.door import reads, writes
from campaign.gate.wording import in_words
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.parties import bonds
from campaign.parties.actions import set_contracts
from campaign.parties.models import Host
from campaign.parties.queries import contracts_of, get
from campaign.parties.schemas import ContractsIn, ExclusivitiesIn
from campaign.web import forms
from campaign.web.hub import options
from campaign.web.paths import read_id

pages = Blueprint("hub_terms", __name__, url_prefix="/hub/parties/hosts")

SCOPES = ("all", "rivals")
# List → what names its rows (a row without it is empty), and its other fields.
_LISTS = {
    "contracts": ("agency_id", ("starts_on", "ends_on")),
    "promises": ("brand_id", ("scope", "starts_on", "ends_on")),
}
_MOST_ROWS = 100


@pages.get("/<host_id>/terms")
@reads("rules.read")
def show(*, db: Session, actor: Actor, host_id: str) -> Response:
    """Contracts and promises as they stand, with a row for one more."""
    return _page(db, actor, get(db, actor, Host, read_id("hst", host_id)))


@pages.post("/<host_id>/terms/contracts")
@writes("parties.write")
def contracts(*, db: Session, actor: Actor, host_id: str) -> Response:
    """Replace the contracts; a row without an agency goes."""
    host = get(db, actor, Host, read_id("hst", host_id))
    rev = forms.sent_rev(request.form)
    return _save(
        db, actor, host, "contracts", ContractsIn,
        lambda given: set_contracts(db, actor, host, given.items, expected_rev=rev),
    )  # fmt: skip


@pages.post("/<host_id>/terms/promises")
@writes("rules.write")
def promises(*, db: Session, actor: Actor, host_id: str) -> Response:
    """Replace the promises; a row without a brand goes."""
    host = get(db, actor, Host, read_id("hst", host_id))
    rev = forms.sent_rev(request.form)
    return _save(
        db, actor, host, "promises", ExclusivitiesIn,
        lambda given: bonds.set_exclusivities(db, actor, host.id, given.items, expected_rev=rev),
    )  # fmt: skip


def rows_in(typed: Mapping[str, str], name: str) -> list[tuple[int, dict[str, Any]]]:
    """(number of the row on the form, its fields) of the rows of a list that are filled in. Pure."""
    key, others = _LISTS[name]
    found = []
    for at in range(_MOST_ROWS):
        if typed.get(f"{name}.{at}.{key}"):
            values: dict[str, Any] = {
                one: typed[path] for one in (key, *others) if typed.get(path := f"{name}.{at}.{one}")
            }
            if name == "contracts":
                values["exclusive"] = typed.get(f"{name}.{at}.exclusive") == "yes"
            found.append((at, values))
    return found


def _save(
    db: Session, actor: Actor, host: Host, name: str, schema: type[Any], act: Callable[[Any], None]
) -> Response:
    rows = rows_in(request.form, name)
    key, others = _LISTS[name]
    fields = {
        f"items.{at}.{one}": f"{name}.{row}.{one}"
        for at, (row, _values) in enumerate(rows)
        for one in (key, *others)
    } | {f"items.{at}": f"{name}.{row}.{key}" for at, (row, _values) in enumerate(rows)}
    form = forms.read(
        schema, request.form, build=lambda _typed: {"items": [values for _row, values in rows]}, fields=fields
    )
    if form.value is not None:
        with forms.refusals(form, db, fields):
            act(form.value)
    if form.refusal is not None:
        db.refresh(host)
        return _page(db, actor, host, form, name)
    flash(_("Saved."), "ok")
    return redirect(url_for("hub_terms.show", host_id=ids.public("hst", host.id)), 303)  # type: ignore[return-value]


def _page(
    db: Session, actor: Actor, host: Host, sent: forms.Form[Any] | None = None, name: str = ""
) -> Response:
    """The page's two forms: the one that was refused as it was sent, the other as it stands."""
    standing = forms.blank(**_standing(db, actor, host)).typed
    form = sent or forms.blank()
    kept = [
        (key, value) for key, value in standing.items(multi=True) if not (name and key.startswith(f"{name}."))
    ]
    form.typed = MultiDict([*form.typed.items(multi=True), *kept])
    answer = render_template(
        "hub/terms.html",
        host=host,
        form=form,
        contracts=_shown(form.typed, "contracts"),
        promises=_shown(form.typed, "promises"),
        agencies=options.agencies(db, actor),
        brands=options.brands(db, actor),
        scopes=[(one, in_words(f"scope.{one}", {})) for one in SCOPES],
        rev=request.form.get("_rev") if sent is not None and form.status != 412 else host.rev,
        may_sign=allows(actor, "parties.write"),
        may_promise=allows(actor, "rules.write"),
    )
    return make_response(answer, form.status)


def _shown(typed: Mapping[str, str], name: str) -> Iterable[int]:
    """The rows a form shows: what is filled in, and one more."""
    return range(min(_MOST_ROWS, max((at for at, _values in rows_in(typed, name)), default=-1) + 2))


def _standing(db: Session, actor: Actor, host: Host) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for at, contract in enumerate(contracts_of(db, actor, host.id)):
        found[f"contracts__{at}__agency_id"] = ids.public("agc", contract.agency_id)
        found[f"contracts__{at}__starts_on"] = contract.during.lower
        found[f"contracts__{at}__ends_on"] = contract.during.upper
        found[f"contracts__{at}__exclusive"] = "yes" if contract.exclusive else None
    for at, promise in enumerate(bonds.exclusivities_of(db, actor, host.id)):
        found[f"promises__{at}__brand_id"] = ids.public("brd", promise.brand_id)
        found[f"promises__{at}__scope"] = promise.scope
        found[f"promises__{at}__starts_on"] = promise.during.lower
        found[f"promises__{at}__ends_on"] = promise.during.upper
    return found
