"""The sales tables: partitions made ahead, and rows nobody else may see."""

from datetime import date, timedelta

from sqlalchemy import text

from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database

_PARTITIONS = text(
    "SELECT count(*) FROM pg_inherits WHERE inhparent = 'sale_event'::regclass"
    " AND inhrelid::regclass::text <> 'sale_event_default'"
)


def test_the_raw_log_has_partitions_for_thirty_days_ahead(database: Database) -> None:
    with database.transaction(SYSTEM) as db:
        assert db.execute(_PARTITIONS).scalar_one() >= 31


def test_partitions_are_made_once_and_by_the_system_role(database: Database) -> None:
    far = date(2031, 1, 1)
    make = text("SELECT make_sales_partitions(:today, :ahead)")
    with database.transaction(SYSTEM) as db:
        first = db.execute(make, {"today": far, "ahead": 3}).scalar_one()
        again = db.execute(make, {"today": far, "ahead": 3}).scalar_one()
    assert (first, again) == (5, 0), "four days and a month, once"
    assert far + timedelta(days=3) == date(2031, 1, 4)
