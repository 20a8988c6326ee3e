"""The intake killed in the middle of its work: nothing lost, nothing doubled."""

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
from tests.scenarios.test_inbox import STRUCTURED, quarantine, taken
from tests.within import Within

pytestmark = pytest.mark.one_log("it is a topic of Kafka's")

KILLS, EVERY_S = 3, 0.002


@pytest.fixture
def front(tmp_path, on_kafka):
    made = Within(tmp_path / "home", (*on_kafka, ("ORDERMADE_SESSION_S", "1")))
    made.ok("init")
    return made


def publish(front, rng, stop: threading.Event) -> tuple[dict[str, str], int]:
    """Sends until told to stop; what is good, by attribute, and how much is not."""
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
            who = f"customer/shop:c{n % 100}"
            said = message(str(n), "customer.preference-stated.v1", who, data)
            publisher.send(said, "personalize,analyse", n % 2 == 0, partition)
        publisher.flush()
    return sent, bad


def test_an_intake_that_is_killed_loses_and_doubles_nothing(front):
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng, stop = random.Random(seed), threading.Event()
    told = dict(front.more)
    cluster = Cluster(told["ORDERMADE_KAFKA"], 12, told["ORDERMADE_KAFKA_TOPICS"])
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
    left = sum(lag.events for lag in inbox_lags(cluster))
    [(sent, bad)] = answers
    print(f"killed {KILLS} times, {left} of {len(sent) + bad} messages left for the last")
    with running(front, "inbox"):
        taken(front)
    assert len(quarantine(front)) == bad
    front.ok("init")  # folds what is new
    found = [pair for row in front.rows("show", "profile") for pair in row["values"]]
    assert dict(found) == sent
    query = "SELECT count(*) FROM audit WHERE type = 'customer.preference-stated.v1'"
    assert front.rows("sql", query) == [{"count": len(sent)}]
