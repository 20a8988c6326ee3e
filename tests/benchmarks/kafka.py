"""The log in Kafka: writing it, reading it, and the handover from a member that was killed."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from uuid import uuid4

from kafka import KafkaProducer

from consumers.movers.projector import Projector
from consumers.movers.relay import GROUP, Relay
from consumers.ports.log import Log
from domain.event import Data
from domain.personal import Plain
from infra.kafka import records
from infra.kafka.cluster import Cluster, provision
from infra.kafka.log import KafkaLog
from infra.kafka.writer import KafkaLogWriter
from infra.postgres.store.envelopes import PostgresEnvelopes
from infra.postgres.store.leases import PostgresSubscription
from infra.postgres.store.log import PostgresLog
from projections import discover
from projections.view import AnyEvent, Projection, Row
from tests.benchmarks import quix
from tests.benchmarks.harness import Bench, in_turn
from tests.benchmarks.results import Figure, at_least
from tests.benchmarks.visible import percentiles, waits_ms
from tests.waiting import until

EVENTS, MORE, SESSION_S = 60_000, 150_000, 3.0
KILLS = 3
PROFILE = discover()["profile"]


class Count(Row, frozen=True):
    events: Plain[int]


COUNTS = Projection("bench_counts", 1, Count, answers="How many events of each type has an owner?")


@COUNTS.on(Data, key=lambda event: f"{event.owner} {event.event.type}")
def count(row: Count | None, _: AnyEvent) -> Count:
    return Count(events=row.events + 1 if row else 1)


def _topics(bench: Bench) -> Cluster:
    """Creates empty topics for the log."""
    cluster = Cluster(
        bench.broker.address, bench.deployment.settings.partitions, f"bench-{uuid4().hex}"
    )
    provision(cluster)
    return cluster


def _relayed(bench: Bench, cluster: Cluster) -> float:
    """Copies the whole store into the topics; events a second."""
    pool = bench.deployment.projector_pool
    writer = KafkaLogWriter(cluster)
    members = PostgresSubscription(pool, GROUP, "bench", timedelta(seconds=10))
    with closing(writer), closing(Relay(PostgresEnvelopes(pool), writer, members)) as copier:
        began = time.perf_counter()
        events = copier.drain()
        return events / (time.perf_counter() - began)


def relay(bench: Bench) -> Iterator[Figure]:
    """The store into Kafka, against kafka-python alone with the same records from memory."""
    bench.fill(EVENTS)
    envelopes = PostgresEnvelopes(bench.deployment.projector_pool)
    heads = envelopes.heads().items()
    stored = [(p, event) for p, head in heads for event in envelopes.read(p, 0, head)]

    def produced() -> float:
        cluster = _topics(bench)
        producer = KafkaProducer(
            **cluster.connection(), acks="all", enable_idempotence=True, compression_type="lz4",
            linger_ms=5, batch_size=256 << 10, metrics_enabled=False,
        )  # fmt: skip
        futures = []
        began = time.perf_counter()
        for partition, event in stored:
            place = cluster.topic_partition(partition)
            fields = records.record_fields(event, b"")
            futures.append(producer.send(place.topic, partition=place.partition, **fields))
        producer.flush()
        for future in futures:
            future.get(30)
        took = time.perf_counter() - began
        producer.close()
        return len(stored) / took

    ours, peer = in_turn(lambda: _relayed(bench, _topics(bench)), produced, rounds=3)
    yield Figure("relay", ours, peer, "events/s", at_least(0.7))


def kafka_project(bench: Bench) -> Iterator[Figure]:
    """From Kafka into the view `profile`, against the same from the store's table."""
    bench.fill(EVENTS)
    cluster = _topics(bench)
    _relayed(bench, cluster)
    pool = bench.deployment.projector_pool
    keys = bench.deployment.owners(pool).keys

    def projected(log: Log) -> float:
        bench.forget_profile()
        with closing(
            Projector(PROFILE, log, bench.deployment.writable_views, "bench")
        ) as projector:
            began = time.perf_counter()
            events = projector.drain()
            return events / (time.perf_counter() - began)

    def from_kafka() -> float:
        with closing(KafkaLog(cluster, pool, keys)) as log:
            return projected(log)

    ours, peer = in_turn(from_kafka, lambda: projected(PostgresLog(pool, keys)), rounds=3)
    yield Figure("kafka-project", ours, peer, "events/s", at_least(0.6))


