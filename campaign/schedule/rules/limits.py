"""What a hub may set of the rules: the shape of the settings, checked. Pure."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from campaign.kit.fields import Strict
from campaign.schedule.rules.settings import RuleSettings
from campaign.schedule.rules.table import RULES

Minutes = Annotated[int, Field(strict=True, ge=0, le=2880)]


class RulesIn(Strict):
    """A hub's rules: numbers in minutes, and levels by rule; what is left out stands at its default."""

    longest_stretch_minutes: Minutes = 240
    break_minutes: Minutes = 30
    day_minutes: Minutes = 480
    between_days_minutes: Minutes = 660
    rival_gap_minutes: Minutes = 60
    sku_gap_minutes: Minutes = 120
    answer_minutes: Minutes = 60
    levels: dict[str, Literal["hard", "soft", "off"]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_levels(self) -> "RulesIn":
        for code in self.levels:
            if code not in RULES:
                raise ValueError("unknown_id")
            if RULES[code].fixed:
                raise ValueError("rule_fixed")
        return self

    def as_settings(self, kept: dict[str, Any]) -> dict[str, Any]:
        """hub.settings with these rules in the place of the old ones; levels that are the default are left out."""
        rest = {name: getattr(self, name) for name in REST}
        gaps = {name: getattr(self, name) for name in GAPS}
        levels = {code: level for code, level in self.levels.items() if level != RULES[code].level}
        return {**kept, "rest": rest, "rules": {**gaps, "levels": levels}}


REST = ("longest_stretch_minutes", "break_minutes", "day_minutes", "between_days_minutes")
GAPS = ("rival_gap_minutes", "sku_gap_minutes", "answer_minutes")


def standing(settings: RuleSettings) -> dict[str, Any]:
    """The rules as they stand, every level named: the shape of RulesIn."""
    numbers = {name: getattr(settings.rest, name) for name in REST}
    numbers |= {name: getattr(settings, name) for name in GAPS}
    return {**numbers, "levels": {code: settings.level(code) for code in RULES}}
