"""Chat robots: how each wants to be asked, and what its answer means. Pure.

DingTalk and Feishu sign with a secret, WeCom's key lies in its address. All three answer 200 with a code of
their own when they refuse: that is a failure here, and "too fast" is a wait. Which codes mean what is
remembered from the platforms' pages and not checked against them; one we do not know is a plain refusal,
tried again a few times.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from campaign.delivery.notices.states import ChannelKind
from campaign.kit.outgoing import Answer

WAIT_SECONDS: Final = 60
"""Rates are counted by the minute: after "too fast" that is how long to wait."""

_TOO_FAST: dict[str, frozenset[int]] = {
    "dingtalk": frozenset((130101, 410100, 430104, 90018)),
    "feishu": frozenset((11232, 11233, 99991400)),
    "wecom": frozenset((45009, 45033, -1)),
}
# The robot, its group or its key is no more: nothing will mend that but its owner.
_GONE: dict[str, frozenset[int]] = {
    "dingtalk": frozenset((300005, 400013, 400101, 400102)),
    "feishu": frozenset((19001, 10003)),
    "wecom": frozenset((93000, 93008)),
}


@dataclass(frozen=True)
class Asked:
    """One request to a robot."""

    url: str
    body: bytes


@dataclass(frozen=True)
class Verdict:
    """An answer as retry table and breaker read it: `status` is the one that HTTP would have used."""

    status: int | None
    error: str | None
    retry_after: int | None
    code: int | None
    words: str


def dingtalk_sign(secret: str, milliseconds: int) -> str:
    """base64(HMAC-SHA256(secret, ms + newline + secret)), not yet quoted for the address."""
    content = f"{milliseconds}\n{secret}".encode()
    return base64.b64encode(hmac.new(secret.encode(), content, hashlib.sha256).digest()).decode()


def feishu_sign(secret: str, seconds: int) -> str:
    """base64(HMAC-SHA256(key = s + newline + secret, message = nothing))."""
    key = f"{seconds}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


def ask(kind: ChannelKind, url: str, secret: str | None, text: str, milliseconds: int) -> Asked:
    """The request that makes a robot say `text`. `milliseconds` since 1970, by the real clock."""
    if kind == "feishu":
        # Feishu reads tags in text: a title must not be able to call everybody in the group.
        body: dict[str, Any] = {"msg_type": "text", "content": {"text": text.replace("<", "＜")}}
        if secret:
            seconds = milliseconds // 1000
            body = {"timestamp": str(seconds), "sign": feishu_sign(secret, seconds)} | body
        return Asked(url, _json(body))
    if kind == "dingtalk" and secret:
        sign = quote(dingtalk_sign(secret, milliseconds), safe="")
        url += f"{'&' if '?' in url else '?'}timestamp={milliseconds}&sign={sign}"
    return Asked(url, _json({"msgtype": "text", "text": {"content": text}}))


def judge(kind: ChannelKind, answer: Answer) -> Verdict:
    """What a robot's answer means. A 200 without a code we can read is a failure too."""
    code, words = _read(answer.body)
    if answer.status is None or not 200 <= answer.status < 300:
        return Verdict(answer.status, answer.error, answer.retry_after, code, words)
    if code == 0:
        return Verdict(200, None, None, 0, words)
    if code is None:
        return Verdict(None, "protocol", None, None, words)
    if code in _TOO_FAST[kind]:
        return Verdict(429, "robot_busy", WAIT_SECONDS, code, words)
    if code in _GONE[kind]:
        return Verdict(410, "robot_gone", None, code, words)
    return Verdict(400, "robot_refused", None, code, words)


def kept_of(words: str) -> str:
    """At most 200 characters of what was answered, as PostgreSQL can keep them: JSON may hold what is no text.

    Halves of surrogate pairs become "?", NULs are left out. What cannot be noted would be sent again without end.
    """
    return words.encode("utf-8", "replace").decode().replace("\0", "")[:200]


def _read(body: bytes) -> tuple[int | None, str]:
    """The code (errcode, or Feishu's code) and its words."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None, ""
    if not isinstance(found, Mapping):
        return None, ""
    code = found.get("errcode", found.get("code", found.get("StatusCode")))
    words = found.get("errmsg", found.get("msg", found.get("StatusMessage", "")))
    fits = type(code) is int and -(2**31) <= code < 2**31
    return (code if fits else None), kept_of(str(words))


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
