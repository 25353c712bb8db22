"""The SQL of the bus in PostgreSQL: its tables, the one way to append, pages, sharing and pruning."""

APPENDED = "bus_appended"
REGROUPED = "bus_regrouped"
FOREVER = 2**63 - 1

SCHEMA = f"""
CREATE SCHEMA IF NOT EXISTS bus;
CREATE TABLE IF NOT EXISTS bus.partitions (
    topic text, number int, next_offset bigint NOT NULL DEFAULT 0, PRIMARY KEY (topic, number)
) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS bus.log (
    topic text, partition int, "offset" bigint,
    key text NOT NULL, headers json NOT NULL, value bytea NOT NULL, published_at timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, "offset")
);
CREATE OR REPLACE FUNCTION bus.append(
    topics text[], numbers int[], keys text[], headers json[], bodies bytea[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE appended bigint;
BEGIN
    PERFORM FROM bus.partitions
    WHERE (topic, number) IN (SELECT * FROM unnest(topics, numbers))
    ORDER BY topic, number FOR NO KEY UPDATE;

    INSERT INTO bus.log
    SELECT topic, number, next_offset - 1 + row_number() OVER (PARTITION BY topic, number ORDER BY place),
        m.key, m.header, m.body, clock_timestamp()
    FROM unnest(topics, numbers, keys, headers, bodies)
        WITH ORDINALITY AS m(topic, number, key, header, body, place)
    JOIN bus.partitions USING (topic, number);
    GET DIAGNOSTICS appended = ROW_COUNT;
    IF appended <> cardinality(topics) THEN
        RAISE EXCEPTION 'a message names a partition that does not exist';
    END IF;

    UPDATE bus.partitions p SET next_offset = p.next_offset + touched.messages
    FROM (SELECT t, n, count(*) AS messages FROM unnest(topics, numbers) AS u(t, n) GROUP BY t, n) AS touched
    WHERE p.topic = touched.t AND p.number = touched.n;

    PERFORM pg_notify('{APPENDED}', t) FROM (SELECT DISTINCT t FROM unnest(topics) AS t) AS distinct_topics;
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

APPEND = "SELECT bus.append($1, $2, $3, $4, $5)"
PAGE = """
SELECT topic, partition, "offset", key, headers, value FROM (
    SELECT found.*, place,
        sum(octet_length(value)) OVER (ORDER BY place, "offset") - octet_length(value) AS bytes_before
    FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[])
        WITH ORDINALITY AS wanted(t, n, start, stop, place)
    CROSS JOIN LATERAL (
        SELECT * FROM bus.log WHERE topic = t AND partition = n AND "offset" >= start AND "offset" < stop
        ORDER BY "offset" LIMIT $5
    ) AS found
    ORDER BY place, "offset" LIMIT $5
) AS page WHERE bytes_before < $6 ORDER BY place, "offset"
"""

MEMBERS = """
SELECT count(*) FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objsubid = 1
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND (classid::bigint << 32) | objid::bigint = $1
"""
JOIN = "SELECT pg_advisory_lock_shared($1)"
TAKE = "SELECT key FROM unnest($1::bigint[]) AS key WHERE pg_try_advisory_lock(key) LIMIT $2"
GIVE_UP = "SELECT pg_advisory_unlock(key) FROM unnest($1::bigint[]) AS key"
TELL = f"SELECT pg_notify('{REGROUPED}', $1)"
LEAVE = f"SELECT pg_advisory_unlock_all(), pg_notify('{REGROUPED}', $1)"

PRUNE_AGED = """
DELETE FROM bus.log WHERE (topic, partition, "offset") IN (
    SELECT topic, partition, "offset" FROM (
        SELECT * FROM bus.log WHERE topic = $1 AND partition = $2 ORDER BY "offset" LIMIT $4
    ) AS oldest WHERE published_at < now() - $3::interval
)
"""
PRUNE_SUPERSEDED = """
DELETE FROM bus.log WHERE (topic, partition, "offset") IN (
    SELECT topic, partition, "offset" FROM bus.log AS old
    WHERE topic = $1 AND partition = $2 AND published_at < now() - $3::interval AND EXISTS (
        SELECT FROM bus.log AS newer
        WHERE newer.topic = $1 AND newer.partition = $2
        AND newer.key = old.key AND newer."offset" > old."offset"
    ) LIMIT $4
)
"""
