"""What every rollup must hold, from all that any source said: the definitions alone, slow and simple on purpose.

A source says something of an order line or of a refund: {"of": (shop, line), "refund": id or None, "rank", "at",
"status", "fields", "paid_by", "refunded_by"}. Instants are aware datetimes. What is not told is not there.
"""

from collections import Counter
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

GRACE = timedelta(minutes=10)
CAP = timedelta(days=45)
OLDEST_AGE = 60
COUNTED = ("sale", "service")
OF_LINES = ["created", "paid", "shipped", "received", "completed", "cancelled"]
OF_REFUNDS = ["applied", "closed", "success"]
RANKED = {
    "line_kind",
    "currency",
    "qty",
    "order_fen",
    "paid_fen",
    "deposit_fen",
    "discount_platform_fen",
    "discount_host_fen",
    "discount_payment_fen",
    "merchant_sku",
    "amount_fen",
}
"""Where the source counts before its time: money and what is priced. Status and attribution go by time alone."""


def decided(said, statuses):
    """Each field by the greatest (rank, second, status, time); what a statement leaves out it does not contradict."""
    fields, won = {}, {}
    for one in said:
        for name, value in one["fields"].items():
            at = one["at"]
            second = (at.replace(microsecond=0), statuses.index(one["status"]), at)
            stamp = (one["rank"] if name in RANKED else 0, *second)
            if name not in won or stamp > won[name]:
                fields[name], won[name] = value, stamp
    for moment in ("paid_by", "refunded_by"):
        known = [one[moment] for one in said if one.get(moment)]
        if known:
            fields[moment] = min(known)
    return fields


def lines_of(said):
    """{(shop, line): decided fields with "refunds": {id: decided fields}}, those alone that somebody described."""
    of_lines, of_refunds = {}, {}
    for one in said:
        if one["refund"] is None:
            of_lines.setdefault(one["of"], []).append(one)
        else:
            of_refunds.setdefault(one["of"], {}).setdefault(one["refund"], []).append(one)
    found = {}
    for key, told in of_lines.items():
        line = decided(told, OF_LINES)
        if "ordered_at" in line:
            line["refunds"] = {
                name: decided(states, OF_REFUNDS) for name, states in of_refunds.get(key, {}).items()
            }
            found[key] = line
    return found


class World:
    """What stands around the lines: shows {id, account, rooms, starts_at, ends_at, shifts [(host, agency, from,
    to)]}, accounts {name: shop or None}, shops {name: brand or None}, products [{id, sku, brands [(since or None,
    brand)]}] by their age, assigned {(shop, line): show id}, windows {brand: days}, and the hub's zone. Ids are the
    database's.
    """

    def __init__(self, zone):
        self.zone = ZoneInfo(zone)
        self.shows, self.accounts, self.shops, self.products = [], {}, {}, []
        self.assigned, self.windows = {}, {}

    def day(self, at):
        return at.astimezone(self.zone).date()

    def placed(self, key, line):
        """(bucket, rung, show or None, provisional) by the ladder: the hub's word, room, author, shop."""
        at, traffic = line["ordered_at"], line.get("traffic", "unknown")
        if key in self.assigned:
            return "live", "manual", self.show(self.assigned[key]), False
        in_room = [show for show in self.shows if line.get("room_id") in show["rooms"]]
        if in_room:
            return "live", "room", min(in_room, key=lambda show: (_away(show, at), show["id"])), False
        if traffic not in ("live", "unknown"):
            return "outside_live", "outside_live", None, False
        if line.get("author_id"):
            rung, mine = "author", [show for show in self.shows if show["account"] == line["author_id"]]
        else:
            rung = "shop"
            mine = [show for show in self.shows if self.accounts.get(show["account"]) == key[0]]
        on_air = [show for show in mine if show["starts_at"] <= at < show["ends_at"]]
        after = [show for show in mine if show["ends_at"] <= at < show["ends_at"] + GRACE]
        for some in (on_air, after):
            if some:
                show = max(some, key=lambda one: (one["starts_at"], one["id"]))
                return "live", rung, show, traffic != "live"
        return "unattributed", "unattributed", None, False

    def show(self, number):
        return next(show for show in self.shows if show["id"] == number)

    def owned(self, key, line):
        """(brand, product): the product's on the day of the order, else the shop's, else none."""
        brand, day = self.shops[key[0]], self.day(line["ordered_at"])
        same = [one for one in self.products if one["sku"] == line.get("merchant_sku")]
        then = [(_brand_on(one, day), one["id"]) for one in same]
        within = [one for one in then if one[0] == brand]
        if within:
            return within[0]
        return then[0] if len(then) == 1 else (brand, None)


