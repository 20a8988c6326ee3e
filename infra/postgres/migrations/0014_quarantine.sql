-- Messages of the intake that were refused, whole, sealed under the deployment's own key. The id is a
-- MAC of the message, so one that comes again is here once. The reason names fields and no values.
CREATE TABLE store.quarantine (
    id        uuid PRIMARY KEY,
    partition int NOT NULL,  -- of the intake's topic, where it was met first
    at_offset bigint NOT NULL,
    received  timestamptz NOT NULL,
    reason    text NOT NULL,
    sealed    bytea NOT NULL
);

GRANT SELECT, INSERT, DELETE, UPDATE (reason, sealed) ON store.quarantine TO ordermade_door;
