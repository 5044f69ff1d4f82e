"""A tap on a phone: what its form carries, and the token by which it counts once."""

import re
import secrets
from datetime import datetime
from typing import Any

from campaign.kit.instants import parse
from campaign.live.links import Tap
from campaign.web.paths import read_id

_TOKEN = re.compile(r"[0-9a-f]{16,64}")
_LONGEST_REASON = 200


def new_token() -> str:
    """For the buttons of one page: the same button pressed again is the same press."""
    return secrets.token_hex(10)


def tap_of(typed: Any) -> Tap:
    """Read a tap's form; what is no token, time or id of ours is left out. Raises NotFound for a foreign id."""
    participant, host = typed.get("participant", ""), typed.get("host", "")
    once = typed.get("once", "")
    return Tap(
        participant_id=read_id("ptc", participant) if participant else None,
        host_id=read_id("hst", host) if host else None,
        until=_instant(typed.get("until", "")),
        reason=typed.get("reason", "").strip()[:_LONGEST_REASON],
        once=once if _TOKEN.fullmatch(once) else "",
    )


def _instant(typed: str) -> datetime | None:
    try:
        return parse(typed)
    except ValueError:
        return None
