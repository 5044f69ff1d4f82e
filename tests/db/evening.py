"""Every verb on the product and on the model side by side, for hypothesis to do in any order."""

import itertools

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)
from sqlalchemy import text

from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.errors import DomainError
from campaign.live import correcting, evidence, running, standing_in
from campaign.live.clock import tick
from campaign.schedule import answering, booking, changing, closing, following, proposing, swapping
from campaign.schedule.schemas import CorrectionIn, SessionChange, SessionIn
from tests import zones
from tests.factory import HUB
from tests.oracle.life import Hub
from tests.oracle.shows import MIN, Show, Who, Wish
from tests.oracle.standing import compare

WHY = {"reason": "试"}
ONWARDS = {"draft": "offer", "offered": "accept", "accepted": "ready", "ready": "start", "live": "end"}

any_show = st.integers(0, 5)
slots = st.integers(0, 10)
lengths = st.sampled_from([30, 60, 90, 120])
some_hosts = st.lists(st.integers(0, 5), min_size=1, max_size=2, unique=True)


class Evening(RuleBasedStateMachine):
    """The product and the model side by side; `cast` and `seen` are set by the test."""

    cast = None
    seen = None

    def __init__(self):
        super().__init__()
        self.database = self.cast["database"]
        self.savepoint = self.database._bind.begin_nested()
        self.numbers = itertools.count(1)
        self.start_at = self._now()
        self.hub = Hub(self.start_at)

    def teardown(self):
        clock.set_offset(zones.offset())
        self.savepoint.rollback()

    def _now(self):
        with self.database.transaction(SYSTEM) as db:
            return clock.now(db)

    def _do(self, actor, action, *args, **kwargs):
        """Gives the code of the refusal, and what the action gave."""
        try:
            with self.database.transaction(actor) as db:
                return None, action(db, actor, *args, **kwargs)
        except DomainError as error:
            return error.error_code, None

    def _both(self, name, expected, actor, action, *args, **kwargs):
        """The verb on both; the refusals must be the same ones."""
        told, view = self._do(actor, action, *args, **kwargs)
        assert told == expected, (name, told, expected)
        self.seen[name, told] += 1
        return view

    def _show(self, number):
        return list(self.hub.shows.values())[number % len(self.hub.shows)] if self.hub.shows else None

    def _who(self, number, lo, hi):
        host, agency, must = self.cast["hosts"][number]
        return Who(host, agency, must, lo, hi)

    def _at(self, slot):
        return self.start_at + slot * 30 * MIN

    def _by(self, who):
        """Somebody who answers: 0 the hub, 1 and 2 the agencies, 3 the host that has none."""
        if who == 0:
            return HUB, ("hub", 0)
        if who == 3:
            host = self.cast["hosts"][4][0]
            return Actor(kind="link", role="host", name="墨墨", host_id=host), ("host", host)
        agency = self.cast["agencies"][who - 1]
        return Actor(kind="user", role="agency", id=7, name="agent", agency_id=agency), ("agency", agency)

    @initialize(
        hosts=st.lists(some_hosts, min_size=2, max_size=2),
        slots=st.lists(slots, min_size=2, max_size=2),
        until=st.integers(0, 5),
        held=st.booleans(),
    )
    def a_show_of_some_age_and_another(self, hosts, slots, until, held):
        for number in (0, 1):
            self.book(slots[number], 60, number, number, hosts[number], half=False, held=held and number)
        for _ in range(until):
            self.onwards(0)

    @rule(
        slot=slots,
        minutes=lengths,
        studio=st.integers(0, 1),
        account=st.integers(0, 2),
        hosts=some_hosts,
        half=st.booleans(),
        held=st.booleans(),
    )
    def book(self, slot, minutes, studio, account, hosts, half, held):
        if len(self.hub.shows) >= 6:
            return
        lo, hi = self._at(slot), self._at(slot) + minutes * MIN
        people = [self._who(number, lo, hi) for number in hosts]
        if half:
            people[0].hi = lo + minutes // 2 * MIN
        hold = self.hub.now + 40 * MIN if held else None
        show = Show(
            0, self.cast["studios"][studio], self.cast["accounts"][account], lo, hi, people, hold=hold
        )
        given = {
            "title": "专场",
            "studio_id": show.studio,
            "brand_ids": [self.cast["brand"]],
            "starts_at": lo,
            "ends_at": hi,
            "hold_until": hold,
            "channels": [{"platform": "douyin", "platform_account_id": show.account}],
            "participants": [{"host_id": who.host, "from": who.lo, "to": who.hi} for who in people],
            "override": WHY,
        }
        told, view = self._do(HUB, booking.book, SessionIn.model_validate(given))
        # A place the product gives is asked of the model by the id it got.
        show.id = view.id if view else -next(self.numbers)
        expected = self.hub.attempt(self.hub.book, show)
        assert told == expected
        self.seen["book", told] += 1

    @rule(number=any_show, verb=st.sampled_from(["offer", "confirm", "ready", "arrive", "start", "end"]))
    def plain(self, number, verb):
        show = self._show(number)
        actions = {
            "offer": answering.offer,
            "confirm": answering.confirm,
            "ready": running.make_ready,
            "arrive": running.arrive,
            "start": running.go_live,
            "end": running.end,
        }
        if show:
            self._both(verb, self.hub.attempt(getattr(self.hub, verb), show.id), HUB, actions[verb], show.id)

    @rule(number=any_show, verb=st.sampled_from(["review", "cancel"]), really=st.integers(0, 2))
    def close(self, number, verb, really):
        show = self._show(number)
        if show and not really:
            action, given = {
                "review": (correcting.review, {"text": "好"}),
                "cancel": (closing.cancel, {"code": "other"}),
            }[verb]
            expected = self.hub.attempt(getattr(self.hub, verb), show.id)
            self._both(verb, expected, HUB, action, show.id, **given)

    @rule(number=any_show)
    def onwards(self, number):
        """What comes next in an ordinary life, so that late states are met too."""
        show = self._show(number)
        if not show or show.state not in ONWARDS:
            return
        if show.state == "offered":
            self.answer(number, "accept", 0)
        elif show.state == "draft" and not show.waiting():
            self.plain(number, "confirm")
        else:
            self.plain(number, ONWARDS[show.state])

    @rule(number=any_show, verb=st.sampled_from(["accept", "decline"]), who=st.integers(0, 3))
    def answer(self, number, verb, who):
        show, (actor, by) = self._show(number), self._by(who)
        if show:
            expected = self.hub.attempt(getattr(self.hub, verb), show.id, by)
            given = {"reason": "没空"} if verb == "decline" else {}
            self._both(f"{verb} by {by[0]}", expected, actor, getattr(answering, verb), show.id, **given)

    @rule(
        number=any_show,
        what=st.sampled_from(["time", "end", "studio", "people", "title", "hold", "place"]),
        slot=slots,
        minutes=lengths,
        studio=st.integers(0, 1),
        hosts=some_hosts,
    )
    def change(self, number, what, slot, minutes, studio, hosts):
        show = self._show(number)
        if not show:
            return
        lo = self._at(slot)
        given = {
            "time": {"lo": lo, "hi": lo + (show.hi - show.lo)},
            "end": {"hi": show.lo + minutes * MIN},
            "studio": {"studio": self.cast["studios"][studio]},
            "place": {"lo": lo, "hi": lo + (show.hi - show.lo), "studio": self.cast["studios"][studio]},
            "people": {"people": [self._who(one, show.lo, show.hi) for one in hosts]},
            "title": {"title": "换个题目"},
            "hold": {"hold": self.hub.now + 40 * MIN if studio else None},
        }[what]
        expected = self.hub.attempt(self.hub.change, show.id, **given)
        names = {"lo": "starts_at", "hi": "ends_at", "studio": "studio_id", "hold": "hold_until"}
        fields = {names.get(name, name): value for name, value in given.items()} | {"override": WHY}
        if "people" in given:
            fields.pop("people")
            fields["participants"] = [{"host_id": who.host} for who in given["people"]]
        self._both(
            f"change {what}", expected, HUB, changing.change, show.id, SessionChange.model_validate(fields)
        )

    @rule(one=any_show, two=any_show, what=st.sampled_from(["studios", "times", "places", "people"]))
    def swap(self, one, two, what):
        here, there = self._show(one), self._show(two)
        if here:
            expected = self.hub.attempt(self.hub.swap, here.id, there.id, what)
            self._both(
                f"swap {what}", expected, HUB, swapping.swap, here.id, there.id, what=what,
                override_reason="试",
            )  # fmt: skip

    @rule(number=any_show, agency=st.integers(1, 2), slot=slots, host=st.none() | st.integers(0, 3))
    def counter(self, number, agency, slot, host):
        show, (actor, (_, agency_id)) = self._show(number), self._by(agency)
        if not show:
            return
        wish = Wish(0, agency_id, (show.lo, show.hi))
        if host is None:
            lo = self._at(slot)
            wish.times = (lo, lo + (show.hi - show.lo))
            given = {"starts_at": lo}
        else:
            leaving = next((who for who in show.people if who.agency == agency_id), show.people[0])
            wish.leaves, wish.comes = leaving.host, self._who(host, show.lo, show.hi)
            rows = self._rows("SELECT id, host_id FROM participant WHERE session_id = :id", id=show.id)
            at_of = {row.host_id: row.id for row in rows}
            given = {"participant_id": at_of[leaving.host], "host_id": wish.comes.host}
        told, _ = self._do(actor, proposing.counter, show.id, proposing.Counter(**given))
        if told is None:
            newest = self._rows("SELECT max(id) AS id FROM proposal WHERE session_id = :id", id=show.id)
            wish.id = newest[0].id
        expected = self.hub.attempt(self.hub.counter, show.id, wish)
        assert told == expected, ("counter", told, expected)
        self.seen["counter", told] += 1

    @rule(number=any_show, agency=st.integers(1, 2))
    def ask_to_cancel(self, number, agency):
        show, (actor, (_, agency_id)) = self._show(number), self._by(agency)
        if show:
            wish = Wish(0, agency_id, (show.lo, show.hi))
            told, _ = self._do(actor, proposing.ask_to_cancel, show.id, code="other", reason="来不了")
            if told is None:
                wish.id = self._rows("SELECT max(id) AS id FROM proposal WHERE session_id = :id", id=show.id)[
                    0
                ].id
            assert told == self.hub.attempt(self.hub.ask_to_cancel, show.id, wish)
            self.seen["ask to cancel", told] += 1

    @rule(number=any_show, which=st.integers(0, 3), agency=st.integers(1, 2))
    def withdraw(self, number, which, agency):
        show, (actor, (_, agency_id)) = self._show(number), self._by(agency)
        if show and show.wishes:
            wish = show.wishes[-1 - which % len(show.wishes)]
            expected = self.hub.attempt(self.hub.withdraw, show.id, wish.id, agency_id)
            self._both("withdraw", expected, actor, proposing.withdraw, wish.id)

    @rule(number=any_show, which=st.integers(0, 1), host=st.integers(0, 5))
    def stand_in(self, number, which, host):
        show = self._show(number)
        if not show:
            return
        leaving = show.people[which % len(show.people)]
        rows = self._rows(
            "SELECT id FROM participant WHERE session_id = :id AND host_id = :host ORDER BY starts_at",
            id=show.id, host=leaving.host,
        )  # fmt: skip
        coming = self._who(host, show.lo, show.hi)
        expected = self.hub.attempt(self.hub.stand_in, show.id, leaving.host, coming, own=not coming.must)
        given = {"participant_id": rows[0].id, "host_id": coming.host}
        self._both("stand in", expected, HUB, standing_in.stand_in, show.id, **given)

    @rule(one=any_show, two=any_show)
    def push(self, one, two):
        late, follower = self._show(one), self._show(two)
        if late:
            expected = self.hub.attempt(self.hub.push, late.id, follower.id)
            self._both("push", expected, HUB, following.push, late.id, follower.id)

    @rule(number=any_show, verb=st.sampled_from(["undo", "extend"]))
    def on_the_floor(self, number, verb):
        show = self._show(number)
        if show:
            action = {"undo": correcting.undo, "extend": running.extend}[verb]
            self._both(verb, self.hub.attempt(getattr(self.hub, verb), show.id), HUB, action, show.id)

    @rule(number=any_show, which=st.integers(0, 3), answer=st.sampled_from(["accepted", "refused"]))
    def decide(self, number, which, answer):
        show = self._show(number)
        if not show or not show.wishes:
            return
        wish = show.wishes[-1 - which % len(show.wishes)]
        expected = self.hub.attempt(self.hub.decide, show.id, wish.id, answer)
        given = {"override_reason": "试"} if answer == "accepted" else {}
        action = proposing.accept_proposal if answer == "accepted" else proposing.refuse_proposal
        self._both(f"proposal {answer}", expected, HUB, action, wish.id, **given)

    @rule(
        number=any_show,
        to=st.sampled_from([None, "ready", "live", "ended", "no_show"]),
        began=st.none() | st.integers(-30, 30),
        minutes=st.none() | lengths,
    )
    def correct(self, number, to, began, minutes):
        show = self._show(number)
        if not show:
            return
        began_at = None if began is None else show.lo + began * MIN
        ended_at = None if minutes is None else show.lo + minutes * MIN
        expected = self.hub.attempt(self.hub.correct, show.id, to, began_at, ended_at)
        given = {"state": to, "actual_starts_at": began_at, "actual_ends_at": ended_at}
        given = {name: value for name, value in given.items() if value is not None} | WHY
        self._both("correct", expected, HUB, correcting.correct, show.id, CorrectionIn.model_validate(given))

    @rule(number=any_show, ago=st.sampled_from([0, 1, 10, 45]))
    def sale(self, number, ago):
        """A live sale of a moment ago, as the connectors tell it."""
        show = self._show(number)
        if show:
            at = self.hub.now - ago * MIN
            self.hub.sign_of_life(show.id, at)
            with self.database.transaction(SYSTEM) as db:
                evidence.sign_of_life(db, show.id, at)
            self.seen["sale", None] += 1

    @rule(minutes=st.sampled_from([1, 5, 16]))
    def time_goes_on(self, minutes):
        """The clock ticks all the while."""
        for _ in range(minutes):
            self._later(MIN)

    @rule(number=any_show, what=st.sampled_from(["call", "start", "grace", "end", "quiet", "answer", "hold"]))
    def outage(self, number, what):
        """The clock stands still until something is due, and then some."""
        show = self._show(number)
        if not show:
            return
        at = {
            "call": show.lo - 30 * MIN,
            "start": show.lo,
            "grace": show.lo + 15 * MIN,
            "end": show.hi,
            "quiet": show.hi + 15 * MIN,
            "answer": show.deadline or self.hub.now,
            "hold": show.hold or self.hub.now,
        }[what]
        if at > self.hub.now:
            self._later(at - self.hub.now)

    def _later(self, by):
        self.hub.now += by
        clock.set_offset(zones.offset() + self.hub.now - self.start_at)
        self.hub.tick()
        tick(self.database)

    def _rows(self, statement, **values):
        with self.database.transaction(SYSTEM) as db:
            return db.execute(text(statement), values).all()

    @invariant()
    def all_is_as_it_should_be(self):
        if self.hub.shows:
            compare(self._rows, self.hub.shows)
