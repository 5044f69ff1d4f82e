"""Platforms' interfaces as real HTTP servers: they check signatures and tokens, page, limit, and keep score.

with TikTokShop() as shop:
    shop.orders["5764"] = {...}
    shop.troubles += [(429, {})]     # the next answers; then it goes on as usual
    ... shop.url, shop.asked
"""

import hashlib
import hmac
import json
import threading
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

KEY, SECRET = "test_app_key", "test_app_secret"
Answer = tuple[int, dict[str, Any]]


class Platform(ABC):
    """What both have: orders and cases by number, tokens, troubles to come, and what was asked (path, content)."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.cases: dict[str, dict[str, Any]] = {}
        self.token, self.refresh_token, self.renewed = "token-1", "refresh-1", 0
        self.troubles: list[Answer] = []
        self.refused: list[str] = []
        self.asked: list[tuple[str, Any]] = []
        self.pause = 0.0
        self.ascii = False
        self._lock = threading.Lock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._hear(b"")

            def do_POST(self) -> None:
                self._hear(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

            def _hear(self, body: bytes) -> None:
                time.sleep(fake.pause)
                parts = urlsplit(self.path)
                query = dict(parse_qsl(parts.query, keep_blank_values=True))
                status, told = fake.hear(self.command, parts.path, query, dict(self.headers.items()), body)
                answer = json.dumps(told, ensure_ascii=fake.ascii).encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:
                    self.close_connection = True

            def handle(self) -> None:
                with suppress(ConnectionError):
                    super().handle()

            def log_message(self, *_: object) -> None:
                """The tests say what they need to know."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def hear(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes
    ) -> Answer:
        with self._lock:
            self.asked.append((path, json.loads(body) if body else query))
            if self.troubles:
                return self.troubles.pop(0)
            return self.answer(method, path, query, {k.lower(): v for k, v in headers.items()}, body)

    @abstractmethod
    def answer(
        self, _method: str, path: str, query: dict[str, str], _headers: dict[str, str], body: bytes
    ) -> Answer:
        """What the platform answers a request that meets no trouble."""

    def end_token(self) -> None:
        """The token that was given out counts no more; a refresh gives the next."""
        self.token = f"token-{self.renewed + 2}"

    def _renew(self, given: str) -> bool:
        if given != self.refresh_token:
            return False
        self.renewed += 1
        self.token, self.refresh_token = f"token-{self.renewed + 1}", f"refresh-{self.renewed + 1}"
        return True

    def times(self, path: str) -> int:
        return sum(one == path for one, _ in self.asked)


class TikTokShop(Platform):
    """Orders and returns as of version 202309."""

    page = 2

    def answer(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes
    ) -> Answer:
        if path == "/api/v2/token/refresh":
            if query.get("app_secret") != SECRET or not self._renew(query.get("refresh_token", "")):
                return 200, {"code": 105002, "message": "refresh_token is expired"}
            ends = int(time.time()) + 600_000
            given = {"access_token": self.token, "refresh_token": self.refresh_token}
            return 200, {"code": 0, "message": "success", "data": given | {"access_token_expire_in": ends}}
        pairs = "".join(f"{k}{v}" for k, v in sorted(query.items()) if k not in ("sign", "access_token"))
        text = SECRET.encode() + path.encode() + pairs.encode() + body + SECRET.encode()
        sign = hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()
        if query.get("sign") != sign or query.get("app_key") != KEY:
            self.refused.append(path)
            return 401, {"code": 106001, "message": "signature is invalid"}
        if headers.get("x-tts-access-token") != self.token:
            return 401, {"code": 105002, "message": "Expired credentials"}
        return 200, {"code": 0, "message": "Success", "data": self._data(method, path, query, body)}

    def _data(self, method: str, path: str, query: dict[str, str], body: bytes) -> dict[str, Any]:
        if (method, path) == ("GET", "/order/202309/orders"):
            return {"orders": [self.orders[one] for one in query["ids"].split(",") if one in self.orders]}
        sent = json.loads(body)
        cases = path == "/return_refund/202309/returns/search"
        if cases and "return_ids" in sent:
            return {"return_orders": [self.cases[one] for one in sent["return_ids"] if one in self.cases]}
        assert cases or path == "/order/202309/orders/search", path
        span = range(sent["update_time_ge"], sent["update_time_lt"])
        among, name = (self.cases, "return_id") if cases else (self.orders, "id")
        found = sorted(
            (one["update_time"], one[name]) for one in among.values() if one["update_time"] in span
        )
        if (query.get("sort_field"), query.get("sort_order")) != ("update_time", "ASC"):
            found.reverse()
        start = int(query.get("page_token", "0"))
        some = [{name: number, "update_time": at} for at, number in found[start : start + self.page]]
        more = start + self.page < len(found)
        return {"return_orders" if cases else "orders": some, "total_count": len(found)} | (
            {"next_page_token": str(start + self.page)} if more else {}
        )


