"""Random seasons: shows, and all that pushes, exports and details ever say of their lines, in any order.

What is told is kept twice: as the source words it (an event, a row of a file, a detail), and as what it says in the
oracle's terms (ledger.py). Nothing here knows the product.
"""

from datetime import datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
START = datetime(2026, 11, 6, 18, tzinfo=BEIJING)
PUSH, EXPORT, DETAIL = 1, 2, 3
STEPS = ["created", "paid", "shipped", "received", "completed"]
IN_FILES = {"created": "待支付", "paid": "待发货", "shipped": "已发货", "received": "已签收", "completed": "已完成",
    "cancelled": "已关闭"}  # fmt: skip
FORMATS = {"live": "直播", "video": "短视频", "card": "商品卡", "search": "搜索", "shelf": "橱窗"}
CASES = {"refund_only": "仅退款", "return": "退货退款", "price_protection": "价保"}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def shows(random):
    """Shows on two accounts back to back, some across midnight, with rooms and hand-overs; hosts are numbers."""
    made = []
    for account in ("a1", "a2"):
        begins = START + timedelta(minutes=random.randrange(0, 60))
        for number in range(random.randrange(1, 4)):
            ends = begins + timedelta(minutes=random.randrange(60, 300))
            rooms = [f"room-{account}-{number}"]
            rooms += [f"again-{account}-{number}"] if random.random() < 0.4 else []
            made.append(
                {
                    "account": account, "rooms": rooms, "starts_at": begins, "ends_at": ends,
                    "shifts": shifts(random, begins, ends),
                }
            )  # fmt: skip
            begins = ends + timedelta(minutes=random.choice([0, 4, 10, 30]))
    return made


def shifts(random, begins, ends):
    """Who stands there from when to when: one host, a hand-over, or a while in which there are two."""
    hosts = random.sample(range(3), 2)
    middle = begins + (ends - begins) * random.choice([1, 2, 3]) / 4
    over = random.choice([timedelta(0), timedelta(0), timedelta(minutes=20)])
    return random.choice(
        [[], [(hosts[0], begins, ends)], [(hosts[0], begins, middle + over), (hosts[1], middle, ends)]]
    )


