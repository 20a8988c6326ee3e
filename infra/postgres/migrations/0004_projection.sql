-- Views: a table for each projection's rows, created by the projector, with positions and parked
-- events. The schema `view` has what analysts may see of them.
CREATE SCHEMA projection;
CREATE SCHEMA view;

CREATE TABLE projection.checkpoint (
    consumer_group text,
    partition      int,
    number         bigint NOT NULL,
    stopped        text,  -- why the partition is not read any further: a fold fails for too many keys
    PRIMARY KEY (consumer_group, partition)
);

CREATE TABLE projection.parked (
    consumer_group text,
    partition      int,
    number         bigint,
    key            text,
    owner          text NOT NULL,
    reason         text NOT NULL,
    parked_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (consumer_group, partition, number, key)
);

-- Advances a position. Fails where the epoch of the lease or the position has changed.
CREATE FUNCTION projection.advance(
    in_group text, in_partition int, in_epoch bigint, seen bigint, upto bigint
) RETURNS void LANGUAGE plpgsql AS $$
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
END $$;

ALTER SCHEMA projection OWNER TO ordermade_projector;
ALTER SCHEMA view OWNER TO ordermade_projector;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA projection TO ordermade_projector;
GRANT USAGE ON SCHEMA projection TO ordermade_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA projection TO ordermade_reader;
GRANT USAGE ON SCHEMA view TO ordermade_analyst, ordermade_reader;

ALTER ROLE ordermade_analyst SET default_transaction_read_only = on;
ALTER ROLE ordermade_analyst SET search_path = view;
