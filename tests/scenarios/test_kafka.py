"""Kafka as the log, on the command line."""

from __future__ import annotations

import pytest

from tests.frontdoor import Front

pytestmark = pytest.mark.one_log("the embedded log is always there, and its own")


@pytest.fixture
def front(tmp_path, on_kafka):
    return Front(tmp_path / "home", on_kafka)


def test_an_event_accepted_while_kafka_is_away_is_in_the_views_when_it_is_back(front):
    away = Front(front.home, (*front.more, ("ORDERMADE_KAFKA", "127.0.0.1:1")))
    run = away.run("order", "draft", "7", "--line", "L1=shirt")
    assert run.returncode == 0
    assert "order.order-drafted.v1 at 1." in run.stdout
    assert "is stored; the views wait: no answer from Kafka at 127.0.0.1:1" in run.stderr
    assert {r["events"] for r in front.rows("lag")} == {0, 1}
    front.ok("order", "draft", "8", "--line", "L1=shirt")
    assert {r["order_id"] for r in front.show("backlog")} == {"7", "8"}
    rows = front.rows("lag")
    assert {r["events"] for r in rows} == {0}
    assert [r["head"] for r in rows if r["group"] == "relay"] != [0] * 13


def test_a_deployment_with_another_number_of_partitions_is_refused(front, tmp_path):
    front.ok("order", "draft", "7", "--line", "L1=shirt")
    other = Front(tmp_path / "other", (*front.more, ("ORDERMADE_PARTITIONS", "4")))
    output = other.refused("init")
    assert ".log has 12 partitions and this deployment 4, for good" in output


def test_a_deployment_does_not_write_into_the_log_of_another(front, tmp_path):
    front.ok("order", "draft", "7", "--line", "L1=shirt")
    other = Front(tmp_path / "other", front.more)
    assert (
        "if the log belongs to another deployment, first set ORDERMADE_KAFKA_TOPICS"
        in other.refused("order", "draft", "7", "--line", "L1=coat")
    )
