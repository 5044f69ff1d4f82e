"""The sender's other half: notices to chat robots and mailboxes. Same process, leases, retries, breaker, guard."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

import structlog

from campaign.delivery.backoff import after_try
from campaign.delivery.notices import robots
from campaign.delivery.notices.channels import ADDRESS_CONTEXT, SECRET_CONTEXT
from campaign.delivery.notices.robots import Verdict, kept_of
from campaign.delivery.notices.states import LARGEST_TEXT
from campaign.delivery.sender.channel_rows import Batch, Line, claim, fan_out, free, note, release
from campaign.delivery.sender.connection import Connection, Link, Time
from campaign.kit import mail
from campaign.kit.addresses import Blocked
from campaign.kit.outgoing import LOCAL, TOTAL_SECONDS, Client, Guard
from campaign.kit.sealing import Unsealable, unseal
from config.settings import Settings

log = structlog.get_logger(__name__)

TICK_SECONDS = 1.0
STOP_SECONDS = 0.4
_HEADERS = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "xinji-live/1"}


class Worded(Protocol):
    """A notice in somebody's language: `head` names it in a few words, `text` says it, with its link."""

    @property
    def head(self) -> str: ...
    @property
    def text(self) -> str: ...


class Wording(Protocol):
    """Gives notices their words. It lives further up, where languages do; the sender is handed one."""

    def __call__(
        self,
        kind: str,
        params: Mapping[str, Any],
        *,
        audience: str,
        language: str,
        zone: str,
        session_id: int | None,
    ) -> Worded: ...


@dataclass(frozen=True)
class House:
    """What of the installation the herald needs."""

    secret_key: bytes
    mail: mail.Post | None
    domain: str


class Herald:
    """Sends what channels have to say, to so many at once at `most`. `http` is the sender's guarded client."""

    def __init__(
        self, settings: Settings, guard: Guard, token: int, now: Time, wording: Wording, *, most: int
    ) -> None:
        self._most = most
        self._guard, self._token, self._time, self._wording = guard, token, now, wording
        domain = urlsplit(settings.base_url).hostname or "localhost"
        outgoing = mail.parse_mail_url(settings.mail_url, default_host=domain) if settings.mail_url else None
        self._house = House(settings.secret_key, outgoing, domain)
        self._link = Link(settings.database_url, "sender notices")
        self._flying: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """There may be something to say."""
        self._wake.set()

    async def run(self, http: Client) -> None:
        """Until stop()."""
        while not self._stopping:
            self._wake.clear()
            more = await self._link.insist(lambda db: self._turn(db, http))
            if more:
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), TICK_SECONDS)

    async def stop(self, drain_seconds: float) -> None:
        """Let what is in flight land for so long; the rest is taken up by the next sender."""
        self._stopping = True
        self._wake.set()
        if self._flying:
            await asyncio.wait(set(self._flying), timeout=drain_seconds)
        for task in set(self._flying):
            task.cancel()
        held = self._link.insist(lambda db: free(db, self._token, self._time.now()))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(held, STOP_SECONDS)
        await self._link.close()

    async def _turn(self, db: Connection, http: Client) -> bool:
        now = self._time.now()
        more = await fan_out(db, now)
        room = self._most - len(self._flying)
        for batch in await claim(db, now=now, lease=self._token, most=room):
            task = asyncio.get_running_loop().create_task(self._say(batch, http))
            self._flying.add(task)
            task.add_done_callback(self._landed)
        return more

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        self._wake.set()
        if not task.cancelled() and task.exception() is not None:
            # The lease runs out and it is tried again; the fault is ours and must be seen.
            log.error("notice_fault", exc_info=task.exception())

    async def _say(self, batch: Batch, http: Client) -> None:
        said, left, head, text = self._worded(batch)
        if left:
            await self._link.insist(lambda db: release(db, left, self._token, self._time.now()))
        if batch.until - self._time.now() <= timedelta(seconds=TOTAL_SECONDS + 1):
            await self._link.insist(lambda db: release(db, said, self._token, self._time.now()))
            return
        verdict = await self._send(batch, said[0], head, text, http)
        if verdict.error == LOCAL:
            # Ours, and no try of the channel's.
            await self._link.insist(lambda db: release(db, said, self._token, self._time.now()))
            return
        now, chance = self._time.now(), random.random()  # noqa: S311 - jitter
        # One chance for all lines: those that failed together are tried together.
        then = [(one, after_try(one.step, verdict.status, verdict.retry_after, now, chance)) for one in said]
        await self._link.insist(lambda db: note(db, batch, then, verdict, self._token, now))

    def _worded(self, batch: Batch) -> tuple[list[Line], list[Line], str, str]:
        """As many lines as fit into one message (one at least), those left, the first one's head, the text."""
        texts: list[str] = []
        heads: list[str] = []
        size, room = 0, LARGEST_TEXT[batch.kind]
        for line in batch.lines:
            head, text = self._words_of(line, batch)
            size += len(text.encode()) + 2
            if texts and size > room:
                break
            texts.append(text)
            heads.append(head)
        whole = "\n\n".join(texts).encode()[:room].decode("utf-8", "ignore")
        return list(batch.lines[: len(texts)]), list(batch.lines[len(texts) :]), heads[0], whole

    def _words_of(self, line: Line, batch: Batch) -> tuple[str, str]:
        given = {"audience": batch.audience, "language": batch.language, "zone": batch.zone}
        try:
            worded = self._wording(line.kind, line.params, session_id=line.session_id, **given)
        except Exception:
            # A fault of ours; its kind still tells more than silence, and it must not stop those behind it.
            log.exception("notice_unwordable", delivery_id=line.id, kind=line.kind)
            return line.kind, line.kind
        return worded.head, worded.text

    async def _send(self, batch: Batch, first: Line, head: str, text: str, http: Client) -> Verdict:
        try:
            address = unseal(self._house.secret_key, batch.address_sealed, context=ADDRESS_CONTEXT)
            sealed = batch.secret_sealed
            secret = unseal(self._house.secret_key, sealed, context=SECRET_CONTEXT) if sealed else None
        except Unsealable:
            log.exception("channel_unsealable", channel_id=batch.channel_id)
            return Verdict(None, "secret", None, None, "")
        if batch.kind == "mail":
            return await self._mail(address, first, head, text)
        asked = robots.ask(batch.kind, address, secret, text, int(time.time() * 1000))
        try:
            url = self._guard.check_url(asked.url)
        except Blocked:
            return Verdict(None, "blocked", None, None, "")
        return robots.judge(batch.kind, await http.post(url, _HEADERS, asked.body))

    async def _mail(self, to: str, line: Line, head: str, text: str) -> Verdict:
        outgoing = self._house.mail
        if outgoing is None:
            return Verdict(None, "mail_off", None, None, "")
        message = mail.compose(
            outgoing, to, subject=head, text=text, message_id=f"notice-{line.id}@{self._house.domain}"
        )
        hand_in: Callable[[], Any] = lambda: mail.hand_in(outgoing, message, clock=time.perf_counter)  # noqa: E731
        answer = await asyncio.get_running_loop().run_in_executor(None, hand_in)
        words = kept_of(answer.body.decode("utf-8", "replace"))
        return Verdict(answer.status, answer.error, None, None, words)
