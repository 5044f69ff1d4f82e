"""What agencies ask of the hub, and how it is answered, by the words of the domain alone."""

from __future__ import annotations

from tests.oracle.shows import Refused, Show, Wish, with_wish


class Wishes:
    """The part of a hub that proposes and decides; life.Hub says what else there is."""

    def counter(self, one: int, wish: Wish) -> None:
        by = ("agency", wish.agency)
        self._seen(one, by)
        show = self._of(one, "counter")
        own = self._answering(show, by, ("asked", "accepted"))
        if wish.leaves is not None and wish.leaves not in {who.host for who in own}:
            raise Refused("nothing_to_answer")
        if wish.comes is not None and (
            wish.comes.agency != wish.agency or wish.comes.host in {who.host for who in show.people}
        ):
            raise Refused("invalid")
        if wish.times is not None and (wish.times[0] <= self.now or wish.times == (show.lo, show.hi)):
            raise Refused("invalid")
        self._file(show, wish)

    def ask_to_cancel(self, one: int, wish: Wish) -> None:
        self._seen(one, ("agency", wish.agency))
        show = self._of(one, "counter")
        self._answering(show, ("agency", wish.agency), ("asked", "accepted"))
        self._file(show, wish)

    def withdraw(self, one: int, wish_id: int, agency: int) -> None:
        wish = next(other for other in self.shows[one].wishes if other.id == wish_id)
        if wish.agency != agency:
            raise Refused("not_found")
        self._seen(one, ("agency", agency))
        show = self._of(one, "decide")
        if wish.state != "open":
            raise Refused("proposal_closed")
        wish.state = "withdrawn"
        show.step()

    def decide(self, one: int, wish_id: int, answer: str) -> None:
        show = self._of(one, "decide")
        wish = next(other for other in show.wishes if other.id == wish_id)
        if wish.state != "open":
            raise Refused("proposal_closed")
        if answer == "refused":
            wish.state = "refused"
            show.step(event="counter_refused")
            return
        leaves_not = wish.leaves is not None and wish.leaves not in {who.host for who in show.people}
        if wish.was != (show.lo, show.hi) or leaves_not:
            raise Refused("proposal_closed")
        wish.state = "accepted"
        if wish.times is None and wish.comes is None:
            self.cancel(one)
            return
        if wish.times is not None:
            self.change(one, lo=wish.times[0], hi=wish.times[1])
        else:
            self.change(one, people=with_wish(show.people, wish))
        if show.state == "draft":
            self.offer(one)
        if show.state == "offered" and any(
            who.answer == "asked" and who.agency == wish.agency for who in show.people
        ):
            self.accept(one, ("agency", wish.agency))

    def _file(self, show: Show, wish: Wish) -> None:
        """A new proposal takes the place of the agency's earlier one."""
        for other in show.wishes:
            if other.agency == wish.agency and other.state == "open":
                other.state = "withdrawn"
        show.wishes.append(wish)
        show.step(event="countered")
