"""What tests of sales need: sessions put straight into the schedule's tables, and figures read back."""

from datetime import UTC, datetime
from itertools import combinations_with_replacement
from typing import Any

from sqlalchemy import text

from campaign.insight.tallies import DIMENSIONS, Scope, _kept_sql, _recounted_sql, scope_params
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from campaign.sales.folding import fold
from campaign.sales.merging_in import merge_waiting
from campaign.sales.reconciling import check_lines, check_rollups
from tests.factory import HUB, Factory


def add_session(
    make: Factory,
    starts_at: datetime,
    ends_at: datetime,
    *,
    brand: Any,
    account: Any = None,
    rooms: tuple[str, ...] = (),
    state: str = "ended",
    actual: tuple[datetime, datetime] | None = None,
    shifts: tuple[tuple[Any, Any, datetime, datetime], ...] = (),
    platform: str = "douyin",
) -> int:
    """A session of one brand on one channel; shifts are (host, agency or None, from, to). Gives its id."""
    studio = make.studio()
    with make.database.transaction(SYSTEM) as db:
        session_id = db.execute(
            text(
                "INSERT INTO live_session (title, studio_id, state, starts_at, ends_at, actual_starts_at,"
                " actual_ends_at, brand_ids, agency_ids, host_ids) VALUES ('皮衣专场', :studio, :state, :starts,"
                " :ends, :began, :ended, :brands, :agencies, :hosts) RETURNING id"
            ),
            {
                "studio": studio.id,
                "state": state,
                "starts": starts_at,
                "ends": ends_at,
                "began": actual[0] if actual else None,
                "ended": actual[1] if actual else None,
                "brands": [brand.id],
                "agencies": [agency.id for _, agency, _, _ in shifts if agency],
                "hosts": [host.id for host, _, _, _ in shifts],
            },
        ).scalar_one()
        db.execute(
            text(
                "INSERT INTO session_channel (session_id, platform, platform_account_id, room_ids)"
                " VALUES (:id, :platform, :account, :rooms)"
            ),
            {
                "id": session_id,
                "platform": platform,
                "account": account.id if account else None,
                "rooms": list(rooms),
            },
        )
        db.execute(
            text("INSERT INTO session_brand (session_id, brand_id, position) VALUES (:id, :brand, 1)"),
            {"id": session_id, "brand": brand.id},
        )
        for host, agency, starts, ends in shifts:
            db.execute(
                text(
                    "INSERT INTO participant (session_id, host_id, agency_id, starts_at, ends_at)"
                    " VALUES (:id, :host, :agency, :starts, :ends)"
                ),
                {
                    "id": session_id,
                    "host": host.id,
                    "agency": agency.id if agency else None,
                    "starts": starts,
                    "ends": ends,
                },
            )
    return int(session_id)


def change_session(database: Database, session_id: int, **columns: Any) -> None:
    """Set columns of a session as a correction would, with a new version."""
    sets = "".join(f"{name} = :{name}, " for name in columns)
    with database.transaction(SYSTEM) as db:
        db.execute(
            text(f"UPDATE live_session SET {sets}version = version + 1, updated_at = now() WHERE id = :id"),
            columns | {"id": session_id},
        )


def told_line(number: int, **given: Any) -> dict[str, Any]:
    """A paid order line as a source pushes it, with only what it must have."""
    at = datetime.now(UTC).replace(microsecond=0).isoformat()
    return {
        "type": "order.line",
        "event_id": f"e{number}",
        "occurred_at": at,
        "platform": "douyin",
        "shop_id": "4001",
        "line_id": f"l{number}",
        "status": "paid",
        "ordered_at": at,
        "currency": "CNY",
        "qty": 1,
        "paid_fen": 100,
    } | given


def fold_all(database: Database) -> None:
    """Merge and fold what waits, as the worker does."""
    while True:
        with database.transaction(SYSTEM) as db:
            done = merge_waiting(db, SYSTEM) + fold(db, SYSTEM)
        if not done:
            return


def total_of(database: Database, session_id: int, currency: str = "CNY") -> dict[str, int]:
    """The session's totals as the rollup has them."""
    with database.transaction(SYSTEM) as db:
        row = db.execute(
            text(
                "SELECT coalesce(sum(paid_fen), 0)::bigint AS paid_gmv_fen, coalesce(sum(refund_pre_ship_fen"
                " + refund_post_ship_fen + refund_post_receipt_fen), 0)::bigint AS refund_fen,"
                " coalesce(sum(lines), 0)::bigint AS lines, coalesce(sum(units), 0)::bigint AS units"
                " FROM session_total WHERE session_id = :id AND currency = :currency"
            ),
            {"id": session_id, "currency": currency},
        ).one()
    return dict(row._mapping)


def bucket_of(database: Database, bucket: str) -> int:
    """Paid money of a bucket over all days."""
    with database.transaction(SYSTEM) as db:
        found = db.execute(
            text(
                "SELECT coalesce(sum(paid_fen), 0)::bigint FROM sales_day"
                " WHERE basis = 'cohort' AND bucket = :bucket"
            ),
            {"bucket": bucket},
        )
        return int(found.scalar_one())


def assert_counted(database: Database) -> int:
    """Orders and buyers kept by day are those of the lines themselves, for each brand and any range of its days.

    Gives how many ranges were compared.
    """
    with database.transaction(SYSTEM) as db:
        days = db.execute(
            text(
                "SELECT brand_id, array_agg(DISTINCT order_day ORDER BY order_day) AS days FROM order_line"
                " WHERE brand_id IS NOT NULL AND order_day IS NOT NULL GROUP BY 1"
            )
        ).all()
        ranges = [
            (row.brand_id, *pair) for row in days for pair in combinations_with_replacement(row.days, 2)
        ]
        for brand_id, first, last in ranges:
            scope = Scope(brand_id=brand_id, first=first, last=last)
            for name in ("none", "day"):
                kept, recounted = (
                    sorted(
                        map(
                            tuple,
                            db.execute(text(sql(HUB, scope, DIMENSIONS[name])), scope_params(HUB, scope)),
                        )
                    )
                    for sql in (_kept_sql, _recounted_sql)
                )
                assert kept == recounted, (scope, name)
    return len(ranges)


def assert_reconciled(database: Database) -> None:
    """Raw = lines = rollups."""
    with database.transaction(SYSTEM) as db:
        assert check_rollups(db, SYSTEM) == []
        assert [one for one in check_lines(db, SYSTEM) if not isinstance(one, int)] == []
