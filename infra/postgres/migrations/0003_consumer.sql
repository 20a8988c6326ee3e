-- Consumer groups: their members, and the leases by which members share the partitions. The epoch
-- of a lease increases with each new holder; a write under an older epoch is refused.
CREATE SCHEMA consumer;

CREATE TABLE consumer.member (
    consumer_group text,
    member         text,
    expires        timestamptz NOT NULL,
    PRIMARY KEY (consumer_group, member)
);

CREATE TABLE consumer.lease (
    consumer_group text,
    partition      int,
    member         text,
    epoch          bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (consumer_group, partition)
);

-- Renews the session of a member and adjusts its share of the partitions: releases those above the
-- share, or takes partitions that no member with a session holds. Returns what it holds then.
CREATE FUNCTION consumer.poll(in_group text, me text, session interval)
RETURNS TABLE (held int, held_epoch bigint) LANGUAGE plpgsql AS $$
DECLARE
    share int;
    mine int;
BEGIN
    INSERT INTO consumer.member AS m VALUES (in_group, me, clock_timestamp() + session)
        ON CONFLICT (consumer_group, member) DO UPDATE SET expires = excluded.expires;
    INSERT INTO consumer.lease (consumer_group, partition)
        SELECT in_group, h.partition FROM store.partition_head h
        WHERE NOT EXISTS (SELECT FROM consumer.lease l
                          WHERE l.consumer_group = in_group AND l.partition = h.partition)
        ON CONFLICT DO NOTHING;
    SELECT ceil(count(*)::numeric / (SELECT count(*) FROM consumer.member m
                WHERE m.consumer_group = in_group AND m.expires >= clock_timestamp()))
        INTO share FROM store.partition_head;
    SELECT count(*) INTO mine FROM consumer.lease l
        WHERE l.consumer_group = in_group AND l.member = me;
    IF mine > share THEN
        UPDATE consumer.lease l SET member = NULL
            WHERE l.consumer_group = in_group AND l.partition IN (
                SELECT o.partition FROM consumer.lease o
                WHERE o.consumer_group = in_group AND o.member = me
                ORDER BY o.partition DESC LIMIT mine - share);
    ELSIF mine < share THEN
        UPDATE consumer.lease l SET member = me, epoch = l.epoch + 1
            WHERE l.consumer_group = in_group AND l.partition IN (
                SELECT o.partition FROM consumer.lease o
                WHERE o.consumer_group = in_group AND NOT EXISTS (
                    SELECT FROM consumer.member m
                    WHERE m.consumer_group = in_group AND m.member = o.member
                      AND m.expires >= clock_timestamp())
                ORDER BY o.partition LIMIT share - mine FOR UPDATE SKIP LOCKED);
    END IF;
    RETURN QUERY SELECT l.partition, l.epoch FROM consumer.lease l
        WHERE l.consumer_group = in_group AND l.member = me;
END $$;

CREATE FUNCTION consumer.leave(in_group text, me text) RETURNS void LANGUAGE sql AS $$
    UPDATE consumer.lease SET member = NULL WHERE consumer_group = in_group AND member = me;
    DELETE FROM consumer.member WHERE consumer_group = in_group AND member = me;
$$;

GRANT USAGE ON SCHEMA consumer TO ordermade_projector, ordermade_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA consumer TO ordermade_projector;
GRANT SELECT ON ALL TABLES IN SCHEMA consumer TO ordermade_reader;
