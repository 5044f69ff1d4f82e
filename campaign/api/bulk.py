"""One verb for many sessions, with a result per id."""

from apiflask import APIBlueprint
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.gate.door import writes
from campaign.gate.wording import in_words
from campaign.kit.actor import Actor
from campaign.kit.errors import Forbidden
from campaign.live.bulk import VERBS, Done, Given, act_on_all
from campaign.schedule import shapes

bp = APIBlueprint("api_bulk", __name__, tag="Sessions")


@bp.post("/sessions/bulk")
@writes("sessions.answer", body=shapes.BulkIn, answer=shapes.BulkOut)
def bulk(*, db: Session, actor: Actor, body: shapes.BulkIn) -> BaseModel:
    """Each on its own. Offer, confirm, ready and cancel are the hub's; accept and decline also an agency's."""
    if not allows(actor, VERBS[body.verb][0]):
        raise Forbidden
    given = Given(reason=body.reason or "", code=body.code, deadline_at=body.deadline_at)
    return shapes.BulkOut(items=[_result(one) for one in act_on_all(db, actor, body.verb, body.ids, given)])


def _result(one: Done) -> shapes.BulkResult:
    if one.view is not None:
        return shapes.BulkResult(id=one.session_id, ok=True, state=one.view.state, version=one.view.version)
    if one.error is None:
        raise ValueError(one)
    code = one.error.error_code
    return shapes.BulkResult(id=one.session_id, ok=False, code=code, message=in_words(code, one.error.params))
