"""Idempotency keys: the same POST twice is done once, and answered the same way."""

import hashlib
from collections.abc import Callable
from datetime import timedelta

from flask import Request, Response, request
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from campaign.accounts.models import Idempotency
from campaign.gate.current import parts
from campaign.gate.problems import problem_of
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import Conflict, DomainError, FieldError, Invalid
from campaign.kit.sealing import Unsealable, seal, unseal

KEPT = timedelta(hours=24)
_KEPT_HEADERS = ("Location", "ETag", "Content-Type")

_CONTEXT = "idempotency"


class InProgress(Conflict):
    code = "in_progress"


class KeyReused(DomainError):
    """The key was used before, for another body."""

    status = 422
    code = "idempotency_key_reused"


def key_of(given: Request) -> str | None:
    """The Idempotency-Key of a POST; raises Invalid when it is no printable text of 1 to 200 characters."""
    key = given.headers.get("Idempotency-Key")
    if key is None or given.method != "POST":
        return None
    if not (1 <= len(key) <= 200 and key.isascii() and key.isprintable()):
        raise Invalid([FieldError("Idempotency-Key", "key_shape")])
    return key


def once(db: Session, actor: Actor, key: str, work: Callable[[], Response]) -> Response:
    """Do `work` once per (actor, key), in its transaction; later calls get the first answer again.

    A refusal (4xx) is an answer too: the work is undone to a savepoint and the refusal kept.
    5xx are not kept, nor 429: these ask to try again. Raises InProgress
    while the first call runs, KeyReused for another body.
    """
    owner = f"{actor.kind}:{actor.id}"
    # Tried, not waited for: the second caller is told at once.
    if not db.scalar(select(func.pg_try_advisory_xact_lock(func.hashtextextended(f"{owner} {key}", 0)))):
        raise InProgress
    digest = hashlib.sha256(
        f"{request.method} {request.full_path}\n".encode() + request.get_data(cache=True)
    ).digest()
    db.execute(
        delete(Idempotency).where(Idempotency.created_at < clock.now(db) - KEPT, Idempotency.actor == owner)
    )
    kept = db.get(Idempotency, (owner, key))
    if kept is not None:
        return _replayed(kept, digest)
    try:
        with db.begin_nested():
            response = work()
            db.flush()
    except DomainError as error:
        if error.status >= 500 or error.retry_after is not None:
            raise
        error.look_further(db)
        response = problem_of(error)
    db.add(
        Idempotency(
            actor=owner,
            key=key,
            digest=digest,
            status=response.status_code,
            headers={name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers},
            # The first answer may show a secret this once: at rest it is sealed like the secret itself.
            body=seal(_secret_key(), response.get_data(as_text=True), context=_CONTEXT),
            created_at=clock.now(db),
        )
    )
    return response


def _replayed(kept: Idempotency, digest: bytes) -> Response:
    if kept.digest != digest:
        raise KeyReused
    try:
        body = unseal(_secret_key(), kept.body, context=_CONTEXT)
    except Unsealable as error:
        raise KeyReused from error
    response = Response(body, kept.status)
    response.headers.update(kept.headers)
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _secret_key() -> bytes:
    return parts().settings.secret_key
