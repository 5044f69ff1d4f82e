"""How a line's refunds fall on its paid money: stages, what exceeds it, what is still disputed. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from campaign.sales.lines import Line, RefundView

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Piece:
    """One successful refund as it counts. fen falls on the paid money, compensation_fen exceeds it."""

    at: datetime
    stage: str
    kind: str
    fen: int
    compensation_fen: int
    units: int
    takes_line: bool
    """Whether the line counts as a refunded line from here on (price protection and exchanges do not)."""


@dataclass(frozen=True)
class Allocation:
    """All that refunds do to one line. `open_fen` is asked for and not decided (in dispute)."""

    pieces: tuple[Piece, ...]
    open_fen: int
    has_open_case: bool
    opened_at: datetime | None

    @property
    def refund_fen(self) -> int:
        return sum(piece.fen for piece in self.pieces)


_NOTHING = Allocation((), 0, has_open_case=False, opened_at=None)


def allocate(line: Line, refunds: Sequence[RefundView]) -> Allocation:
    """Lay refunds on the line in the order they succeeded; together they never exceed what was paid.

    A whole-line refund that an export hinted at stands in until a refund with an amount is known. Refunds in
    another currency than the line's cannot be added to it and are left to the drill-down.
    """
    if not refunds and not line.refunded_whole:
        return _NOTHING
    usable = [refund for refund in refunds if refund.currency in (None, line.currency)]
    done = sorted(
        (refund for refund in usable if refund.status == "success"),
        key=lambda refund: (refund.succeeded_at or _NEVER, refund.refund_id),
    )
    waiting = [refund for refund in usable if refund.status == "applied"]
    pieces = _pieces(line, done) if line.counts else []
    if line.counts and line.refunded_whole and not any(refund.kind != "exchange" for refund in done):
        pieces = [*pieces, *_hinted(line)]
    left = line.paid_fen - sum(piece.fen for piece in pieces)
    opened = [refund.applied_at for refund in waiting if refund.applied_at is not None]
    return Allocation(
        pieces=tuple(pieces),
        open_fen=min(left, sum(refund.amount_fen for refund in waiting)) if line.counts else 0,
        has_open_case=bool(waiting),
        opened_at=min(opened, default=None),
    )


def _pieces(line: Line, done: Sequence[RefundView]) -> list[Piece]:
    left_fen, left_units, taken = line.paid_fen, line.qty if line.is_paid_sale else 0, False
    pieces = []
    for refund in done:
        fen = min(left_fen, refund.amount_fen)
        left_fen -= fen
        takes = refund.kind in ("refund_only", "return") and fen > 0
        units = min(left_units, _units(line, refund, everything=left_fen == 0)) if takes else 0
        left_units -= units
        pieces.append(
            Piece(
                at=refund.succeeded_at or line.ordered_at or _NEVER,
                stage=refund.stage or _stage_at(line, refund.succeeded_at),
                kind=refund.kind,
                fen=fen,
                compensation_fen=refund.amount_fen - fen,
                units=units,
                takes_line=takes and not taken and line.is_paid_sale,
            )
        )
        taken = taken or takes
    return pieces


def _hinted(line: Line) -> list[Piece]:
    if not line.paid_fen:
        return []
    at = line.refunded_at or line.paid_at or _NEVER
    kind = "refund_only" if line.refunded_stage == "pre_ship" else "return"
    units = line.qty if line.is_paid_sale else 0
    return [Piece(at, line.refunded_stage, kind, line.paid_fen, 0, units, takes_line=line.is_paid_sale)]


def _units(line: Line, refund: RefundView, *, everything: bool) -> int:
    """Units the refund names; all of them where it returns all that was left and names none."""
    if refund.qty is not None:
        return refund.qty
    return line.qty if everything else 0


def _stage_at(line: Line, at: datetime | None) -> str:
    """The stage of a refund that names none, by what had happened to the parcel when it succeeded."""
    moment = at or _NEVER
    if line.received_at is not None and line.received_at <= moment:
        return "post_receipt"
    if line.shipped_at is not None and line.shipped_at <= moment:
        return "post_ship"
    return "pre_ship"
