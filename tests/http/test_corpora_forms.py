"""Each field of each form, found on the pages themselves, takes each hostile value or refuses it whole."""

from html.parser import HTMLParser

import pytest

from tests.access.test_access_pages import _pages, _path
from tests.access.world import make_world
from tests.factory import keyed
from tests.http.corpora import Watch, as_text, sample

ROLES = ("manager", "agency", "brand")


class Forms(HTMLParser):
    """The forms of a page: (method, action, [(name, value)]) as a browser would send them unchanged."""

    def __init__(self, path):
        super().__init__()
        self.path, self.found, self.fields, self.select, self.area = path, [], None, None, None

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form":
            self.fields = []
            self.found.append(
                (given.get("method", "get").lower(), given.get("action") or self.path, self.fields)
            )
        elif self.fields is None:
            return
        elif tag == "input" and given.get("name"):
            ticked = given.get("type") not in ("checkbox", "radio") or "checked" in given
            if ticked and given.get("type") != "submit":
                self.fields.append((given["name"], given.get("value") or ""))
        elif tag == "select":
            self.select = [given.get("name"), None]
        elif tag == "option" and self.select and (self.select[1] is None or "selected" in given):
            self.select[1] = given.get("value") or ""
        elif tag == "textarea":
            self.area = [given.get("name"), ""]

    def handle_data(self, data):
        if self.area:
            self.area[1] += data

    def handle_endtag(self, tag):
        if tag == "form":
            self.fields = None
        elif tag == "select" and self.select:
            self.fields.append((self.select[0], self.select[1] or ""))
            self.select = None
        elif tag == "textarea" and self.area:
            self.fields.append(tuple(self.area))
            self.area = None


@pytest.fixture
def forms(app, database, make):
    """(role, method, action, fields) of every form that a role meets, each once."""
    app.config["WTF_CSRF_ENABLED"] = False
    client, world = app.test_client(use_cookies=False), make_world(make)
    found = {}
    for role in ROLES:
        headers = {"Authorization": f"Bearer {keyed(database, world.actors[role])}"}
        for method, rule in _pages(app):
            if method != "GET" or not rule.startswith(
                ("/hub", "/agency", "/webhooks", "/notices", "/calendar")
            ):
                continue
            path = _path(rule, world.own)
            page = client.get(path, headers=headers)
            if page.status_code == 200 and page.mimetype == "text/html":
                parser = Forms(path)
                parser.feed(page.text)
                for how, action, fields in parser.found:
                    if action.startswith("/") and not action.startswith(("/language", "/theme", "/logout")):
                        names = tuple(sorted({name for name, _ in fields}))
                        found.setdefault((role, how, action.partition("?")[0], names), fields)
    return client, world, found


def attack(forms, database, share):
    client, world, found = forms
    watch = Watch(database)
    fields = 0
    for (role, method, action, names), given in found.items():
        headers = {"Authorization": f"Bearer {keyed(database, world.actors[role])}"}
        with watch:
            for name in names:
                if name == "csrf_token":
                    continue
                fields += 1
                for value in sample(as_text(), f"{action}{name}", share):
                    data = {}
                    for key, stands in given:
                        data.setdefault(key, []).append(stands)
                    sent = {"query_string" if method == "get" else "data": data | {name: value}}
                    watch.tell(
                        lambda: client.open(action, method=method, headers=headers, **sent),  # noqa: B023 - called at once
                        (role, method, action, name, value[:80]),
                        # A form that is shown again with its faults answers 200: it too must leave nothing.
                        done=(201, *range(300, 400)),
                    )
    return fields, watch.statuses


@pytest.mark.timeout(300)
def test_a_hostile_value_in_any_form_is_taken_or_refused_whole(forms, database):
    fields, statuses = attack(forms, database, 0.4)
    assert fields > 150
    assert {200, 303, 422} <= set(statuses), statuses


@pytest.mark.nightly
@pytest.mark.timeout(7200)
def test_every_hostile_value_in_every_form_is_taken_or_refused_whole(forms, database):
    fields, statuses = attack(forms, database, None)
    assert fields > 150
    assert {200, 303, 422} <= set(statuses), statuses
