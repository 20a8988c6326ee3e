"""Faults of a deployment whose log is Kafka, in the form of `on_both`."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

from infra.kafka.cluster import Cluster
from tests.faults import failing
from tests.faults.deployment import NO_LIMIT, DeploymentUnderLoad
from tests.faults.failing import WRITTEN
from tests.faults.on_both import kill_all
from tests.faults.writer import messages
from tests.homes import back_up, restore_backup
from tests.independent.acknowledged import expected, read_notes
from tests.integration.test_relay import records
from tests.waiting import PATIENCE_S, until


def relay_killed_after_acknowledgement(d: DeploymentUnderLoad) -> Iterator[None]:
    """Relays are killed when Kafka has acknowledged a batch, before they note it."""
    d.begin()
    for _ in range(d.lengths.repeats):
        killed = d.start(failing.relay_killed_after_acknowledgement)
        assert killed.wait(PATIENCE_S) == -signal.SIGKILL
    yield


def two_relays_write_one_partition(d: DeploymentUnderLoad) -> Iterator[None]:
    """A relay is paused with a batch until another has written it, and then writes it too."""
    d.begin()
    for _ in range(d.lengths.repeats):
        paused = d.start(failing.relay_paused_before_write)
        d.wait_for_takeover(paused)
        paused.send_signal(signal.SIGCONT)
        assert paused.wait(PATIENCE_S) == WRITTEN
    yield
    settings = d.settings
    with d.opened() as deployment:
        events = sum(deployment.log.heads().values())
    written = records(Cluster(settings.kafka, settings.partitions, settings.kafka_topics))
    assert sum(map(len, written.values())) > events


def relay_down(d: DeploymentUnderLoad) -> Iterator[None]:
    """The relay is paused and then killed; appends go on, and no other relay runs meanwhile."""
    d.begin()
    relay, before = d.member("relay"), d.acknowledged()
    os.kill(relay, signal.SIGSTOP)
    time.sleep(d.lengths.relay)
    assert d.acknowledged() > before
    os.kill(relay, signal.SIGKILL)
    yield


def broker_stopped_and_started(d: DeploymentUnderLoad) -> Iterator[None]:
    """Kafka is shut down and started again."""
    assert d.broker
    d.begin()
    d.broker.stop()
    time.sleep(d.lengths.broker)
    d.broker.start()
    yield


def broker_killed(d: DeploymentUnderLoad) -> Iterator[None]:
    """Kafka is killed and started again."""
    assert d.broker
    d.begin()
    d.broker.kill()
    time.sleep(d.lengths.broker)
    d.broker.start()
    yield


def data_of_kafka_lost(d: DeploymentUnderLoad) -> Iterator[None]:
    """Kafka starts again with an empty disk; the relay fills the log from the store."""
    assert d.broker
    d.begin()
    d.broker.lose_data()
    time.sleep(d.lengths.broker)
    d.broker.start()
    yield
    with d.opened() as deployment:
        until(lambda: deployment.log.heads() == dict(enumerate(deployment.feed.heads().numbers)))


def postgresql_restored_from_an_older_backup(d: DeploymentUnderLoad) -> Iterator[float]:
    """`ordermade restore` brings back what the log has and the backup lacks.

    That is everything written with wait=log, and of the rest what the relay had copied.
    """
    backup, keys = d.folder / "backup", d.folder / "keys"
    d.begin()
    kill_all(d)
    back_up(d.front, backup)
    d.begin()
    until(lambda: len(expected(read_notes(d.folder)).events) == d.customers)
    d.front.ok("keys", "export", keys)
    in_log = messages("logged", 0, d.seed, d.customers)
    d.publish("logged", in_log, wait_log=True)
    os.kill(d.member("relay"), signal.SIGSTOP)
    before = d.acknowledged()
    until(lambda: d.acknowledged() > before + 20)
    kill_all(d)
    restore_backup(d.front, backup)

    began = time.monotonic()
    assert "`ordermade restore`" in d.front.refused("order", "draft", "x", "--line", "L1=shirt")
    with d.opened() as deployment:
        heads = deployment.log.heads()
    acknowledged = read_notes(d.folder)
    report = json.loads(d.front.ok("restore", "--keys", keys, "--json"))
    assert report["events"]
    assert report["erased"]["values"] == 0
    audit = d.front.rows("show", "audit", "--limit", NO_LIMIT)
    positions = {row["event_id"]: row["position"] for row in audit}
    restored = [note for note in acknowledged if _is_in_log(note, heads)]
    assert expected(restored).positions.items() <= positions.items()
    assert {note["id"] for note in restored} >= {*in_log}
    assert len(restored) < len(acknowledged)
    for file in d.folder.glob("notes-*"):
        _cut_notes(file, heads)
    took = time.monotonic() - began
    yield took + d.run()


def _is_in_log(note: dict, heads: dict[int, int]) -> bool:
    positions = [[*map(int, position.split("."))] for position in note["positions"]]
    return all(number <= heads[partition] for _, partition, number in positions)


def _cut_notes(notes: Path, heads: dict[int, int]) -> None:
    """Removes notes from the first lost event on: the writer sends all after it again."""
    lines = notes.read_text().rpartition("\n")[0].splitlines()
    remaining = takewhile(lambda line: _is_in_log(json.loads(line), heads), lines)
    notes.write_text("".join(f"{line}\n" for line in remaining))
