"""Two projectors under `up` share the partitions, and one takes over when the other is killed."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import defaultdict
from datetime import UTC, datetime

import pytest

from infra.deployment import Deployment
from infra.postgres.store.envelopes import PostgresEnvelopes
from tests.frontdoor import FACTS, Front, message
from tests.members import settings_of
from tests.waiting import until

SESSION_S = 1.0


@pytest.fixture
def lone_front(lone_front):
    return Front(lone_front.home, (*lone_front.more, ("ORDERMADE_SESSION_S", str(SESSION_S))))


def stated(count):
    """A stated preference of each of `count` customers."""
    return [
        message(str(n), "customer.preference-stated.v1", f"customer/shop:{n}",
                {"attribute": "milk", "value": "oat", **FACTS})
        for n in range(count)
    ]  # fmt: skip


def holders(deployment):
    """The partitions of each member, by group."""
    groups = deployment.views.live().values()
    partitions = defaultdict(lambda: defaultdict(set))
    for lag in deployment.progress.lags(groups):
        if lag.member:
            partitions[lag.group][lag.member].add(lag.partition)
    return {group: dict(members) for group, members in partitions.items()}


def test_members_share_the_partitions_and_take_over_those_of_a_killed_one(lone_front):
    front = lone_front
    with Deployment(settings_of(front)) as deployment:
        views = len(deployment.views.live())
        up = front.start("up", "--projectors", "2")
        try:

            def shared():
                groups = holders(deployment)
                return len(groups) == views and all(len(m) == 2 for m in groups.values()) and groups

            for members in until(shared).values():
                one, other = members.values()
                assert one | other == set(range(13))
                assert not one & other
                assert min(len(one), len(other)) >= 6
            victim = min(members)
            os.kill(int(victim.rpartition("-")[2]), signal.SIGKILL)
            front.publish(*stated(40))
            assert len(front.show("profile")) == 40
            until(lambda: victim not in str(holders(deployment)) and shared())
            assert {row["events"] for row in front.rows("lag")} == {0}
        finally:
            up.terminate()
            assert up.wait(30) == 0


def test_lag_lists_each_group_and_partition_in_events_and_seconds(lone_front):
    with Deployment(settings_of(lone_front)) as deployment:
        lines = [json.dumps(m).encode() for m in stated(40)]
        deployment.gate(["personalize"]).accept(lines, datetime.now(UTC))
        heads = [
            head for _, head in sorted(PostgresEnvelopes(deployment.pool("reader")).heads().items())
        ]
        groups = {
            *deployment.views.live().values(),
            *(["relay"] if deployment.settings.kafka else []),
        }
    time.sleep(0.5)
    lags = defaultdict(list)
    for row in lone_front.rows("lag"):
        if row["group"] != "intake":  # it reads messages that are not in the store yet
            lags[row["group"]].append(row)
    assert lags.keys() == groups
    for rows in lags.values():
        assert [row["partition"] for row in rows] == list(range(13))
        assert [row["events"] for row in rows] == heads
        assert all((row["seconds"] >= 0.5) == (row["events"] > 0) for row in rows)
    lone_front.ok("init")
    assert {(r["events"], r["seconds"]) for r in lone_front.rows("lag")} == {(0, 0.0)}
