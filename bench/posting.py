"""How others send webhooks: a Celery task per delivery with requests, and a bare aiohttp loop that records nothing.

The task does what django-webhook does: read the hook and its secrets, sign, keep the event, post, keep what came of it.
"""

import asyncio
import hashlib
import hmac
import os
import time
from collections.abc import Sequence

import aiohttp
import requests
import uvloop
from celery import Celery
from sqlalchemy import BigInteger, ForeignKey, Identity, MetaData, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from bench.upserts import driver


class Base(DeclarativeBase):
    """Its tables, in a schema of their own."""

    metadata = MetaData(schema="posting")


class Hook(Base):
    """Where to send."""

    __tablename__ = "hook"
    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str]


class Secret(Base):
    """What signs for it."""

    __tablename__ = "secret"
    id: Mapped[int] = mapped_column(primary_key=True)
    hook_id: Mapped[int] = mapped_column(ForeignKey("posting.hook.id"), index=True)
    token: Mapped[str]


class Event(Base):
    """What was sent, and what came of it."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    hook_id: Mapped[int] = mapped_column(ForeignKey("posting.hook.id"))
    body: Mapped[str]
    status: Mapped[int | None]


app = Celery("bench_posting", broker=os.environ.get("REDIS_URL", ""), backend=None)
app.conf.update(task_ignore_result=True, worker_hijack_root_logger=False)
_sessions: "sessionmaker[Session] | None" = None


def prepare(url: str) -> None:
    """The tables, empty."""
    engine = create_engine(driver(url))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA posting")
        Base.metadata.create_all(connection)
    engine.dispose()


@app.task(name="bench.post_hook")
def post_hook(hook_id: int, body: str) -> None:
    """One delivery: each save is a transaction, as Django makes them, and each task has a session of its own."""
    global _sessions  # noqa: PLW0603 - one per process, made after the fork
    if _sessions is None:
        _sessions = sessionmaker(create_engine(driver(os.environ["DATABASE_URL"]), pool_size=1))
    with _sessions(expire_on_commit=False) as db:
        hook = db.get_one(Hook, hook_id)
        secrets = db.scalars(select(Secret).where(Secret.hook_id == hook_id)).all()
        stamp = str(int(time.time()))
        signed = [
            hmac.new(one.token.encode(), f"{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
            for one in secrets
        ]
        headers = {"Content-Type": "application/json", "Signature": ",".join(signed), "Timestamp": stamp}
        event = Event(hook_id=hook_id, body=body)
        db.add(event)
        db.commit()
        with requests.Session() as session:
            answer = session.post(hook.url, data=body.encode(), headers=headers, timeout=10)
        event.status = answer.status_code
        db.commit()


def bare(urls: Sequence[str], body: bytes, *, count: int, at_once: int) -> float:
    """Posts a second of aiohttp alone: no queue, no signature, no record, nothing tried again."""

    async def run() -> float:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            numbers = iter(range(count))

            async def work() -> None:
                for number in numbers:
                    async with session.post(urls[number % len(urls)], data=body) as answer:
                        await answer.read()

            await asyncio.gather(*(work() for _ in range(at_once)))  # connections are made
            numbers = iter(range(count))
            began = time.monotonic()
            await asyncio.gather(*(work() for _ in range(at_once)))
            return count / (time.monotonic() - began)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())


def round_trips(url: str, body: bytes, *, per_second: float, seconds: float) -> list[float]:
    """Seconds that each of so many bare POSTs a second takes over loopback."""

    async def run() -> list[float]:
        taken: list[float] = []
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def one() -> None:
                began = time.perf_counter()
                async with session.post(url, data=body) as answer:
                    await answer.read()
                taken.append(time.perf_counter() - began)

            began, flying = time.monotonic(), []
            for number in range(int(per_second * seconds)):
                await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
                flying.append(asyncio.get_running_loop().create_task(one()))
            await asyncio.gather(*flying)
        return taken

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())