class Douyin(Platform):
    """Orders and after-sale cases, signed in version 2. Listings go as far as the hundredth page of orders and the
    five-hundredth of cases, which come in no order of their own; a span of no length is refused.
    """

    most_pages, most_case_pages = 100, 500
    tells_total = True
    may_list_cases = True

    def answer(
        self, _method: str, path: str, query: dict[str, str], _headers: dict[str, str], body: bytes
    ) -> Answer:
        called, param = query.get("method", ""), body.decode()
        text = (
            f"{SECRET}app_key{KEY}method{called}param_json{param}timestamp{query.get('timestamp')}v2{SECRET}"
        )
        sign = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
        if query.get("sign") != sign or path != "/" + called.replace(".", "/"):
            self.refused.append(called)
            return 200, _refused(30003, "isv.sign-invalid:3", "签名校验失败")
        given = json.loads(body)
        if called == "token.refresh":
            if not self._renew(given["refresh_token"]):
                return 200, _refused(50002, "isv.refresh-token-invalid:1", "refresh_token 无效")
            fresh = {"access_token": self.token, "refresh_token": self.refresh_token, "expires_in": 600_000}
            return 200, {"code": 10000, "msg": "success", "data": fresh}
        if query.get("access_token") != self.token:
            return 200, _refused(30001, "isv.access-token-expired:7", "access_token 已过期")
        return self._told(called, given)

    def _told(self, called: str, given: dict[str, Any]) -> Answer:
        if called == "order.orderDetail":
            order = self.orders.get(given["shop_order_id"])
            if order is None:
                return 200, _refused(50002, "isv.business-failed:2010001", "订单不存在")
            return 200, {"code": 10000, "msg": "success", "data": {"shop_order_detail": order}}
        if called == "afterSale.Detail":
            case = self.cases.get(given["after_sale_id"])
            if case is None:
                return 200, _refused(50002, "isv.business-failed:2010002", "售后单不存在")
            return 200, {"code": 10000, "msg": "success", "data": case}
        if called == "afterSale.List":
            return self._cases(given)
        assert called == "order.searchList", called
        if given["update_time_end"] <= given["update_time_start"]:
            return 200, _refused(50002, "isv.parameter-invalid:2", "时间范围不合法")
        span = range(given["update_time_start"], given["update_time_end"] + 1)
        found = sorted(
            (one["update_time"], one["order_id"])
            for one in self.orders.values()
            if one["update_time"] in span
        )
        if given["page"] >= self.most_pages:
            return 200, _refused(50002, "isv.parameter-invalid:1", "页码过大")
        start = given["page"] * given["size"]
        some = [
            {"order_id": number, "update_time": at} for at, number in found[start : start + given["size"]]
        ]
        data = {"page": given["page"], "size": given["size"], "total": len(found), "shop_order_list": some}
        return 200, {"code": 10000, "msg": "success", "data": data}

    def _cases(self, given: dict[str, Any]) -> Answer:
        if not self.may_list_cases:
            return 200, _refused(30003, "isv.app-permissions-insufficient:1", "应用无接口权限")
        if given["page"] >= self.most_case_pages or given["update_end_time"] <= given["update_start_time"]:
            return 200, _refused(50002, "isv.parameter-invalid:1", "参数不合法")
        infos = [one["process_info"]["after_sale_info"] for one in self.cases.values()]
        span = range(given["update_start_time"], given["update_end_time"])
        found = [one for one in infos if one["update_time"] in span]
        if given.get("order_by") == ["update_time asc"]:
            found.sort(key=lambda one: (one["update_time"], one["after_sale_id"]))
        start = given["page"] * given["size"]
        some = [
            {"aftersale_id": str(one["after_sale_id"]), "update_time": one["update_time"]}
            for one in found[start : start + given["size"]]
        ]
        data = {
            "page": given["page"],
            "size": given["size"],
            "items": [{"aftersale_info": one} for one in some],
        }
        # The listing's manual tells both; one that leaves its total out must not be taken for the last page.
        data |= (
            {"total": len(found)} if self.tells_total else {"has_more": start + given["size"] < len(found)}
        )
        return 200, {"code": 10000, "msg": "success", "data": data}


def _refused(code: int, reason: str, message: str) -> dict[str, Any]:
    return {"code": code, "msg": message, "sub_code": reason, "sub_msg": message, "data": None}
