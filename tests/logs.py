"""The two logs for tests of the port `Log`, each with control over what it holds."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import psycopg

from consumers.movers.relay import GROUP, Relay
from consumers.ports.log import WriteUnconfirmed
from infra.kafka.cluster import Cluster
from infra.kafka.log import KafkaLog
from infra.kafka.writer import KafkaLogWriter
from infra.postgres.store.envelopes import PostgresEnvelopes
from infra.postgres.store.leases import PostgresSubscription
from infra.postgres.store.log import PostgresLog

SESSION = timedelta(seconds=0.5)


@dataclass
class InPostgres:
    """The store's own table as the log; it always has what the store has."""

    log: PostgresLog
    url: str

    def follow(self):
        """Copies some events from the store to the log."""

    def catch_up(self):
        """Copies everything from the store to the log."""

    def double(self):
        """Writes every event into the log a second time, where the log allows it."""

    def lose(self, number):
        """Removes the events of that number from the log."""
        with psycopg.connect(self.url) as admin:
            admin.execute("DELETE FROM store.event WHERE number = %s", [number])


@dataclass
class InKafka:
    """Topics as the log, and a relay that runs only when a test calls it."""

    log: KafkaLog
    cluster: Cluster
    relay: Relay
    envelopes: PostgresEnvelopes
    writer: KafkaLogWriter

    def follow(self):
        self.relay.step()

    def catch_up(self):
        while self.envelopes.heads() != self.log.heads():
            self.relay.drain()

    def double(self):
        heads = self.envelopes.heads()
        self.writer.write({p: [(e, b"") for e in self.envelopes.read(p, 0, 100)] for p in heads})

    def lose(self, number):
        with suppress(WriteUnconfirmed):  # the writer sees the gap
            self.writer.write(
                {
                    p: [(e, b"") for e in self.envelopes.read(p, 0, 100) if e.number != number]
                    for p in self.envelopes.heads()
                }
            )


@contextmanager
def in_kafka(cluster, pool, keys):
    envelopes, writer = PostgresEnvelopes(pool), KafkaLogWriter(cluster, delivery_s=3.0)
    relay = Relay(envelopes, writer, PostgresSubscription(pool, GROUP, "relay", SESSION))
    log = KafkaLog(cluster, pool, keys, SESSION)
    try:
        yield InKafka(log, cluster, relay, envelopes, writer)
    finally:
        log.close()
        relay.close()
        writer.close()
