"""A hub's own numbers and levels, over the defaults. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from campaign.schedule.rules.table import LEVELS, RULES, Level


@dataclass(frozen=True)
class RestRules:
    """How long a host may work. No legal maximum was found, so each hub sets its own (hub.settings.rest)."""

    longest_stretch_minutes: int = 240
    break_minutes: int = 30
    day_minutes: int = 480
    between_days_minutes: int = 660

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "RestRules":
        """The hub's own numbers over the defaults; what is no whole number is left at its default."""
        return cls(**_numbers(settings.get("rest"), cls))


@dataclass(frozen=True)
class RuleSettings:
    """What a hub has set (hub.settings.rules): gaps in minutes, and levels that differ from the table's.

    rival_gap_minutes: how near two competing brands count as back to back. sku_gap_minutes: how long the same SKU rests
    on a platform. answer_minutes: how long those who must agree should have before the start.
    """

    rest: RestRules = RestRules()
    rival_gap_minutes: int = 60
    sku_gap_minutes: int = 120
    answer_minutes: int = 60
    levels: Mapping[str, Level] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "RuleSettings":
        """Read hub.settings; what it does not understand is left at its default."""
        given = settings.get("rules")
        levels = given.get("levels") if isinstance(given, dict) else None
        known = {
            code: level
            for code, level in (levels.items() if isinstance(levels, dict) else ())
            if code in RULES and level in LEVELS and not RULES[code].fixed
        }
        return cls(rest=RestRules.of(settings), levels=known, **_numbers(given, cls))

    def level(self, code: str) -> Level:
        """What a rule does in this hub."""
        return self.levels.get(code, RULES[code].level)

    @property
    def rival_gap(self) -> timedelta:
        return timedelta(minutes=self.rival_gap_minutes)

    @property
    def sku_gap(self) -> timedelta:
        return timedelta(minutes=self.sku_gap_minutes)

    @property
    def answer_time(self) -> timedelta:
        return timedelta(minutes=self.answer_minutes)


def _numbers(given: Any, of: type[RestRules] | type[RuleSettings]) -> dict[str, int]:
    if not isinstance(given, dict):
        return {}
    names = {name for name in of.__dataclass_fields__ if name.endswith("_minutes")}
    return {name: value for name, value in given.items() if name in names and type(value) is int}
