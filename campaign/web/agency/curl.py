"""A delivery as a command for a shell: signed when it is run, with the secret that its owner fills in."""

import shlex

from campaign.delivery.bodies import USER_AGENT

_SCRIPT = """\
secret=whsec_…
id={event_id}
at=$(date +%s)
body={body}
key=$(printf %s "${{secret#whsec_}}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n')
signature=$(printf '%s.%s.%s' "$id" "$at" "$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
curl -i {url} -H 'content-type: application/json' -H "webhook-id: $id" -H "webhook-timestamp: $at" \\
  -H "webhook-signature: v1,$signature" --data-binary "$body"
"""  # noqa: E501 - a line of the shell is a line

_HEAD = """\
POST {url}
content-type: application/json
content-length: {length}
user-agent: {agent}
webhook-id: {event_id}
webhook-timestamp: …
webhook-signature: v1,…"""


def request_head(url: str, event_id: str, length: int) -> str:
    """What stands before the body in every try."""
    return _HEAD.format(url=url, length=length, agent=USER_AGENT, event_id=event_id)


def as_curl(url: str, event_id: str, body: bytes) -> str:
    """The script. A signature made here would be five minutes old before anybody has pasted it."""
    return _SCRIPT.format(url=shlex.quote(url), event_id=event_id, body=shlex.quote(body.decode()))
