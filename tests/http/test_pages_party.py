"""One party on its page: changed, called by other names, taken out of use and back."""

from datetime import UTC, datetime, timedelta

import pytest

from campaign.catalog.models import Product
from campaign.kit import ids
from campaign.parties.models import Host, Shop, Studio
from campaign.parties.queries import aliases_of, get
from tests.visitor import visitor_as


@pytest.fixture
def manager(app, database):
    return visitor_as(app, database, "hub", hub_role="manager")


def path(slug, prefix, row):
    return f"/hub/parties/{slug}/{ids.public(prefix, row.id)}"


def test_a_studio_is_renamed_from_its_list_and_keeps_what_was_not_asked(stage, manager):
    here = path("studios", "std", stage.studio)
    assert here in manager.get("/hub/parties/studios").text
    page = manager.get(here).text
    assert f'value="{stage.studio.setup_minutes}"' in page
    saved = manager.post(here, name="直播间 甲", name_en="Studio A", setup_minutes="45", _rev="1")
    assert saved.status_code == 303
    assert "直播间 甲" in manager.follow().text
    row = stage.act(get, Studio, stage.studio.id)
    # Emptied, a field goes back to what it is without being given.
    assert (row.name, row.setup_minutes, row.teardown_minutes, row.rev) == ("直播间 甲", 45, 15, 2)


def test_a_stale_form_changes_nothing_and_says_so(stage, manager):
    here = path("studios", "std", stage.studio)
    manager.get(here)
    assert manager.post(here, name="一", setup_minutes="10", _rev="1").status_code == 303
    manager.follow()
    refused = manager.post(here, name="二", setup_minutes="20", _rev="1")
    assert refused.status_code == 412
    assert 'value="二"' in refused.text
    assert 'name="_rev" value="2"' in refused.text
    assert stage.act(get, Studio, stage.studio.id).name == "一"


@pytest.mark.parametrize("given", [{"name": ""}, {"setup_minutes": "many"}, {"setup_minutes": "2000"}])
def test_a_fault_stands_by_its_field_and_nothing_is_changed(stage, manager, given):
    here = path("studios", "std", stage.studio)
    manager.get(here)
    refused = manager.post(here, **({"name": "新", "setup_minutes": "20"} | given))
    assert refused.status_code == 422
    assert f'id="{next(iter(given))}-about"' in refused.text
    assert stage.act(get, Studio, stage.studio.id).rev == 1


def test_a_price_is_changed_in_its_own_currency(stage, manager, database):
    here = path("products", "prd", stage.product)
    manager.get(here)
    assert manager.post(here, sku="S-9", name="皮带", price="1,299.50").status_code == 303
    assert 'value="1299.50"' in manager.follow().text
    row = stage.act(get, Product, stage.product.id)
    assert (row.price_fen, row.sku, row.currency) == (129950, "S-9", "CNY")


def test_a_shop_goes_to_another_brand_and_to_none(stage, manager):
    shop = stage.make.shop(brand=stage.brand)
    here = path("shops", "shp", shop)
    page = manager.get(here).text
    assert f'value="{ids.public("brd", stage.brand.id)}" selected' in page
    given = {"name": shop.name, "platform": shop.platform, "external_id": shop.external_id}
    assert manager.post(here, **given).status_code == 303
    assert stage.act(get, Shop, shop.id).brand_id is None
    other = stage.make.shop(brand=stage.brand, platform=shop.platform)
    manager.follow()
    taken = manager.post(here, **(given | {"external_id": other.external_id}))
    assert taken.status_code == 409
    assert stage.act(get, Shop, shop.id).external_id == shop.external_id


def test_a_hosts_other_names_are_kept_one_a_line(stage, manager):
    here = path("hosts", "hst", stage.signed)
    manager.get(here)
    assert manager.post(f"{here}/aliases", aliases="阿丽\r\n Lily \n\n阿丽", _rev="1").status_code == 303
    assert stage.act(aliases_of, [stage.signed.id])[stage.signed.id] == ["Lily", "阿丽"]
    assert "阿丽" in manager.follow().text
    other = stage.make.host()
    taken = manager.post(f"{here}/aliases", aliases=other.name)
    assert taken.status_code == 409
    long = manager.post(f"{here}/aliases", aliases="x" * 2000)
    assert long.status_code == 422
    assert 'id="aliases-about"' in long.text
    assert stage.act(aliases_of, [stage.signed.id])[stage.signed.id] == ["Lily", "阿丽"]


def test_a_host_is_changed_without_touching_its_agency(stage, manager):
    here = path("hosts", "hst", stage.signed)
    assert 'name="agency_id"' not in manager.get(here).text
    assert manager.post(here, name="新名", kind="signed").status_code == 303
    assert stage.act(get, Host, stage.signed.id).name == "新名"


def test_out_of_use_and_back(stage, manager):
    spare = stage.make.studio(name="备用间")
    here = path("studios", "std", spare)
    manager.get(here)
    assert manager.post(f"{here}/archive", _rev="1").status_code == 303
    assert "Use again" in manager.follow().text
    assert "备用间" not in manager.get("/hub/parties/studios").text
    assert "备用间" in manager.get("/hub/parties/studios?archived=yes").text
    manager.get(here)
    assert manager.post(f"{here}/restore", _rev="2").status_code == 303
    assert "备用间" in manager.get("/hub/parties/studios").text


def test_what_a_session_ahead_needs_stays_in_use(stage, manager):
    stage.book()
    here = path("studios", "std", stage.studio)
    manager.get(here)
    refused = manager.post(f"{here}/archive")
    assert refused.status_code == 409
    assert stage.act(get, Studio, stage.studio.id).archived_at is None


def test_who_may_only_look_sees_no_buttons(app, database, stage):
    viewer = visitor_as(app, database, "hub", hub_role="viewer")
    here = path("studios", "std", stage.studio)
    page = viewer.get(here).text
    assert "disabled" in page
    assert "Take out of use" not in page
    assert viewer.post(here, name="x").status_code == 403


def test_a_product_is_handed_over_since_a_day_or_all_the_time(stage, manager):
    here = path("products", "prd", stage.product)
    page = manager.get(here).text
    other = stage.make.brand(name="新东家")
    given = {"brand_id": ids.public("brd", other.id)}
    assert "from the beginning" in page
    assert manager.post(f"{here}/brand", **given, since="2026-01-05", _rev="1").status_code == 303
    page = manager.follow().text
    assert page.index("since 2026-01-05") < page.index("from the beginning")
    stale = manager.post(f"{here}/brand", **given, _rev="1")
    assert stale.status_code == 412
    ahead = manager.post(
        f"{here}/brand", **given, since=(datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    )
    assert ahead.status_code == 422
    assert 'id="since-about"' in ahead.text
    manager.get(here)
    assert manager.post(f"{here}/brand", **given).status_code == 303
    assert "since 2026" not in manager.follow().text
    assert stage.act(get, Product, stage.product.id).brand_id == other.id
    twin = stage.make.product(stage.brand, sku=stage.product.sku)
    there = path("products", "prd", twin)
    manager.get(there)
    assert manager.post(f"{there}/brand", **given).status_code == 409
