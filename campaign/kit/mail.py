"""Mail out: one plain-text message over SMTP. Blocking; call it with no transaction open.

CAMPAIGN_MAIL_URL is smtp://user:password@host:587 (STARTTLS where the server offers it, and always before a
password is sent) or smtps://… (TLS from the start); `?from=notices@hub.example` names the sender.
"""

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from campaign.kit import descriptors
from campaign.kit.outgoing import LOCAL, Answer

TIMEOUT_SECONDS = 15.0
_DEFAULT_PORTS = {"smtp": 25, "smtps": 465}


class BadMailUrl(ValueError):
    """The address of the mail server cannot be read."""


@dataclass(frozen=True)
class Post:
    """Where mail is handed in, and from whom it comes."""

    host: str
    port: int
    tls: bool
    user: str
    password: str
    sender: str


def parse_mail_url(url: str, *, default_host: str) -> Post:
    """Read CAMPAIGN_MAIL_URL. `default_host` completes the sender where none is named. Raises BadMailUrl."""
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise BadMailUrl(parts.scheme)
    try:
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
    except ValueError as error:
        raise BadMailUrl("port") from error
    sender = parse_qs(parts.query).get("from", [f"xinji-live@{default_host}"])[0]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Post(parts.hostname, port, parts.scheme == "smtps", user, password, sender)


def compose(post: Post, to: str, *, subject: str, text: str, message_id: str) -> EmailMessage:
    """A message. `message_id` without brackets; the same over retries, so that a mailbox shows it once."""
    message = EmailMessage()
    message["From"] = Address(addr_spec=post.sender)
    message["To"] = Address(addr_spec=to)
    message["Subject"] = " ".join(subject.split())
    message["Message-ID"] = f"<{message_id}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="base64")
    return message


def hand_in(post: Post, message: EmailMessage, *, clock: Callable[[], float]) -> Answer:
    """Give it to the server. Whatever the server does comes back as an Answer, in the words of HTTP.

    200 taken · 429 refused for now (4xx) · 400 refused for good (5xx) · None no connection.
    """
    started = clock()

    def answer(status: int | None, error: str | None, said: bytes = b"") -> Answer:
        return Answer(status, error, said[:500], None, round((clock() - started) * 1000))

    try:
        with _connected(post) as server:
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as refused:
        code, why = next(iter(refused.recipients.values()))
        return answer(400 if code >= 500 else 429, "mail_refused", why)
    except smtplib.SMTPResponseException as refused:
        said = refused.smtp_error
        text = said if isinstance(said, bytes) else str(said).encode()
        return answer(400 if refused.smtp_code >= 500 else 429, "mail_refused", text)
    except ssl.SSLError:
        return answer(None, "tls")
    except TimeoutError:
        return answer(None, "timeout")
    except (OSError, smtplib.SMTPException, ValueError):
        return answer(None, LOCAL if descriptors.are_used_up() else "connect")
    return answer(200, None)


def _connected(post: Post) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if post.tls:
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            post.host, post.port, timeout=TIMEOUT_SECONDS, context=context
        )
    else:
        server = smtplib.SMTP(post.host, post.port, timeout=TIMEOUT_SECONDS)
    try:
        server.ehlo()
        if not post.tls and (server.has_extn("starttls") or post.user):
            server.starttls(context=context)
        if post.user:
            server.login(post.user, post.password)
    except BaseException:
        server.close()
        raise
    return server
