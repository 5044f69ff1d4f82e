"""Pure merge of what sources say about one line or one refund.

A state is a set of layers: each layer is one statement of a source with the fields in which it is still the
newest. A field is decided by the greatest (source rank, version), so any order and any repetition of the same
statements gives the same state. A field that a statement leaves out is not contradicted by it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

PUSH, EXPORT, DETAIL = 1, 2, 3
"""Source ranks. For money an export or a detail call stands above a push, whatever their times."""

LINE_STATUSES = {"created": 0, "paid": 1, "shipped": 2, "received": 3, "completed": 4, "cancelled": 5}
REFUND_STATUSES = {"applied": 0, "closed": 1, "success": 2}

MONEY = frozenset(
    ("line_kind", "replaces_line_id", "currency", "qty", "list_fen", "order_fen", "paid_fen", "shipping_fen")
    + ("tax_fen", "deposit_fen", "discount_shop_fen", "discount_platform_fen", "discount_host_fen")
    + ("discount_payment_fen", "product_id", "sku_id", "merchant_sku", "product_name", "amount_fen")
)
"""Fields in which the source's rank counts before its time; in status and attribution time decides alone."""

_SECOND = 1_000_000
Stamp = tuple[int, int, int, int, str, int]


class Statement(msgspec.Struct, frozen=True):
    """What one source said at one version. Instants in `fields` are integers of microseconds since 1970.

    version_us orders statements; status_rank decides only between versions of the same second; digest breaks
    the last tie so that the result never depends on arrival. paid_by_us and refunded_by_us are moments by
    which the source knew of a payment or refund without naming its time.
    """

    rank: int
    version_us: int
    status_rank: int
    digest: str
    fields: Mapping[str, Any] = {}
    paid_by_us: int | None = None
    refunded_by_us: int | None = None

    def stamp(self, name: str) -> Stamp:
        """What decides field `name` between two statements: the greater wins."""
        rank = self.rank if name in MONEY else 0
        second = self.version_us // _SECOND
        return (rank, second, self.status_rank, self.version_us, self.digest, self.rank)


class State(msgspec.Struct, frozen=True):
    """The layers that still win a field, and the two earliest-known moments."""

    layers: tuple[Statement, ...] = ()
    paid_by_us: int | None = None
    refunded_by_us: int | None = None

    def fields(self) -> dict[str, Any]:
        """The decided fields. Layers never share one."""
        if len(self.layers) == 1:
            return dict(self.layers[0].fields)
        return {name: value for layer in self.layers for name, value in layer.fields.items()}


def merged(state: State, statements: Sequence[Statement]) -> State:
    """The state after more statements, in whatever order they come and however often."""
    if not state.layers and len(statements) == 1:
        # What nearly every line begins with: all that is said stands.
        return _first(state, statements[0])
    winners: dict[str, tuple[Stamp, Statement, Any]] = {
        name: (layer.stamp(name), layer, value)
        for layer in state.layers
        for name, value in layer.fields.items()
    }
    paid_by, refunded_by = state.paid_by_us, state.refunded_by_us
    for said in statements:
        paid_by = _earliest(paid_by, said.paid_by_us)
        refunded_by = _earliest(refunded_by, said.refunded_by_us)
        for name, value in said.fields.items():
            stamp = said.stamp(name)
            if name not in winners or stamp > winners[name][0]:
                winners[name] = (stamp, said, value)
    return State(_layers(winners), paid_by, refunded_by)


def _first(state: State, said: Statement) -> State:
    layer = Statement(said.rank, said.version_us, said.status_rank, said.digest, said.fields)
    return State(
        (layer,) if said.fields else (),
        _earliest(state.paid_by_us, said.paid_by_us),
        _earliest(state.refunded_by_us, said.refunded_by_us),
    )


def _layers(winners: dict[str, tuple[Stamp, Statement, Any]]) -> tuple[Statement, ...]:
    kept: dict[tuple[int, int, int, str], dict[str, Any]] = {}
    for name, (_, said, value) in sorted(winners.items()):
        identity = (said.rank, said.version_us, said.status_rank, said.digest)
        kept.setdefault(identity, {})[name] = value
    return tuple(Statement(*identity, fields=fields) for identity, fields in sorted(kept.items()))


def _earliest(left: int | None, right: int | None) -> int | None:
    if left is None or right is None:
        return right if left is None else left
    return min(left, right)


def dump(state: State) -> dict[str, Any]:
    """The state as plain JSON values, for the line's row."""
    written: dict[str, Any] = {
        "layers": [
            [la.rank, la.version_us, la.status_rank, la.digest, dict(la.fields)] for la in state.layers
        ]
    }
    if state.paid_by_us is not None:
        written["paid_by"] = state.paid_by_us
    if state.refunded_by_us is not None:
        written["refunded_by"] = state.refunded_by_us
    return written


def load(written: Mapping[str, Any]) -> State:
    """Read what dump() wrote; an empty mapping is a line nothing is known of yet."""
    layers = tuple(
        Statement(rank, version, status, digest, fields=fields)
        for rank, version, status, digest, fields in written.get("layers", ())
    )
    return State(layers, written.get("paid_by"), written.get("refunded_by"))


def dump_statement(said: Statement) -> dict[str, Any]:
    """One statement as plain JSON values: how a file's row stands in the raw log."""
    return {
        "rank": said.rank,
        "version_us": said.version_us,
        "status_rank": said.status_rank,
        "digest": said.digest,
        "fields": dict(said.fields),
        "paid_by_us": said.paid_by_us,
        "refunded_by_us": said.refunded_by_us,
    }


def load_statement(written: Mapping[str, Any]) -> Statement:
    """Read what dump_statement() wrote."""
    return Statement(**written)


def micros(at: datetime) -> int:
    """An aware instant as microseconds since 1970, exactly (no float in between)."""
    delta = at - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * _SECOND + delta.microseconds


def instant(us: int) -> datetime:
    """Microseconds since 1970 as an aware UTC instant."""
    seconds, rest = divmod(us, _SECOND)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)


def version_of(version: datetime | int | None, occurred_at: datetime) -> int:
    """A source's version in microseconds: its time, its integer clock (s, ms, µs), else when it occurred."""
    if version is None:
        return micros(occurred_at)
    if isinstance(version, datetime):
        return micros(version)
    if version < 10**11:
        return version * _SECOND
    return version * 1000 if version < 10**14 else version


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
