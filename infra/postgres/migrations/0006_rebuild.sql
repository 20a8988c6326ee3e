-- The group whose table each view shows, and how often it was built.
CREATE TABLE projection.live (
    view           text PRIMARY KEY,
    consumer_group text NOT NULL,
    build          int NOT NULL
);
INSERT INTO projection.live
    SELECT v.viewname, t.tablename, 1 FROM pg_views v JOIN pg_tables t
    ON t.schemaname = 'projection' AND t.tablename = v.viewname || '_v1'
    WHERE v.schemaname = 'view';
GRANT SELECT, INSERT, UPDATE, DELETE ON projection.live TO ordermade_projector;
GRANT SELECT ON projection.live TO ordermade_reader;

-- Fails for a snapshot that is older than the switch: it would see the new table half filled.
CREATE FUNCTION projection.visible(in_view text, in_build int) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    PERFORM FROM projection.live l WHERE l.view = in_view AND l.build = in_build;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'view.% was rebuilt since this transaction began: begin another', in_view;
    END IF;
    RETURN true;
END $$;

-- A rebuild reads the drops of all partitions before it folds.
CREATE INDEX event_dropped ON store.event (partition, number)
    WHERE type = 'view.event-dropped.v1';