class Teller:
    """All that will be said in a season. `told`: (how, what, says), how one of push, order_row, case_row, detail."""

    def __init__(self, random, shows, lines):
        self.random, self.shows = random, shows
        self.told, self._ticks = [], 0
        for number in range(lines):
            self._line(number)

    def _tick(self):
        """A few microseconds, never the same twice: two statements of one moment would be decided by a coin."""
        self._ticks += 1
        return timedelta(microseconds=self._ticks)

    def _line(self, number):
        random = self.random
        show = random.choice(self.shows)
        order = number // 2
        shop = ("s1", "s2", "s3")[order % 3]
        ordered = show["starts_at"] + timedelta(seconds=random.randrange(-1200, 6 * 3600))
        if random.random() < 0.25:
            edges = [show["starts_at"], show["ends_at"], show["ends_at"] + timedelta(minutes=10)]
            edges += [edge for _, _, to in show["shifts"] for edge in (to,)]
            ordered = random.choice(edges) + timedelta(seconds=random.choice([-1, 0, 1]))
        fen = random.randrange(1, 500_000)
        currency = "USD" if shop == "s3" and random.random() < 0.4 else "CNY"
        line = {
            "line_id": f"{shop}-l{number}", "line_kind": random.choice(
                ["sale"] * 9 + ["gift", "service", "sample", "exchange", "deposit", "test"]
            ),
            "ordered_at": ordered, "currency": currency, "qty": random.randrange(1, 4), "order_fen": fen,
            "paid_fen": fen, "merchant_sku": f"XJ-{random.randrange(5)}",
        }  # fmt: skip
        if random.random() < 0.3:
            line |= {f"discount_{by}_fen": random.randrange(0, 900) for by in ("platform", "host", "payment")}
        if random.random() < 0.75:
            line["author_id"] = random.choice([show["account"]] * 8 + ["stranger"])
        known = {"parent_order_id": f"{shop}-o{order}", "buyer_hash": f"b{random.randrange(12)}"}
        known["traffic"] = random.choice(["live"] * 7 + ["card", "search", "video"])
        if random.random() < 0.25:
            known["room_id"] = random.choice(show["rooms"])
        if random.random() < 0.15:
            # A presale: paid days after the order, in which its deposit was laid down.
            line["deposit_fen"] = min(fen, 5000)
        paid = ordered + (3 * DAY if "deposit_fen" in line else timedelta(seconds=90))
        self._states(shop, line, known, paid)
        self._refunds(shop, line, paid)
        if currency == "CNY" and random.random() < 0.3:
            self._order_row(shop, line, known, paid)
        if random.random() < 0.3:
            self._detail(shop, line, known, paid)

    def _states(self, shop, line, known, paid):
        """What is pushed: its states, each knowing more or less of where it was sold, some of another amount."""
        random = self.random
        reached = random.randrange(0, len(STEPS))
        moments = {
            "paid": paid,
            "shipped": paid + 20 * HOUR,
            "received": paid + 3 * DAY,
            "completed": paid + 9 * DAY,
        }
        steps = [(status, moments.get(status, line["ordered_at"])) for status in STEPS[: reached + 1]]
        if random.random() < 0.15:
            steps.append(("cancelled", steps[-1][1] + HOUR))
        if random.random() < 0.2:
            steps.append(
                (steps[-1][0], steps[-1][1] + 2 * DAY)
            )  # said again later, perhaps with another amount
        if len(steps) > 1 and random.random() < 0.4:
            steps.pop(0)
        for place, (status, at) in enumerate(steps):
            fields = dict(line)
            if place == len(steps) - 1 or random.random() < 0.5:
                fields |= {name: value for name, value in known.items() if random.random() < 0.8}
            for name in STEPS[1 : STEPS.index(status) + 1] if status in STEPS else ():
                if random.random() < 0.8:
                    fields[f"{name}_at"] = moments[name]
            if random.random() < 0.15:
                fields["paid_fen"] = max(0, line["paid_fen"] - random.randrange(0, 900))
            if random.random() < 0.1:
                fields["line_kind"] = random.choice(["sale", "gift", "service"])
            self._push("order.line", shop, f"{line['line_id']}-{place}", status, at + self._tick(), fields)

    def _push(self, kind, shop, event_id, status, at, fields, refund=None):
        event = {"type": kind, "event_id": event_id, "platform": "douyin", "shop_id": shop, "status": status}
        event |= {name: _written(value) for name, value in fields.items()} | {"occurred_at": _written(at)}
        if refund:
            event["refund_id"] = refund
        line_id = fields["line_id"]
        says = {name: value for name, value in fields.items() if name != "line_id"} | {"status": status}
        said = {
            "of": (shop, line_id),
            "refund": refund,
            "rank": PUSH,
            "at": at,
            "status": status,
            "fields": says,
        }
        if kind == "refund":
            moment = {"success": "succeeded_at", "applied": "applied_at"}.get(status)
            if moment:
                says.setdefault(moment, at)
        elif status in STEPS[1:] and "paid_at" not in says:
            said["paid_by"] = at
        self.told.append(("push", event, said))

    def _refunds(self, shop, line, paid):
        random = self.random
        for part in range(random.choice([0, 0, 0, 1, 1, 2, 3])):
            kind = random.choice(["refund_only", "return", "return", "price_protection", "exchange"])
            amount = random.randrange(0, line["paid_fen"] + 1000)
            amount = line["paid_fen"] if random.random() < 0.3 else 0 if kind == "exchange" else amount
            fields = {
                "line_id": line["line_id"],
                "refund_type": kind,
                "amount_fen": amount,
                "currency": line["currency"],
            }
            if random.random() < 0.6:
                fields["stage"] = random.choice(["pre_ship", "post_ship", "post_receipt"])
            if random.random() < 0.5:
                fields["qty"] = random.randrange(0, 3)
            name, applied = f"{line['line_id']}-f{part}", paid + random.randrange(0, 9) * DAY + HOUR
            if random.random() < 0.8:
                self._push("refund", shop, f"{name}-a", "applied", applied + self._tick(), fields, name)
            done = applied + random.choice([timedelta(0), HOUR, 2 * DAY])
            if random.random() < 0.8:
                status = random.choice(["success", "success", "success", "closed"])
                more = {"succeeded_at": done} if status == "success" and random.random() < 0.7 else {}
                if random.random() < 0.2:
                    more["amount_fen"] = amount // 2
                self._push("refund", shop, f"{name}-s", status, done + self._tick(), fields | more, name)
            if kind in CASES and line["currency"] == "CNY" and random.random() < 0.25:
                self._case_row(shop, line["line_id"], name, kind, amount, applied)

    def _order_row(self, shop, line, known, paid):
        """A row of an order export: it stands above every push for money."""
        random = self.random
        status = random.choice(["created", "paid", "shipped", "completed", "cancelled"])
        seconds = {"ordered_at": line["ordered_at"].replace(microsecond=0)}
        if status in STEPS[1:]:
            seconds["paid_at"] = paid
        if status in ("shipped", "completed"):
            seconds["shipped_at"] = paid + 20 * HOUR
        if status == "completed":
            seconds["completed_at"] = paid + 9 * DAY
        fen = line["order_fen"] - random.choice([0, 0, 100]) if line["order_fen"] > 100 else line["order_fen"]
        traffic = random.choice([known["traffic"], known["traffic"], None])
        whole = random.random() < 0.3
        row = {
            "主订单编号": known["parent_order_id"], "子订单编号": line["line_id"], "商家编码": line["merchant_sku"],
            "商品数量": str(line["qty"]), "商品金额": "1.00", "订单应付金额": f"{fen / 100:.2f}", "运费": "0.00",
            "订单状态": IN_FILES[status], "售后状态": "退款成功" if whole else "-", "达人ID": line.get("author_id", ""),
            "流量体裁": FORMATS[traffic] if traffic else "数据将于第二天更新",
        } | {
            title: _in_beijing(seconds.get(name))
            for name, title in (
                ("ordered_at", "订单提交时间"), ("paid_at", "支付完成时间"), ("shipped_at", "发货时间"),
                ("completed_at", "订单完成时间"),
            )
        }  # fmt: skip
        says = {
            "parent_order_id": known["parent_order_id"], "line_kind": "sale", "currency": "CNY", "qty": line["qty"],
            "order_fen": fen, "merchant_sku": line["merchant_sku"], "status": status,
            "refunded_whole": whole and "paid_at" in seconds,
            "refunded_stage": "pre_ship" if "shipped_at" not in seconds
            else "post_receipt" if "completed_at" in seconds else "post_ship",
        } | seconds  # fmt: skip
        says |= {"paid_fen": fen} if "paid_at" in seconds else {}
        says |= {"author_id": line["author_id"]} if "author_id" in line else {}
        says |= {"traffic": traffic} if traffic else {}
        said = {
            "of": (shop, line["line_id"]),
            "refund": None,
            "rank": EXPORT,
            "status": status,
            "fields": says,
        }
        self.told.append(("order_row", row, said))

    def _case_row(self, shop, line_id, refund, kind, amount, applied):
        """A row of an after-sale export."""
        status = self.random.choice(["success", "success", "closed", "applied"])
        stage = self.random.choice(["pre_ship", "post_ship", "post_receipt"])
        words = {"pre_ship": "未发货", "post_ship": "已发货", "post_receipt": "已收货"}[stage]
        done = (applied + 2 * DAY).replace(microsecond=0)
        row = {
            "售后单号": refund, "订单号": line_id, "商品单号": line_id, "售后类型": f"{words}{CASES[kind]}",
            "退商品金额（元）": f"{amount / 100:.2f}", "退运费金额（元）": "0.00", "售后原因": "-",
            "售后状态": {"success": "退款成功", "closed": "售后关闭", "applied": "待商家处理"}[status],
            "售后申请时间": _in_beijing(applied), "用户到账时间": _in_beijing(done if status == "success" else None),
        }  # fmt: skip
        says = {
            "refund_type": kind, "stage": stage, "status": status, "currency": "CNY", "amount_fen": amount,
            "applied_at": applied,
        } | ({"succeeded_at": done} if status == "success" else {})  # fmt: skip
        said = {"of": (shop, line_id), "refund": refund, "rank": EXPORT, "status": status, "fields": says}
        self.told.append(("case_row", row, said))

    def _detail(self, shop, line, known, paid):
        """What the platform answers when asked: above every push for money too."""
        random = self.random
        status = random.choice(STEPS)
        at = (paid + random.randrange(0, 12) * DAY).replace(microsecond=0)
        fen = max(1, line["order_fen"] - random.choice([0, 0, 200]))
        says = {
            "status": status, "ordered_at": line["ordered_at"], "currency": line["currency"], "qty": line["qty"],
            "order_fen": fen, "paid_fen": fen, "parent_order_id": known["parent_order_id"],
        }  # fmt: skip
        says |= {"paid_at": paid} if status != "created" else {}
        says |= {"room_id": known["room_id"]} if "room_id" in known else {}
        said = {
            "of": (shop, line["line_id"]),
            "refund": None,
            "rank": DETAIL,
            "at": at,
            "status": status,
            "fields": says,
        }
        self.told.append(("detail", says, said))


def _written(value):
    return value.isoformat() if isinstance(value, datetime) else value


def _in_beijing(at):
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S") if at else "-"
