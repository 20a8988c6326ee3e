"""Logs under test, and what keeps each of them up with the store."""

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
    """The store's table, which is the log."""

    log: PostgresLog
    url: str

    def follow(self):
        """The log has some more of what the store has."""

    def catch_up(self):
        """The log has everything that the store has."""

    def double(self):
        """The log has what it has twice, if it can."""

    def lose(self, number):
        """An event of that number is missing from the log."""
        with psycopg.connect(self.url) as admin:
            admin.execute("DELETE FROM store.event WHERE number = %s", [number])


@dataclass
class InKafka:
    """Topics of its own, and a relay that runs when it is told to."""

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
        with suppress(WriteUnconfirmed):  # the writer sees that something is missing before it
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
