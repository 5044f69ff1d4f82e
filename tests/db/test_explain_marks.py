"""When a product was talked about: told in any order, kept once, seen by the hub and the brand whose shop it is."""

from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import text

from campaign.insight.marks import ASSUMED, marks_of
from campaign.kit.actor import SYSTEM, Actor
from tests.factory import HUB
from tests.sales_kit import add_session, change_session
from tests.workers.test_sales_tasks import now, push
from workers import sales as tasks

__all__ = ["now"]
MINUTE = timedelta(minutes=1)


def told(number, at, sku="BAG-1", *, until=None, room="7001", shop="4001"):
    return {
        "type": "product.explained",
        "event_id": f"x{number}",
        "occurred_at": at.isoformat(),
        "platform": "douyin",
        "shop_id": shop,
        "room_id": room,
        "merchant_sku": sku,
        "started_at": at.isoformat(),
    } | ({"ended_at": until.isoformat()} if until else {})


@pytest.fixture
def show(now, database, make):
    """A show of the last hour in room 7001, of a brand with a shop and a product; gives (id, brand, beginning)."""
    brand = make.brand()
    make.shop(brand=brand, external_id="4001")
    make.product(brand=brand, sku="BAG-1", name="托特包", name_en="Tote")
    began = now - 60 * MINUTE
    session = add_session(
        make,
        began,
        now,
        brand=brand,
        account=make.account(external_id="a1"),
        state="ended",
        actual=(began, now),
        rooms=["7001"],
    )
    return session, brand, began


