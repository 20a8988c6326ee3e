-- Refused messages of the inbox, whole, sealed under a key of the deployment. The id is a MAC of the
-- message, so a message that is sent again has one row. The reason names fields, never a value.
CREATE TABLE store.quarantine (
    id        uuid PRIMARY KEY,
    partition int NOT NULL,  -- of the inbox's topic, where the message was received first
    at_offset bigint NOT NULL,
    received  timestamptz NOT NULL,
    reason    text NOT NULL,
    sealed    bytea NOT NULL
);

GRANT SELECT, INSERT, DELETE, UPDATE (reason, sealed) ON store.quarantine TO ordermade_door;
