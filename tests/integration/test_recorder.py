"""Our recorder passes the conformance tests of the library `eventsourcing`."""

import pytest
from eventsourcing.tests.persistence import AggregateRecorderTestCase

from infra.postgres.store.recorder import PostgresRecorder


class TestPostgresRecorder(AggregateRecorderTestCase):
    @pytest.fixture(autouse=True)
    def _recorder(self, door, store, owners):
        self.recorder = PostgresRecorder(door, store, owners)

    def create_recorder(self):
        return self.recorder


del AggregateRecorderTestCase
