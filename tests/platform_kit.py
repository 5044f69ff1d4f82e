"""An account on a fake platform, what it is asked and told, and orders and cases as the platforms write them."""

from typing import Any

from sqlalchemy import text

from campaign.accounts.models import Connector
from campaign.connectors import health
from campaign.connectors.platforms import add
from campaign.connectors.schemas import ConnectorIn
from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from tests.fakes.platforms import KEY, SECRET, Platform
from tests.sales_kit import fold_all
from workers import connectors

ORDER, SHOP, ROOM = "576461413038785752", "7494", "7300000000000000001"


class Account:
    """An account on a fake platform, and what the product made of what it told."""

    def __init__(self, client: Any, database: Any, settings: Any, fake: Platform, kind: str) -> None:
        self.client, self.database, self.settings, self.fake = client, database, settings, fake
        given = ConnectorIn(
            kind=kind,
            name=kind,
            app_key=KEY,
            app_secret=SECRET,
            access_token=fake.token,
            refresh_token=fake.refresh_token,
            base_url=fake.url,
        )
        with database.transaction(SYSTEM) as db:
            made = add(db, SYSTEM, given, secret_key=settings.secret_key, allow=settings.outgoing_allow)
            self.id, self.path = made.connector.id, made.push_path
            self.now = int(clock.now(db).timestamp())

    def run(self) -> None:
        """A turn of the worker, without waiting for pauses and steps; then all that it brought is counted."""
        self.sql("UPDATE connector_pull SET paused_until = NULL")
        self.sql("UPDATE detail_ask SET due_at = now() WHERE due_at < 'infinity'")
        connectors.pull()
        fold_all(self.database)

    def sql(self, query: str, **values: Any) -> list[Any]:
        with self.database.transaction(SYSTEM) as db:
            found = db.execute(text(query), values)
            return [tuple(row) for row in found] if found.returns_rows else []

    def lines(self) -> dict[str, dict[str, Any]]:
        """Decided fields of each line."""
        rows = self.sql("SELECT line_id, state FROM order_line WHERE state <> '{}'")
        return {
            line_id: {name: value for layer in state["layers"] for name, value in layer[4].items()}
            for line_id, state in rows
        }

    def asks(self) -> list[Any]:
        return self.sql(
            "SELECT subject, ref, attempts, due_at = 'infinity', error FROM detail_ask ORDER BY 1, 2"
        )

    def health(self) -> health.Health:
        with self.database.transaction(SYSTEM) as db:
            return health.of_connector(db, SYSTEM, db.get_one(Connector, self.id))


def tiktok_order(at: int, number: str = ORDER, **given: Any) -> dict[str, Any]:
    """Two units; freight and tax of the whole order do not divide by two."""
    line = {
        "sku_id": "1729", "product_id": "1728", "seller_sku": "XJ-MOTO-01", "product_name": "Leather jacket",
        "original_price": "120.00", "sale_price": "99.99", "seller_discount": "15.01", "platform_discount": "5.00",
        "currency": "USD", "display_status": "AWAITING_SHIPMENT", "is_gift": False, "room_id": ROOM,
    }  # fmt: skip
    payment = {"currency": "USD", "sub_total": "199.98", "shipping_fee": "5.01", "tax": "16.03"}
    lines = [line | {"id": f"{number}-{place}"} for place in (1, 2)]
    return {
        "id": number, "status": "AWAITING_SHIPMENT", "create_time": at - 60, "paid_time": at - 30, "update_time": at,
        "recipient_address": {"name": "Jo Doe", "phone_number": "5550100"}, "payment": payment, "line_items": lines,
    } | given  # fmt: skip


def tiktok_case(at: int, number: str, order: str) -> dict[str, Any]:
    return {
        "return_id": number, "order_id": order, "return_status": "RETURN_OR_REFUND_REQUEST_COMPLETE",
        "return_type": "REFUND", "create_time": at - 5, "update_time": at,
        "return_line_items": [
            {
                "return_line_item_id": f"r{number}", "order_line_item_id": f"{order}-1",
                "refund_amount": {"currency": "USD", "refund_subtotal": "50.00"},
            }
        ],
    }  # fmt: skip


def douyin_order(at: int, number: str = "6920000000000000001", **line: Any) -> dict[str, Any]:
    told = {
        "order_id": f"{number[:-1]}9", "parent_order_id": number, "order_status": 2, "create_time": at - 60,
        "pay_time": at - 30, "update_time": at, "item_num": 2, "origin_amount": 70_000, "order_amount": 129_000,
        "pay_amount": 129_000, "post_amount": 1_000, "product_id_str": "3538", "sku_id": 1729, "code": "XJ-MOTO-01",
        "author_id": 99, "room_id_str": ROOM, "ad_env_type": "", "given_product_type": "", "trade_type": 0,
    }  # fmt: skip
    whole = {"order_id": number, "shop_id": 4463798, "update_time": at, "post_receiver": "张三"}
    return whole | {"sku_order_list": [told | line]}


def douyin_case(at: int, **given: Any) -> dict[str, Any]:
    info = {
        "after_sale_id": 7001, "after_sale_status": 12, "after_sale_type": 0, "refund_status": 3,
        "refund_amount": 51_000, "refund_post_amount": 1_000,
        "apply_time": at - 20, "update_time": at, "reason_code": 3,
    }  # fmt: skip
    line = {"sku_order_id": "6920000000000000009"}
    return {
        "process_info": {"after_sale_info": info | given},
        "order_info": {"shop_order_id": "6920000000000000001", "sku_order_infos": [line]},
    }
