"""The studio floor on bad Wi-Fi: a tap waits for the network, shows that it waits, and is sent by itself."""

import re

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def door_with_a_tap(walk):
    """A stranger's phone at a studio door that has something to press, and the button's form."""
    walker = walk("hub", language="en-US")
    walker.go("/hub/parties/studios?limit=100")
    doors = dict.fromkeys(re.findall(r'href="(/hub/parties/studios/std_\w+/door)"', walker.page.content()))
    phone = walk(width=390, language="en-US")
    for door in doors:
        walker.go(door)
        address = walker.page.locator("main a").get_attribute("href")
        phone.go(re.sub(r"^https?://[^/]+", "", address or ""))
        tap = phone.page.locator("#live form[data-tap]:not(details form)").first
        if tap.count():
            return phone, tap
    pytest.fail("no door of the demo has a button")


def test_a_tap_without_network_waits_and_is_sent_once(walk, axe):
    phone, tap = door_with_a_tap(walk)
    page = phone.page
    box = tap.locator("button").bounding_box()
    assert box["height"] >= 48
    sent = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    what = tap.get_attribute("data-tap")
    phone.context.set_offline(True)
    tap.locator("button").click()
    page.wait_for_selector("#sending button:visible")
    assert f"Not sent yet: {what}" in page.inner_text("#sending")
    assert phone.audit(axe) == []
    tap.locator("button").click()  # Pressed again for want of patience: still one tap in the queue.
    tries = len(sent)
    phone.context.set_offline(False)
    page.wait_for_selector("#sending", state="hidden", timeout=30_000)
    page.wait_for_selector("#main > .note")
    answered = [one for one in sent[tries:] if one.response() is not None and one.response().status == 303]
    assert len(answered) == 1
    assert len({one.post_data for one in sent}) == 1
    assert not phone.overflows()


def test_a_tap_kept_on_the_phone_outlives_the_page(walk):
    phone, tap = door_with_a_tap(walk)
    page = phone.page
    page.route(
        "**/door/**", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
    )
    tap.locator("button").click()
    page.wait_for_selector("#sending button:visible")
    page.unroute("**/door/**")
    page.reload()
    page.wait_for_selector("#main > .note", timeout=30_000)
    page.wait_for_selector("#sending", state="hidden")
