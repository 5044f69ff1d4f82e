"""What is done on the studio floor, by the words of the domain alone: arrivals, stand-ins, making room, taking back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from tests.oracle.shows import BEFORE_AIR, CORRECTS, MIN, UNDO, Refused, Show, Who, carried


class Floor:
    """The part of a hub that is pressed on the floor; life.Hub says what else there is."""

    def arrive(self, one: int) -> None:
        show = self._of(one, "arrive")
        new = [who.host for who in show.people if not who.here]
        if new:
            show.step()
            show.newest = ("arrived", self.now, new)
        for who in show.people:
            who.here = True

    def stand_in(self, one: int, leaves: int, comes: Who, *, own: bool) -> None:
        """`comes`: with the agency of its contract. `own`: one of the hub's own hosts."""
        show = self._of(one, "arrive")
        leaving = next((who for who in show.people if who.host == leaves), None)
        if leaving is None:
            raise Refused("not_found")
        since = max(leaving.lo, min(self.now, leaving.hi))
        able = own or (leaving.agency is not None and comes.agency == leaving.agency)
        if (
            since >= leaving.hi
            or not able
            or comes.host in {who.host for who in show.people}
            or self._busy(show, ("host", comes.host), since, leaving.hi)
        ):
            raise Refused("invalid")
        now = self.now.replace(microsecond=0)
        parted = show.state == "live" and leaving.lo + MIN <= now
        if parted and leaving.hi - now < MIN:
            raise Refused("invalid")
        coming = replace(comes, lo=now if parted else leaving.lo, hi=leaving.hi, answer="accepted", here=True)
        if parted:
            leaving.hi = now
        show.people = [who for who in show.people if parted or who is not leaving] + [coming]
        self._claim(show)
        show.told = {who.agency for who in show.people if who.agency}
        show.step(event="people_changed")

    def _busy(self, show: Show, thing: tuple[str, int], lo: datetime, hi: datetime) -> bool:
        return any(
            (k, t) == thing and a < hi and lo < b
            for other in self.shows.values()
            if other is not show and not self._lapsed(other)
            for k, t, a, b in other.claims
        )

    def push(self, one: int, follower: int) -> None:
        """Move a show on that a late one meets, by as much as it needs in steps of five minutes."""
        show, other = self.shows[one], self.shows[follower]
        over = self._over(show)
        if over <= timedelta(0) or other is show or self._lapsed(other):
            raise Refused("invalid")
        late = replace(show, hi=show.hi + over, people=[replace(who) for who in show.people])
        for who in late.people:
            who.lo, who.hi = carried(who, (show.lo, show.hi), (late.lo, late.hi))
        until = {}
        for kind, thing, _, hi in late.wanted():
            until[kind, thing] = max(hi, until.get((kind, thing), hi))
        met = [
            until[kind, thing] - lo
            for kind, thing, lo, hi in other.claims
            if any((k, t) == (kind, thing) and lo < b and a < hi for k, t, a, b in late.wanted())
        ]
        if not met:
            raise Refused("invalid")
        if other.state not in BEFORE_AIR:
            raise Refused("wrong_state")
        by = -(-max(met) // (5 * MIN)) * 5 * MIN
        self.change(follower, lo=other.lo + by, hi=other.hi + by)

    def _over(self, show: Show) -> timedelta:
        if show.state == "live":
            return self.now - show.hi
        return self.now - show.lo if show.state in ("accepted", "ready") else timedelta(0)

    def undo(self, one: int) -> None:
        """Take back the last tap: an arrival, a longer end, a start or an end."""
        show = self.shows[one]
        if show.newest and self.now - show.newest[1] <= UNDO:
            what, _, kept = show.newest
            if what == "longer":
                self.change(one, hi=kept)
                return
            for who in show.people:
                who.here = who.here and who.host not in kept
            show.step()
            return
        if show.state not in CORRECTS:
            raise Refused("wrong_state")
        if show.turn is None or show.turn[0] != show.state or self.now - show.turn[1] > UNDO:
            raise Refused("too_late")
        self.correct(one, "ready" if show.state == "live" else "live", None, None)

    def extend(self, one: int) -> None:
        self.change(one, hi=self._of(one, "end").hi + 15 * MIN)
