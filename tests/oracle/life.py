"""What the sessions of a hub must be after each verb, by the words of the domain alone: plain Python, no I/O.

It knows nothing of the product's tables and states: what it says is compared with what the database holds.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import datetime, timedelta

from tests.oracle.floor import Floor
from tests.oracle.shows import (
    ALLOWED,
    CORRECTS,
    GRACE,
    MIN,
    OUTAGE,
    READY,
    TEARDOWN,
    Refused,
    Show,
    Who,
    carried,
    taking,
)
from tests.oracle.wishes import Wishes


class Hub(Floor, Wishes):
    """All sessions, and the moment it is."""

    def __init__(self, now: datetime) -> None:
        self.shows: dict[int, Show] = {}
        self.now = now
        self.ticked: datetime | None = None
        self.resumed = now

    def attempt(self, verb, *args, **kwargs):
        """Do a verb whole or not at all; gives the code of the refusal, None when it is done."""
        kept = copy.deepcopy(self.shows)
        try:
            verb(*args, **kwargs)
        except Refused as refused:
            self.shows = kept
            return str(refused)
        return None

    def _of(self, one: int, verb: str) -> Show:
        show = self.shows[one]
        if show.state not in ALLOWED[verb]:
            raise Refused("wrong_state")
        return show

    def _clashes(self, show: Show, claim) -> bool:
        kind, thing, lo, hi = claim
        return any(
            (k, t) == (kind, thing) and a < hi and lo < b
            for other in self.shows.values()
            if other is not show
            for k, t, a, b in other.claims
        )

    def _claim(self, show: Show) -> None:
        things = {(kind, thing) for kind, thing, _, _ in show.wanted()}
        for other in list(self.shows.values()):
            if other is not show and self._lapsed(other) and things & {(k, t) for k, t, _, _ in other.claims}:
                self._call_off(other)
        if any(self._clashes(show, claim) for claim in show.wanted()):
            raise Refused("conflict")
        show.claims = show.wanted()

    def _call_off(self, show: Show, event: str | None = None) -> None:
        show.step("cancelled", event)
        show.hold = show.deadline = None
        show.free_from(self.now, self.now)

    def _due(self, show: Show) -> datetime:
        latest = min(self.now + timedelta(hours=24), show.lo - 60 * MIN)
        return max(latest, self.now + 15 * MIN)

    def book(self, show: Show) -> None:
        self._claim(show)
        self.shows[show.id] = show

    def offer(self, one: int) -> None:
        show = self._of(one, "offer")
        asked = show.ask(show.people)
        if not asked:
            raise Refused("nobody_to_ask")
        show.told |= {who.agency for who in asked if who.agency}
        show.hold, show.deadline = None, self._due(show)
        show.step("offered", "offered")

    def confirm(self, one: int) -> None:
        show = self._of(one, "confirm")
        if show.waiting():
            raise Refused("must_be_asked")
        show.ask(show.people)
        show.hold = None
        show.step("accepted", "accepted")

    def _seen(self, one: int, by: tuple[str, int]) -> None:
        show, (role, number) = self.shows[one], by
        there = show.state != "draft" and number in {who.host for who in show.people}
        if (role == "agency" and number not in show.told) or (role == "host" and not there):
            raise Refused("not_found")

    def _answering(self, show: Show, by: tuple[str, int], answers: tuple[str, ...]) -> list[Who]:
        role, number = by
        found = [who for who in show.people if who.answer in answers]
        if role == "agency":
            found = [who for who in found if who.agency == number]
        elif role == "host":
            free = "accepted" in answers
            found = [who for who in found if who.host == number and (free or who.agency is None)]
        elif "accepted" in answers:
            found = [who for who in found if who.answer == "asked"] or found
        if not found:
            raise Refused("nothing_to_answer")
        return found

    def accept(self, one: int, by: tuple[str, int]) -> None:
        self._seen(one, by)
        show = self._of(one, "accept")
        for who in self._answering(show, by, ("asked",)):
            who.answer = "accepted"
        if show.waiting():
            show.step()
        else:
            show.deadline = None
            show.step("accepted", "accepted")

    def decline(self, one: int, by: tuple[str, int]) -> None:
        self._seen(one, by)
        show = self._of(one, "decline")
        for who in self._answering(show, by, ("asked", "accepted")):
            who.answer = "declined"
        if show.state == "offered":
            for who in show.people:
                who.answer = "not_asked" if who.answer == "asked" else who.answer
            show.deadline = None
            show.step("draft", "declined")
        else:
            show.step(event="declined")

    def change(self, one: int, **given) -> None:
        """lo, hi, studio, account, people, hold, title: what is left out stays."""
        show = self._of(one, "change")
        lo, hi = given.get("lo", show.lo), given.get("hi", show.hi)
        self._refuse_change(show, given, hi - lo)
        before, was, told = (show.lo, show.hi, show.studio), show.state, set(show.told)
        hosts = {who.host for who in show.people}
        touched = self._resit(show, given, (lo, hi))
        show.lo, show.hi = lo, hi
        show.studio, show.account = given.get("studio", show.studio), given.get("account", show.account)
        show.hold = given.get("hold", show.hold)
        if set(given) - {"hold", "title"}:
            self._claim(show)
        show.over = show.over and was != "live"
        to = self._asked_again(show, touched)
        longer = ("longer", self.now, before[1]) if was == "live" and before[1] != hi else None
        asked = {who.agency for who in show.people if who.answer == "asked" and who.agency}
        show.told = (told & {who.agency for who in show.people}) | asked
        show.step(to)
        show.newest = longer
        if was == "ready" == show.state and show.lo - self.now > READY:
            show.step("offered")
            show.step("accepted")
            show.deadline = None
        if hosts != {who.host for who in show.people}:
            show.events.append("session.people_changed")
        elif before != (show.lo, show.hi, show.studio):
            show.events.append("session.moved")
        elif set(given) - {"hold"}:
            show.events.append("session.updated")
        show.events += ["session.offered"] if show.told - told else []
        show.events += ["session.accepted"] if was == "offered" and show.state == "accepted" else []

    def _refuse_change(self, show: Show, given: dict, length: timedelta) -> None:
        if show.state == "live" and set(given) - {"hi"}:
            raise Refused("not_while_live")
        no_hold = given.get("hold") is not None and show.state != "draft"
        if no_hold or not 5 * MIN <= length <= timedelta(hours=24):
            raise Refused("invalid")

    def _resit(self, show: Show, given: dict, after: tuple[datetime, datetime]) -> list[Who]:
        """The people as they are to be; gives those whose shift is new to them."""
        stood = {who.host: who for who in show.people}
        people, touched = [replace(who) for who in given.get("people", show.people)], []
        for who in people:
            if "people" not in given:
                who.lo, who.hi = carried(who, (show.lo, show.hi), after)
            known = stood.get(who.host)
            if known is not None:
                who.answer, who.here = known.answer, known.here
            if known is None or (known.lo, known.hi) != (who.lo, who.hi):
                touched.append(who)
                if show.state != "live":
                    who.answer, who.here = "not_asked", False
        show.people = people
        return touched

    def _asked_again(self, show: Show, touched: list[Who]) -> str | None:
        if show.state not in ("offered", "accepted", "ready"):
            return None
        show.ask(touched)
        if any(who.answer == "asked" for who in show.waiting()):
            if touched:
                show.deadline = self._due(show)
            return "offered"
        if show.state == "offered" and not show.waiting():
            show.deadline = None
            return "accepted"
        return None

    def swap(self, one: int, two: int, what: str) -> None:
        if one == two:
            raise Refused("invalid")
        here, there = self._of(min(one, two), "swap"), self._of(max(one, two), "swap")
        here, there = self.shows[one], self.shows[two]
        wants = [taking(here, there, what), taking(there, here, what)]
        here.claims = there.claims = []
        self.change(one, **wants[0])
        self.change(two, **wants[1])

    def ready(self, one: int) -> None:
        show = self._of(one, "ready")
        if not self._all_there(show):
            raise Refused("people_missing")
        show.step("ready", "ready")

    def _all_there(self, show: Show) -> bool:
        away = any(who.answer in ("declined", "expired") for who in show.people)
        return not away and not show.waiting()

    def _lapsed(self, show: Show) -> bool:
        return show.state == "draft" and show.hold is not None and show.hold <= self.now

    def start(self, one: int, at: datetime | None = None) -> None:
        """`at`: by evidence of that moment; by a tap, now."""
        show, tapped = self._of(one, "start"), at is None
        at = at or self.now
        late = show.state == "no_show"
        show.began, show.ended = at, None
        show.sign = max(at, show.sign or at)
        show.step("live", "started")
        show.turn = ("live", self.now) if tapped else None
        if late:
            self._claim_what_is_free(show)

    def _claim_what_is_free(self, show: Show) -> None:
        show.claims = []
        show.claims = [claim for claim in show.wanted() if not self._clashes(show, claim)]

    def end(self, one: int, at: datetime | None = None) -> None:
        show = self._of(one, "end")
        show.ended = max(at or self.now, show.began or self.now)
        show.free_from(show.ended, show.ended + TEARDOWN)
        show.step("ended", "ended")
        show.turn = ("ended", self.now) if at is None else None

    def review(self, one: int) -> None:
        self._of(one, "review").step("reviewed")

    def cancel(self, one: int) -> None:
        self._call_off(self._of(one, "cancel"), "cancelled")

    def correct(self, one: int, to: str | None, began: datetime | None, ended: datetime | None) -> None:
        """What was tapped wrong, set right: another state, or other times."""
        show = self.shows[one]
        aim = to or ("ended" if show.state in ("draft", "offered", "cancelled") else show.state)
        if aim not in CORRECTS.get(show.state, ()):
            raise Refused("wrong_state")
        began, ended = began or show.began, ended or show.ended
        if aim == "ended" and show.state not in ("ended", "live"):
            began, ended = began or show.lo, ended or show.hi
        elif aim == "ended" and show.state == "live":
            ended = ended or self.now
        if aim in ("ready", "no_show"):
            began = None
        ended = ended if aim in ("ended", "reviewed") else None
        ahead = any(at is not None and at > self.now for at in (began, ended))
        if ahead or (began is not None and ended is not None and ended <= began):
            raise Refused("invalid")
        show.began, show.ended = began, ended
        if show.state in ("draft", "offered"):
            show.hold = show.deadline = None
        show.step(aim, "corrected")
        if aim == "no_show":
            show.free_from(self.now, self.now)
            return
        self._claim_what_is_free(show)
        if ended is not None:
            show.free_from(ended, ended + TEARDOWN)

    def sign_of_life(self, one: int, at: datetime) -> None:
        """A live sale of that moment."""
        show = self.shows[one]
        if show.state == "live":
            if show.sign is None or at >= show.sign + timedelta(seconds=30):
                show.sign = max(at, show.sign or at)
            return
        if show.state not in ALLOWED["start"] or not show.lo <= at < show.hi + GRACE:
            return
        if self.now < show.hi + GRACE:
            self.start(one, at)
        elif show.state == "no_show":
            show.began, show.ended = show.lo, show.hi
            show.step("ended", "ended")
            show.turn = None
        else:
            self.start(one, show.lo)
            self.end(one, show.hi)

    def tick(self) -> None:
        """All that time alone does."""
        if self.ticked is None or self.now - self.ticked > OUTAGE:
            self.resumed = self.now
        self.ticked = self.now
        for show in self.shows.values():
            while self._edge(show):
                pass

    def _edge(self, show: Show) -> bool:
        now = self.now
        if show.state == "draft" and show.hold and show.hold <= now:
            self._call_off(show)
        elif show.state == "offered" and show.deadline and show.deadline <= now:
            for who in show.people:
                who.answer = "expired" if who.answer == "asked" else who.answer
            show.deadline = None
            show.step("draft", "offer_expired")
        elif show.state in ("accepted", "ready") and now >= max(show.lo, self.resumed) + GRACE:
            show.free_from(now, now)
            show.step("no_show", "no_show")
        elif show.state == "accepted" and now >= show.lo - READY and self._all_there(show):
            show.step("ready", "ready")
        elif show.state == "live":
            return self._on_air(show)
        else:
            return False
        return True

    def _on_air(self, show: Show) -> bool:
        quiet = max(show.hi, show.sign or show.hi)
        if self.now >= quiet + GRACE:
            self.end(show.id, quiet)
            return True
        if self.now >= show.hi and quiet > show.hi and not show.over:
            show.over = True
            show.step(event="overrunning")
            return True
        return False
