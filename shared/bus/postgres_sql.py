"""The SQL of the bus in PostgreSQL: its tables, the one way to append, pages, sharing and pruning.

The log is kept in batches, as brokers keep theirs: what was published together for a partition is one row. Records
of a row have the offsets from `first_offset` up to, not including, `next_offset`.
"""

from shared.advisory_locks import holders

APPENDED = "bus.appended"
"""Told with the place, `topic/number`."""
REGROUPED = "bus.regrouped"
"""Told with the group."""
FOREVER = 2**63 - 1
BATCH_RECORDS_LIMIT = 500
"""So many records in one row at most: a reader that takes less than a row at a time reads the rest of it again."""

SCHEMA = """
CREATE SCHEMA IF NOT EXISTS bus;
CREATE TABLE IF NOT EXISTS bus.partitions (
    topic text, number int, next_offset bigint NOT NULL DEFAULT 0, PRIMARY KEY (topic, number)
) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS bus.batches (
    topic text, partition int, first_offset bigint NOT NULL, next_offset bigint,
    keys text[] NOT NULL, headers text[] STORAGE EXTERNAL NOT NULL, bodies bytea[] STORAGE EXTERNAL NOT NULL,
    bytes bigint NOT NULL, published_at timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, next_offset)
);
DO $$ BEGIN
    IF to_regclass('bus.log') IS NOT NULL THEN  -- until 0.1 every record was a row
        INSERT INTO bus.batches
        SELECT topic, partition, "offset", "offset" + 1, ARRAY[key], ARRAY[headers::text], ARRAY[value],
            octet_length(value), published_at
        FROM bus.log;
        DROP TABLE bus.log;
    END IF;
END $$;
DO $$ BEGIN
    IF to_regtype('bus.batch') IS NULL THEN
        CREATE TYPE bus.batch AS (
            topic text, number int, place int, keys text[], headers text[], bodies bytea[], bytes bigint);
    END IF;
END $$;
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_attribute
        WHERE attrelid = 'bus.batches'::regclass AND attname = 'bodies' AND attstattarget IS DISTINCT FROM 0)
    THEN  -- only the key is ever searched for, and to look into messages takes ANALYZE a third of a second of a core
        ALTER TABLE bus.batches
            ALTER topic SET STATISTICS 10, ALTER partition SET STATISTICS 10, ALTER next_offset SET STATISTICS 10,
            ALTER first_offset SET STATISTICS 0, ALTER keys SET STATISTICS 0, ALTER headers SET STATISTICS 0,
            ALTER bodies SET STATISTICS 0, ALTER bytes SET STATISTICS 0, ALTER published_at SET STATISTICS 0;
    END IF;
END $$;
DROP FUNCTION IF EXISTS bus.forward(int);
DROP FUNCTION IF EXISTS bus.append(text[], int[], text[], text[], bytea[]);
DO $$ BEGIN
    IF (SELECT prorettype FROM pg_proc WHERE oid = to_regprocedure('bus.append(bus.batch[])')) = 'void'::regtype THEN
        DROP FUNCTION bus.append(bus.batch[]);
    END IF;
END $$;
CREATE OR REPLACE FUNCTION bus.append(new bus.batch[]) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE appended bigint[];
BEGIN
    PERFORM FROM bus.partitions
    WHERE (topic, number) IN (SELECT topic, number FROM unnest(new))
    ORDER BY topic, number FOR NO KEY UPDATE;

    WITH stored AS (
        INSERT INTO bus.batches
        SELECT topic, number, next_offset + place, next_offset + place + cardinality(keys), keys, headers, bodies,
            bytes, clock_timestamp()
        FROM unnest(new) JOIN bus.partitions USING (topic, number)
        RETURNING topic, partition, first_offset, next_offset),
    ends AS (SELECT topic, partition, max(next_offset) AS next_offset FROM stored GROUP BY 1, 2),
    moved AS (
        UPDATE bus.partitions AS p SET next_offset = ends.next_offset
        FROM ends WHERE p.topic = ends.topic AND p.number = ends.partition)
    SELECT array_agg(first_offset ORDER BY topic COLLATE "C", partition, first_offset) INTO appended FROM stored;
    IF cardinality(appended) IS DISTINCT FROM cardinality(new) THEN
        RAISE EXCEPTION 'a message names a partition that does not exist';
    END IF;
    RETURN appended;
END $$;
"""
LOCK_SCHEMA = "SELECT pg_advisory_xact_lock($1)"
CREATE_PARTITIONS = """
INSERT INTO bus.partitions (topic, number)
SELECT topic, number FROM unnest($1::text[]) AS wanted(topic), generate_series(0, $2::int - 1) AS number
WHERE NOT EXISTS (SELECT FROM bus.partitions p WHERE p.topic = wanted.topic)
"""
PARTITIONS = "SELECT topic, number FROM bus.partitions ORDER BY number, topic"
END_OFFSETS = "SELECT number, next_offset FROM bus.partitions WHERE topic = $1"

