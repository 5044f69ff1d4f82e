"""Calendars for programs to subscribe to (RFC 5545): entries in, folded text out. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from icalendar import Calendar, Event

PRODUCT = "-//Xinji Live//Schedule//EN"
REFRESH = timedelta(minutes=15)


@dataclass(frozen=True)
class Entry:
    """One event. sequence rises with each change; status TENTATIVE, CONFIRMED or CANCELLED; instants aware."""

    uid: str
    sequence: int
    status: str
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    changed_at: datetime
    summary: str
    location: str
    description: str


def calendar_text(name: str, zone: str, entries: Iterable[Entry]) -> bytes:
    """The calendar in UTC instants: no client needs a zone table, and none gets a clock change wrong.

    Without METHOD the stamp of an event is its last change (RFC 5545, 3.8.7.2), so the same schedule is
    the same bytes.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", zone)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", REFRESH)
    for entry in entries:
        calendar.add_component(_event(entry))
    content: bytes = calendar.to_ical()
    return content


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("status", entry.status)
    event.add("dtstamp", entry.changed_at)
    event.add("last-modified", entry.changed_at)
    event.add("created", entry.created_at)
    event.add("dtstart", entry.starts_at)
    event.add("dtend", entry.ends_at)
    event.add("summary", entry.summary)
    event.add("location", entry.location)
    event.add("description", entry.description)
    event.add("transp", "TRANSPARENT" if entry.status == "CANCELLED" else "OPAQUE")
    return event
