"""The table of rules: each code, what it does unless the hub says otherwise, and what it looks at. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Level = Literal["hard", "soft", "off"]
LEVELS: tuple[Level, ...] = ("hard", "soft", "off")


@dataclass(frozen=True)
class Rule:
    """hard: refused. soft: asks for a reason, which is kept. off: not looked at.

    fixed: the database itself refuses, so no hub can change it. of_start: looks at the start alone, so that a
    change of anything else does not ask again.
    """

    code: str
    level: Level
    fixed: bool = False
    of_start: bool = False


_ALL = (
    # Overlaps: decided by the claims in the database; here they get their words.
    Rule("studio_overlap", "hard", fixed=True),
    Rule("host_overlap", "hard", fixed=True),
    Rule("account_overlap", "hard", fixed=True),
    Rule("crew_overlap", "hard", fixed=True),
    Rule("just_taken", "hard", fixed=True),
    # A studio under repair cannot be used; a hub may well open on a holiday, once somebody says why.
    Rule("studio_closed", "hard"),
    Rule("hub_closed", "soft"),
    Rule("outside_hours", "soft"),
    # Who is on leave is not there; ordinary hours can be talked about.
    Rule("host_away", "hard"),
    Rule("host_unavailable", "soft"),
    Rule("host_stretch", "soft"),
    Rule("host_day", "soft"),
    Rule("host_night", "soft"),
    # Contracts: broken by mistake they cost money.
    Rule("agency_exclusive", "hard"),
    Rule("brand_exclusive", "hard"),
    Rule("rival_brands", "soft"),
    Rule("same_sku", "soft"),
    # A platform may grant an account more than it grants all.
    Rule("platform_too_short", "soft"),
    Rule("platform_too_long", "soft"),
    Rule("platform_products", "soft"),
    # An offer's own deadline guards this; a hub that wants a word before booking at short notice turns it on.
    Rule("answer_time", "off", of_start=True),
    Rule("past_start", "soft", of_start=True),
)
RULES: Mapping[str, Rule] = {rule.code: rule for rule in _ALL}
"""By code, in the order they are shown."""