def _brand_on(product, day):
    """The last that had begun; the first has been there for ever."""
    begun = [brand for since, brand in product["brands"] if since is None or since <= day]
    return begun[-1]


def _away(show, at):
    if at < show["starts_at"]:
        return show["starts_at"] - at
    return max(timedelta(0), at - show["ends_at"])


def on_shift(show, at):
    """(host, agency) of the one who sold; (None, None) where nobody or more than one stood there."""
    shifts = show["shifts"] if show else []
    if not shifts:
        return None, None
    first, last = min(one[2] for one in shifts), max(one[3] for one in shifts)
    at = min(max(at, first), last - timedelta(microseconds=1))
    there = [one for one in shifts if one[2] <= at < one[3]]
    return there[0][:2] if len({one[0] for one in there}) == 1 else (None, None)


class Money:
    """A line's money: what was paid, and how refunds fall on it."""

    def __init__(self, line):
        self.kind = line.get("line_kind", "sale")
        self.paid_at = line.get("paid_at", line.get("paid_by"))
        self.counts = self.kind in COUNTED
        self.paid = line.get("paid_fen", 0) if self.counts and self.paid_at else 0
        self.sold = int(self.kind == "sale" and self.paid_at is not None)
        self.qty = line.get("qty", 0)
        refunds = [
            one | {"id": name}
            for name, one in line["refunds"].items()
            if one.get("currency", line["currency"]) == line["currency"]
        ]
        self.parts = self._parts(line, refunds) if self.counts else []
        self.refunded = sum(part["fen"] for part in self.parts)
        open_cases = [one for one in refunds if one.get("status", "applied") == "applied"]
        self.open = bool(open_cases)
        asked = sum(one["amount_fen"] for one in open_cases)
        self.disputed = min(self.paid - self.refunded, asked) if self.counts else 0
        moments = [one["applied_at"] for one in open_cases if "applied_at" in one]
        self.disputed_at = min(moments, default=line["ordered_at"])

    def _parts(self, line, refunds):
        done = sorted(
            (one for one in refunds if one.get("status") == "success"),
            key=lambda one: (one["succeeded_at"], one["id"]),
        )
        parts, left, units, taken = [], self.paid, self.qty * self.sold, False
        for one in done:
            kind, at = one.get("refund_type", "refund_only"), one["succeeded_at"]
            fen = min(left, one["amount_fen"])
            left -= fen
            takes = kind in ("refund_only", "return") and fen > 0
            back = min(units, one.get("qty", self.qty if left == 0 else 0)) if takes else 0
            units -= back
            stage = one.get("stage") or _stage(line, at)
            parts.append(
                {
                    "at": at, "stage": stage, "kind": kind, "fen": fen, "over": one["amount_fen"] - fen,
                    "units": back, "lines": int(takes and not taken and self.sold == 1),
                }
            )  # fmt: skip
            taken = taken or takes
        named = [one for one in done if one.get("refund_type", "refund_only") != "exchange"]
        if line.get("refunded_whole") and not named and self.paid:
            stage = line["refunded_stage"]
            parts.append(
                {
                    "at": line.get("refunded_by", self.paid_at), "stage": stage, "fen": self.paid, "over": 0,
                    "kind": "refund_only" if stage == "pre_ship" else "return",
                    "units": self.qty * self.sold, "lines": self.sold,
                }
            )  # fmt: skip
        return parts


def _stage(line, at):
    received = line.get("received_at", line.get("completed_at"))
    if received and received <= at:
        return "post_receipt"
    return "post_ship" if line.get("shipped_at") and line["shipped_at"] <= at else "pre_ship"


def matures(line, money, window):
    """From when on nothing of the line moves any more, as far as is known."""
    if line.get("status") == "cancelled":
        return line["ordered_at"]
    if money.paid and money.refunded == money.paid:
        return max(part["at"] for part in money.parts)
    received = line.get("received_at", line.get("completed_at"))
    if received is None or money.open:
        return line["ordered_at"] + CAP
    return min(line["ordered_at"] + CAP, received + window)


