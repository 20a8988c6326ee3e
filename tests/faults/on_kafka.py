"""What befalls a deployment whose log is Kafka, told as in `on_both`."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

from infra.kafka.cluster import Cluster
from tests.faults import doomed
from tests.faults.deployment import ALL, DeploymentUnderLoad
from tests.faults.doomed import WRITTEN
from tests.faults.on_both import kill_all
from tests.faults.writer import messages
from tests.homes import bring_back, keep
from tests.independent.acknowledged import noted, reckon
from tests.integration.test_relay import records
from tests.waiting import PATIENCE_S, until


def relay_killed_after_the_acknowledgement(d: DeploymentUnderLoad) -> Iterator[None]:
    d.begin()
    for _ in range(d.lengths.repeats):
        killed = d.start(doomed.relay_killed_after_acknowledgement)
        assert killed.wait(PATIENCE_S) == -signal.SIGKILL
    yield


def two_relays_on_one_partition(d: DeploymentUnderLoad) -> Iterator[None]:
    """One sleeps with a batch in its hand until another has written it."""
    d.begin()
    for _ in range(d.lengths.repeats):
        sleeper = d.start(doomed.relay_stopped_before_write)
        d.taken_over(sleeper)
        sleeper.send_signal(signal.SIGCONT)
        assert sleeper.wait(PATIENCE_S) == WRITTEN
    yield
    said = d.settings
    with d.opened() as deployment:
        events = sum(deployment.log.heads().values())
    found = records(Cluster(said.kafka, said.partitions, said.kafka_topics))
    assert sum(map(len, found.values())) > events


def relay_down(d: DeploymentUnderLoad) -> Iterator[None]:
    """Nobody starts another one meanwhile."""
    d.begin()
    relay, before = d.member("relay"), d.said()
    os.kill(relay, signal.SIGSTOP)
    time.sleep(d.lengths.relay)
    assert d.said() > before
    os.kill(relay, signal.SIGKILL)
    yield


def broker_stopped_and_started(d: DeploymentUnderLoad) -> Iterator[None]:
    assert d.broker
    d.begin()
    d.broker.stop()
    time.sleep(d.lengths.broker)
    d.broker.start()
    yield


def broker_killed(d: DeploymentUnderLoad) -> Iterator[None]:
    assert d.broker
    d.begin()
    d.broker.kill()
    time.sleep(d.lengths.broker)
    d.broker.start()
    yield


def kafkas_data_lost(d: DeploymentUnderLoad) -> Iterator[None]:
    """The relay fills the log again."""
    assert d.broker
    d.begin()
    d.broker.lose()
    time.sleep(d.lengths.broker)
    d.broker.start()
    yield
    with d.opened() as deployment:
        until(lambda: deployment.log.heads() == dict(enumerate(deployment.feed.heads().numbers)))


def postgres_restored_from_an_older_backup(d: DeploymentUnderLoad) -> Iterator[float]:
    """What a write with wait=log said is there again, of the rest what the log has."""
    backup, keys = d.folder / "backup", d.folder / "keys"
    d.begin()
    kill_all(d)
    keep(d.front, backup)
    d.begin()
    until(lambda: len(reckon(noted(d.folder)).events) == d.customers)
    d.front.ok("keys", "export", keys)
    d.say("logged", messages("logged", 0, d.seed, d.customers), wait_log=True)
    os.kill(d.member("relay"), signal.SIGSTOP)
    before = d.said()
    until(lambda: d.said() > before + 20)
    kill_all(d)
    bring_back(d.front, backup)

    began = time.monotonic()
    assert "`ordermade restore`" in d.front.refused("order", "draft", "x", "--line", "L1=shirt")
    with d.opened() as deployment:
        heads = deployment.log.heads()
    acknowledged = noted(d.folder)
    told = json.loads(d.front.ok("restore", "--keys", keys, "--json"))
    assert told["events"]
    assert told["erased"]["values"] == 0
    places = {
        row["event_id"]: row["position"] for row in d.front.rows("show", "audit", "--limit", ALL)
    }
    kept = [note for note in acknowledged if _in_log(note, heads)]
    assert reckon(kept).positions.items() <= places.items()
    assert {note["id"] for note in kept} >= {*messages("logged", 0, d.seed, d.customers)}
    assert len(kept) < len(acknowledged)
    for file in d.folder.glob("said-*"):
        _forget(file, heads)
    took = time.monotonic() - began
    yield took + d.run()


def _in_log(note: dict, heads: dict[int, int]) -> bool:
    places = [[*map(int, position.split("."))] for position in note["positions"]]
    return all(number <= heads[partition] for _, partition, number in places)


def _forget(notes: Path, heads: dict[int, int]) -> None:
    """From the first on that the log lost: all that its writer says again."""
    whole = notes.read_text().rpartition("\n")[0].splitlines()
    kept = takewhile(lambda line: _in_log(json.loads(line), heads), whole)
    notes.write_text("".join(f"{line}\n" for line in kept))
