"""The first commands of a new user, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from importlib.metadata import version

import pytest

from tests.both_logs import LOGS
from tests.frontdoor import FACTS, Front, message

MILK = message(
    "1", "customer.preference-stated.v1", "customer/shop:ann",
    {"attribute": "milk", "value": "oat", **FACTS},
)  # fmt: skip


@pytest.fixture
def front(lone_front):
    """Commands in processes of their own, without members that keep the views up to date."""
    return Front(lone_front.home, lone_front.more)


@pytest.mark.parametrize(
    "on_log",
    [*LOGS, pytest.param("secured", marks=pytest.mark.one_log("Kafka once more, over TLS"))],
    indirect=True,
)
def test_an_order_goes_from_draft_to_shipped(front):
    front.publish(MILK)
    front.ok("order", "draft", "7", "--line", "L1=shirt:2", "--customer", "shop:ann")
    front.ok("order", "choose", "7", "L1", "monogram", "serif", "--stage", "packaging",
             "--text", "A.B.", "--actor", "clerk")  # fmt: skip
    front.ok("order", "quote", "7", "Q1", "--line", "L1=80.00", "--currency", "EUR")
    front.ok("order", "place", "7", "Q1")
    front.ok("order", "queue", "7", "--operation", "cut:L1:cutting")
    work = {"operation_id": "cut", "line_id": "L1", "work_centre": "cutting"}
    front.publish(
        message("2", "order.operation-started.v1", "order/7", work),
        message("3", "order.operation-completed.v1", "order/7",
                {**work, "quantity": 2, "run_s": 90}),
        message("4", "order.quality-check-passed.v1", "order/7",
                {"check_id": "C1", "line_id": "L1", "quantity": 2}),
        message("5", "order.order-packaged.v1", "order/7", {}),
        message("6", "order.order-shipped.v1", "order/7", {"carrier": "bike"}),
    )  # fmt: skip
    [row] = front.show("backlog", "7")
    assert (row["status"], row["progress"]["operations"][0]["completed"]) == (
        "shipped", "2026-03-01T12:00:00Z",
    )  # fmt: skip
    story = front.show("audit", "order/7")
    assert [r["type"].split(".")[1] for r in story] == [
        "order-drafted", "option-chosen", "quote-issued", "order-placed", "order-queued",
        "operation-started", "operation-completed", "quality-check-passed", "order-packaged",
        "order-shipped",
    ]  # fmt: skip
    assert story[1]["actor"] == "clerk"
    assert "is shipped and cannot" in front.refused("order", "place", "7", "Q2")


def test_a_customer_is_found_by_either_name_and_personal_values_are_opened(front):
    front.publish(MILK)
    [row] = front.show("profile", "shop:ann")
    assert row["values"] == [["milk", "oat"]]
    assert row["beliefs"][0]["origin"] == "direct"
    assert front.show("profile", row["customer"]) == [row]
    assert "no customer is named shop:bob" in front.refused("show", "profile", "shop:bob")


def test_an_import_reports_each_refused_line_and_can_be_repeated(front, tmp_path):
    file = tmp_path / "in.jsonl"
    lines = [
        json.dumps(MILK),
        '{"id": "cut',
        "",
        json.dumps({**MILK, "id": "2", "time": "2026-03-01T12:00:00"}),
        json.dumps({**MILK, "data": {**MILK["data"], "value": "soy"}}),
        json.dumps({**MILK, "id": "3"}),
    ]
    file.write_text("\n".join(lines))
    done = front.run("import", "events", file, "--basis", "personalize")
    assert done.returncode == 1
    assert "5 read, 2 accepted, 0 already stored, 0 held, 3 refused" in done.stdout
    refused = [
        json.loads(x) for x in (tmp_path / "in.jsonl.refused.jsonl").read_text().splitlines()
    ]
    assert [(r["line"], r["text"]) for r in refused] == [
        (2, lines[1]), (4, lines[3]), (5, lines[4])
    ]  # fmt: skip
    assert "no JSON" in refused[0]["reason"]
    assert "time: the time has no zone" in refused[1]["reason"]
    assert "used before with other contents" in refused[2]["reason"]
    again = front.run("import", "events", file, "--basis", "personalize").stdout
    assert "5 read, 0 accepted, 2 already stored, 0 held, 3 refused" in again


def test_nothing_is_accepted_without_consent_or_a_basis(front, tmp_path):
    file = tmp_path / "in.jsonl"
    file.write_text(json.dumps(MILK))
    assert "world-domination is not a purpose" in front.refused(
        "import", "events", file, "--basis", "world-domination"
    )
    assert "1 refused" in front.run("import", "events", file, "--basis", "analyse").stdout
    front.ok("consent", "grant", "shop:ann", "personalize", "--policy", "p1")
    assert "1 accepted" in front.ok("import", "events", file, "--basis", "analyse")
    front.ok("consent", "withdraw", "shop:ann", "analyse", "--policy", "p1")
    report = json.loads(front.ok("sql", "SELECT * FROM view.profile", "--json"))
    assert report["rows"] == []
    assert report["lag"]["events"] == report["parked"] == 0
    assert front.show("profile", "shop:ann")[0]["purposes"] == ["personalize"]


@pytest.mark.one_log("the log plays no part in it")
def test_a_query_answers_with_all_its_columns(front):
    front.ok("init")
    query = "SELECT 1 AS a, NULL AS a, 'x' AS a_2, NULL AS b"
    report = json.loads(front.ok("sql", query, "--json"))
    assert report["columns"] == ["a", "a_3", "a_2", "b"]
    assert report["rows"] == [{"a": 1, "a_3": None, "a_2": "x", "b": None}]
    assert ["a", "a_3", "a_2", "b"] in map(str.split, front.ok("sql", query).splitlines())
    counts = json.loads(front.ok("sql", "SELECT count(*), count(*) FROM profile", "--json"))
    assert counts["rows"] == [{"count": 0, "count_2": 0}]
    empty = "SELECT key, key FROM profile"
    report = json.loads(front.ok("sql", empty, "--json"))
    assert (report["columns"], report["rows"]) == (["key", "key_2"], [])
    assert "key   key_2" in front.ok("sql", empty)
    assert "(1 rows)" in front.ok("sql", "SELECT")


@pytest.mark.one_log("nothing is recorded")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ["show", "nothing"],
            "there is no view nothing: the views are audit, backlog, catalogues, demand",
        ),
        (["sql", "SELECT * FROM store.event"], "only the schema `view` can be read"),
        (["sql", "DROP VIEW profile"], "cannot execute DROP VIEW in a read-only transaction"),
        (["sql", "SELEC"], "the query fails: syntax error"),
        (["import", "events", "no.jsonl", "--basis", "fulfil"], "no.jsonl does not exist"),
        (["order", "place", "9", "Q1"], "the order is new and cannot be placed"),
        (["order", "draft", "9", "--line", "L1"], "lines.0.product: "),
        (["order", "queue", "9", "--operation", "cut"], "write OPERATION:LINE:WORK_CENTRE"),
        (["order", "tell", "9", "refund", "{"], "the arguments are not JSON"),
        (["order", "tell", "9", "refund", '{"refund_id": "F1"}'], "amount: is missing"),
    ],
)
def test_an_error_is_a_message_and_a_non_zero_exit(tmp_path, words, expected):
    assert expected in Front(tmp_path / "home").refused(*words)


@pytest.mark.one_log("no deployment is opened")
def test_help_imports_nothing_heavy(tmp_path):
    front = Front(tmp_path / "home")
    assert front.start("--help", stdout=subprocess.DEVNULL).wait() == 0
    code = "import sys, infra.cli.main; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["consumers", "pydantic", "msgspec", "psycopg", "kafka", "yaml", "rich"]
    run = subprocess.run(
        [sys.executable, "-c", code, *heavy], check=True, capture_output=True, text=True
    )
    assert run.stdout == "[]\n"


@pytest.mark.one_log("no deployment is opened")
def test_the_version_is_printed(tmp_path):
    assert Front(tmp_path / "home").ok("--version") == f"ordermade {version('ordermade')}\n"


def test_up_keeps_the_views_up_to_date_until_it_is_terminated(front):
    front.publish(MILK)
    up = front.start("up", "--projectors", "2")
    try:
        deadline = time.monotonic() + 30
        while not any(r["member"] for r in front.rows("lag")):
            assert time.monotonic() < deadline
        front.ok("order", "draft", "7", "--line", "L1=shirt")
        assert front.show("backlog", "7")[0]["status"] == "draft"
    finally:
        up.terminate()
        assert up.wait(30) == 0
    assert not any(r["member"] for r in front.rows("lag"))


def test_the_demo_plays_a_day_and_then_the_next(front):
    first = front.ok("demo")
    assert "day 1:" in first
    assert "identical." in first
    assert "Jeans are made of denim or twill" in first
    assert f"ORDERMADE_HOME={front.home}" in first
    assert "day 2:" in front.ok("demo")
    orders = [r["order_id"] for r in front.show("backlog") if r["order_id"].startswith("demo-")]
    assert {order.split("-")[1] for order in orders} == {"1", "2"}