class Row:
    """One line as the product must have it: its place, its owner, and all that it adds, by when its money moved."""

    def __init__(self, world, key, line):
        self.line, self.money = line, Money(line)
        self.bucket, self.rung, show, self.provisional = world.placed(key, line)
        self.session = show["id"] if show else 0
        host, agency = on_shift(show, line["ordered_at"])
        brand, product = world.owned(key, line)
        self.owners = {"brand_id": brand or 0, "host_id": host or 0, "agency_id": agency or 0}
        self.product, self.shop, self.currency = product or 0, key[0], line["currency"]
        self.order = (key[0], line.get("parent_order_id", key[1]))
        self.matures_at = matures(line, self.money, timedelta(days=world.windows.get(brand, 7)))

    def moves(self):
        """(moment, figures) of each time something moved."""
        line, money = self.line, self.money
        if money.kind == "deposit" and money.paid_at:
            yield money.paid_at, {"deposit_fen": line["paid_fen"]}
        if not money.counts:
            return
        # A deposit is laid down with the order, whether the balance follows or not.
        placed = line.get("order_fen", line.get("paid_fen", 0))
        yield line["ordered_at"], {"placed_fen": placed, "deposit_fen": line.get("deposit_fen", 0)}
        if money.paid_at:
            subsidies = sum(line.get(f"discount_{by}_fen", 0) for by in ("platform", "host", "payment"))
            paid = {"paid_fen": money.paid, "merchant_fen": money.paid + subsidies}
            yield money.paid_at, paid | {"lines": money.sold, "units": money.qty * money.sold}
        for part in money.parts:
            before = part["stage"] == "pre_ship"
            returned = part["kind"] == "return" and not before
            yield (
                part["at"],
                {
                    f"refund_{part['stage']}_fen": part["fen"], "returned_fen": part["fen"] * returned,
                    "protection_fen": part["fen"] * (part["kind"] == "price_protection"),
                    "compensation_fen": part["over"], "refunded_lines": part["lines"],
                    "refunded_units": part["units"],
                    "uncancelled_fen": part["fen"] * (before and part["kind"] in ("price_protection", "exchange")),
                },
            )  # fmt: skip
        if money.disputed:
            yield money.disputed_at, {"disputed_fen": money.disputed}


def rows_of(world, said):
    return {key: Row(world, key, line) for key, line in lines_of(said).items()}


def sums(rows, keyed):
    """{key: figures} over the rows, without what is nought. keyed(row, moment) gives a key as sorted pairs, or None."""
    found = {}
    for row in rows.values():
        for at, figures in row.moves():
            key = keyed(row, at)
            if key is not None:
                found.setdefault(key, Counter()).update(figures)
    return {key: one for key, counts in found.items() if (one := {n: v for n, v in counts.items() if v})}


def pairs(**values):
    """A key that compares with a row of the database by names."""
    return tuple(sorted(values.items()))


def rollups(world, said):
    """{name of the rollup: {key: figures}} for all five, from what was said."""
    rows = rows_of(world, said)

    def full(row):
        return row.owners | {
            "bucket": row.bucket, "session_id": row.session, "shop_id": row.shop, "product_id": row.product,
            "currency": row.currency,
        }  # fmt: skip

    def session(row, _at, **more):
        return (
            pairs(session_id=row.session, currency=row.currency, **row.owners, **more)
            if row.session
            else None
        )

    def minute(row, at):
        return session(row, at, minute=row.line["ordered_at"].replace(second=0, microsecond=0))

    def cohort(row, at):
        day = world.day(row.line["ordered_at"])
        age = min(OLDEST_AGE, max(0, (world.day(at) - day).days))
        return pairs(day=day, basis="cohort", age_days=age, **full(row))

    def cash(row, at):
        return pairs(day=world.day(at), basis="cash", age_days=0, **full(row))

    maturing = {}
    for row in rows.values():
        if row.money.counts:
            hour = row.matures_at.astimezone(UTC)
            whole = hour.replace(minute=0, second=0, microsecond=0)
            hour = whole if whole == hour else whole + timedelta(hours=1)
            key = pairs(cohort_day=world.day(row.line["ordered_at"]), matures_at=hour, **full(row))
            net = row.money.paid - row.money.refunded
            maturing.setdefault(key, Counter()).update(counted_lines=1, maturing_fen=net)
    return {
        "session_total": sums(rows, session),
        "session_minute": sums(rows, minute),
        "sales_day": sums(rows, cohort) | sums(rows, cash),
        "sales_maturity": {key: {n: v for n, v in counts.items() if v} for key, counts in maturing.items()},
    }


def live(world, said):
    """{session id: {currency: figures and orders}}: what Redis must hold."""
    rows = rows_of(world, said)
    found = sums(rows, lambda row, _: (row.session, row.currency) if row.session else None)
    orders = {}
    for row in rows.values():
        if row.session and row.money.sold:
            orders.setdefault((row.session, row.currency), set()).add(row.order)
    out = {}
    for (session, currency), figures in found.items():
        told = figures | {"orders": len(orders.get((session, currency), ()))}
        out.setdefault(session, {})[currency] = {name: n for name, n in told.items() if n}
    return out
