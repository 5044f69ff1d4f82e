"""A feed's sessions worded for a calendar: only what the feed's party may see, and no prices."""

from datetime import timedelta

from flask_babel import gettext as _

from campaign.gate.wording import in_words
from campaign.kit import ids
from campaign.kit.ical import Entry
from campaign.schedule.feeds import Feed, FeedSession
from campaign.schedule.views import Named, SessionView
from campaign.web.show import clock, names

_FIRM = ("accepted", "ready", "live", "ended", "reviewed", "no_show")


def entry_of(feed: Feed, one: FeedSession) -> Entry:
    """One session. The UID is the session's own id: it stays the same whatever is moved."""
    view = one.view
    status = "CANCELLED" if one.over else "CONFIRMED" if view.state in _FIRM else "TENTATIVE"
    return Entry(
        uid=f"{ids.public('ses', view.id)}@xinji-live",
        sequence=view.version,
        status=status,
        starts_at=view.starts_at,
        ends_at=view.ends_at,
        created_at=view.created_at,
        changed_at=view.updated_at,
        summary=_title(feed, view),
        location=names([Named(view.studio_id, view.studio_name, view.studio_name_en)]),
        description="\n".join(_lines(feed, view)),
    )


def _title(feed: Feed, view: SessionView) -> str:
    """A title may name every brand in the show; a brand that shares it reads its own name and a count."""
    if feed.kind == "brand" and view.other_brands:
        return str(
            _("%(brand)s and %(count)s other brands", brand=names(view.brands), count=view.other_brands)
        )
    return view.title


def _lines(feed: Feed, view: SessionView) -> list[str]:
    found = [_("State: %(state)s", state=in_words(f"state.{view.state}", {}))]
    if view.state == "cancelled" and view.cancel_code:
        found = [_("Cancelled: %(reason)s", reason=in_words(f"cancel.{view.cancel_code}", {}))]
    if feed.kind != "brand":
        found.append(_("Brands: %(names)s", names=names(view.brands)))
        ready_from = view.starts_at - timedelta(minutes=view.setup_minutes)
        found.append(_("Studio from %(at)s", at=clock(ready_from)))
    found.append(_("Hosts: %(names)s", names=names(view.participants)))
    platforms = dict.fromkeys(in_words(f"platform.{one.platform}", {}) for one in view.channels)
    found.append(_("Platforms: %(names)s", names=_(", ").join(platforms)))
    return found
