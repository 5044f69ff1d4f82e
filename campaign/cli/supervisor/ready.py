"""Whether the whole product is up, asked of its own /readyz."""

import http.client
import json
import time


class Readiness:
    """Asks one web server. Signs of life from before `since` are those of an earlier run."""

    def __init__(self, host: str, port: int) -> None:
        # A server that listens on all addresses listens on this one.
        self._host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
        self._port = port
        self._since = time.monotonic()
        self.missing = "web"

    def reached(self) -> bool:
        """True once pages, worker, clock and sender all answer; `missing` tells what does not yet."""
        try:
            line = http.client.HTTPConnection(self._host, self._port, timeout=2)
            line.request("GET", "/readyz")
            answer = line.getresponse()
            found = json.loads(answer.read())
            line.close()
        except (OSError, http.client.HTTPException, ValueError):
            return False
        waited = time.monotonic() - self._since
        fresh = all(age <= waited for age in found.get("age_seconds", {}).values())
        failing = [name for name, fine in found.get("checks", {}).items() if not fine]
        self.missing = ", ".join(failing) or "worker"
        return answer.status == 200 and fresh
