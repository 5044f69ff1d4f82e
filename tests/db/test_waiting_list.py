"""The waiting list: a freed place is held for the next in line whom it suits, once."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.errors import Forbidden, Invalid, WrongState
from campaign.live.clock import tick
from campaign.outbox.notices import Notice
from campaign.schedule import answering, changing, closing
from campaign.schedule.models import LiveSession
from campaign.schedule.queries import get_session
from campaign.schedule.waiting import line
from campaign.schedule.waiting.models import WaitingEntry, WaitingOffer
from campaign.schedule.waiting.queries import get_entry, line_of, page_of_entries
from campaign.schedule.waiting.schemas import EntryIn
from campaign.schedule.waiting.sweep import AGAIN, sweep
from tests.factory import HUB


class Line:
    """Wishes for the first studio while a session stands: 12:00 to 15:00 UTC tomorrow, and nothing beside it."""

    def __init__(self, stage):
        self.stage = stage
        self.standing = stage.book(
            participants=[{"host_id": stage.independent.id}], channels=[{"platform": "douyin"}]
        )

    def wish(self, title="想要", **changes):
        starts_at, ends_at = self.standing.starts_at, self.standing.ends_at
        values = {
            "title": title,
            "brand_ids": [self.stage.brand.id],
            "studio_ids": [self.stage.studio.id],
            "host_ids": [self.stage.in_house.id],
            "minutes": 180,
            "windows": [{"from": starts_at, "to": ends_at}],
        }
        return self.stage.act(line.join, EntryIn.model_validate(values | changes)).row.id

    def sweep(self):
        return sweep(self.stage.database)

    def free(self):
        self.stage.act(closing.cancel, self.standing.id, code="brand_request")

    def entry(self, entry_id):
        return self.stage.act(get_entry, entry_id)

    def count(self, *where, model=WaitingOffer):
        with self.stage.database.transaction(SYSTEM) as db:
            return db.scalar(select(func.count()).select_from(model).where(*where))


@pytest.fixture
def waiting(stage):
    return Line(stage)


def test_a_freed_place_is_held_for_the_first_in_line(waiting, stage):
    second = waiting.wish("后来")
    first = waiting.wish("优先", priority=9)
    assert waiting.sweep() == 0
    assert [(one.row.id, one.position) for one in stage.act(line_of)] == [(first, 1), (second, 2)]
    waiting.free()
    assert waiting.sweep() == 1
    view = waiting.entry(first)
    assert (view.row.state, view.position, waiting.entry(second).row.state) == ("offered", None, "waiting")
    with stage.database.transaction(HUB) as db:
        session = db.get_one(LiveSession, view.held.session_id)
    assert (session.state, session.title, session.studio_id) == ("draft", "优先", stage.studio.id)
    assert session.hold_until == view.held.expires_at == stage.now() + timedelta(hours=2)
    assert (session.starts_at, session.host_ids) == (waiting.standing.starts_at, [stage.in_house.id])
    assert waiting.sweep() == 0
    assert waiting.count() == 1


def test_nothing_is_held_while_the_word_of_what_was_freed_is_missing(waiting, stage):
    # Negative control of the trigger: without it only the entry's own next look finds the place.
    first = waiting.wish()
    waiting.sweep()
    waiting.free()
    with stage.database.transaction(SYSTEM) as db:
        db.execute(text("DELETE FROM freed_claim"))
    assert waiting.sweep() == 0
    with clock.travel(AGAIN):
        assert waiting.sweep() == 1
    assert waiting.entry(first).row.state == "offered"


def test_taken_it_becomes_a_booking_that_does_not_lapse(waiting, stage):
    entry = waiting.wish()
    waiting.free()
    waiting.sweep()
    taken = stage.act(line.take, entry)
    assert (taken.row.state, taken.offers[0].state) == ("taken", "taken")
    again = stage.act(line.take, entry)
    assert again.row.session_id == taken.row.session_id
    with stage.database.transaction(HUB) as db:
        assert db.get_one(LiveSession, taken.row.session_id).hold_until is None
        held = db.scalar(text("SELECT count(*) FROM claim WHERE expires_at IS NOT NULL"))
    assert held == 0
    with pytest.raises(WrongState):
        stage.act(line.withdraw, entry)


def test_passed_up_it_goes_to_the_next_and_not_back(waiting, stage):
    first, second = waiting.wish("一"), waiting.wish("二")
    waiting.free()
    assert waiting.sweep() == 1
    stage.act(line.pass_up, first)
    assert waiting.sweep() == 1
    assert (waiting.entry(first).row.state, waiting.entry(second).row.state) == ("waiting", "offered")
    stage.act(line.pass_up, second)
    assert waiting.sweep() == 0
    assert [one.state for one in waiting.entry(first).offers] == ["passed"]
    with pytest.raises(line.NoOfferOpen):
        stage.act(line.take, first)


def test_unanswered_it_lapses_and_goes_to_the_next_even_before_the_clock_came_by(waiting, stage):
    first, second = waiting.wish("一"), waiting.wish("二")
    waiting.free()
    waiting.sweep()
    with clock.travel(timedelta(hours=2)):
        with pytest.raises(line.NoOfferOpen):
            stage.act(line.take, first)
        assert waiting.sweep() == 1
        assert waiting.entry(first).offers[0].state == "expired"
        assert (waiting.entry(first).row.state, waiting.entry(second).row.state) == ("waiting", "offered")
    kinds = [Notice.kind == "change.place_lapsed", Notice.audience == "hub"]
    assert waiting.count(*kinds, model=Notice) == 1


@pytest.mark.parametrize("how", ["moved", "shortened", "lapsed", "swapped_host"])
def test_whatever_frees_a_place_is_noticed(waiting, stage, how):
    window = {"from": waiting.standing.starts_at, "to": waiting.standing.ends_at}
    minutes, changes = 180, {}
    if how == "shortened":
        minutes = 60
        window = {"from": waiting.standing.ends_at - timedelta(hours=1), "to": waiting.standing.ends_at}
    if how == "swapped_host":
        changes = {"host_ids": [stage.independent.id], "studio_ids": [stage.other_studio.id]}
    entry = waiting.wish(minutes=minutes, windows=[window], **changes)
    assert waiting.sweep() == 0
    session, after = waiting.standing, timedelta(0)
    if how == "moved":
        stage.act(changing.move, session.id, starts_at=session.starts_at + timedelta(days=1))
    elif how == "shortened":
        stage.act(
            changing.move,
            session.id,
            starts_at=session.starts_at,
            ends_at=session.ends_at - timedelta(hours=2),
        )
    elif how == "swapped_host":
        stage.act(
            changing.change,
            session.id,
            changing.SessionChange.model_validate({"participants": [{"host_id": stage.signed.id}]}),
        )
    else:
        soon = stage.now() + timedelta(minutes=5)
        stage.act(changing.change, session.id, changing.SessionChange(hold_until=soon))
        after = timedelta(minutes=6)
    from campaign.live.clock import tick

    with clock.travel(after):
        tick(stage.database)
        assert waiting.sweep() == 1
        assert waiting.entry(entry).row.state == "offered"


def test_a_place_that_breaks_a_rule_is_not_held(waiting, stage):
    # The account is on air elsewhere: hard; the booking refuses it, the entry waits on.
    entry = waiting.wish(platform_account_id=stage.account.id)
    stage.book(studio_id=stage.other_studio.id)
    waiting.free()
    assert waiting.sweep() == 0
    assert waiting.entry(entry).row.state == "waiting"
    assert waiting.count() == 0


def test_what_the_hub_does_with_the_draft_decides_the_offer(waiting, stage):
    entry = waiting.wish()
    waiting.free()
    waiting.sweep()
    session_id = waiting.entry(entry).held.session_id
    stage.act(answering.confirm, session_id)
    waiting.sweep()
    found = waiting.entry(entry)
    assert (found.row.state, found.row.session_id) == ("taken", session_id)


def test_a_draft_the_hub_cancels_is_given_back(waiting, stage):
    entry = waiting.wish()
    waiting.free()
    waiting.sweep()
    stage.act(closing.cancel, waiting.entry(entry).held.session_id, code="other")
    assert waiting.sweep() == 0
    assert (waiting.entry(entry).row.state, waiting.entry(entry).offers[0].state) == ("waiting", "withdrawn")


def test_any_host_means_one_who_is_there(waiting, stage):
    entry = waiting.wish(host_ids=[])
    waiting.free()
    assert waiting.sweep() == 1
    with stage.database.transaction(HUB) as db:
        session = db.get_one(LiveSession, waiting.entry(entry).held.session_id)
    assert session.host_ids == [stage.in_house.id]


def test_past_its_time_a_wish_expires_and_may_be_revived(waiting, stage):
    entry = waiting.wish()
    with clock.travel(timedelta(days=3)):
        waiting.sweep()
        assert waiting.entry(entry).row.state == "expired"
        later = stage.now() + timedelta(days=1)
        window = {"from": later, "to": later + timedelta(hours=4)}
        from campaign.parties.schemas import partial

        stage.act(line.change, entry, partial(EntryIn).model_validate({"windows": [window]}))
        assert waiting.entry(entry).row.state == "waiting"
        assert waiting.sweep() == 1


def test_brands_and_the_agency_that_asked_hear_of_it(waiting, stage):
    waiting.wish(agency_id=stage.agency.id)
    waiting.free()
    waiting.sweep()
    with stage.database.transaction(SYSTEM) as db:
        told = db.execute(
            select(Notice.audience, Notice.party_id, Notice.session_id.is_(None)).where(
                Notice.kind == "change.place_held"
            )
        ).all()
    assert sorted(told) == [
        ("agency", stage.agency.id, True),
        ("brand", stage.brand.id, True),
        ("hub", 0, False),
    ]


def test_the_line_is_the_hubs_alone(waiting, stage):
    waiting.wish()
    brand = Actor(kind="user", role="brand", id=9, name="b", brand_id=stage.brand.id)
    with stage.database.transaction(brand) as db:
        assert db.scalar(select(func.count()).select_from(WaitingEntry)) == 0
        with pytest.raises(Forbidden):
            page_of_entries(db, brand, limit=10)
    with stage.database.transaction(HUB) as db:
        assert db.scalar(select(func.count()).select_from(WaitingEntry)) == 1


@pytest.mark.parametrize(
    "changes",
    [{"brand_ids": [7]}, {"studio_ids": [7]}, {"host_ids": [7]}, {"agency_id": 7}, {"minutes": 181}],
)
def test_what_cannot_be_served_is_refused(waiting, changes):
    with pytest.raises(Invalid):
        waiting.wish(**changes)


def test_what_a_no_show_leaves_is_held_for_the_next_in_line(stage):
    starts_at = stage.now().replace(second=0, microsecond=0) + timedelta(hours=3)
    show = stage.book(starts_at=starts_at, hours=4, participants=[{"host_id": stage.in_house.id}])
    stage.act(answering.confirm, show.id)
    wish = {
        "title": "顶上",
        "brand_ids": [stage.brand.id],
        "studio_ids": [stage.studio.id],
        "host_ids": [stage.make.host(kind="in_house").id],
        "minutes": 120,
        "windows": [{"from": show.starts_at, "to": show.ends_at}],
    }
    entry = stage.act(line.join, EntryIn.model_validate(wish)).row.id
    state = None
    for minutes in (-31, -30, *(half / 2 for half in range(34))):
        with clock.travel(show.starts_at + timedelta(minutes=minutes) - stage.now()):
            tick(stage.database)
            held = sweep(stage.database)
            state = stage.act(get_session, show.id).state
            # Negative control: while the show may still begin, nothing is given away.
            assert held == (state == "no_show")
        if state == "no_show":
            break
    assert state == "no_show"
    view = stage.act(get_entry, entry)
    assert view.row.state == "offered"
    offered = stage.act(get_session, view.held.session_id)
    assert offered.studio_id == stage.studio.id
    assert show.starts_at + timedelta(minutes=75) <= offered.starts_at
    assert offered.ends_at <= show.ends_at
