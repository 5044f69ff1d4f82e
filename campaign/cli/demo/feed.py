"""Live sales of the demo: pushed over HTTP and signed, as a platform's connector does it."""

import http.client
import json
import random
import time
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import structlog
from sqlalchemy.orm import Session

from campaign.accounts.actions import secrets_of
from campaign.accounts.queries import page_of_connectors
from campaign.catalog.models import PlatformAccount, Product
from campaign.cli.demo.audience import crowd_now
from campaign.cli.demo.orders import Air, Goods, one_order
from campaign.cli.demo.parties import FEED_NAME
from campaign.kit import clock, ids, signing
from campaign.kit.actor import SYSTEM
from campaign.kit.parts import Parts
from campaign.parties.models import Shop
from campaign.parties.queries import all_of, get
from campaign.schedule.queries import page_of_sessions
from campaign.schedule.schemas import SessionFilter
from campaign.schedule.views import SessionView

log = structlog.get_logger(__name__)

# Buyers of the demo pay within 90 s: an order placed this long ago is pushed with its payment.
_UNTIL_PAID = timedelta(seconds=91)


def feed(parts: Parts, going: Callable[[], bool]) -> int:
    """Push a few orders for every live session each few seconds while `going()`; gives how many events.

    A push that fails is tried again with the next: the demo, too, may be restarted underneath.
    """
    rng, pushed = random.Random(), 0  # noqa: S311 - demo orders
    while going():
        # By the clock, with room for a show each: whoever begins anew never gives a number again.
        number = int(time.time() * 10) % 10**9
        try:
            pushed += _push_once(parts, rng, number)
        except (OSError, http.client.HTTPException) as error:
            log.info("feed_waits", error=type(error).__name__)
        time.sleep(rng.uniform(2, 5))
    return pushed


def _push_once(parts: Parts, rng: random.Random, number: int) -> int:
    with parts.database.transaction(SYSTEM, readonly=True) as db:
        connectors = page_of_connectors(db, SYSTEM, limit=50, cursor=None).items
        connector = next((row for row in connectors if row.name == FEED_NAME), None)
        if connector is None:
            return 0
        now = clock.now(db)
        known = secrets_of(connector, secret_key=parts.settings.secret_key, now=now)
        page = page_of_sessions(db, SYSTEM, SessionFilter(states=("live",)), limit=20)
        airs = [air for session in page.items for air in _airs(db, session)]
    events = [
        event
        for place, air in enumerate(airs)
        for event in one_order(rng, air, number + place, now - _UNTIL_PAID, now)
    ]
    # Brands that share a show share its audience.
    for air in {air.room: air for air in airs}.values():
        events += crowd_now(air, now)
    if events:
        _post(parts.settings.base_url, ids.public("con", connector.id), known, events)
    return len(events)


def _airs(db: Session, session: SessionView) -> list[Air]:
    """One per brand that has a shop on the session's first channel."""
    channel = session.channels[0]
    if channel.platform_account_id is None or not channel.room_ids:
        return []
    account = get(db, SYSTEM, PlatformAccount, channel.platform_account_id)
    shops = {(shop.brand_id, shop.platform): shop for shop in reversed(all_of(db, SYSTEM, Shop))}
    found = []
    for brand in session.brands:
        shop = shops.get((brand.id, channel.platform))
        goods = tuple(_goods(db, session, brand.id))
        if shop is not None and goods:
            found.append(
                Air(
                    number=session.id % 10**8,
                    platform=channel.platform,
                    shop=shop.external_id,
                    author=account.external_id,
                    room=channel.room_ids[-1],
                    starts_at=session.actual_starts_at or session.starts_at,
                    ends_at=session.ends_at,
                    goods=goods,
                )
            )
    return found


def _goods(db: Session, session: SessionView, brand_id: int) -> list[Goods]:
    found = []
    for row in session.lineup:
        product = get(db, SYSTEM, Product, row.product_id)
        if product.brand_id == brand_id and row.live_price_fen is not None:
            price = product.price_fen or row.live_price_fen
            found.append(Goods(ids.public("prd", product.id), product.sku, price, row.live_price_fen))
    return found


def _post(base_url: str, connector: str, known: list[str], events: list[dict[str, object]]) -> None:
    body = json.dumps({"events": events}).encode()
    headers = signing.signed_headers(known, f"msg_{time.time_ns()}", int(time.time()), body)
    address = urlsplit(base_url)
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port or 80, timeout=10)
    try:
        connection.request(
            "POST",
            f"/api/v1/ingest/{connector}/events",
            body,
            headers | {"Content-Type": "application/json"},
        )
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            log.warning("feed_refused", status=answer.status, answer=said[:300].decode(errors="replace"))
    finally:
        connection.close()
