"""What follows a change of a brand's return window or of a platform account, sums of brands that are looked at by
themselves, and figures that were final.
"""

from alembic import op

revision = "0040"
down_revision = "0039"

# Written out: what a figure is called later must not change what this release compares.
FINAL = """
UPDATE session_sales v SET final_figures = (
    SELECT md5(coalesce(string_agg(concat_ws(' ', t.currency, t.brand_id, t.host_id, t.agency_id, t.placed_fen,
        t.paid_fen, t.merchant_fen, t.deposit_fen, t.refund_pre_ship_fen, t.refund_post_ship_fen,
        t.refund_post_receipt_fen, t.returned_fen, t.protection_fen, t.compensation_fen, t.disputed_fen, t.lines,
        t.units, t.refunded_lines, t.refunded_units), ',' ORDER BY t.currency, t.brand_id, t.host_id, t.agency_id), ''))
    FROM session_total t WHERE t.session_id = v.session_id
      AND (t.placed_fen, t.paid_fen, t.merchant_fen, t.deposit_fen, t.refund_pre_ship_fen, t.refund_post_ship_fen,
        t.refund_post_receipt_fen, t.returned_fen, t.protection_fen, t.compensation_fen, t.disputed_fen, t.lines,
        t.units, t.refunded_lines, t.refunded_units) <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
WHERE v.final_version = v.version
"""


def upgrade() -> None:
    op.execute("""
-- Lines of a brand may mature at another time from now on. shop_id, line_id, placed_at: as those of sku_change.
CREATE TABLE window_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    brand_id bigint NOT NULL REFERENCES brand ON DELETE CASCADE,
    changed_at timestamptz NOT NULL DEFAULT now(),
    placed_at timestamptz,
    shop_id bigint NOT NULL DEFAULT 0,
    line_id text NOT NULL DEFAULT ''
);
SELECT guard_table('window_change', 'app_is_hub()', 'app_is_hub()');

CREATE FUNCTION note_window_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO window_change (brand_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER brand_window_change AFTER UPDATE OF return_window_days ON brand FOR EACH ROW
    WHEN (NEW.return_window_days <> OLD.return_window_days) EXECUTE FUNCTION note_window_change();

-- Shows on an account whose author id or shop changed claim other lines. Their updated_at alone: whoever edits them
-- has seen nothing that changed.
CREATE FUNCTION note_account_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE live_session SET updated_at = now() WHERE id IN
        (SELECT session_id FROM session_channel WHERE platform_account_id = NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER platform_account_change AFTER UPDATE OF external_id, shop_id ON platform_account FOR EACH ROW
    WHEN ((NEW.external_id, NEW.shop_id) IS DISTINCT FROM (OLD.external_id, OLD.shop_id))
    EXECUTE FUNCTION note_account_change();

-- When a brand's orders and buyers were last held against its lines, and at which version.
ALTER TABLE sales_version ADD COLUMN checked_at timestamptz NOT NULL DEFAULT now(), ADD COLUMN checked_version bigint;

-- What the figures were when they were last final: a later version with the same is no revision.
ALTER TABLE session_sales ADD COLUMN final_figures text;
""")
    op.execute(FINAL)
