"""The log in Kafka: into it, out of it, and how long a member's death is felt."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from uuid import uuid4

from kafka import KafkaProducer

from consumers.movers.projector import Projector
from consumers.movers.relay import GROUP, Relay
from consumers.ports.log import Log
from domain.personal import Plain
from infra.kafka import records
from infra.kafka.cluster import Cluster, provision
from infra.kafka.log import KafkaLog
from infra.kafka.writer import KafkaLogWriter
from infra.postgres.store.envelopes import PostgresEnvelopes
from infra.postgres.store.log import PostgresLog, PostgresSubscription
from projections import discover
from projections.view import Projection, Row
from tests.benchmarks import quix
from tests.benchmarks.harness import Bench, Figure, in_turn
from tests.benchmarks.visible import waits_with
from tests.waiting import until

EVENTS, MORE, SESSION_S = 60_000, 150_000, 3.0
PROFILE = discover()["profile"]


class Count(Row, frozen=True):
    events: Plain[int]


COUNTS = Projection(
    "bench_counts",
    version=1,
    row=Count,
    keys=lambda event: [f"{event.owner} {event.event.type}"],
    evolve=lambda row, _: Count(events=row.events + 1 if row else 1),
    answers="How many events of each type has an owner?",
)


def _filled(bench: Bench, events: int = EVENTS) -> None:
    facts = bench.facts(7)
    while sum(bench.deployment.log.heads().values()) < events:
        bench.deployment.store.append([next(facts) for _ in range(500)])


def _topics(bench: Bench) -> Cluster:
    cluster = Cluster(
        bench.broker.address, bench.deployment.settings.partitions, f"bench-{uuid4().hex}"
    )
    provision(cluster)
    return cluster


def _relayed(bench: Bench, cluster: Cluster) -> float:
    """Copies the store; events a second."""
    pool = bench.deployment.projector_pool
    writer = KafkaLogWriter(cluster)
    members = PostgresSubscription(pool, GROUP, "bench", timedelta(seconds=10))
    with closing(writer), closing(Relay(PostgresEnvelopes(pool), writer, members)) as one:
        began = time.perf_counter()
        events = one.drain()
        return events / (time.perf_counter() - began)


def relay(bench: Bench) -> Figure:
    _filled(bench)
    envelopes = PostgresEnvelopes(bench.deployment.projector_pool)
    heads = envelopes.heads().items()
    stored = [(p, event) for p, head in heads for event in envelopes.read(p, 0, head)]

    def peer() -> float:
        """The same records from memory, with the settings that facts.md recommends."""
        cluster = _topics(bench)
        producer = KafkaProducer(
            **cluster.connection(), acks="all", enable_idempotence=True, compression_type="lz4",
            linger_ms=5, batch_size=256 << 10, metrics_enabled=False,
        )  # fmt: skip
        sent = []
        began = time.perf_counter()
        for partition, event in stored:
            place = cluster.topic_partition(partition)
            made = records.record_fields(event, b"")
            sent.append(producer.send(place.topic, partition=place.partition, **made))
        producer.flush()
        for future in sent:
            future.get(30)
        took = time.perf_counter() - began
        producer.close()
        return len(stored) / took

    mine, bare = in_turn(lambda: _relayed(bench, _topics(bench)), peer, rounds=3)
    return Figure("relay", mine, bare, "events/s", at_least=0.7)


def kafka_project(bench: Bench) -> Figure:
    _filled(bench)
    cluster = _topics(bench)
    _relayed(bench, cluster)
    deployment = bench.deployment
    pool, keys = deployment.projector_pool, deployment.owners(deployment.projector_pool).keys

    def projected(log: Log) -> float:
        bench.admin.execute(
            "TRUNCATE projection.profile_v2; DELETE FROM projection.checkpoint; "
            "DELETE FROM projection.parked"
        )
        with closing(Projector(PROFILE, log, deployment.writable_views, "bench")) as projector:
            began = time.perf_counter()
            events = projector.drain()
            return events / (time.perf_counter() - began)

    def ours() -> float:
        with closing(KafkaLog(cluster, pool, keys)) as log:
            return projected(log)

    mine, embedded = in_turn(ours, lambda: projected(PostgresLog(pool, keys)), rounds=3)
    return Figure("kafka-project", mine, embedded, "events/s", at_least=0.6)


def kafka_quix(bench: Bench) -> Figure:
    """Counts by owner and type: ours with its position in PostgreSQL, Quix's in its own state."""
    _filled(bench, MORE)
    cluster = _topics(bench)
    _relayed(bench, cluster)
    pool, keys = (
        bench.deployment.projector_pool,
        bench.deployment.owners(bench.deployment.projector_pool).keys,
    )
    python = quix.python()

    def ours() -> float:
        with (
            closing(KafkaLog(cluster, pool, keys)) as log,
            closing(Projector(COUNTS, log, bench.deployment.writable_views, "bench")) as projector,
        ):
            began = time.perf_counter()
            events = projector.drain()
            took = time.perf_counter() - began
        [(counted,)] = bench.admin.execute("SELECT sum(events) FROM projection.bench_counts_v1")
        assert counted == events
        _forget(bench)
        return events / took

    def peer() -> float:
        log = cluster.topic_partition(0).topic
        events = sum(
            n
            for p, n in bench.deployment.log.heads().items()
            if cluster.topic_partition(p).topic == log
        )
        return events / quix.seconds(python, cluster.address, log, events)

    mine, theirs = in_turn(ours, peer, rounds=3)
    return Figure("kafka-quix", mine, theirs, "events/s", at_least=0.8)


