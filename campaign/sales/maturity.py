"""When a line's figures stop moving: maturing → final. Pure."""

from datetime import datetime, timedelta

from campaign.sales.allocation import Allocation
from campaign.sales.lines import Line

CAP = timedelta(days=45)
"""After this a line is final whatever its state: sources do not report for ever."""


def matures_at(line: Line, allocation: Allocation, window: timedelta) -> datetime | None:
    """From when on the line is mature, as far as is known now; None where the line does not count.

    Mature at once when cancelled or fully refunded; when received, after the return window unless a case is
    open; at the latest CAP after the order.
    """
    if not line.counts or line.ordered_at is None:
        return None
    if line.status == "cancelled":
        return line.ordered_at
    if line.paid_fen and allocation.refund_fen == line.paid_fen:
        return max(piece.at for piece in allocation.pieces)
    latest = line.ordered_at + CAP
    if line.received_at is None or allocation.has_open_case:
        return latest
    return min(latest, line.received_at + window)
