"""One button for many: done for each that allows it, and told in one line."""

from collections.abc import Sequence

from flask import flash
from flask_babel import ngettext
from sqlalchemy.orm import Session

from campaign.kit.actor import Actor
from campaign.live.bulk import Given, act_on_all
from campaign.web.verbs import refusal


def tell(db: Session, actor: Actor, verb: str, chosen: Sequence[int], given: Given) -> None:
    """Do it for all of them, and say for how many it was done, and why not for the others."""
    done = act_on_all(db, actor, verb, chosen, given)
    good = sum(one.view is not None for one in done)
    if good:
        flash(ngettext("Done for %(num)s session.", "Done for %(num)s sessions.", good), "ok")
    for reason in dict.fromkeys(refusal(one.error) for one in done if one.error is not None):
        flash(reason, "bad")
