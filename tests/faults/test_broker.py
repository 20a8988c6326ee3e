"""A broker that stops answering while the relay writes to it."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest

from infra.kafka.cluster import Cluster, provision
from tests.integration.test_relay import numbers, order_placed, records
from tests.logs import in_kafka

pytestmark = pytest.mark.one_log("the embedded log has no broker")

FROZEN_S = 6.0  # twice the time after which the relay of the tests gives up a record


@pytest.fixture
def kafka(deployment, owners, own_broker):
    topics = Cluster(own_broker.address, deployment.partitions, f"test-{uuid4().hex}")
    provision(topics)
    with deployment.pool("projector") as pool, in_kafka(topics, pool, owners.keys) as log:
        yield log


def test_a_broker_frozen_for_a_while_costs_no_event_and_the_relay_goes_on(kafka, own_broker, store):
    """A kafka-python producer that timed out never sends again, so the relay replaces it."""
    store.append([order_placed(f"o{n % 20}", n) for n in range(100)])
    kafka.catch_up()
    store.append([order_placed(f"o{n % 20}", n) for n in range(100, 200)])
    own_broker.freeze()
    thaw = threading.Timer(FROZEN_S, own_broker.thaw)
    thaw.start()
    try:
        assert kafka.relay.step() == 100
        assert kafka.relay.step() == 0
        assert kafka.relay.unconfirmed_writes == 1
        thaw.join()
    finally:
        own_broker.thaw()
    store.append([order_placed(f"o{n % 20}", n) for n in range(200, 300)])
    kafka.catch_up()
    heads = kafka.envelopes.heads()
    assert numbers(kafka.log) == {p: [*range(1, head + 1)] for p, head in heads.items()}
    doubles = sum(map(len, records(kafka.cluster).values())) - 300
    print(f"frozen for {FROZEN_S:.0f} s: {doubles} of 300 records occur twice")
