"""What each kind of party shows in its list and asks for in its form: one table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from pydantic import BaseModel
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaign.catalog.models import PlatformAccount, Product
from campaign.catalog.schemas import AccountIn, ProductChange, ProductIn
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.money import parse_major, written_major
from campaign.kit.numbers import whole
from campaign.parties.models import Agency, Brand, Host, Shop, Studio
from campaign.parties.schemas import AgencyIn, BrandIn, HostChange, HostIn, ShopIn, StudioIn
from campaign.schedule.crew_schemas import CrewPoolIn
from campaign.schedule.models import CrewPool
from campaign.web.forms import folded
from campaign.web.hub import options

Choices = Callable[[Session, Actor], list[options.Option]]


@dataclass(frozen=True)
class Ask:
    """One field of a form. `choices` makes it a choice; `empty` is the choice of none."""

    name: str
    label: Any
    type: str = "text"
    choices: Choices | None = None
    empty: Any = None
    required: bool = False
    first: str = ""


@dataclass(frozen=True)
class Kind:
    """One kind: model, schema, what its form asks for, and which of its columns are numbers."""

    slug: str
    label: Any
    prefix: str
    model: Any
    schema: type[BaseModel]
    asks: tuple[Ask, ...]
    whole: tuple[str, ...] = ()
    link: str | None = None
    link_label: Any = None
    times: str | None = None
    terms: str | None = None
    changed: type[BaseModel] | None = None
    """What may change in place, where that is less than what is given at first."""

    @property
    def changing(self) -> type[BaseModel]:
        return self.changed or self.schema

    @property
    def changing_asks(self) -> tuple[Ask, ...]:
        return tuple(ask for ask in self.asks if _column(ask) in self.changing.model_fields)

    @property
    def changing_columns(self) -> tuple[str, ...]:
        return tuple(_column(ask) for ask in self.changing_asks)

    def given(self, typed: "MultiDict[str, str]", currency: str = "CNY") -> dict[str, Any]:
        """The form's texts as the schema takes them: whole numbers and amounts read first."""
        found = folded(typed)
        for name in self.whole:
            if name in found:
                found[name] = whole(found[name])
                if found[name] is None:
                    raise Invalid([FieldError(name, "number", {"least": 0, "most": 1440})])
        if "price" in found:
            try:
                found["price_fen"] = parse_major(found.pop("price"), currency)
            except ValueError:
                raise Invalid([FieldError("price", "price")]) from None
        return found

    def standing(self, row: Any) -> dict[str, str]:
        """A row as its form shows it, the texts that given() reads."""
        shown = {ask.name: getattr(row, _column(ask)) for ask in self.changing_asks}
        if shown.get("price") is not None:
            shown["price"] = written_major(shown["price"], row.currency)
        public = {name: _PREFIXES[name] for name in shown if name in _PREFIXES}
        return {
            name: ids.public(public[name], value) if name in public else str(value)
            for name, value in shown.items()
            if value is not None
        }


# Columns that are ids, as forms and addresses write them.
_PREFIXES = {"brand_id": "brd", "host_id": "hst", "shop_id": "shp"}


def _column(ask: Ask) -> str:
    """The column a field fills: amounts are asked for in yuan and kept in fen."""
    return "price_fen" if ask.name == "price" else ask.name


def _platforms(_db: Session, _actor: Actor) -> list[options.Option]:
    return options.platforms()


def _host_kinds(_db: Session, _actor: Actor) -> list[options.Option]:
    return options.host_kinds()


_NAME = Ask("name", _("Name"), required=True)
_ENGLISH = Ask("name_en", _("Name in English"))
_PLATFORM = Ask("platform", _("Platform"), choices=_platforms, required=True)
_OF_BRAND = Ask("brand_id", _("Brand"), choices=options.brands, empty=_("None"))

KINDS: tuple[Kind, ...] = (
    Kind(
        "studios",
        _("Studios"),
        "std",
        Studio,
        StudioIn,
        (
            _NAME,
            _ENGLISH,
            Ask("setup_minutes", _("Set-up, minutes"), "number", first="30"),
            Ask("teardown_minutes", _("Tear-down, minutes"), "number", first="15"),
        ),
        ("setup_minutes", "teardown_minutes"),
        "hub_parties.door",
        _("QR for the door"),
        "hub_times.studio",
    ),
    Kind(
        "hosts",
        _("Hosts"),
        "hst",
        Host,
        HostIn,
        (
            _NAME,
            _ENGLISH,
            Ask("kind", _("Kind"), choices=_host_kinds, empty=_("By the agency")),
            Ask("agency_id", _("Agency"), choices=options.agencies, empty=_("None")),
        ),
        link="hub_parties.card",
        link_label=_("Link to the card"),
        times="hub_times.host",
        terms="hub_terms.show",
        changed=HostChange,
    ),
    Kind("agencies", _("Agencies"), "agc", Agency, AgencyIn, (_NAME, _ENGLISH)),
    Kind(
        "brands",
        _("Brands"),
        "brd",
        Brand,
        BrandIn,
        (_NAME, _ENGLISH, Ask("return_window_days", _("Return window, days"), "number", first="7")),
        ("return_window_days",),
    ),
    Kind(
        "shops",
        _("Shops"),
        "shp",
        Shop,
        ShopIn,
        (_NAME, _PLATFORM, Ask("external_id", _("Id on the platform"), required=True), _OF_BRAND),
    ),
    Kind(
        "accounts",
        _("Platform accounts"),
        "acc",
        PlatformAccount,
        AccountIn,
        (
            _NAME,
            _PLATFORM,
            Ask("external_id", _("Author id"), required=True),
            Ask("host_id", _("Host"), choices=options.hosts, empty=_("None")),
            Ask("shop_id", _("Shop"), choices=options.shops, empty=_("None")),
        ),
    ),
    Kind(
        "crews",
        _("Shared crews"),
        "crw",
        CrewPool,
        CrewPoolIn,
        (
            _NAME,
            _ENGLISH,
            Ask("capacity", _("How many"), "number", required=True, first="3"),
            Ask("before_minutes", _("Needed before the start, minutes"), "number", first="60"),
            Ask("into_minutes", _("Needed into the show, minutes"), "number", first="0"),
        ),
        ("capacity", "before_minutes", "into_minutes"),
    ),
    Kind(
        "products",
        _("Products"),
        "prd",
        Product,
        ProductIn,
        (
            Ask("brand_id", _("Brand"), choices=options.brands, empty=_("Choose …"), required=True),
            Ask("sku", _("SKU"), required=True),
            _NAME,
            _ENGLISH,
            Ask("category", _("Category")),
            Ask("price", _("List price (¥)")),
        ),
        changed=ProductChange,
    ),
)
BY_SLUG = {kind.slug: kind for kind in KINDS}
