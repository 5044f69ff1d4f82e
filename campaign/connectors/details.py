"""What a platform's own interface tells when asked: orders and after-sale cases, in our terms. No I/O.

A push says that something changed and hardly any money (docs/connectors.md): the amounts come from the detail, so
what is read here stands above every push of the same line.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, Protocol

from campaign.connectors.protocol import Credentials, written_id
from campaign.kit.numbers import whole
from campaign.kit.strict_json import BadJson, canonical, decode
from campaign.sales.asks import Ask, Subject
from campaign.sales.merging import DETAIL, LINE_STATUSES, REFUND_STATUSES, Statement, dump_statement, micros
from campaign.sales.scrubbing import scrubbed
from campaign.sales.statements import digest_of
from campaign.sales.submissions import Submission

LARGEST_ANSWER = 8 * 1024 * 1024
"""Bytes: fifty orders of a hundred lines each are a tenth of it."""

Reason = Literal["rate", "token", "refused", "away", "unreadable", "no_shop", "not_there", "failed"]


class Trouble(Exception):
    """A platform did not answer what was asked. `said` are its own words, shortened, for a person to read."""

    def __init__(self, reason: Reason, said: str = "", wait_seconds: int | None = None) -> None:
        super().__init__(reason)
        self.reason: Reason = reason
        self.said = said[:200]
        self.wait_seconds = wait_seconds


class Request(NamedTuple):
    """One call, signed."""

    method: Literal["GET", "POST"]
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Access:
    """What a call is signed with, and where it goes: the platform's own address unless the account names another."""

    credentials: Credentials
    base_url: str | None = None


@dataclass(frozen=True)
class Tokens:
    """What a refresh gives."""

    access_token: str
    refresh_token: str
    until: datetime


@dataclass(frozen=True)
class Told:
    """What a detail says of one order line, or of one refund of it. Instants in `fields` are microseconds.

    `version`: when the platform last changed it. `refunded`: the whole line was paid back by then.
    """

    line_id: str
    version: datetime
    fields: Mapping[str, Any]
    raw: Mapping[str, Any]
    shop_ref: str | None = None
    refund_id: str | None = None
    refunded: bool = False

    def submission(self, index: int, platform: str, shop_ref: str) -> Submission:
        """As an event of the raw log. The same detail again has the same id and is a duplicate.

        Raises Trouble where its text cannot be stored: a lone surrogate, a NUL.
        """
        ranks = REFUND_STATUSES if self.refund_id else LINE_STATUSES
        raw: dict[str, Any] = {"told": scrubbed(dict(self.raw))}
        if self.refund_id is not None:
            raw["refund_id"] = self.refund_id
        key = self.refund_id or self.line_id
        try:
            statement = Statement(
                DETAIL,
                micros(self.version),
                ranks[self.fields["status"]],
                digest_of(self.fields),
                self.fields,
                refunded_by_us=micros(self.version) if self.refunded else None,
            )
            raw["statement"] = dump_statement(statement)
            written = canonical(raw)
            digest = hashlib.sha256(canonical([key, raw["statement"]])).digest()
        except BadJson as error:
            raise Trouble("unreadable", "text") from error
        if b"\\u0000" in written:
            raise Trouble("unreadable", "text")
        return Submission(
            index=index,
            platform=platform,
            shop_ref=shop_ref,
            type="detail.refund" if self.refund_id else "detail.order",
            event_id=f"{key}@{self.version.timestamp():.0f}#{digest.hex()[:16]}",
            occurred_at=self.version,
            raw=raw,
            written=written,
            digest=digest,
            line_id=self.line_id,
            refund_id=self.refund_id,
            told=statement,
        )


@dataclass(frozen=True)
class Listed:
    """A page of what changed, and how to ask for the next, in the Api's own words; None after the last."""

    asks: Sequence[Ask]
    next_page: str | None


class Api(Protocol):
    """A platform's interface: requests to be sent, and answers read. Every `read` raises Trouble.

    most: how many of a subject one request may ask for. refreshes: how to get new tokens by the old.
    """

    base_url: str
    most: Mapping[Subject, int]

    def ask(self, access: Access, subject: Subject, refs: Sequence[str], now: datetime) -> Request: ...

    def read(self, subject: Subject, status: int, body: bytes) -> dict[str, list[Told]]:
        """By what was asked for; what the platform does not know is missing."""

    def list_changed(
        self,
        access: Access,
        subject: Subject,
        span: tuple[datetime, datetime],
        page: str | None,
        now: datetime,
    ) -> Request:
        """What changed from the span's first moment on, before its second; the rest of it as `page` says."""

    def read_changed(self, subject: Subject, status: int, body: bytes, page: str | None) -> Listed: ...

    def refresh(self, access: Access, now: datetime) -> Request: ...

    def read_tokens(self, status: int, body: bytes, now: datetime) -> Tokens: ...


@dataclass(frozen=True)
class Answered:
    """The JSON object that a platform answered."""

    document: Mapping[str, Any]
    data: Mapping[str, Any] = field(default_factory=dict)


def opened(status: int, body: bytes) -> Answered:
    """The object in a body, and its data. Raises Trouble: rate for 429, away for 5xx, unreadable for the rest."""
    if status == 429:
        raise Trouble("rate")
    if status >= 500:
        raise Trouble("away", str(status))
    try:
        document = decode(body, largest=LARGEST_ANSWER)
    except BadJson as error:
        raise Trouble("unreadable", f"{status} {error.code}") from error
    if not isinstance(document, dict):
        raise Trouble("unreadable", str(status))
    data = document.get("data")
    return Answered(document, data if isinstance(data, dict) else {})


def objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list; nothing where there is none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def instant(seconds: Any) -> datetime | None:
    """Seconds since 1970, as number or text; None for 0 and for what is none."""
    number = whole(seconds, 10) if isinstance(seconds, str) else seconds
    if type(number) is not int or not 0 < number < 2**32:
        return None
    return datetime.fromtimestamp(number, UTC)


def micros_of(seconds: Any) -> int | None:
    """instant() in microseconds."""
    at = instant(seconds)
    return None if at is None else micros(at)


def amount(value: Any) -> int | None:
    """Whole minor units, not negative; None where nothing is told. Raises Trouble for anything else."""
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= 10**12:
        raise Trouble("unreadable", f"amount {value!r}"[:60])
    return value


def wanted_id(value: Any, name: str) -> str:
    """An id that must be there. Raises Trouble."""
    found = written_id(value)
    if found is None or found == "0" or len(found) > 100:
        raise Trouble("unreadable", name)
    return found


def some_id(value: Any) -> str | None:
    """An id; platforms write 0 or nothing for none."""
    found = written_id(value)
    return None if found is None or found == "0" else found[:100]


def without_none(told: Mapping[str, Any]) -> dict[str, Any]:
    """What is told at all."""
    return {name: value for name, value in told.items() if value is not None}
