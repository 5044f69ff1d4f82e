"""The search of a delivery log: by state, type and days, and by one line in which an id, a code or a title stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic import Field, model_validator
from sqlalchemy.orm import Session

from campaign.delivery import queries, schemas
from campaign.delivery.models import WebhookDelivery
from campaign.gate.current import parts
from campaign.gate.wording import in_words
from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from campaign.kit.errors import Invalid
from campaign.kit.numbers import whole
from campaign.kit.paging import Page
from campaign.schedule.queries import get_sessions, ids_by_title
from campaign.schedule.views import SessionView
from campaign.web.verbs import refusal

_IDS = {"evt": "event_id", "ses": "session_id", "whd": "delivery_id"}
_CODES = range(100, 600)
_SEARCHED = ("about", "from_at", "to_at", "event_type", "state")


class LogQuery(schemas.DeliveryQuery):
    """`about`: the id of an event, a session or a delivery, the code of an answer, or words of a session's title."""

    about: str | None = Field(default=None, max_length=200)

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, given: Any) -> Any:
        """A form sends its empty fields too: they ask for nothing."""
        return (
            {name: value for name, value in given.items() if value != ""}
            if isinstance(given, dict)
            else given
        )

    @property
    def is_search(self) -> bool:
        return any(getattr(self, name) for name in _SEARCHED)


@dataclass(frozen=True)
class Found:
    """A page of the log with the sessions that it tells of, as far as the reader may see them; or why there is none."""

    page: Page[WebhookDelivery] = field(default_factory=lambda: Page([], None))
    sessions: Mapping[int, SessionView] = field(default_factory=dict)
    fault: str = ""


def search(db: Session, actor: Actor, query: LogQuery) -> Found:
    """What the query finds, newest first."""
    written = (query.about or "").strip()
    sessions = None
    prefix = written.partition("_")[0]
    if prefix in _IDS and "_" in written:
        try:
            query = query.model_copy(update={_IDS[prefix]: ids.internal(prefix, written)})
        except ValueError:
            return Found(fault=in_words("log_id", {}))
    elif (code := whole(written, 3)) in _CODES:
        query = query.model_copy(update={"last_status": code})
    elif written:
        # Printable text can be compared with titles, and nothing else is one.
        since = clock.now(db) - timedelta(days=parts().settings.event_days)
        sessions = ids_by_title(db, actor, written, since=since) if written.isprintable() else []
    try:
        page = queries.page_of_deliveries(db, actor, query, sessions=sessions)
    except Invalid as error:
        return Found(fault=refusal(error))
    told = {row.session_id for row in page.items if row.session_id is not None}
    return Found(page, get_sessions(db, actor, told) if told else {})
