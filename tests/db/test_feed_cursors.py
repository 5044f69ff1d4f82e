"""Cursors of the feed: what they say of their age."""

from campaign.delivery import queries
from campaign.delivery.schemas import EventQuery
from campaign.kit.actor import Actor
from campaign.kit.paging import from_cursor, to_cursor
from tests.factory import Factory


def test_a_cursor_older_than_events_are_kept_is_told_that_some_may_be_gone(committed_database):
    agency = Factory(committed_database).agency()
    actor = Actor(kind="key", role="agency", agency_id=agency.id)

    def read(after: str | None, days: int) -> tuple[bool, str]:
        with committed_database.transaction(actor) as db:
            page = queries.events_after(db, actor, EventQuery(after=after), event_days=days)
        return page.forgotten, page.next_cursor

    told, cursor = read(None, 30)
    # Who begins has missed nothing.
    assert told is False
    position, given_at = from_cursor(cursor, (int, int))
    late = [to_cursor((position, given_at - age * 86_400)) for age in (29, 31)]
    assert [read(one, 30)[0] for one in late] == [False, True]
    # Kept longer, it is all there.
    assert read(late[1], 60)[0] is False
    # Nor is it said of one from before cursors carried a moment.
    assert read(to_cursor((position,)), 30)[0] is False
    # Told once: the cursor of the answer is of now.
    assert read(read(late[1], 30)[1], 30)[0] is False