def _forget(bench: Bench) -> None:
    """A view that this release does not have would be in the way of who looks at all of them."""
    bench.admin.execute(
        "DROP VIEW view.bench_counts; DROP TABLE projection.bench_counts_v1; "
        "DELETE FROM projection.live WHERE view = 'bench_counts'; "
        "DELETE FROM projection.checkpoint WHERE consumer_group = 'bench_counts_v1'; "
        "DELETE FROM consumer.lease WHERE consumer_group = 'bench_counts_v1'"
    )


def kafka_visible(bench: Bench) -> list[Figure]:
    cluster = _topics(bench)
    through = waits_with(
        bench, "relay", "project",
        ORDERMADE_KAFKA=cluster.address, ORDERMADE_KAFKA_TOPICS=cluster.topics,
    )  # fmt: skip
    embedded = waits_with(bench, "project")
    return [
        Figure(
            f"kafka-visible-{name}",
            *(statistics.quantiles(waits, n=100)[k - 1] for waits in (through, embedded)),
            "ms",
        )
        for name, k in (("p50", 50), ("p99", 99))
    ]


def handover(bench: Bench) -> Figure:
    """From kill -9 of one of two members to the other holding everything; three times."""
    cluster = _topics(bench)
    environment = {
        "ORDERMADE_HOME": str(bench.home), "PATH": "", "ORDERMADE_SESSION_S": str(SESSION_S),
        "ORDERMADE_KAFKA": cluster.address, "ORDERMADE_KAFKA_TOPICS": cluster.topics,
    }  # fmt: skip

    def member() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "infra", "project"], env=environment)

    def holders() -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for lag in bench.deployment.progress.lags(bench.deployment.views.live().values()):
            if lag.member:
                found.setdefault(lag.group, set()).add(lag.member)
        return found

    def until_held_by(count: int) -> None:
        views = len(bench.deployment.views.live())
        until(lambda: [len(m) for m in holders().values()] == [count] * views)

    _relayed(bench, cluster)
    members = [member(), member()]
    took = []
    try:
        for _ in range(3):
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
    return Figure("handover", statistics.median(took), SESSION_S, "s")
