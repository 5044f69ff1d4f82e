"""Sessions written as cells that the import finds the same things by."""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.catalog.models import Campaign, PlatformAccount
from campaign.connectors.sheets.cells import bare, written_moment, written_platform
from campaign.connectors.sheets.names import Names
from campaign.kit import ids
from campaign.kit.money import exponent_of
from campaign.parties.models import Brand, Host, Studio
from campaign.schedule.models import CrewPool
from campaign.schedule.views import ChannelView, LineupView, ParticipantView, SessionView

_JOIN = "; "


class Writer:
    """Writes views; what the names mean is read once."""

    def __init__(self, db: Session, names: Names, zone: ZoneInfo) -> None:
        self._names, self._zone = names, zone
        accounts = db.execute(select(PlatformAccount.id, PlatformAccount.external_id))
        self._accounts = {row.id: row.external_id for row in accounts}
        self._campaigns = {row.id: row.name for row in db.execute(select(Campaign.id, Campaign.name))}

    def cells(self, view: SessionView, language: str) -> Mapping[str, str]:
        """Field → cell of the sessions' sheet."""
        people = {role: self._people(view, role) for role in ("host", "assistant", "influencer")}
        held, campaign = view.hold_until, view.campaign_id
        return {
            "id": ids.public("ses", view.id),
            "title": view.title,
            "studio": self._names.written(Studio, "std", view.studio_id, view.studio_name),
            "starts_at": written_moment(view.starts_at, self._zone),
            "ends_at": written_moment(view.ends_at, self._zone),
            "brands": _JOIN.join(self._names.written(Brand, "brd", one.id, one.name) for one in view.brands),
            "channels": _JOIN.join(self._channel(one, language) for one in view.channels),
            "hosts": people["host"],
            "assistants": people["assistant"],
            "influencers": people["influencer"],
            "lineup": _lineup(view.lineup),
            "crew": _JOIN.join(
                f"{self._names.written(CrewPool, 'crw', one.pool_id, one.name)}*{one.units}"
                for one in view.crew
            ),
            "campaign": ""
            if campaign is None
            else self._names.written(Campaign, "cmp", campaign, self._campaigns[campaign]),
            "hold_until": "" if held is None else written_moment(held, self._zone),
            "notes": view.notes,
        }

    def _channel(self, one: ChannelView, language: str) -> str:
        platform = written_platform(one.platform, language)
        account = self._accounts.get(one.platform_account_id or 0)
        rooms = "".join(f" #{room}" for room in one.room_ids)
        return (f"{platform}/{account}" if account else platform) + rooms

    def _people(self, view: SessionView, role: str) -> str:
        return _JOIN.join(self._person(view, one) for one in view.participants if one.role == role)

    def _person(self, view: SessionView, one: ParticipantView) -> str:
        name = self._names.written(Host, "hst", one.host_id or 0, one.name)
        first, end = one.starts_at or view.starts_at, one.ends_at or view.ends_at
        if (first, end) == (view.starts_at, view.ends_at):
            return name
        clock = "%H:%M:%S" if first.second or end.second else "%H:%M"
        shift = "-".join(at.astimezone(self._zone).strftime(clock) for at in (first, end))
        return f"{name}@{shift}"


def _lineup(lineup: tuple[LineupView, ...]) -> str:
    times = Counter(item.sku for item in lineup)
    return _JOIN.join(
        f"{_sku(item, times)}={_amount(item.live_price_fen or 0, item.currency)}" for item in lineup
    )


def _sku(item: LineupView, times: Counter[str]) -> str:
    """The SKU, or the product's id where two brands have the same one, or it would read as a list."""
    odd = any(mark in item.sku for mark in ";；\n") or bare(item.sku) != item.sku
    return ids.public("prd", item.product_id) if odd or times[item.sku] > 1 else item.sku


def _amount(fen: int, currency: str) -> str:
    places = exponent_of(currency)
    written = f"{Decimal(fen).scaleb(-places):.{places}f}"
    return written if currency == "CNY" else f"{written} {currency}"
