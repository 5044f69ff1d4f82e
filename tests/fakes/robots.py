"""Chat robots as DingTalk, Feishu and WeCom run them: real HTTP servers that check signatures and keep score.

with Robot("dingtalk", secret="SEC…") as robot:
    robot.answer(130101, 0)      # the next answers' codes; the last one stays
    ... robot.url, robot.texts
"""

import base64
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "key-0123456789abcdef-wxyz"
_PATHS = {
    "dingtalk": f"/robot/send?access_token={KEY}",
    "feishu": f"/open-apis/bot/v2/hook/{KEY}",
    "wecom": f"/cgi-bin/webhook/send?key={KEY}",
}
_BAD_SIGN = {"dingtalk": 310000, "feishu": 19021}


class Robot:
    """One robot in one group. `texts` is what the group reads, `asked` every request, also refused ones."""

    def __init__(self, kind: str, secret: str | None = None) -> None:
        self.kind, self.secret = kind, secret
        self.texts: list[str] = []
        self.asked: list[tuple[float, str]] = []
        self.pause = 0.0
        self._codes = [0]
        self._status = 200
        self._said: str | None = None
        self._lock = threading.Lock()
        robot = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                status, answer = robot.hear(self.path, body)
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """The tests say what they need to know."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "Robot":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{_PATHS[self.kind]}"

    def answer(self, *codes: int, status: int = 200, words: str | None = None) -> None:
        """The codes of the next answers; the last one stays. `words`: what is said with each of them."""
        with self._lock:
            self._codes, self._status, self._said = list(codes), status, words

    def hear(self, target: str, body: bytes) -> tuple[int, bytes]:
        """One request: judged as the platform would, then answered."""
        given = json.loads(body)
        text = given["content"]["text"] if self.kind == "feishu" else given["text"]["content"]
        time.sleep(self.pause)
        with self._lock:
            self.asked.append((time.monotonic(), text))
            code = self._codes.pop(0) if len(self._codes) > 1 else self._codes[0]
            if not self._is_signed(target, given):
                code = _BAD_SIGN[self.kind]
            if code == 0 and self._status == 200:
                self.texts.append(text)
            return self._status, json.dumps(self._words(code)).encode()

    def lines(self) -> list[str]:
        """The notices that arrived, one each, whatever messages they came in."""
        return [line for text in list(self.texts) for line in text.split("\n\n")]

    def wait_for(self, count: int, seconds: float = 20.0) -> list[str]:
        """The notices once so many arrived; fails after `seconds`."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if len(self.lines()) >= count:
                return self.lines()
            time.sleep(0.02)
        raise AssertionError(f"{len(self.lines())} of {count} notices within {seconds} s: {self.asked}")

    def _words(self, code: int) -> dict[str, Any]:
        said = self._said
        if self.kind == "feishu":
            return {"code": code, "msg": said or ("success" if code == 0 else "refused"), "data": {}}
        return {"errcode": code, "errmsg": said or ("ok" if code == 0 else "refused")}

    def _is_signed(self, target: str, given: dict[str, Any]) -> bool:
        """Checked with the platform's words, not with the product's own code."""
        if self.secret is None:
            return True
        if self.kind == "feishu":
            key = (given.get("timestamp", "") + "\n" + self.secret).encode()
            made = base64.b64encode(hmac.new(key, digestmod=hashlib.sha256).digest()).decode()
            fresh = abs(time.time() - int(given.get("timestamp", "0"))) < 3600
            return fresh and made == given.get("sign")
        query = parse_qs(urlsplit(target).query)
        stamp = query.get("timestamp", [""])[0]
        made = base64.b64encode(
            hmac.digest(self.secret.encode(), f"{stamp}\n{self.secret}".encode(), "sha256")
        ).decode()
        fresh = stamp.isdigit() and abs(time.time() * 1000 - int(stamp)) < 3_600_000
        return fresh and query.get("sign") == [made]
