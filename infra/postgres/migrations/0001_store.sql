-- The store: every event once, in the order of its partition. See docs/adr/0002-position.md.
CREATE SCHEMA store;

-- One row: what this deployment is, fixed when it was made.
CREATE TABLE store.deployment (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    partitions  int NOT NULL CHECK (partitions BETWEEN 1 AND 1024),
    incarnation int NOT NULL CHECK (incarnation >= 1),
    home        text NOT NULL  -- which secrets it was made with; not a secret itself
);

-- The last number given in each partition. Its row lock, held until commit, is why numbers have
-- no gaps and stand in commit order. The recorded time never runs backwards.
CREATE TABLE store.partition_head (
    partition int PRIMARY KEY,
    last      bigint NOT NULL DEFAULT 0,
    last_time timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00'
) WITH (fillfactor = 10);

-- Whoever events belong to: a customer, or a stream that has none. The key is wrapped by a master
-- key that is never in here; the purposes are what the customer consents to now.
CREATE TABLE store.owner (
    owner     text PRIMARY KEY,
    partition int NOT NULL REFERENCES store.partition_head,
    purposes  text[] NOT NULL DEFAULT '{}',
    key       bytea NOT NULL,
    master    text NOT NULL
);

-- An external id, as an HMAC and sealed under its customer's key.
CREATE TABLE store.alias (
    digest bytea PRIMARY KEY,
    owner  text NOT NULL REFERENCES store.owner,
    sealed bytea NOT NULL
);

-- The owner of a named stream, fixed by its first event. A fact is a stream of its own and has none.
CREATE TABLE store.stream (
    stream text PRIMARY KEY,
    owner  text NOT NULL REFERENCES store.owner
);

CREATE TABLE store.event (
    incarnation int NOT NULL,
    partition   int NOT NULL,
    number      bigint NOT NULL,
    owner       text NOT NULL,
    stream      text NOT NULL,
    version     int NOT NULL,
    id          uuid NOT NULL,
    type        text NOT NULL,
    time        timestamptz NOT NULL,
    recorded    timestamptz NOT NULL,
    digest      bytea NOT NULL,  -- a MAC of what was said, to tell a repetition from another event
    data        bytea NOT NULL,  -- the CloudEvents envelope, byte for byte what the log carries
    PRIMARY KEY (partition, number),
    UNIQUE (stream, version),
    UNIQUE (id)
);
ALTER TABLE store.event ALTER COLUMN data SET STORAGE EXTERNAL;