# Appends batches of `bus.batch`; answers their first offsets, by topic, number and place.
APPEND = "SELECT bus.append($1)"
APPEND_CALL = "bus.append(CAST(:batches AS bus.batch[]))"
"""The same, for a statement that does more."""

# Every partition gives its first batch before any gives its second, so that none waits for another's backlog.
PAGE = """
SELECT topic, partition, first_offset, keys, headers, bodies FROM (
    SELECT found.*, place,
        sum(records) OVER before - records AS records_before, sum(bytes) OVER before - bytes AS bytes_before
    FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[])
        WITH ORDINALITY AS wanted(t, n, start, stop, place)
    CROSS JOIN LATERAL (
        SELECT *, least(next_offset, stop) - greatest(first_offset, start) AS records,
            row_number() OVER (ORDER BY next_offset) AS nth
        FROM bus.batches
        WHERE topic = t AND partition = n AND next_offset > start AND first_offset < stop
        ORDER BY next_offset LIMIT least($5::int, $7::int)
    ) AS found
    WINDOW before AS (ORDER BY nth, place)
) AS page WHERE records_before < $5::int AND bytes_before < $6::int ORDER BY nth, place
"""

MEMBERS = holders("$1")
JOIN = "SELECT pg_advisory_lock_shared($1)"
TAKE = "SELECT key FROM unnest($1::bigint[]) AS key WHERE pg_try_advisory_lock(key) LIMIT $2"
GIVE_UP = "SELECT pg_advisory_unlock(key) FROM unnest($1::bigint[]) AS key"
LEAVE = "SELECT pg_advisory_unlock_all()"

PRUNE_AGED = """
WITH deleted AS (
    DELETE FROM bus.batches WHERE topic = $1 AND partition = $2 AND published_at < now() - $3::interval
    RETURNING cardinality(keys) AS records)
SELECT coalesce(sum(records), 0)::bigint FROM deleted
"""
# An old batch with superseded records in it gives way to what is left of it, each record a row of its own.
PRUNE_SUPERSEDED = """
WITH records AS (
    SELECT batch.next_offset AS batch, published_at, key, header, body, first_offset + nth - 1 AS "offset"
    FROM bus.batches AS batch,
        unnest(keys, headers, bodies) WITH ORDINALITY AS record (key, header, body, nth)
    WHERE topic = $1 AND partition = $2),
judged AS (SELECT *, "offset" < max("offset") OVER (PARTITION BY key) AS is_superseded FROM records),
old AS (SELECT DISTINCT batch FROM judged WHERE is_superseded AND published_at < now() - $3::interval),
deleted AS (
    DELETE FROM bus.batches WHERE topic = $1 AND partition = $2 AND next_offset IN (SELECT batch FROM old)
    RETURNING next_offset AS batch, cardinality(keys) AS records),
kept AS (
    INSERT INTO bus.batches
    SELECT $1, $2, "offset", "offset" + 1, ARRAY[key], ARRAY[header], ARRAY[body], octet_length(body), published_at
    FROM deleted JOIN judged USING (batch) WHERE NOT is_superseded
    RETURNING 1)
SELECT coalesce((SELECT sum(records) FROM deleted), 0)::bigint - (SELECT count(*) FROM kept)
"""
