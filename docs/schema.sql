-- Generated from infra/postgres/migrations by `make schemas`. Do not edit.
--
-- For each view the projector creates a table projection.<view>_v<version>, from the fields of the
-- view's row, and on it the SQL view view.<view>: infra/postgres/views/tables.py.

CREATE ROLE ordermade_door LOGIN;
CREATE ROLE ordermade_projector LOGIN;
CREATE ROLE ordermade_reader LOGIN;
CREATE ROLE ordermade_analyst LOGIN;
ALTER ROLE ordermade_analyst SET default_transaction_read_only = on;
ALTER ROLE ordermade_analyst SET search_path = view;

-- What was accepted: events, and what is kept beside them.
CREATE SCHEMA store;
GRANT USAGE ON SCHEMA store TO ordermade_door, ordermade_projector, ordermade_reader;

-- One row: the deployment, fixed when it is created.
CREATE TABLE store.deployment (
    only_row boolean NOT NULL DEFAULT true,
    partitions integer NOT NULL,
    home text NOT NULL,  -- fingerprint of the secrets that it was created with
    PRIMARY KEY (only_row),
    CONSTRAINT deployment_only_row_check CHECK (only_row),
    CONSTRAINT deployment_partitions_check CHECK (((partitions >= 1) AND (partitions <= 1024)))
);
GRANT SELECT ON store.deployment TO ordermade_door, ordermade_projector, ordermade_reader;

-- The last number of each partition. An append locks the row until it commits, so numbers have no
-- gaps.
CREATE TABLE store.partition_head (
    partition integer NOT NULL,
    last bigint NOT NULL DEFAULT 0,
    -- recorded time of the last event; it never decreases
    last_time timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00'::timestamptz,
    incarnation integer NOT NULL DEFAULT 1,
    -- set while the log has more events than the store: appends fail until a restore
    closed_at bigint,
    PRIMARY KEY (partition),
    CONSTRAINT writes_refused CHECK ((last <= closed_at))
) WITH (fillfactor=10);
GRANT SELECT, UPDATE ON store.partition_head TO ordermade_door;
GRANT SELECT, UPDATE (closed_at) ON store.partition_head TO ordermade_projector;
GRANT SELECT ON store.partition_head TO ordermade_reader;

-- An owner of events: a customer, or a stream that belongs to no customer.
CREATE TABLE store.owner (
    owner text NOT NULL,
    partition integer NOT NULL,
    purposes text[] NOT NULL DEFAULT '{}'::text[],  -- what the customer consents to now
    -- wrapped by a master key that is not in the database; NULL if it was lost in a restore
    key bytea,
    master text,  -- name of that master key
    PRIMARY KEY (owner),
    FOREIGN KEY (partition) REFERENCES store.partition_head(partition)
);
GRANT INSERT, SELECT, UPDATE (purposes) ON store.owner TO ordermade_door;
GRANT SELECT ON store.owner TO ordermade_projector, ordermade_reader;

-- An external id of a customer.
CREATE TABLE store.alias (
    digest bytea NOT NULL,  -- HMAC of namespace:id
    owner text NOT NULL,
    sealed bytea NOT NULL,  -- namespace:id, under the customer's key
    PRIMARY KEY (digest),
    FOREIGN KEY (owner) REFERENCES store.owner(owner)
);
GRANT INSERT, SELECT ON store.alias TO ordermade_door;
GRANT SELECT ON store.alias TO ordermade_projector, ordermade_reader;

-- The owner of a stream, fixed by its first event. A fact is a stream of its own and has no row.
CREATE TABLE store.stream (
    stream text NOT NULL,
    owner text NOT NULL,
    PRIMARY KEY (stream),
    FOREIGN KEY (owner) REFERENCES store.owner(owner)
);
GRANT INSERT, SELECT ON store.stream TO ordermade_door;
GRANT SELECT ON store.stream TO ordermade_projector, ordermade_reader;

-- Every event once, numbered within its partition.
CREATE TABLE store.event (
    incarnation integer NOT NULL,
    partition integer NOT NULL,
    number bigint NOT NULL,
    owner text NOT NULL,
    stream text NOT NULL,  -- kind/id; of a fact the id of the event
    version integer NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL,
    time timestamptz NOT NULL,
    recorded timestamptz NOT NULL,
    digest bytea NOT NULL,  -- MAC that tells a repetition from other contents under the same id
    -- CloudEvents envelope, the same bytes that the log carries; personal values are sealed
    data bytea NOT NULL,
    PRIMARY KEY (partition, number),
    UNIQUE (id),
    UNIQUE (stream, version)
);
CREATE INDEX event_dropped ON store.event USING btree (partition, number) WHERE (type = 'view.event-dropped.v1'::text);
GRANT INSERT, SELECT ON store.event TO ordermade_door;
GRANT SELECT ON store.event TO ordermade_projector, ordermade_reader;

-- Reports on streams that are not open yet, until the stream opens or a person releases them.
CREATE TABLE store.held (
    id uuid NOT NULL,
    subject text NOT NULL,
    type text NOT NULL,
    received timestamptz NOT NULL,
    sealed bytea NOT NULL,  -- the message, under a key of the deployment
    PRIMARY KEY (id)
);
CREATE INDEX held_subject_idx ON store.held USING btree (subject);
GRANT DELETE, INSERT, SELECT ON store.held TO ordermade_door;
GRANT SELECT ON store.held TO ordermade_reader;

