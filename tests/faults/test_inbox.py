"""The inbox killed in the middle of its work: no message is lost or doubled."""

from __future__ import annotations

import random
import subprocess
import threading
import time
from contextlib import closing

import pytest

from infra.kafka.cluster import Cluster
from infra.kafka.inbox import inbox_lags
from tests.frontdoor import FACTS, message
from tests.kafkadoor import Publisher, running
from tests.scenarios.test_inbox import STRUCTURED, inbox_read, quarantine
from tests.within import Within

pytestmark = pytest.mark.one_log("the inbox is a topic of Kafka")

KILLS, EVERY_S = 3, 0.002


@pytest.fixture
def front(tmp_path, on_kafka):
    front = Within(tmp_path / "home", (*on_kafka, ("ORDERMADE_SESSION_S", "1")))
    front.ok("init")
    return front


def publish(front, rng, stop: threading.Event) -> tuple[dict[str, str], int]:
    """Sends until `stop` is set; returns the values sent by attribute, and the number of bad ones.

    A bad message is not JSON and must end in the quarantine.
    """
    sent: dict[str, str] = {}
    bad = 0
    with closing(Publisher(front)) as publisher:
        while not stop.wait(EVERY_S):
            n, partition, value = len(sent), rng.randrange(12), str(rng.random())
            if rng.random() < 0.02:
                publisher.raw(f"bad {bad}".encode(), STRUCTURED, partition)
                bad += 1
            sent[f"a{n}"] = value
            data = {"attribute": f"a{n}", "value": value, **FACTS}
            customer = f"customer/shop:c{n % 100}"
            event = message(str(n), "customer.preference-stated.v1", customer, data)
            publisher.send(event, "personalize,analyse", n % 2 == 0, partition)
        publisher.flush()
    return sent, bad


def test_an_inbox_that_is_killed_loses_and_doubles_no_message(front):
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng, stop = random.Random(seed), threading.Event()
    settings = dict(front.more)
    cluster = Cluster(settings["ORDERMADE_KAFKA"], 12, settings["ORDERMADE_KAFKA_TOPICS"])
    answers = []
    publishing = threading.Thread(target=lambda: answers.append(publish(front, rng, stop)))
    publishing.start()
    try:
        before = 0
        for _ in range(KILLS):
            process = front.start("inbox", stderr=subprocess.DEVNULL)
            while (now := sum(lag.position for lag in inbox_lags(cluster))) <= before:
                time.sleep(0.05)
            before = now
            time.sleep(random.Random(seed + now).uniform(0, 0.5))
            process.kill()
            process.wait()
    finally:
        stop.set()
        publishing.join()
    remaining = sum(lag.events for lag in inbox_lags(cluster))
    [(sent, bad)] = answers
    print(
        f"killed {KILLS} times, {remaining} of {len(sent) + bad} messages remain for the last run"
    )
    with running(front, "inbox"):
        inbox_read(front)
    assert len(quarantine(front)) == bad
    front.ok("init")  # brings the views up to date
    shown = [pair for row in front.rows("show", "profile") for pair in row["values"]]
    assert dict(shown) == sent
    query = "SELECT count(*) FROM audit WHERE type = 'customer.preference-stated.v1'"
    assert front.rows("sql", query) == [{"count": len(sent)}]
