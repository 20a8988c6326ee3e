"""What befalls a deployment whose log is Kafka, told as in `on_both`."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

from infra.kafka.cluster import Cluster
from tests.faults.deployment import PATIENCE_S, Deployment
from tests.faults.doomed import WRITTEN
from tests.integration.test_relay import records


def relay_killed_after_the_acknowledgement(d: Deployment) -> Iterator[None]:
    d.begin()
    for _ in range(d.lengths.repeats):
        killed = d.doomed("relay-killed-after-acknowledgement")
        assert killed.wait(PATIENCE_S) == -signal.SIGKILL
    yield


def two_relays_on_one_partition(d: Deployment) -> Iterator[None]:
    """One sleeps with a batch in its hand until another has written it."""
    d.begin()
    for _ in range(d.lengths.repeats):
        sleeper = d.doomed("relay-stopped-before-write")
        d.taken_over(sleeper)
        sleeper.send_signal(signal.SIGCONT)
        assert sleeper.wait(PATIENCE_S) == WRITTEN
    yield
    said = d.settings
    with d.opened() as app:
        events = sum(app.log.heads().values())
    found = records(Cluster(said.kafka, said.partitions, said.kafka_topics))
    assert sum(map(len, found.values())) > events


def relay_down(d: Deployment) -> Iterator[None]:
    """Nobody starts another one meanwhile."""
    d.begin()
    relay, before = d.member("relay"), d.said()
    os.kill(relay, signal.SIGSTOP)
    time.sleep(d.lengths.relay)
    assert d.said() > before
    os.kill(relay, signal.SIGKILL)
    yield


def broker_stopped_and_started(d: Deployment) -> Iterator[None]:
    assert d.broker
    d.begin()
    d.broker.stop()
    time.sleep(d.lengths.broker)
    d.broker.start()
    yield


def broker_killed(d: Deployment) -> Iterator[None]:
    assert d.broker
    d.begin()
    d.broker.kill()
    time.sleep(d.lengths.broker)
    d.broker.start()
    yield
