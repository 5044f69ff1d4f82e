"""@reads and @writes: permission, transaction, idempotency and the answer, in one place.

A view below them takes `db` and `actor` (and `body`, `query` where declared) as keywords and returns
a pydantic model, an Answer or a Flask response. The commit comes before the answer leaves, so a constraint
that fails at commit is an error answer and never a false success.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from flask import Response, make_response, request
from psycopg import errors as pg
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.gate import idempotency
from campaign.gate.bodies import read_body, read_query
from campaign.gate.current import parts
from campaign.gate.identity import get_actor
from campaign.gate.spec import describe
from campaign.kit.actor import Actor
from campaign.kit.errors import Conflict, DomainError, FieldError, Forbidden, Invalid, Unavailable

View = Callable[..., Any]

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Answer:
    """A model with its status and headers (Location, ETag)."""

    model: BaseModel
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Later:
    """An answer that takes long to make and needs no database: made once the connection has been given back."""

    make: Callable[[], Response]


def reads(
    permission: str,
    *,
    query: type[BaseModel] | None = None,
    answer: type[BaseModel] | None = None,
) -> Callable[[View], View]:
    """A view that changes nothing: read-only transaction as the actor."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def enter(**kwargs: Any) -> Response:
            actor = permitted(permission)
            if query is not None:
                kwargs["query"] = read_query(query)
            with mended(), parts().database.transaction(actor, readonly=True) as db:
                made = view(db=db, actor=actor, **kwargs)
                answered = made if isinstance(made, Later) else _respond(made)
            return answered.make() if isinstance(answered, Later) else answered

        return describe(enter, permission=permission, query=query, answer=answer)

    return decorate


def awaits(
    permission: str,
    *,
    query: type[BaseModel],
    answer: type[BaseModel],
    found: Callable[[Any], bool],
    limited: str,
) -> Callable[[View], View]:
    """A read whose query has `wait`, the seconds until which it may wait for something of the feed to be `found`.

    Asked anew each time, in a transaction of its own: who waits holds no database connection. `limited` tells the API's
    document how many of one agency may wait at a time.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def enter(**kwargs: Any) -> Response:
            actor = permitted(permission)
            asked = read_query(query)

            def ask() -> Any:
                with mended(), parts().database.transaction(actor, readonly=True) as db:
                    return view(db=db, actor=actor, query=asked, **kwargs)

            topic = None if actor.agency_id is None else str(actor.agency_id)
            wait: int = getattr(asked, "wait", 0)
            return _respond(parts().feed.until(topic, wait, ask, found, shares=parts().feed_shares))

        return describe(enter, permission=permission, query=query, answer=answer, limited=limited)

    return decorate


def writes(
    permission: str,
    *,
    body: type[BaseModel] | None = None,
    answer: type[BaseModel] | None = None,
    status: int = 200,
    limited: str = "",
) -> Callable[[View], View]:
    """A view that changes things: one transaction as the actor, answered after its commit.

    `limited` tells the API's document how often it may be asked for; the view counts (gate.limits).
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def enter(**kwargs: Any) -> Response:
            actor = permitted(permission)
            key = idempotency.key_of(request)
            if body is not None:
                kwargs["body"] = read_body(body)
            with mended(), parts().database.transaction(actor) as db:
                if key is None:
                    return _respond(view(db=db, actor=actor, **kwargs), status)
                return idempotency.once(
                    db, actor, key, lambda: _respond(view(db=db, actor=actor, **kwargs), status)
                )

        return describe(
            enter, permission=permission, body=body, answer=answer, status=status, limited=limited
        )

    return decorate


def public(view: View) -> View:
    """A view open to strangers, marked so on purpose: every route carries a permission or this mark."""
    view.permission = "public"  # type: ignore[attr-defined]
    return view


@contextmanager
def opened(actor: Actor, *, readonly: bool = False) -> Iterator[Session]:
    """A transaction for the few views that are reached without a role: links with a token, signed pushes."""
    with mended(), parts().database.transaction(actor, readonly=readonly) as db:
        yield db


def permitted(permission: str) -> Actor:
    """Who asks. Raises Forbidden where that is not theirs to do."""
    actor = get_actor()
    if not allows(actor, permission):
        raise Forbidden
    return actor


def _respond(made: Any, status: int = 200) -> Response:
    if isinstance(made, BaseModel):
        made = Answer(made, status)
    if isinstance(made, Answer):
        response = Response(
            made.model.model_dump_json(by_alias=True), made.status, mimetype="application/json"
        )
        response.headers.update(made.headers)
        return response
    return make_response(made)


@contextmanager
def mended() -> Iterator[None]:
    """Turn what the database refuses into errors a caller can act on."""
    try:
        yield
    except IntegrityError as error:
        raise _of_integrity(error) from error
    except DBAPIError as error:
        cause = error.orig
        if isinstance(cause, pg.DataError):
            # A value that passed the schema and that the type still refuses: a gap in a schema of ours.
            log.warning("unstorable", path=request.path, error=str(cause))
            raise Invalid([FieldError("", "unstorable")]) from error
        if isinstance(cause, pg.InsufficientPrivilege):
            raise Forbidden from error
        if isinstance(
            cause, pg.DeadlockDetected | pg.LockNotAvailable | pg.QueryCanceled | pg.OperationalError
        ):
            raise Unavailable("database_busy") from error
        raise


def _of_integrity(error: IntegrityError) -> DomainError:
    diag = getattr(error.orig, "diag", None)
    name = getattr(diag, "constraint_name", None) or ""
    if isinstance(error.orig, pg.ForeignKeyViolation):
        return Conflict("in_use" if request.method == "DELETE" else "unknown_reference", constraint=name)
    if isinstance(error.orig, pg.UniqueViolation | pg.ExclusionViolation):
        return Conflict("already_there", constraint=name)
    return Invalid([FieldError(getattr(diag, "column_name", None) or name, "refused_by_rule")])
