"""Rows of the past, rebuilt views and parked events, on the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import psycopg
import pytest

from infra.deployment import Deployment
from projections import discover
from tests.frontdoor import FACTS, message
from tests.members import settings_of


def now():
    return datetime.now(UTC).isoformat()


def stated(id, value, hour, customer="shop:ann"):
    return message(
        id, "customer.preference-stated.v1", f"customer/{customer}",
        {"attribute": "milk", "value": value, **FACTS}, time=f"2026-03-01T{hour:02}:00:00Z",
    )  # fmt: skip


def milk(front, *more):
    return [value for row in front.show("profile", "shop:ann", *more) for _, value in row["values"]]


def test_as_of_cuts_by_recorded_time_and_valid_at_by_event_time(front):
    front.publish(stated("1", "oat", 12))
    first = now()
    front.publish(stated("2", "soy", 15))
    second = now()
    front.publish(stated("3", "cow", 9))  # an older event, recorded last

    assert milk(front) == ["soy"]
    assert milk(front, "--as-of", first) == ["oat"]
    assert milk(front, "--as-of", second) == ["soy"]
    assert milk(front, "--valid-at", "2026-03-01T13:30:00+01:00") == ["oat"]
    assert milk(front, "--valid-at", "2026-03-01T09:30:00Z") == ["cow"]
    assert milk(front, "--valid-at", "2026-03-01T09:30:00Z", "--as-of", second) == []
    assert front.show("audit", "shop:ann", "--as-of", first)[0]["type"].endswith("granted.v1")
    [customer] = [row["customer"] for row in front.show("profile", "shop:ann")]
    story = front.show("audit", f"customer/{customer}", "--as-of", second)
    assert len(story) == 3
    assert story == front.show("audit", f"customer/{customer}")[:3]
    rows = front.rows("rebuild", "profile", "--to", first)
    assert [row["values"] for row in rows] == [[["milk", "oat"]]]


def test_rows_of_the_past_come_from_the_events_of_their_stream_and_times_need_a_zone(front):
    front.publish(stated("1", "oat", 12))
    front.ok("order", "draft", "7", "--line", "L1=shirt", "--customer", "shop:ann")
    drafted = now()
    front.ok("order", "cancel", "7")
    assert [r["status"] for r in front.show("backlog", "7", "--as-of", drafted)] == ["draft"]
    with Deployment(settings_of(front)) as deployment, psycopg.connect(deployment.url) as admin:
        admin.execute("DELETE FROM projection.backlog_v3")
    assert [r["status"] for r in front.show("backlog", "7", "--as-of", drafted)] == ["draft"]
    assert "`ordermade rebuild backlog --to TIME`" in front.refused(
        "show", "backlog", "8", "--as-of", drafted
    )
    naive = "the time has no zone: end it with Z or an offset like +01:00"
    for words in (
        ["show", "backlog", "7", "--as-of", "2026-03-01T12:00:00"],
        ["rebuild", "backlog", "--to", "2026-03-01T12:00:00"],
    ):
        assert f"{words[-2]}: {naive}" in front.refused(*words)


def test_a_rebuild_reports_the_rows_and_does_not_switch_when_some_differ(front):
    front.publish(stated("1", "oat", 12), stated("2", "soy", 12, "shop:bob"))
    report = front.ok("rebuild", "all")
    assert "profile: 2 rows before, 2 after, 0 differ. The new rows are shown now." in report
    assert report.count("are shown now") == len(discover())
    with Deployment(settings_of(front)) as deployment, psycopg.connect(deployment.url) as admin:
        admin.execute("UPDATE projection.profile_v2 SET events = 7")
    run = front.run("rebuild", "profile", "--accept")
    assert run.returncode == 1
    assert "2 rows before, 2 after, 2 differ (" in run.stdout
    assert "in the same version: nothing was switched" in run.stdout
    assert [row["events"] for row in front.show("profile")] == [7, 7]
    assert "there is no view nothing" in front.refused("rebuild", "nothing")


def test_a_new_version_of_a_view_is_shown_only_when_it_is_accepted(
    lone_front,
):
    front = lone_front  # members of this release would write to the tables that are renamed
    front.ok("order", "draft", "7", "--line", "L1=shirt")
    with Deployment(settings_of(front)) as deployment, psycopg.connect(deployment.url) as admin:
        admin.execute("ALTER TABLE projection.backlog_v3 RENAME TO backlog_v0")
        admin.execute("ALTER TABLE projection.backlog_v0 RENAME progress TO course")
        for table in ("live", "checkpoint"):
            admin.execute(
                f"UPDATE projection.{table} SET consumer_group = 'backlog_v0' "
                "WHERE consumer_group = 'backlog_v3'"
            )
    front.ok("order", "cancel", "7")
    [old] = front.show("backlog", "7")
    assert (old["status"], old["course"]["status"]) == ("draft", "draft")
    assert front.show("backlog") == [old]
    assert len(front.show("audit", "order/7")) == 2
    assert front.rows("sql", "SELECT status FROM backlog") == [{"status": "draft"}]
    assert "shown as backlog_v0, and this release makes backlog_v3" in front.ok("lag")
    report = front.ok("rebuild", "backlog")
    assert "`ordermade rebuild backlog --accept` shows the new version" in report
    assert front.show("backlog", "7") == [old]
    assert "1 rows before, 1 after, 0 differ" in front.ok("rebuild", "backlog", "--accept")
    assert front.show("backlog", "7")[0]["status"] == "cancelled"
    assert front.rows("sql", "SELECT status FROM backlog") == [{"status": "cancelled"}]


@pytest.mark.one_log("stored events are changed, which is not possible in Kafka")
@pytest.mark.parametrize("on_log", ["embedded"], indirect=True)
def test_parked_events_are_listed_tried_retried_and_dropped(lone_front):
    front = lone_front  # members would fold the events before they are changed
    messages = [stated(str(n), f"v{n}", 12) for n in range(4)]
    with Deployment(settings_of(front)) as deployment:
        gate = deployment.gate(["personalize"])
        answers = gate.accept([json.dumps(m).encode() for m in messages], datetime.now(UTC))
        at = [answer.positions[0] for answer in answers]

        def swap(number, old, new):
            with psycopg.connect(deployment.url) as admin:
                admin.execute(
                    "UPDATE store.event SET data = replace(encode(data, 'escape'), %s, %s)::bytea "
                    "WHERE partition = %s AND number = %s",
                    [old, new, at[number].partition, at[number].number],
                )

        # Two events get a type that this release does not know; then one gets its type back.
        for number in (1, 2):
            swap(number, "preference-stated.v1", "preference-sung.v1")
        deployment.drain()
        parked = [r for r in front.rows("parked") if r["view"] == "profile"]
        assert [r["number"] for r in parked] == [p.number for p in at[1:]]
        assert milk(front) == ["v0"]
        swap(1, "preference-sung.v1", "preference-stated.v1")
        assert "v1" in front.ok("parked", "retry", "profile", "--dry-run")
        front.ok("parked", "retry", "profile", "shop:ann")
        assert milk(front) == ["v1"]
        number = str(at[2].number)
        assert f"{number} cannot be folded into any key" in front.refused("rebuild", "profile")
        assert "is not parked" in front.refused("parked", "drop", "profile", "shop:ann", "1")
        output = front.ok("parked", "drop", "profile", "shop:ann", number, "--actor", "ops")
        assert output.startswith("dropped at 1.")
        assert milk(front) == ["v3"]
        assert "0 differ. The new rows are shown now." in front.ok("rebuild", "profile")
        assert milk(front, "--as-of", now()) == ["v3"]
