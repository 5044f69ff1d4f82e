"""A button's verb: tried, told about in the reader's language, and led back to the page it came from."""

from collections.abc import Callable
from typing import Any

from flask import flash
from sqlalchemy.orm import Session

from campaign.gate.door import mended
from campaign.gate.wording import in_words
from campaign.kit.errors import DomainError, Invalid, NotFound
from campaign.kit.numbers import whole


def attempt(db: Session, done: str, action: Callable[[], Any]) -> bool:
    """Run `action`; flash the words of `done`, or why it was refused. Refused: undone, and False.

    NotFound and faults of the system are raised on: they are pages of their own.
    """
    try:
        with mended(), db.begin_nested():
            action()
            db.flush()
    except NotFound:
        raise
    except DomainError as error:
        if error.status >= 500:
            raise
        flash(refusal(error), "bad")
        return False
    flash(in_words(done, {}), "ok")
    return True


def refusal(error: DomainError) -> str:
    """Why something was refused, with the fields at fault where there are any."""
    if isinstance(error, Invalid) and error.errors:
        return " ".join(in_words(fault.code, fault.params) for fault in error.errors)
    return in_words(error.error_code, error.params)


def version_in(typed: Any) -> int | None:
    """The version a form was filled from; None when it names none."""
    return whole(typed.get("_version"))
