"""What the board is asked for: a day or week, rows by studio or host, and which sessions show."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from campaign.kit import pinyin
from campaign.kit.fields import AgencyId, BrandId, CampaignId, HostId, Line, Strict, StudioId
from campaign.parties.schemas import Day, Platform
from campaign.schedule.boards import BoardBlock, Called
from campaign.schedule.states import State

FILTERS = ("studio", "host", "agency", "brand", "campaign", "state", "platform", "q")


class BoardQuery(Strict):
    """The board's address. Fields left empty by its form count as left out."""

    day: Day | None = None
    view: Literal["day", "week"] = "day"
    by: Literal["studio", "host"] = "studio"
    rows: Literal["24", "48"] | None = None
    cancelled: Literal["0", "1"] = "0"
    every: Literal["0", "1"] = "0"
    studio: StudioId | None = None
    host: HostId | None = None
    agency: AgencyId | None = None
    brand: BrandId | None = None
    campaign: CampaignId | None = None
    state: State | None = None
    platform: Platform | None = None
    q: Line = ""
    undo: Annotated[str, Field(max_length=4000)] = ""

    @model_validator(mode="before")
    @classmethod
    def _empty_is_left_out(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if value != ""}

    @property
    def filtered(self) -> bool:
        """Whether some sessions are left out."""
        return any(getattr(self, name) for name in FILTERS)

    def shows(self, block: BoardBlock, studio: Called) -> bool:
        """Whether a session passes every filter."""
        return (
            self.studio in (None, block.studio_id)
            and self.state in (None, block.state)
            and (self.host is None or any(self.host == person.host_id for person in block.people))
            and (self.agency is None or any(self.agency == person.agency_id for person in block.people))
            and (self.brand is None or any(self.brand == brand.id for brand in block.brands))
            and (self.campaign is None or (block.campaign is not None and self.campaign == block.campaign.id))
            and (self.platform is None or self.platform in block.platforms)
            and (not self.q or matches(self.q, found_by(block, studio)))
        )


def matches(typed: str, text: str) -> bool:
    """Whether every word typed stands in the text, in characters or in pinyin."""
    return all(word in text for word in typed.lower().split())


def found_by(block: BoardBlock, studio: Called) -> str:
    """What a session is found by: title, brands, hosts, studio, in characters, pinyin and first letters."""
    names = [block.title, studio.name, studio.name_en]
    for brand in block.brands:
        names += (brand.name, brand.name_en)
    for person in block.people:
        names += (person.name, person.name_en)
    return spelt(names)


def spelt(names: Iterable[str]) -> str:
    """Names with their pinyin, in lower case, each once."""
    return " ".join(dict.fromkeys(_spelt(name) for name in names if name))


@lru_cache(maxsize=20_000)
def _spelt(name: str) -> str:
    """辛皮记 → "辛皮记 xinpiji xpj"; names without characters stay as they are."""
    lower = name.lower()
    if lower.isascii():
        return lower
    whole = "".join(pinyin.spelling(name)).replace(" ", "")
    return f"{lower} {whole} {pinyin.initials(name).replace(' ', '')}"


def first_of_week(day: date) -> date:
    """The Monday of a day's week."""
    return date.fromordinal(day.toordinal() - day.weekday())
