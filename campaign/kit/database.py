"""The database: one way to open a transaction, with the actor's scope known to PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar

import structlog
from sqlalchemy import Connection, DateTime, Engine, Text, create_engine, event, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session

from campaign.kit.actor import Actor
from campaign.kit.arrays import understand
from campaign.kit.errors import DomainError, Unavailable
from campaign.kit.prepared import keep_prepared

log = structlog.get_logger(__name__)

# One round trip: the role row-level security works on, and the scope its policies read.
# set_config(…, true) lasts until the end of the transaction, so a pooled connection carries nothing over.
_ENTER = text(
    "SELECT set_config('role', :db_role, true), set_config('app.role', :role, true),"
    " set_config('app.brand_id', :brand_id, true), set_config('app.agency_id', :agency_id, true),"
    " set_config('app.host_id', :host_id, true), set_config('transaction_read_only', :read_only, true),"
    " transaction_timestamp()"
)


class Base(DeclarativeBase):
    """Root of every mapped table. The tables themselves are made by the migrations."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: DateTime(timezone=True), str: Text}


def driver_url(url: str) -> str:
    """The same address for SQLAlchemy, with psycopg 3 named as the driver."""
    _, rest = url.split("://", 1)
    return f"postgresql+psycopg://{rest}"


class Database:
    """Opens transactions. Made once per process in wiring; tests bind it to one connection."""

    def __init__(self, bind: Engine | Connection) -> None:
        self._bind = bind

    @classmethod
    def connect(cls, url: str, *, pool_size: int = 8) -> "Database":
        """A pooled database. A pool that is full for 5 s answers Unavailable instead of queueing for ever."""
        engine = create_engine(
            driver_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            connect_args={
                "options": "-c timezone=UTC -c statement_timeout=60000 -c lock_timeout=10000"
                " -c idle_in_transaction_session_timeout=60000",
                "connect_timeout": 5,
                "application_name": "xinji-live",
            },
        )
        event.listen(engine, "connect", lambda connection, _: keep_prepared(connection))
        event.listen(engine, "connect", lambda connection, _: understand(connection))
        return cls(engine)

    @contextmanager
    def transaction(self, actor: Actor, *, readonly: bool = False) -> Iterator[Session]:
        """One unit of work as `actor`: committed at the end, rolled back on any exception.

        What was handed to after_commit() runs once the commit stands. Raises Unavailable when
        no connection is to be had.
        """
        db = Session(
            self._bind,
            expire_on_commit=False,
            autoflush=True,
            join_transaction_mode="create_savepoint",
        )
        try:
            self._enter(db, actor, readonly)
            yield db
            db.flush()
            db.commit()
        except DomainError as error:
            db.rollback()
            if error.has_more:
                self._look_further(db, actor, error)
            raise
        except BaseException:
            db.rollback()
            raise
        finally:
            db.close()
        for hint in db.info.get("after_commit", ()):
            _run_hint(hint)

    def _look_further(self, db: Session, actor: Actor, error: DomainError) -> None:
        """In a transaction of its own, beside nobody's locks; what it cannot find, the refusal stands without."""
        try:
            self._enter(db, actor, readonly=True)
            error.look_further(db)
        except (SQLAlchemyError, DomainError):
            log.warning("refusal_without_more", code=error.error_code, exc_info=True)
        finally:
            db.rollback()

    def _enter(self, db: Session, actor: Actor, readonly: bool) -> None:
        # A transaction joined from outside (tests) must stay writable for the ones after it.
        read_only = "on" if readonly and isinstance(self._bind, Engine) else "off"
        values = {
            "db_role": "xinji_system" if actor.role == "system" else "xinji_app",
            "role": actor.role,
            "brand_id": _text(actor.brand_id),
            "agency_id": _text(actor.agency_id),
            "host_id": _text(actor.host_id),
            "read_only": read_only,
        }
        try:
            try:
                row = db.execute(_ENTER, values).one()
            except OperationalError as error:
                # A pooled connection may have died since it was last used. Nothing has been done on it yet, so
                # another takes its place; asking each whether it lives would cost every request a round trip.
                if not error.connection_invalidated:
                    raise
                db.rollback()
                row = db.execute(_ENTER, values).one()
        except (PoolTimeout, OperationalError) as error:
            raise Unavailable("database_unavailable") from error
        db.info["transaction_time"] = row[-1]
        db.info["actor"] = actor

    @contextmanager
    def all_or_nothing(self) -> Iterator["Database"]:
        """A Database whose transactions all stand or fall together, for a fill that must not stop half-way.

        Each still sees what those before it did, but nobody else does until the block ends; hints run at once.
        """
        if isinstance(self._bind, Connection):
            with self._bind.begin_nested():
                yield self
        else:
            with self._bind.begin() as connection:
                yield Database(connection)

    def dispose(self) -> None:
        """Close pooled connections: before a fork, and at the end."""
        if isinstance(self._bind, Engine):
            self._bind.dispose()


@contextmanager
def beyond_own(db: Session) -> Iterator[None]:
    """Write rows that are not the actor's own, where its verb has such an effect by rule and not by its choice.

    For the block the transaction has the system's rights; what was pending is written before with the actor's.
    """
    system = db.info["actor"].role == "system"
    db.flush()
    if not system:
        db.execute(text("SELECT set_config('role', 'xinji_system', true)"))
    yield
    db.flush()
    if not system:
        db.execute(text("SELECT set_config('role', 'xinji_app', true)"))


def after_commit(db: Session, hint: Callable[[], Any]) -> None:
    """Run `hint` once the transaction stands. A hint may be lost: a sweep must find the work anyway."""
    db.info.setdefault("after_commit", []).append(hint)


def _run_hint(hint: Callable[[], Any]) -> None:
    try:
        hint()
    except Exception:
        # The change is committed; failing the request now would tell the caller a lie.
        log.exception("hint_failed")


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


@event.listens_for(Session, "after_soft_rollback")
def _forget_hints(db: Session, _previous: Any) -> None:
    db.info.pop("after_commit", None)
