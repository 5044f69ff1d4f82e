"""One signed POST of a delivery to where its lane sends."""

import time
from datetime import datetime

from campaign.delivery.bodies import USER_AGENT
from campaign.delivery.sender.claims import Claimed, Target
from campaign.delivery.sender.secrets import Secrets
from campaign.kit import ids, signing
from campaign.kit.addresses import Blocked
from campaign.kit.outgoing import Answer, Client, Guard

MOST_URLS = 10_000


class Posting:
    """Signs and posts. `secrets` are those read for the lanes."""

    def __init__(self, guard: Guard, secrets: Secrets) -> None:
        self._guard, self._secrets = guard, secrets
        self._urls: dict[str, str] = {}

    async def post(self, http: Client, target: Target, claimed: Claimed, now: datetime) -> Answer:
        """What came of it; whatever stands in the way comes back as an Answer too."""
        secrets = self._secrets.of(target.id, now)
        if not secrets:
            return Answer(None, "secret", b"", None, 0)
        url = self._checked(target.url)
        if url is None:
            return Answer(None, "blocked", b"", None, 0)
        # The receiver compares this with its own clock: the real time, whatever offset tests travel by.
        stamp = int(time.time())
        headers = signing.signed_headers(secrets, ids.public("evt", claimed.event_id), stamp, claimed.body)
        headers |= {"Content-Type": "application/json", "User-Agent": USER_AGENT}
        return await http.post(url, headers, claimed.body)

    def _checked(self, written: str) -> str | None:
        """The URL to call, None where it may not be; kept, since each endpoint's is needed again and again."""
        if written not in self._urls:
            try:
                checked = self._guard.check_url(written)
            except Blocked:
                return None
            if len(self._urls) >= MOST_URLS:
                # Addresses that were changed since are of no use any more.
                self._urls.clear()
            self._urls[written] = checked
        return self._urls[written]
