"""The platform's figures beside ours on a terminal: what parts the two, in words and yuan."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from campaign.cli.speaking import english

if TYPE_CHECKING:
    from campaign.kit.parts import Parts


def against_platform(parts: "Parts") -> list[dict[str, Any]]:
    """Each session with a report: the platform's figures beside ours, and what parts them."""
    from campaign.insight.against import reported_sessions
    from campaign.insight.summary import session_sales, zone_of
    from campaign.kit.actor import SYSTEM
    from campaign.kit.ids import public
    from campaign.schedule.queries import get_session

    found = []
    with parts.database.transaction(SYSTEM, readonly=True) as db:
        zone = zone_of(db)
        for session_id in reported_sessions(db, SYSTEM):
            against = session_sales(db, SYSTEM, session_id).against
            if against is None:
                continue
            session = get_session(db, SYSTEM, session_id)
            began = (session.actual_starts_at or session.starts_at).astimezone(zone)
            found.append(
                {
                    "session_id": public("ses", session_id),
                    "title": session.title,
                    "starts_at": began.isoformat(),
                    "gaps": [asdict(one) | {"difference": one.difference} for one in against.gaps],
                }
            )
    return found


def show_against(parts: "Parts", platform: list[dict[str, Any]]) -> None:
    """Those that differ, figure by figure; those that do not are counted."""
    if not platform:
        return
    differing = [session for session in platform if any(gap["difference"] for gap in session["gaps"])]
    with english(parts):
        for session in differing:
            began = session["starts_at"][:16].replace("T", " ")
            print(f"{session['session_id']}  {began}  {session['title']}")
            for gap in session["gaps"]:
                print(f"  {_line(gap)}")
    same = len(platform) - len(differing)
    print(f"reports of the platform: {len(differing):,} differ from ours, {same:,} are the same")


def _line(gap: dict[str, Any]) -> str:
    from campaign.gate.wording import in_words

    name = in_words(f"told_figure.{gap['figure']}", {})
    told = (
        f"{name:<28} ours {_amount(gap, gap['ours']):>14}  the platform's {_amount(gap, gap['platform']):>14}"
    )
    if not gap["difference"]:
        return f"{told}  same"
    causes = ", ".join(
        f"{in_words('gap.' + part['cause'], {})} {_amount(gap, part['amount'], '+')}" for part in gap["parts"]
    )
    return f"{told}  gap {_amount(gap, gap['difference'], '+')}: {causes}"


def _amount(gap: dict[str, Any], amount: int, sign: str = "") -> str:
    from decimal import Decimal

    return f"{Decimal(amount).scaleb(-2):{sign},.2f}" if gap["unit"] == "fen" else f"{amount:{sign},}"