def seen(database, session, actor=HUB):
    with database.transaction(actor) as db:
        return [(one.sku, one.at, one.until, one.name) for one in marks_of(db, actor, session)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_end_may_come_first_twice_or_later(database, show, order):
    session, _, began = show
    at = began + 5 * MINUTE
    words = [told(1, at), told(2, at, until=at + 2 * MINUTE), told(3, at, until=at + 4 * MINUTE)]
    for place in order:
        push(database, words[place])
        tasks.fold()
    assert seen(database, session) == [("BAG-1", at, at + 4 * MINUTE, "托特包")]


def test_one_without_an_end_lasts_until_the_next_but_not_for_ever(database, show):
    session, _, began = show
    first, second, third = began + 5 * MINUTE, began + 6 * MINUTE, began + 30 * MINUTE
    push(database, told(1, first), told(2, second, "BELT-9"), told(3, third, until=third + 9 * MINUTE))
    tasks.fold()
    assert seen(database, session) == [
        ("BAG-1", first, second, "托特包"),
        ("BELT-9", second, second + ASSUMED, ""),
        ("BAG-1", third, third + 9 * MINUTE, "托特包"),
    ]


def test_another_show_of_the_room_another_brand_and_others_see_nothing_of_it(database, show, make):
    session, brand, began = show
    other = make.brand()
    make.shop(brand=other, external_id="4002")
    push(
        database,
        told(1, began + MINUTE),
        told(2, began - 30 * MINUTE),
        told(3, began + 2 * MINUTE, "COAT", shop="4002"),
        told(4, began + 3 * MINUTE, room="7002"),
    )
    tasks.fold()
    assert [sku for sku, *_ in seen(database, session)] == ["BAG-1", "COAT"]
    assert [sku for sku, *_ in seen(database, session, _brand(brand))] == ["BAG-1"]
    # The session is none of theirs.
    assert seen(database, session, _brand(other)) == []
    agency = Actor(kind="user", role="agency", id=1, name="a", agency_id=make.agency().id)
    assert seen(database, session, agency) == []


def test_the_product_is_found_as_a_lines_is(database, show, make):
    """Within the shop's brand, or the only one of its name in the house; one of two others' is neither."""
    session, brand, began = show
    other, third = make.brand(), make.brand()
    make.product(brand=other, sku="COAT", name="大衣")
    for owner in (other, third):
        make.product(brand=owner, sku="TWICE")
        make.product(brand=owner, sku="BAG-1", name="别家的包")
    make.shop(brand=None, external_id="9001")
    push(
        database,
        told(1, began + MINUTE),
        told(2, began + 4 * MINUTE, "COAT", shop="9001"),
        told(3, began + 8 * MINUTE, "TWICE", shop="9001"),
    )
    tasks.fold()
    assert [(sku, name) for sku, *_, name in seen(database, session)] == [
        ("BAG-1", "托特包"),
        ("COAT", "大衣"),
        ("TWICE", ""),
    ]
    assert [sku for sku, *_ in seen(database, session, _brand(brand))] == ["BAG-1"]


def test_a_brand_sees_its_own_product_whosever_shop_told_of_it_and_nothing_foreign(database, show, make):
    """A mixed show, sold through another brand's shop: its own marks alone, and when the next of the room began."""
    session, brand, began = show
    other = make.brand()
    make.shop(brand=other, external_id="4002")
    make.product(brand=other, sku="COAT", name="大衣")
    make.product(brand=brand, sku="BELT", name="腰带")
    for owner in (brand, other):
        make.product(brand=owner, sku="TWICE", name=f"{owner.id}")
    change_session(database, session, brand_ids=[brand.id, other.id])
    push(
        database,
        told(1, began + 1 * MINUTE, "BELT", shop="4002"),
        told(2, began + 2 * MINUTE, "COAT", shop="4002"),
        told(3, began + 10 * MINUTE, "TWICE", shop="4002"),
        told(4, began + 20 * MINUTE, "NOBODY", shop="4002"),
        told(5, began + 30 * MINUTE, "BAG-1"),
        # Another's product, told of by this brand's shop: it is the other's.
        told(6, began + 40 * MINUTE, "COAT"),
        told(7, began + 50 * MINUTE, "NOBODY"),
    )
    tasks.fold()
    assert seen(database, session, _brand(brand)) == [
        ("BELT", began + 1 * MINUTE, began + 2 * MINUTE, "腰带"),
        ("BAG-1", began + 30 * MINUTE, began + 33 * MINUTE, "托特包"),
        ("NOBODY", began + 50 * MINUTE, began + 53 * MINUTE, ""),
    ]
    assert [(sku, name) for sku, *_, name in seen(database, session, _brand(other))] == [
        ("COAT", "大衣"),
        ("TWICE", f"{other.id}"),
        ("NOBODY", ""),
        ("COAT", "大衣"),
    ]
    assert len(seen(database, session)) == 7


def test_the_function_behind_it_asks_who_is_asking(database, show, make):
    """Plain SQL, past our own queries: a stranger, an agency on the show, its host and a machine get nothing."""
    session, brand, began = show
    agency, host, stranger = make.agency(), make.host(), make.brand()
    make.product(brand=stranger, sku="COAT", name="大衣")
    push(database, told(1, began + MINUTE), told(2, began + 5 * MINUTE, "COAT"))
    tasks.fold()
    change_session(database, session, agency_ids=[agency.id], host_ids=[host.id])
    for actor, wanted in (
        (_brand(brand), ["BAG-1"]),
        # The product is its own; the show is not.
        (_brand(stranger), []),
        (Actor(kind="user", role="agency", id=2, name="a", agency_id=agency.id), []),
        (Actor(kind="user", role="host", id=3, name="h", host_id=host.id), []),
        (Actor(kind="key", role="connector", id=4, name="c"), []),
        (HUB, ["BAG-1", "COAT"]),
        (SYSTEM, ["BAG-1", "COAT"]),
    ):
        with database.transaction(actor) as db:
            asked = text("SELECT sku FROM show_marks(:id, now())")
            assert list(db.execute(asked, {"id": session}).scalars()) == wanted, actor


def test_a_mark_is_of_the_brand_whose_the_product_was_that_day(database, show, make):
    session, brand, began = show
    heir = make.brand()
    push(database, told(1, began + MINUTE))
    tasks.fold()
    with database.transaction(HUB) as db:
        moved = "UPDATE product SET brand_id = :heir WHERE sku = 'BAG-1'"
        db.execute(text(moved), {"heir": heir.id})
        past = "INSERT INTO product_past (product_id, until, brand_id) SELECT id, :day, :brand FROM product"
        db.execute(text(past), {"day": (began + timedelta(days=2)).date(), "brand": brand.id})
    change_session(database, session, brand_ids=[brand.id, heir.id])
    assert [sku for sku, *_ in seen(database, session, _brand(brand))] == ["BAG-1"]
    assert seen(database, session, _brand(heir)) == []


def _brand(brand):
    return Actor(kind="user", role="brand", id=1, name="b", brand_id=brand.id)