-- Refused messages of the inbox, until they are amended, accepted or dropped.
CREATE TABLE store.quarantine (
    id uuid NOT NULL,  -- MAC of the message
    partition integer NOT NULL,
    at_offset bigint NOT NULL,
    received timestamptz NOT NULL,
    reason text NOT NULL,  -- names fields, never a value
    sealed bytea NOT NULL,  -- the message, under a key of the deployment
    PRIMARY KEY (id)
);
GRANT DELETE, INSERT, SELECT, UPDATE (reason, sealed) ON store.quarantine TO ordermade_door;

-- Appends single facts, each a stream of its own; returns a row for each, or none where an owner is
-- locked or lacks consent, or an id exists.
CREATE FUNCTION store.append_facts(in_now timestamptz, in_owners text[], in_partitions integer[], in_needs text[], in_ids uuid[], in_types text[], in_times timestamptz[], in_digests bytea[], in_envelopes bytea[])
 RETURNS TABLE(fact uuid, made integer, given bigint, at timestamptz)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
AS $function$
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
END $function$;

-- Members of consumer groups, and the partitions that they hold.
CREATE SCHEMA consumer;
GRANT USAGE ON SCHEMA consumer TO ordermade_projector, ordermade_reader;

-- Members of consumer groups, with the end of their session.
CREATE TABLE consumer.member (
    consumer_group text NOT NULL,
    member text NOT NULL,
    expires timestamptz NOT NULL,
    PRIMARY KEY (consumer_group, member)
);
GRANT DELETE, INSERT, SELECT, UPDATE ON consumer.member TO ordermade_projector;
GRANT SELECT ON consumer.member TO ordermade_reader;

-- The member that holds each partition of a group.
CREATE TABLE consumer.lease (
    consumer_group text NOT NULL,
    partition integer NOT NULL,
    member text,
    -- increases with each new holder; a write under an older epoch is refused
    epoch bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (consumer_group, partition)
);
GRANT DELETE, INSERT, SELECT, UPDATE ON consumer.lease TO ordermade_projector;
GRANT SELECT ON consumer.lease TO ordermade_reader;

-- The last number of each partition that Kafka has acknowledged to a relay.
CREATE TABLE consumer.relayed (
    partition integer NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (partition)
);
GRANT INSERT, SELECT, UPDATE ON consumer.relayed TO ordermade_projector;
GRANT SELECT ON consumer.relayed TO ordermade_reader;

-- Ends a member's session and releases its partitions.
CREATE FUNCTION consumer.leave(in_group text, me text)
 RETURNS void
 LANGUAGE sql
AS $function$
    UPDATE consumer.lease SET member = NULL WHERE consumer_group = in_group AND member = me;
    DELETE FROM consumer.member WHERE consumer_group = in_group AND member = me;
$function$;

-- Renews a member's session, adjusts its share of the partitions, and returns what it holds.
CREATE FUNCTION consumer.poll(in_group text, me text, session interval)
 RETURNS TABLE(held integer, held_epoch bigint)
 LANGUAGE plpgsql
AS $function$
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
END $function$;

-- Rows of views, one table for each (created by the projector), and their positions.
CREATE SCHEMA projection AUTHORIZATION ordermade_projector;
GRANT USAGE ON SCHEMA projection TO ordermade_reader;

-- The number of the last event that a group's rows of a partition contain.
CREATE TABLE projection.checkpoint (
    consumer_group text NOT NULL,
    partition integer NOT NULL,
    number bigint NOT NULL,
    stopped text,  -- why the partition is not read any further: a fold fails for too many keys
    PRIMARY KEY (consumer_group, partition)
);
GRANT DELETE, INSERT, SELECT, UPDATE ON projection.checkpoint TO ordermade_projector;
GRANT SELECT ON projection.checkpoint TO ordermade_reader;

-- Events that a projection could not fold, and the later events of their keys.
CREATE TABLE projection.parked (
    consumer_group text,
    partition integer,
    number bigint,
    key text,  -- NULL: all keys of the owner
    owner text NOT NULL,
    reason text NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (consumer_group, partition, number, key)
);
GRANT DELETE, INSERT, SELECT, UPDATE ON projection.parked TO ordermade_projector;
GRANT SELECT ON projection.parked TO ordermade_reader;

-- The group whose table each view shows, and how often it was built.
CREATE TABLE projection.live (
    view text NOT NULL,
    consumer_group text NOT NULL,
    build integer NOT NULL,
    PRIMARY KEY (view)
);
GRANT DELETE, INSERT, SELECT, UPDATE ON projection.live TO ordermade_projector;
GRANT SELECT ON projection.live TO ordermade_reader;

-- Advances a position; fails where the epoch of the lease or the position has changed.
CREATE FUNCTION projection.advance(in_group text, in_partition integer, in_epoch bigint, seen bigint, upto bigint)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM FROM consumer.lease
        WHERE consumer_group = in_group AND partition = in_partition AND epoch = in_epoch
        FOR SHARE;
    IF FOUND THEN
        INSERT INTO projection.checkpoint AS c VALUES (in_group, in_partition, upto)
            ON CONFLICT (consumer_group, partition) DO UPDATE SET number = upto, stopped = NULL
            WHERE c.number = seen;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'fenced' USING ERRCODE = 'OM001';
    END IF;
END $function$;

-- Fails for a snapshot from before the rebuild that made the view's table.
CREATE FUNCTION projection.visible(in_view text, in_build integer)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
BEGIN
    PERFORM FROM projection.live l WHERE l.view = in_view AND l.build = in_build;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'view.% was rebuilt since this transaction began: begin another', in_view;
    END IF;
    RETURN true;
END $function$;

-- Views for analysts: customers who consent to analyse, without personal columns.
CREATE SCHEMA view AUTHORIZATION ordermade_projector;
GRANT USAGE ON SCHEMA view TO ordermade_reader, ordermade_analyst;
