-- Each kind of process logs in as a role with the rights that its work needs, and no others.
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['door', 'projector', 'reader', 'analyst'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ordermade_' || name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', 'ordermade_' || name);
        END IF;
    END LOOP;
END $$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;

GRANT USAGE ON SCHEMA store TO ordermade_door, ordermade_projector, ordermade_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA store
    TO ordermade_door, ordermade_projector, ordermade_reader;
GRANT INSERT ON store.owner, store.alias, store.stream, store.event TO ordermade_door;
GRANT UPDATE ON store.partition_head TO ordermade_door;
-- A row lock needs UPDATE on some column. The purposes are the column that a door may change.
GRANT UPDATE (purposes) ON store.owner TO ordermade_door;
