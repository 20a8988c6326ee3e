-- For a restore from the log: docs/adr/0012-restore.md.

-- The incarnation moves to the head, where the number is given: a door that was suspended during a
-- restore reads both.
ALTER TABLE store.partition_head ADD incarnation int NOT NULL DEFAULT 1;
UPDATE store.partition_head SET incarnation = (SELECT incarnation FROM store.deployment);
ALTER TABLE store.deployment DROP incarnation;

-- Set while the log has more events than the store: the head cannot advance, so appends fail.
ALTER TABLE store.partition_head
    ADD closed_at bigint CONSTRAINT writes_refused CHECK (last <= closed_at);
GRANT UPDATE (closed_at) ON store.partition_head TO ordermade_projector;

-- NULL for an owner whose events came from the log and whose key was in no backup.
ALTER TABLE store.owner ALTER key DROP NOT NULL, ALTER master DROP NOT NULL;

-- The last number of each partition that the broker has acknowledged to a relay.
CREATE TABLE consumer.relayed (
    partition int PRIMARY KEY,
    number    bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON consumer.relayed TO ordermade_projector;
GRANT SELECT ON consumer.relayed TO ordermade_reader;

-- As in 0005, but with the incarnation of the head.
--
-- Appends single facts, each a stream of its own, in one call; returns a row for each. Locks as
-- every append does: owners, then heads, in order (docs/adr/0002-position.md). Appends nothing and
-- returns no row where an owner is locked or lacks consent, or an id exists. Envelopes come without
-- the closing brace: the attributes of the position are written here.
DROP FUNCTION store.append_facts;
CREATE FUNCTION store.append_facts(
    in_now timestamptz, in_owners text[], in_partitions int[],
    in_needs text[], in_ids uuid[], in_types text[], in_times timestamptz[],
    in_digests bytea[], in_envelopes bytea[]
) RETURNS TABLE (fact uuid, made int, given bigint, at timestamptz) LANGUAGE plpgsql
-- The plan for the first few facts must be the one for the millionth.
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
    now_recorded timestamptz;
    suffix text;
BEGIN
    IF cardinality(in_owners) > (
        SELECT count(*) FROM unnest(in_owners, in_needs) AS f (owner, need)
        JOIN (SELECT o.owner, o.purposes FROM store.owner o WHERE o.owner = ANY(in_owners)
              ORDER BY o.owner FOR SHARE SKIP LOCKED) o
        ON o.owner = f.owner AND (f.need IS NULL OR f.need = ANY(o.purposes)))
    THEN
        RETURN;
    END IF;
    SELECT greatest(in_now, max(h.last_time)) INTO now_recorded FROM (
        SELECT h.last_time FROM store.partition_head h
        WHERE h.partition = ANY(in_partitions) ORDER BY h.partition FOR UPDATE) h;
    IF EXISTS (SELECT FROM store.event e WHERE e.id = ANY(in_ids)) THEN
        RETURN;
    END IF;
    suffix := replace('","recordedtime":"' || to_char(
        now_recorded AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '.000000', '')
        || 'Z","streamversion":1}';
    RETURN QUERY
        INSERT INTO store.event AS e
        SELECT f.incarnation, f.partition, f.number, f.owner, f.id::text, 1, f.id, f.type, f.time,
               now_recorded, f.digest, f.envelope || convert_to(
                   format(',"position":"%s.%s.%s%s', f.incarnation, f.partition, f.number, suffix),
                   'UTF8')
        FROM (SELECT f.*, h.incarnation, h.last
                  + row_number() OVER (PARTITION BY f.partition ORDER BY f.n) AS number
              FROM unnest(in_owners, in_partitions, in_ids, in_types, in_times, in_digests,
                          in_envelopes) WITH ORDINALITY
                  AS f (owner, partition, id, type, time, digest, envelope, n)
              JOIN store.partition_head h USING (partition)) f
        RETURNING e.id, e.incarnation, e.number, e.recorded;
    UPDATE store.partition_head h SET last = h.last + f.count, last_time = now_recorded
        FROM (SELECT f.partition, count(*) FROM unnest(in_partitions) AS f (partition)
              GROUP BY f.partition) f
        WHERE h.partition = f.partition;
END $$;
