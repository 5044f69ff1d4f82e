"""What the summaries must say, from raw events and sessions. Plain Python, slow and simple on purpose."""

from datetime import datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
GRACE = timedelta(minutes=10)
COUNTED = ("sale", "service")
LINE_RANK = ["created", "paid", "shipped", "received", "completed", "cancelled"]
REFUND_RANK = ["applied", "closed", "success"]


def at(written):
    return datetime.fromisoformat(written.replace("Z", "+00:00"))


def newest(events, rank):
    """All states of one thing, the later version over the earlier; absent fields do not contradict."""

    def order(event):
        moment = at(event.get("version") or event["occurred_at"])
        return moment.replace(microsecond=0), rank.index(event["status"]), moment

    merged = {}
    for event in sorted(events, key=order):
        merged.update({name: value for name, value in event.items() if value is not None})
    return merged


def unique(events):
    seen = {}
    for event in events:
        seen.setdefault((event["platform"], event["shop_id"], event["type"], event["event_id"]), event)
    return list(seen.values())


def lines_of(events):
    lines, refunds = {}, {}
    for event in unique(events):
        if event["type"] == "order.line":
            lines.setdefault((event["shop_id"], event["line_id"]), []).append(event)
        elif event["type"] == "refund":
            refunds.setdefault((event["shop_id"], event["refund_id"]), []).append(event)
    merged = {key: newest(told, LINE_RANK) for key, told in lines.items()}
    for told in refunds.values():
        refund = newest(told, REFUND_RANK)
        line = merged.get((refund["shop_id"], refund["line_id"]))
        if line is not None:
            line.setdefault("refunds", []).append(refund)
    return merged


def session_of(line, sessions):
    """The ladder, for sessions {id, account, rooms, starts_at, ends_at} on one platform."""
    ordered = at(line["ordered_at"])
    for session in sessions:
        if line.get("room_id") and line["room_id"] in session["rooms"]:
            return session["id"]
    traffic = line.get("traffic", "unknown")
    if traffic not in ("live", "unknown"):
        return "outside_live"
    mine = [session for session in sessions if session["account"] == line.get("author_id")]
    on_air = [s for s in mine if s["starts_at"] <= ordered < s["ends_at"]]
    after = [s for s in mine if s["ends_at"] <= ordered < s["ends_at"] + GRACE]
    for found in (on_air, after):
        if found:
            return max(found, key=lambda s: s["starts_at"])["id"]
    return "unattributed"


def paid_of(line):
    return line["paid_fen"] if line.get("paid_at") else 0


def refunded_of(line):
    """(stage, day of refund, fen) of each success, never more than was paid; the rest is compensation."""
    left, parts, compensation = paid_of(line), [], 0
    done = [refund for refund in line.get("refunds", []) if refund["status"] == "success"]
    for refund in sorted(done, key=lambda r: (at(r["succeeded_at"]), r["refund_id"])):
        fen = min(left, refund["amount_fen"])
        left -= fen
        compensation += refund["amount_fen"] - fen
        parts.append((refund["stage"], at(refund["succeeded_at"]).astimezone(BEIJING).date(), fen))
    return parts, compensation


def answers(events, sessions):
    """{session id or bucket: figures}, each with its days; money in fen."""
    out = {}
    orders = {}
    for (shop, _), line in lines_of(events).items():
        if line.get("line_kind", "sale") not in COUNTED:
            continue
        where = session_of(line, sessions)
        figures = out.setdefault(
            where,
            {"placed": 0, "paid": 0, "refund": 0, "compensation": 0, "lines": 0, "units": 0, "days": {}},
        )
        sale = line.get("line_kind", "sale") == "sale" and bool(line.get("paid_at"))
        parts, compensation = refunded_of(line)
        day = figures["days"].setdefault(
            at(line["ordered_at"]).astimezone(BEIJING).date(), {"paid": 0, "refund": 0}
        )
        figures["placed"] += line.get("order_fen", line["paid_fen"])
        figures["paid"] += paid_of(line)
        day["paid"] += paid_of(line)
        for _, _, fen in parts:
            figures["refund"] += fen
            day["refund"] += fen
        figures["compensation"] += compensation
        if sale:
            figures["lines"] += 1
            figures["units"] += line["qty"]
            orders.setdefault(where, set()).add((shop, line["parent_order_id"]))
    for where, figures in out.items():
        figures["orders"] = len(orders.get(where, ()))
    return out
