"""Summaries that are sent by themselves, in words: figures by currency, how far they go, where they stand."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from campaign.gate.wording import in_words
from campaign.kit.money import written_major


def summary_link(params: Mapping[str, Any], audience: str) -> str | None:
    """The path to the figures that a notice tells of: the same days, as they stand when it is opened."""
    if "totals" not in params:
        return None
    first, last = params["range"]
    page = "/brand" if audience == "brand" else "/hub/rankings"
    if audience == "hub" and params["brand"]:
        page = f"/hub/brands/{params['brand']}"
    return f"{page}?first={first}&last={last}"


def summed(params: Mapping[str, Any], complete_at: str, *, english: bool) -> dict[str, str]:
    """What the sentence of a summary takes, from what it was told with. complete_at: worded already."""
    whole = "complete" if params["complete_at"] else "incomplete"
    return {
        "name": _named(params, english),
        "range": " – ".join(dict.fromkeys(params["range"])),
        "totals": ("; " if english else "；").join(_told(one) for one in params["totals"]),
        "brands": _brands(params["brands"], english),
        "complete": in_words(f"summary.{whole}", {"at": complete_at}),
    }


def _told(one: Mapping[str, Any]) -> str:
    """Totals in one currency: more may come back until they are final."""
    if one["paid_gmv_fen"] == 0 and one["refund_fen"] == 0:
        return in_words("summary.nothing", {})
    amounts = {
        name: _money(one[f"{name}_fen"], one["currency"])
        for name in ("paid_gmv", "refund", "net_gmv", "maturing")
    }
    state = in_words("summary.maturing" if one["maturing"] else "summary.final", amounts)
    return in_words("summary.totals", amounts | {"orders": one["orders"], "state": state})


def _brands(brands: Sequence[Mapping[str, Any]], english: bool) -> str:
    """The brands that sold most, currency by currency, or nothing."""
    told: dict[str, list[str]] = {}
    for one in brands:
        money = _money(one["paid_fen"], one["currency"])
        told.setdefault(one["currency"], []).append(f"{_named(one, english)} {money}")
    listed = [(", " if english else "、").join(own) for own in told.values()]
    return in_words("summary.brands", {"listed": ("; " if english else "；").join(listed)}) if listed else ""


def _named(one: Mapping[str, Any], english: bool) -> str:
    name: str = one["name_en"] if english and one["name_en"] else one["name"]
    return name


def _money(amount: int, currency: str) -> str:
    """129900 → 1,299.00 CNY: in a chat group no sign is left to be guessed."""
    return f"{Decimal(written_major(amount, currency)):,} {currency}"
