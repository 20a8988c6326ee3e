-- The store: every event once, numbered within its partition. See docs/adr/0002-position.md.
CREATE SCHEMA store;

-- One row: the deployment, fixed when it is created.
CREATE TABLE store.deployment (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    partitions  int NOT NULL CHECK (partitions BETWEEN 1 AND 1024),
    incarnation int NOT NULL CHECK (incarnation >= 1),
    home        text NOT NULL  -- fingerprint of the secrets that it was created with
);

-- The last number of each partition. An append locks the row until it commits, so numbers have no
-- gaps and follow the order of commits. Recorded times never decrease within a partition.
CREATE TABLE store.partition_head (
    partition int PRIMARY KEY,
    last      bigint NOT NULL DEFAULT 0,
    last_time timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00'
) WITH (fillfactor = 10);

-- An owner of events: a customer, or a stream that belongs to no customer. The key is wrapped by a
-- master key that is not in the database. The purposes are those that the customer consents to now.
CREATE TABLE store.owner (
    owner     text PRIMARY KEY,
    partition int NOT NULL REFERENCES store.partition_head,
    purposes  text[] NOT NULL DEFAULT '{}',
    key       bytea NOT NULL,
    master    text NOT NULL
);

-- An external id of a customer: its HMAC, and the id itself, sealed under the customer's key.
CREATE TABLE store.alias (
    digest bytea PRIMARY KEY,
    owner  text NOT NULL REFERENCES store.owner,
    sealed bytea NOT NULL
);

-- The owner of a stream, fixed by its first event. A fact is a stream of its own and has no row here.
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
    digest      bytea NOT NULL,  -- a MAC that tells a repetition from other contents under the same id
    data        bytea NOT NULL,  -- the CloudEvents envelope, the same bytes that the log carries
    PRIMARY KEY (partition, number),
    UNIQUE (stream, version),
    UNIQUE (id)
);
ALTER TABLE store.event ALTER COLUMN data SET STORAGE EXTERNAL;
