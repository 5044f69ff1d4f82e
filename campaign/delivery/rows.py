"""Whose rows: said in every query, as well as by the database. The second wall needs a first."""

from sqlalchemy import ColumnElement, false, true
from sqlalchemy.orm import InstrumentedAttribute

from campaign.kit.actor import Actor


def own(actor: Actor, agency_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """All for the hub, an agency's own for it, none for anybody else."""
    if actor.is_hub:
        return true()
    return agency_id == actor.agency_id if actor.role == "agency" else false()
