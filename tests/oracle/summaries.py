"""A brand's summary from raw events: by day, session, shop or product, by order or by cash, up to an age."""

from tests.oracle.answers import BEIJING, COUNTED, at, lines_of, paid_of, refunded_of, session_of


def day_of(moment):
    return moment.astimezone(BEIJING).date()


def moves(line):
    """(day, paid, refund, lines, units) of each time money moved."""
    if line.get("paid_at"):
        sale = line.get("line_kind", "sale") == "sale"
        yield day_of(at(line["paid_at"])), paid_of(line), 0, int(sale), line["qty"] * sale
    for _, day, fen in refunded_of(line)[0]:
        yield day, 0, fen, 0, 0


def summary(events, sessions, shops, days, *, by, basis="cohort", age=None):
    """{key: {paid, refund, lines, units, orders}} of the live lines of some shops; keys of by: session ids and
    shop ids as the events have them, days, merchant SKUs, or "" for the whole.
    """
    found = {}
    for (shop, _), line in lines_of(events).items():
        where = session_of(line, sessions)
        if shop not in shops or line.get("line_kind", "sale") not in COUNTED:
            continue
        if where in ("unattributed", "outside_live"):
            continue
        ordered = day_of(at(line["ordered_at"]))
        for day, paid, refund, lines, units in moves(line):
            counted_on = ordered if basis == "cohort" else day
            if not days[0] <= counted_on <= days[1]:
                continue
            if basis == "cohort" and age is not None and (day - ordered).days > age:
                continue
            key = {"session": where, "shop": shop, "day": str(counted_on), "none": ""}.get(by)
            key = line["merchant_sku"] if by == "product" else key
            into = found.setdefault(key, {"paid": 0, "refund": 0, "lines": 0, "units": 0, "orders": set()})
            into["paid"] += paid
            into["refund"] += refund
            into["lines"] += lines
            into["units"] += units
            if lines:
                into["orders"].add((shop, line["parent_order_id"]))
    return {key: into | {"orders": len(into["orders"])} for key, into in found.items()}
