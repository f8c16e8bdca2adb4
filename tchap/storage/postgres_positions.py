"""Positions on PostgreSQL: a sequence, and the reservations that tell readers how far it is settled.

A draw first reads the sequence's last value, takes a shared advisory lock whose key carries that value, and only then
draws: everything it draws is greater. The lock lives as long as the transaction, and dies with its backend. A reader
reads the last value first and the locks after. A position up to that value was drawn before the first reading, its lock
taken earlier still: either the second reading sees the lock (and stops below), or the transaction has ended, and a
commit is visible before its locks are let go. So every position up to the smaller of the two is settled for any
snapshot taken afterwards. Nobody waits: the locks are all shared.
"""

from __future__ import annotations

# The upper bits of the lock's key, so that reservations are not mistaken for other advisory locks.
_TAG = 0x7463

SETUP = (
    "CREATE SEQUENCE IF NOT EXISTS positions",
    f"""CREATE OR REPLACE FUNCTION draw_positions(wanted BIGINT, reserve BOOLEAN) RETURNS BIGINT
    LANGUAGE plpgsql AS $$
    DECLARE reached BIGINT; low BIGINT; high BIGINT;
    BEGIN
        IF reserve THEN
            SELECT last_value INTO reached FROM positions;
            PERFORM pg_advisory_xact_lock_shared(({_TAG}::BIGINT << 48) | reached);
        END IF;
        LOOP
            SELECT min(drawn), max(drawn) INTO low, high
                FROM (SELECT nextval('positions') AS drawn FROM generate_series(1, wanted)) AS draws;
            EXIT WHEN high - low = wanted - 1;
        END LOOP;
        RETURN low;
    END $$""",
    f"""CREATE OR REPLACE FUNCTION position_horizon() RETURNS BIGINT
    LANGUAGE plpgsql AS $$
    DECLARE drawn BIGINT; reserved BIGINT;
    BEGIN
        SELECT last_value INTO drawn FROM positions;
        SELECT min(((classid::BIGINT & 65535) << 32) | objid::BIGINT) INTO reserved FROM pg_locks
            WHERE locktype = 'advisory' AND objsubid = 1 AND (classid::BIGINT >> 16) = {_TAG}
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
        RETURN least(drawn, reserved);
    END $$""",
)

# PostgreSQL logs a sequence 32 values ahead and may forget, in a crash, draws that no commit followed. A token may
# already name such a position, so each process starts by leaving a gap wider than that.
SKIP = "SELECT draw_positions(64, FALSE)"
DRAW = "SELECT draw_positions($1, $2)"
HORIZON = "SELECT position_horizon()"
