"""Retention: days are made and dropped without anybody waiting for it."""

from alembic import op

revision = "0013"
down_revision = "0012"

# Making or dropping a partition takes an exclusive lock on its parent, for an instant; but whoever waits for that
# lock makes everybody behind it wait too. So it gives up at once while somebody reads, and comes again in its turn.
# (DETACH CONCURRENTLY would need no such lock and cannot be used beside a default partition.)
FUNCTIONS = """
CREATE OR REPLACE FUNCTION ensure_day_partitions(parent regclass, days_ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE wanted date; part text; made integer := 0;
BEGIN
    FOR wanted IN SELECT generate_series(current_date, current_date + days_ahead, interval '1 day') LOOP
        part := format('%s_%s', parent::text, to_char(wanted, 'YYYYMMDD'));
        CONTINUE WHEN to_regclass(part) IS NOT NULL;
        BEGIN
            EXECUTE format('CREATE TABLE %I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
                           part, parent, wanted, wanted + 1);
            made := made + 1;
        -- Another process made it, or rows of that day already went to the default partition and stay there.
        EXCEPTION
            WHEN duplicate_table OR check_violation OR invalid_object_definition THEN NULL;
            WHEN lock_not_available THEN RETURN made;
        END;
    END LOOP;
    RETURN made;
END $$;

CREATE OR REPLACE FUNCTION drop_day_partitions(parent regclass, days_kept integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE part regclass; dropped integer := 0;
BEGIN
    FOR part IN
        SELECT inhrelid::regclass FROM pg_inherits JOIN pg_class ON oid = inhrelid
        WHERE inhparent = parent AND relname ~ '_[0-9]{8}$'
          AND to_date(right(relname, 8), 'YYYYMMDD') < current_date - days_kept
        ORDER BY relname
    LOOP
        BEGIN
            EXECUTE format('DROP TABLE %s', part);
            dropped := dropped + 1;
        EXCEPTION WHEN lock_not_available THEN RETURN dropped;
        END;
    END LOOP;
    RETURN dropped;
END $$;
"""


def upgrade() -> None:
    """Both functions anew, with a lock they do not wait for."""
    op.execute(FUNCTIONS)
