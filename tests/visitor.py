"""A browser without scripts: signs in, follows forms with their tokens."""

import re
from html import unescape
from typing import Any

from flask.testing import FlaskClient

from campaign.accounts.actions import Scope, create_user
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database

PASSWORD = "a-long-password"


class Visitor:
    """One browser. `page` is the last answer; a form is sent with the token of the page it stands on."""

    def __init__(self, client: FlaskClient, language: str = "en") -> None:
        self.client = client
        self.language = language
        self.page: Any = None

    def get(self, path: str) -> Any:
        self.page = self.client.get(path, headers={"Accept-Language": self.language})
        return self.page

    def post(self, path: str, **form: Any) -> Any:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.page.text if self.page else "")
        data = {name.replace("__", "."): value for name, value in form.items()}
        if found:
            data["csrf_token"] = unescape(found[1])
        self.page = self.client.post(path, data=data, headers={"Accept-Language": self.language})
        return self.page

    def follow(self) -> Any:
        """Go where the last answer leads."""
        return self.get(self.page.headers["Location"])

    def sign_in(self, email: str) -> "Visitor":
        self.get("/login")
        assert self.post("/login", email=email, password=PASSWORD).status_code == 303, self.page.text
        return self


def visitor_as(app: Any, database: Database, role: str, language: str = "en", **scope: Any) -> Visitor:
    """A new user of that role, signed in with a browser of its own."""
    email = f"{role}{len(str(scope))}{abs(hash(str(scope))) % 10**6}@example.com"
    with database.transaction(SYSTEM) as db:
        create_user(
            db, SYSTEM, email=email, name=f"{role} tester", password=PASSWORD,
            scope=Scope(role, **scope), locale="en" if language == "en" else "zh_CN",
        )  # fmt: skip
    return Visitor(app.test_client(), language).sign_in(email)
