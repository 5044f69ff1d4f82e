"""What sessions of one plan meet in each other, by name."""

from datetime import timedelta

from tests.db.test_plans import look, opened, put


def test_what_two_new_sessions_meet_in_each_other_is_named(stage):
    """Their goods and accounts are looked up, though no session that stands has them."""
    plan = opened(stage)
    goods = {"lineup": [{"product_id": stage.product.id, "live_price_fen": 9900}]}
    first = stage.given().starts_at
    put(stage, plan, "book", **goods)
    near = {"starts_at": first + timedelta(hours=1), "studio_id": stage.other_studio.id}
    put(stage, plan, "book", **near, **goods, participants=[{"host_id": stage.in_house.id}])
    said = {one.code: one.params for seen in look(stage, plan) for one in (*seen.hard, *seen.soft)}
    assert said["same_sku"]["skus"] == stage.product.sku
    assert any(stage.account.name in params.values() for params in said.values())
