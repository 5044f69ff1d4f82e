"""Notices in words: a sentence from kind and parameters, in the reader's language and the hub's time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from flask_babel import Babel, force_locale, get_locale

from campaign.delivery.notices.channels import House
from campaign.gate.current import parts
from campaign.gate.summaries import summary_link, summed
from campaign.gate.wording import all_words, in_words
from campaign.kit import ids
from campaign.outbox.notices import group_of
from config.settings import Settings

_ROOT = Path(__file__).resolve().parents[2]
_LONGEST_TITLE = 60
_MOST_RELEASED = 8
_ALSO_ENGLISH = ("studio", "address")
_SESSION_PAGES = {"hub": "/hub/sessions/", "agency": "/agency/sessions/", "brand": "/brand/sessions/"}


@dataclass(frozen=True)
class Message:
    """`head` fits a subject line, `text` says it whole, with its link."""

    head: str
    text: str


def say(kind: str, params: Mapping[str, Any], zone: ZoneInfo, audience: str) -> str:
    """The sentence for this audience, in the language of this context."""
    code = f"notice.{kind}"
    if f"{code}_{audience}" in all_words():
        # What one may do about it, and another not.
        code = f"{code}_{audience}"
    if "title" not in params and f"{code}_nowhere" in all_words():
        # Something that belongs to no session.
        code = f"{code}_nowhere"
    return in_words(code, _ready(params, zone))


def link_of(kind: str, audience: str, session_id: int | None) -> str:
    """The path at which this reader can do something about it."""
    if audience == "host":
        return "/host"
    if session_id is not None:
        return _SESSION_PAGES[audience] + ids.public("ses", session_id)
    if group_of(kind) == "alert":
        return "/hub/alerts"
    if kind.startswith("system.endpoint"):
        return "/webhooks"
    return "/notices/channels" if group_of(kind) == "system" else "/notices"


def house() -> House:
    """What this installation says about the addresses of channels."""
    settings = parts().settings
    return House(settings.secret_key, settings.outgoing_allow, settings.mail_url is not None)


class Wording:
    """The sender's way to words: no request there, so it brings the catalogues in an app of its own."""

    def __init__(self, settings: Settings) -> None:
        self._base_url = settings.base_url
        self._app = Flask("words")
        self._app.config["BABEL_DEFAULT_LOCALE"] = settings.default_locale
        self._app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(_ROOT / "translations")
        Babel(self._app)

    def __call__(
        self,
        kind: str,
        params: Mapping[str, Any],
        *,
        audience: str,
        language: str,
        zone: str,
        session_id: int | None,
    ) -> Message:
        """A notice as a chat group or a mailbox reads it."""
        with self._app.app_context(), force_locale(language):
            sentence = say(kind, params, ZoneInfo(zone), audience)
            group = in_words(f"notice_group.{group_of(kind)}", {})
            house = in_words("notice_from", {})
            title = _cut(str(params.get("title", _ready(params, ZoneInfo(zone)).get("name", ""))))
        head = f"[{house}] {group}" + (f" · {title}" if title else "")
        link = self._base_url + (summary_link(params, audience) or link_of(kind, audience, session_id))
        return Message(head, f"[{house}] {group} · {sentence}\n{link}")


class _Params(dict[str, Any]):
    """What a sentence asks for and nobody knows is a dash."""

    def __missing__(self, _name: str) -> str:
        return "—"


def _ready(params: Mapping[str, Any], zone: ZoneInfo) -> _Params:
    """Parameters as sentences take them: names by language, instants as the hub's wall time, titles cut."""
    english = str(get_locale() or "").startswith("en")
    found = _Params()
    for name, value in params.items():
        if name.endswith("_at") and isinstance(value, str):
            found[name] = f"{datetime.fromisoformat(value).astimezone(zone):%m-%d %H:%M}"
        elif name == "sessions":
            found[name] = _released(value, zone, english)
        elif name == "days":
            found[name] = " – ".join(day[5:] for day in value)
        elif name == "hosts":
            found[name] = (", " if english else "、").join(_named(one, english) for one in value) or "—"
        elif isinstance(value, str):
            found[name] = _cut(value) or "—"
        else:
            found[name] = value
    if english:
        found |= {name: _cut(params[f"{name}_en"]) for name in _ALSO_ENGLISH if params.get(f"{name}_en")}
    if "totals" in params:
        found |= summed(params, found["complete_at"], english=english)
    if group := params.get("why"):
        found["why"] = in_words(f"notice_why.{group}", {})
    return found


def _released(sessions: Sequence[Mapping[str, Any]], zone: ZoneInfo, english: bool) -> str:
    """What a release changed, the first few of it: the rest is on the page."""
    comma = ", " if english else "、"
    said = []
    for one in sessions[:_MOST_RELEASED]:
        kinds = comma.join(in_words(f"difference.{kind}", {}) for kind in one["changed"])
        said.append(in_words(f"released.{one['what']}", _ready({**one, "changed": kinds}, zone)))
    if len(sessions) > _MOST_RELEASED:
        said.append(in_words("released.more", {"more": len(sessions) - _MOST_RELEASED}))
    return ("; " if english else "；").join(said)


def _named(person: Mapping[str, str], english: bool) -> str:
    return person["name_en"] if english and person.get("name_en") else person["name"]


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TITLE else text[: _LONGEST_TITLE - 1] + "…"
