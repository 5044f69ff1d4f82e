"""Leave and closures are recorded whatever is booked: what they clash with rings until it is set right."""

from sqlalchemy.orm import Session

from campaign.kit.actor import Actor
from campaign.live.alerts import ring, settle
from campaign.schedule.clashes import RULES, clashes


def flag_clashes(db: Session, actor: Actor) -> int:
    """Ring for each clash that does not ring yet, settle those that are gone; gives how many there are.

    For the system, who sees every session: whoever records a leave may see but a few.
    """
    found = clashes(db, actor)
    for one in found:
        ring(db, actor, one.rule, one.subject, session_id=one.session_id)
    for kind in RULES:
        settle(db, actor, kind, [one.subject for one in found if one.rule == kind])
    return len(found)
