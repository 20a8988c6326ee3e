-- Comments of tables and columns, for those who look at the database with psql. docs/schema.sql,
-- which is generated from the migrations, has them too.
COMMENT ON SCHEMA store IS 'What was accepted: events, and what is kept beside them.';
COMMENT ON SCHEMA consumer IS 'Members of consumer groups, and the partitions that they hold.';
COMMENT ON SCHEMA projection IS
    'Rows of views, one table for each (created by the projector), and their positions.';
COMMENT ON SCHEMA view IS
    'Views for analysts: customers who consent to analyse, without personal columns.';

COMMENT ON TABLE store.deployment IS 'One row: the deployment, fixed when it is created.';
COMMENT ON COLUMN store.deployment.home IS 'fingerprint of the secrets that it was created with';

COMMENT ON TABLE store.partition_head IS
    'The last number of each partition. An append locks the row until it commits, so numbers have no gaps.';
COMMENT ON COLUMN store.partition_head.last_time IS
    'recorded time of the last event; it never decreases';
COMMENT ON COLUMN store.partition_head.closed_at IS
    'set while the log has more events than the store: appends fail until a restore';

COMMENT ON TABLE store.owner IS
    'An owner of events: a customer, or a stream that belongs to no customer.';
COMMENT ON COLUMN store.owner.purposes IS 'what the customer consents to now';
COMMENT ON COLUMN store.owner.key IS
    'wrapped by a master key that is not in the database; NULL if it was lost in a restore';
COMMENT ON COLUMN store.owner.master IS 'name of that master key';

COMMENT ON TABLE store.alias IS 'An external id of a customer.';
COMMENT ON COLUMN store.alias.digest IS 'HMAC of namespace:id';
COMMENT ON COLUMN store.alias.sealed IS 'namespace:id, under the customer''s key';

COMMENT ON TABLE store.stream IS
    'The owner of a stream, fixed by its first event. A fact is a stream of its own and has no row.';

COMMENT ON TABLE store.event IS 'Every event once, numbered within its partition.';
COMMENT ON COLUMN store.event.stream IS 'kind/id; of a fact the id of the event';
COMMENT ON COLUMN store.event.digest IS
    'MAC that tells a repetition from other contents under the same id';
COMMENT ON COLUMN store.event.data IS
    'CloudEvents envelope, the same bytes that the log carries; personal values are sealed';

COMMENT ON TABLE store.held IS
    'Reports on streams that are not open yet, until the stream opens or a person releases them.';
COMMENT ON COLUMN store.held.sealed IS 'the message, under a key of the deployment';

COMMENT ON TABLE store.quarantine IS
    'Refused messages of the inbox, until they are amended, accepted or dropped.';
COMMENT ON COLUMN store.quarantine.id IS 'MAC of the message';
COMMENT ON COLUMN store.quarantine.reason IS 'names fields, never a value';
COMMENT ON COLUMN store.quarantine.sealed IS 'the message, under a key of the deployment';

COMMENT ON TABLE consumer.member IS 'Members of consumer groups, with the end of their session.';
COMMENT ON TABLE consumer.lease IS 'The member that holds each partition of a group.';
COMMENT ON COLUMN consumer.lease.epoch IS
    'increases with each new holder; a write under an older epoch is refused';
COMMENT ON TABLE consumer.relayed IS
    'The last number of each partition that Kafka has acknowledged to a relay.';

COMMENT ON TABLE projection.checkpoint IS
    'The number of the last event that a group''s rows of a partition contain.';
COMMENT ON COLUMN projection.checkpoint.stopped IS
    'why the partition is not read any further: a fold fails for too many keys';
COMMENT ON TABLE projection.parked IS
    'Events that a projection could not fold, and the later events of their keys.';
COMMENT ON COLUMN projection.parked.key IS 'NULL: all keys of the owner';
COMMENT ON TABLE projection.live IS 'The group whose table each view shows, and how often it was built.';

COMMENT ON FUNCTION store.append_facts IS
    'Appends single facts, each a stream of its own; returns a row for each, or none where an owner is locked or lacks consent, or an id exists.';
COMMENT ON FUNCTION consumer.poll IS
    'Renews a member''s session, adjusts its share of the partitions, and returns what it holds.';
COMMENT ON FUNCTION consumer.leave IS 'Ends a member''s session and releases its partitions.';
COMMENT ON FUNCTION projection.advance IS
    'Advances a position; fails where the epoch of the lease or the position has changed.';
COMMENT ON FUNCTION projection.visible IS
    'Fails for a snapshot from before the rebuild that made the view''s table.';
