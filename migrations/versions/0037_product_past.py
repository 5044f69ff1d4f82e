"""A product may be another brand's than it was: whose it was on which days, and the lines to place again for it."""

from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.execute("""
-- Of brand_id on the days before `until`; on a day the nearest `until` after it counts, else product.brand_id.
CREATE TABLE product_past (
    product_id bigint NOT NULL REFERENCES product ON DELETE CASCADE,
    until date NOT NULL,
    brand_id bigint NOT NULL REFERENCES brand,
    PRIMARY KEY (product_id, until)
);
CREATE INDEX product_past_brand ON product_past (brand_id);
SELECT guard_table('product_past', 'app_is_hub() OR brand_id = app_brand() OR app_role() = ''connector''',
                   'app_is_hub()');

-- Whoever sold it once still reads what it was called; and who reads a line-up, the names of what is on it.
DROP POLICY app_read ON product;
CREATE POLICY app_read ON product FOR SELECT TO xinji_app USING (
    app_is_hub() OR brand_id = app_brand() OR app_role() = 'connector'
    OR (app_role() IN ('agency', 'host') AND EXISTS (SELECT 1 FROM lineup_item l WHERE l.product_id = product.id))
    OR EXISTS (SELECT FROM product_past p WHERE p.product_id = product.id AND p.brand_id = app_brand()));

-- Lines of a merchant SKU may be another product's or brand's from now on. shop_id and line_id: how far the turn is
-- that places them; placed_at: when one was last through.
CREATE TABLE sku_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    placed_at timestamptz,
    shop_id bigint NOT NULL DEFAULT 0,
    line_id text NOT NULL DEFAULT ''
);
SELECT guard_table('sku_change', 'app_is_hub()', 'app_is_hub()');

CREATE FUNCTION note_sku_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.sku = OLD.sku AND NEW.brand_id = OLD.brand_id THEN
            RETURN NULL;
        END IF;
        IF NEW.sku <> OLD.sku THEN
            INSERT INTO sku_change (sku) VALUES (OLD.sku);
        END IF;
    END IF;
    INSERT INTO sku_change (sku) VALUES (NEW.sku);
    RETURN NULL;
END $$;
CREATE TRIGGER product_sku_change AFTER INSERT OR UPDATE OF sku, brand_id ON product
    FOR EACH ROW EXECUTE FUNCTION note_sku_change();

CREATE FUNCTION note_past_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO sku_change (sku) SELECT sku FROM product WHERE id = coalesce(NEW.product_id, OLD.product_id);
    RETURN NULL;
END $$;
CREATE TRIGGER product_past_change AFTER INSERT OR UPDATE OR DELETE ON product_past
    FOR EACH ROW EXECUTE FUNCTION note_past_change();
""")
