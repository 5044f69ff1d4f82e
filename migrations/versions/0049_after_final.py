"""What figures were when they first became final, so that what changes after that is an amount of its own."""

from alembic import op

revision = "0049"
down_revision = "0048"

MEASURES = (
    "placed_fen",
    "paid_fen",
    "merchant_fen",
    "deposit_fen",
    "refund_pre_ship_fen",
    "refund_post_ship_fen",
    "refund_post_receipt_fen",
    "returned_fen",
    "protection_fen",
    "compensation_fen",
    "disputed_fen",
    "lines",
    "units",
    "refunded_lines",
    "refunded_units",
)
KEY = "session_id, currency, brand_id, host_id, agency_id"
FIGURES = ", ".join(MEASURES)

TABLE = f"""
-- The rows of session_total as they were when the session's figures were first final. Never changed after.
CREATE TABLE session_final (
    session_id bigint NOT NULL,
    currency text NOT NULL,
    brand_id bigint NOT NULL,
    host_id bigint NOT NULL,
    agency_id bigint NOT NULL,
    {", ".join(f"{name} bigint NOT NULL DEFAULT 0" for name in MEASURES)},
    PRIMARY KEY ({KEY})
);
SELECT guard_table('session_final',
    'app_is_hub() OR brand_id = app_brand() OR agency_id = app_agency() OR host_id = app_host()', 'app_is_hub()');

-- When that was, and what final_figures said then: null as long as it is not kept.
ALTER TABLE session_sales ADD COLUMN first_final_at timestamptz, ADD COLUMN first_final_figures text;
"""

ANY = " OR ".join(f"t.{name} <> 0" for name in MEASURES)
IN_ORDER = ", ".join(f"t.{name}" for name in KEY.split(", "))

# Under the first revision figures are still those that were final first, where nothing was folded since. Of later
# revisions it is not known what the first one was. What 0040 filled in for final_figures lacked the session's number:
# the next final of such a session would have been another revision without another figure.
KNOWN = f"""
UPDATE session_sales v SET final_figures = f.told, first_final_figures = CASE v.revision WHEN 1 THEN f.told END
FROM (SELECT v.session_id, (
    SELECT md5(coalesce(string_agg(concat_ws(' ', {IN_ORDER}, {", ".join(f"t.{name}" for name in MEASURES)}), ','
        ORDER BY {IN_ORDER}), ''))
    FROM session_total t WHERE t.session_id = v.session_id AND ({ANY})) AS told
    FROM session_sales v WHERE v.final_version = v.version AND v.final_figures IS NOT NULL) f
WHERE f.session_id = v.session_id;
INSERT INTO session_final ({KEY}, {FIGURES})
SELECT {KEY}, {FIGURES} FROM session_total t
WHERE session_id IN (SELECT session_id FROM session_sales WHERE first_final_figures IS NOT NULL) AND ({ANY});
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(KNOWN)
