-- Reports on streams that nobody opened: sealed under the deployment's own key, until the stream
-- opens or a person releases them. What is released is appended first and deleted here after.
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