def kafka_quix(bench: Bench) -> Iterator[Figure]:
    """Counts by owner and type, exactly once, against Quix Streams.

    Ours keeps its counts and its position in PostgreSQL, Quix in a state of its own.
    """
    bench.fill(MORE)
    cluster = _topics(bench)
    _relayed(bench, cluster)
    pool = bench.deployment.projector_pool
    keys = bench.deployment.owners(pool).keys
    python = quix.python()

    def counted() -> float:
        with (
            closing(KafkaLog(cluster, pool, keys)) as log,
            closing(Projector(COUNTS, log, bench.deployment.writable_views, "bench")) as projector,
        ):
            began = time.perf_counter()
            events = projector.drain()
            took = time.perf_counter() - began
        [(total,)] = bench.admin.execute("SELECT sum(events) FROM projection.bench_counts_v1")
        assert total == events
        _drop_counts(bench)
        return events / took

    def counted_by_quix() -> float:
        topic = cluster.topic_partition(0).topic
        heads = bench.deployment.log.heads().items()
        events = sum(head for p, head in heads if cluster.topic_partition(p).topic == topic)
        return events / quix.seconds(python, cluster.address, topic, events)

    ours, peer = in_turn(counted, counted_by_quix, rounds=3)
    yield Figure("kafka-quix", ours, peer, "events/s", at_least(0.8))


def _drop_counts(bench: Bench) -> None:
    """Removes the view `bench_counts`: what lists all live views looks for it in this release."""
    bench.admin.execute(
        "DROP VIEW view.bench_counts; DROP TABLE projection.bench_counts_v1; "
        "DELETE FROM projection.live WHERE view = 'bench_counts'; "
        "DELETE FROM projection.checkpoint WHERE consumer_group = 'bench_counts_v1'; "
        "DELETE FROM consumer.lease WHERE consumer_group = 'bench_counts_v1'"
    )


def kafka_visible(bench: Bench) -> Iterator[Figure]:
    """`visible` through Kafka, against `visible` without."""
    cluster = _topics(bench)
    _relayed(bench, cluster)  # a projector that has seen more than the log has would stop
    through = waits_ms(
        bench, "relay", "project",
        ORDERMADE_KAFKA=cluster.address, ORDERMADE_KAFKA_TOPICS=cluster.topics,
    )  # fmt: skip
    yield from percentiles("kafka-visible", through, waits_ms(bench, "project"), (30, 80))


def handover(bench: Bench) -> Iterator[Figure]:
    """From kill -9 of one of two members until the other holds everything, against the session."""
    cluster = _topics(bench)
    environment = {
        "ORDERMADE_HOME": str(bench.home), "PATH": "", "ORDERMADE_SESSION_S": str(SESSION_S),
        "ORDERMADE_KAFKA": cluster.address, "ORDERMADE_KAFKA_TOPICS": cluster.topics,
    }  # fmt: skip

    def member() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "infra", "project"], env=environment)

    def holders() -> dict[str, set[str]]:
        members: dict[str, set[str]] = {}
        for lag in bench.deployment.progress.lags(bench.deployment.views.live().values()):
            if lag.member:
                members.setdefault(lag.group, set()).add(lag.member)
        return members

    def until_held_by(count: int) -> None:
        views = len(bench.deployment.views.live())
        until(lambda: [len(m) for m in holders().values()] == [count] * views)

    _relayed(bench, cluster)
    members = [member(), member()]
    took = []
    try:
        for _ in range(KILLS):
            until_held_by(2)
            members[0].kill()
            members.pop(0).wait()
            began = time.perf_counter()
            until_held_by(1)
            took.append(time.perf_counter() - began)
            members.append(member())
    finally:
        for process in members:
            process.terminate()
            process.wait()
    yield Figure("handover", statistics.median(took), SESSION_S, "s")
