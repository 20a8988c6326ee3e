-- Held reports, on streams that are not open yet. They are sealed under a key of the deployment until
-- the stream opens or a person releases them; a released report is appended first, then deleted here.
CREATE TABLE store.held (
    id       uuid PRIMARY KEY,
    subject  text NOT NULL,
    type     text NOT NULL,
    received timestamptz NOT NULL,
    sealed   bytea NOT NULL
);
CREATE INDEX ON store.held (subject);

GRANT SELECT, INSERT, DELETE ON store.held TO ordermade_door;
GRANT SELECT ON store.held TO ordermade_reader;
