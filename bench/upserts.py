"""How others take sales in: one Celery task an event with ORM upserts, and batches of ORM ON CONFLICT.

Both keep the order line and nothing else: no raw log, no repetition told from a correction, no refunds, no versions.
The task is what a tutorial would have: read the row by its key, change or add it, add to the session's total, commit.
"""

import json
import os
from datetime import datetime
from typing import Any

from celery import Celery
from sqlalchemy import BigInteger, DateTime, ForeignKey, MetaData, String, create_engine, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

PROCESSES = 2
"""Of the worker: as many as the machine has cores."""

_KEPT = ("platform", "shop_id", "line_id", "parent_order_id", "status", "qty", "paid_fen", "currency")


class Base(DeclarativeBase):
    """Tables of the rivals, in a schema of their own."""

    metadata = MetaData(schema="naive")


class Line(Base):
    """An order line by its natural key."""

    __tablename__ = "line"
    platform: Mapped[str] = mapped_column(String, primary_key=True)
    shop_id: Mapped[str] = mapped_column(String, primary_key=True)
    line_id: Mapped[str] = mapped_column(String, primary_key=True)
    room_id: Mapped[str] = mapped_column(ForeignKey("naive.room.id"))
    parent_order_id: Mapped[str]
    status: Mapped[str]
    qty: Mapped[int]
    paid_fen: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    paid_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Room(Base):
    """The total that every line is added to."""

    __tablename__ = "room"
    id: Mapped[str] = mapped_column(primary_key=True)
    paid_fen: Mapped[int] = mapped_column(BigInteger, default=0)


app = Celery("bench_naive", broker=os.environ.get("REDIS_URL", ""), backend=None)
app.conf.update(task_ignore_result=True, worker_hijack_root_logger=False)
_sessions: "sessionmaker[Session] | None" = None


def prepare(url: str) -> None:
    """The tables, empty, with the rooms in them."""
    engine = create_engine(driver(url))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA naive")
        Base.metadata.create_all(connection)
        connection.execute(insert(Room), [{"id": f"room-{number}", "paid_fen": 0} for number in range(50)])
    engine.dispose()


def driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


@app.task(name="bench.naive_upsert")
def upsert(event: dict[str, Any]) -> None:
    """One event."""
    global _sessions  # noqa: PLW0603 - a connection for the process, made after the fork
    if _sessions is None:
        _sessions = sessionmaker(create_engine(driver(os.environ["DATABASE_URL"]), pool_size=1))
    with _sessions() as db:
        key = (event["platform"], event["shop_id"], event["line_id"])
        line = db.get(Line, key)
        before = 0
        if line is None:
            line = Line(platform=key[0], shop_id=key[1], line_id=key[2])
            db.add(line)
        else:
            before = line.paid_fen
        for name in _KEPT:
            setattr(line, name, event[name])
        line.room_id, line.paid_at = event["room_id"], datetime.fromisoformat(event["paid_at"])
        room = db.execute(select(Room).where(Room.id == event["room_id"]).with_for_update()).scalar_one()
        room.paid_fen += event["paid_fen"] - before
        db.commit()


def upsert_many(db: Session, body: bytes) -> None:
    """A batch of events in one ORM statement, committed."""
    rows = [
        {name: event[name] for name in (*_KEPT, "room_id")}
        | {"paid_at": datetime.fromisoformat(event["paid_at"])}
        for event in json.loads(body)["events"]
    ]
    statement = insert(Line)
    changed = {name: statement.excluded[name] for name in ("status", "qty", "paid_fen", "paid_at")}
    db.execute(
        statement.on_conflict_do_update(index_elements=["platform", "shop_id", "line_id"], set_=changed), rows
    )
    db.commit()
