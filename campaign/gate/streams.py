"""@streams: a part of a page that is sent anew whenever it looks different, as server-sent events.

A stream holds a thread of the server and no database connection: each look is a short transaction of its own, at a
hint, and every few seconds in case one was lost. As many as there are places for are let in; who is not polls.
"""

import functools
import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Response, request, stream_with_context

from campaign.gate.current import parts
from campaign.gate.door import mended, permitted
from campaign.gate.spec import describe
from campaign.kit.ears import Ears
from campaign.kit.errors import DomainError

log = structlog.get_logger(__name__)

LIFETIME_SECONDS = 60.0
"""Then the page comes again and is looked at anew: who was signed out meanwhile stays outside."""

SWEEP_SECONDS = 5.0
"""So often one looks and says something without a hint: a lost one is healed, and neither side stays without learning
that the other is gone.
"""

PAUSE_SECONDS = 1.0
"""Between two sendings, however much happens: nobody reads faster."""

COME_BACK_MILLISECONDS = 1000


@dataclass(frozen=True)
class Part:
    """A part of a page. is_over: nothing of it will change any more."""

    text: str
    is_over: bool = False

    @property
    def tag(self) -> str:
        """Of what it says: the same words have the same tag, whatever process wrote them."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:24]


def conditional(part: Part) -> Response:
    """A part for who polls: 304 where it still says what the ETag in If-None-Match stands for."""
    answer = Response(part.text, mimetype="text/html")
    answer.set_etag(part.tag)
    answer.make_conditional(request)
    if part.is_over:
        answer.headers["X-Over"] = "1"
    return answer


def streams(
    permission: str, topic: Callable[..., str]
) -> Callable[[Callable[..., Part]], Callable[..., Any]]:
    """A view that gives a Part, sent as `now` each time that it differs and as `over` at its end.

    topic: of the path's parts, what is spoken of (Parts.live) when it may have changed. Raises Unavailable, with
    the time to come back, when all places are taken.
    """

    def decorate(view: Callable[..., Part]) -> Callable[..., Any]:
        @functools.wraps(view)
        def enter(**kwargs: Any) -> Response:
            actor = permitted(permission)

            def ask() -> Part:
                with mended(), parts().database.transaction(actor, readonly=True) as db:
                    return view(db=db, actor=actor, **kwargs)

            ears, about = parts().live, topic(**kwargs)
            leave = ears.take_place()
            try:
                heard = ears.heard(about)
                first = ask()
            except BaseException:
                leave()
                raise
            told = stream_with_context(_events(ears, about, heard, first, ask))
            answer = Response(told, mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})
            answer.call_on_close(leave)
            return answer

        return describe(enter, permission=permission)

    return decorate


def _events(ears: Ears, about: str, heard: int, part: Part, ask: Callable[[], Part]) -> Iterator[str]:
    """Ends by itself: when it is over, after its lifetime, or when what it asks cannot be told now."""
    end = time.monotonic() + LIFETIME_SECONDS
    known = request.headers.get("Last-Event-ID", "")
    yield f"retry: {COME_BACK_MILLISECONDS}\n\n"
    while not part.is_over:
        yield _BEAT if part.tag == known else _event("now", part)
        known = part.tag
        time.sleep(PAUSE_SECONDS)
        ears.wait(about, heard, SWEEP_SECONDS)
        if time.monotonic() > end:
            return
        heard = ears.heard(about)
        try:
            part = ask()
        except DomainError as error:
            log.info("stream_ends", code=error.error_code)
            return
    yield _event("over", part)


_BEAT = "event: beat\ndata:\n\n"


def _event(name: str, part: Part) -> str:
    data = "".join(f"data: {line}\n" for line in part.text.splitlines())
    return f"event: {name}\nid: {part.tag}\n{data}\n"
