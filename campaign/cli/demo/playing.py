"""Playing the demo's sessions: each verb runs at the time it pretends to happen."""

import heapq
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from campaign.cli.demo.audience import crowds_of
from campaign.cli.demo.orders import Air, Goods, evening_of, talk_of
from campaign.cli.demo.parties import Cast
from campaign.cli.demo.people import LOGINS
from campaign.cli.demo.plan import Planned
from campaign.cli.faults import CommandFault
from campaign.kit import clock, ids
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.live.correcting import review
from campaign.live.running import end, go_live
from campaign.sales.folding import fold
from campaign.sales.ingest import Source, ingest
from campaign.sales.scrubbing import salt_of
from campaign.sales.submissions import prepared
from campaign.schedule import answering, booking
from campaign.schedule.closing import cancel
from campaign.schedule.errors import Conflicting, NeedsOverride
from campaign.schedule.schemas import SessionIn
from campaign.schedule.views import SessionView

_BATCH = 1000
_OFFERED_AFTER, _ANSWERED = timedelta(minutes=20), timedelta(hours=2, minutes=20)
"""So long after a session was booked."""


class Player:
    """Books and plays planned sessions, and keeps what was on air for the sales to come."""

    def __init__(self, database: Database, cast: Cast, now: datetime, secret_key: bytes) -> None:
        self.database, self.cast, self.now, self.secret_key = database, cast, now, secret_key
        self.hub = Actor(kind="user", role="hub", hub_role="scheduler", name=LOGINS[1][2])
        self.aired: list[Air] = []

    def play(self, items: Sequence[Planned]) -> None:
        """Book, offer, answer and run sessions as far as they have come by now; one commit for all of them.

        Whatever session it is of, what happened earlier is done earlier: lists are read in the order of numbers given.
        """
        with self.database.transaction(SYSTEM) as db:
            acts = [
                (next(play), number, play) for number, play in enumerate(self._play(db, one) for one in items)
            ]
            heapq.heapify(acts)
            while acts:
                moment, number, play = acts[0]
                with clock.travel(min(moment, self.now) - self.now):
                    following = next(play, None)
                if following is None:
                    heapq.heappop(acts)
                else:
                    heapq.heapreplace(acts, (following, number, play))

    def _play(self, db: Session, item: Planned) -> Iterator[datetime]:
        """What becomes of one session: gives when each verb is due, and does it when asked for the next."""
        rng = random.Random(item.number)  # noqa: S311 - the same demo each time
        booked_at = item.starts_at - timedelta(days=3, hours=rng.randint(1, 20))
        if booked_at > self.now - _ANSWERED:
            # Planned further ahead: on the day before, one after the other.
            booked_at = self.now - _ANSWERED - timedelta(minutes=rng.randint(1, 18 * 60))
        yield booked_at
        try:
            with db.begin_nested():
                session = booking.book(db, self.hub, self._wanted(item))
        except (Conflicting, NeedsOverride):
            # Around the session that is live now somebody may be in the way: the demo is one session poorer.
            return
        behind = item.ends_at <= self.now
        running = not behind and item.starts_at <= self.now
        if not behind and not running and item.number % 9 == 0:
            return  # some drafts are left to work on
        offered_at = booked_at + _OFFERED_AFTER
        asked = any(self._is_asked(index) for index in self._hosts_of(session))
        ask = answering.offer if asked else answering.confirm
        yield offered_at
        ask(db, self.hub, session.id)
        if not behind and not running and item.number % 5 == 0:
            return  # some offers wait for their answer
        if asked:
            yield booked_at + _ANSWERED
            answering.accept(db, self.hub, session.id)
        if behind and item.number % 23 == 0:
            yield item.starts_at - timedelta(hours=5)
            cancel(db, self.hub, session.id, code="goods_missing", reason="样衣未到")
        elif behind or running:
            yield from self._run(db, item, session, rng)

    def _run(
        self, db: Session, item: Planned, session: SessionView, rng: random.Random
    ) -> Iterator[datetime]:
        started = item.starts_at + timedelta(seconds=rng.randint(-120, 300))
        ended = item.ends_at + timedelta(seconds=rng.randint(-300, 600))
        yield started
        go_live(db, self.hub, session.id)
        self.aired += self._airs(item, started, min(ended, self.now))
        if ended < self.now:
            yield ended
            end(db, self.hub, session.id)
            if item.number % 6 == 0:
                words = "皮衣讲解节奏好，机车夹克断码要补。尺码表提前挂到购物车。"
                yield ended + timedelta(hours=14)
                review(db, self.hub, session.id, text=words)

    def push_sales(self) -> int:
        """Everything that was sold in the sessions played so far; gives how many events."""
        events = [event for air in self.aired for event in evening_of(air, self._size(air), self.now)]
        events += [event for air in self.aired for event in talk_of(air, self.now)]
        events += [event for air in _rooms(self.aired) for event in crowds_of(air, self.now)]
        events.sort(key=lambda event: str(event["occurred_at"]))
        for at in range(0, len(events), _BATCH):
            with self.database.transaction(SYSTEM) as db:
                taken, refused = prepared(events[at : at + _BATCH], salt=salt_of(self.secret_key))
                outcome = ingest(db, SYSTEM, taken, Source("push"), refused)
            if outcome.rejected:
                raise CommandFault(f"the demo's own sales were refused: {outcome.rejected[0]}")
        done = 1
        while done:
            with self.database.transaction(SYSTEM) as db:
                done = fold(db, SYSTEM)
        return len(events)

    def _size(self, air: Air) -> int:
        hours = (air.ends_at - air.starts_at).total_seconds() / 3600
        return int(hours * (9 + air.number * 7 % 12))

    def _wanted(self, item: Planned) -> SessionIn:
        account = self.cast.accounts[item.host]
        first = self.cast.brands[item.brands[0]]
        lineup = [
            {"product_id": product.id, "live_price_fen": _live_price(product.price_fen or 0)}
            for brand in item.brands
            for product in self.cast.products[brand]
        ]
        campaign = self.cast.campaign
        return SessionIn.model_validate(
            {
                "title": f"{first.name} {item.title}" if len(item.title) == 2 else item.title,
                "studio_id": self.cast.studios[item.studio].id,
                "brand_ids": [self.cast.brands[index].id for index in item.brands],
                "starts_at": item.starts_at,
                "ends_at": item.ends_at,
                "campaign_id": campaign.id if campaign else None,
                "channels": [
                    {"platform": "douyin", "platform_account_id": account.id, "room_ids": [_room(item)]}
                ],
                "participants": [{"host_id": self.cast.hosts[item.host].id}],
                "lineup": lineup,
                "override": {"reason": "演示排期"},
            }
        )

    def _hosts_of(self, session: SessionView) -> list[int]:
        known = {host.id: index for index, host in enumerate(self.cast.hosts)}
        return [known[person.host_id] for person in session.participants if person.host_id is not None]

    def _is_asked(self, index: int) -> bool:
        return self.cast.hosts[index].kind != "in_house"

    def _airs(self, item: Planned, started: datetime, ended: datetime) -> list[Air]:
        return [
            Air(
                number=item.number * 10 + place,
                platform=shop.platform,
                shop=shop.external_id,
                author=self.cast.accounts[item.host].external_id,
                room=_room(item),
                starts_at=started,
                ends_at=ended,
                goods=self._goods(brand),
            )
            for place, brand in enumerate(item.brands)
            for shop in self.cast.shops[brand][:1]
        ]

    def _goods(self, brand: int) -> tuple[Goods, ...]:
        return tuple(
            Goods(
                ids.public("prd", product.id),
                product.sku,
                product.price_fen or 0,
                _live_price(product.price_fen or 0),
            )
            for product in self.cast.products[brand]
        )


def _rooms(airs: Iterable[Air]) -> Iterable[Air]:
    """One of each room: brands that share a show share its audience."""
    return {air.room: air for air in airs}.values()


def _room(item: Planned) -> str:
    return f"73{item.starts_at:%y%m%d}{item.number:011d}"


def _live_price(list_fen: int) -> int:
    """A third off, ending in 9 yuan."""
    return max(900, list_fen * 2 // 3 // 1000 * 1000 + 900 - 1000)
