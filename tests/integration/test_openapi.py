"""The OpenAPI document tells the truth: its examples work, and nothing else is ever answered."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from tests.frontdoor import Front, message
from tests.httpdoor import up

PLACED = ["draft", "quote", "place"]
BEFORE = {
    "draft": [],
    "choose": ["draft"],
    "clear": ["draft", "choose"],
    "instruct": ["draft"],
    "interpret": ["draft", "instruct"],
    "accept": ["draft", "instruct", "interpret"],
    "decline": ["draft", "instruct"],
    "quote": ["draft"],
    "expire-quote": ["draft", "quote"],
    "place": ["draft", "quote"],
    "promise": PLACED,
    "settle-promise": [*PLACED, "promise"],
    "request-change": PLACED,
    "approve-change": [*PLACED, "request-change"],
    "reject-change": [*PLACED, "request-change"],
    "cancel": ["draft"],
    "queue": PLACED,
    "rework": [*PLACED, "queue", ("quality-check-failed", {
        "check_id": "K1", "line_id": "L1", "defect": "seam", "quantity": 1})],
    "request-return": [*PLACED, ("order-delivered", {})],
    "refund": [*PLACED, ("payment-recorded", {
        "amount": "80.00", "currency": "EUR"})],
}  # fmt: skip
"""What has happened to an order when the example of a command is played upon it."""


def test_nothing_is_answered_that_is_not_documented(tmp_path):
    with up(Front(tmp_path / "home")) as door:
        document = door.client.get("/openapi.json").json()
        prepare(door, document)
        report = tmp_path / "report.ndjson"
        done = subprocess.run(
            [Path(sys.executable).with_name("schemathesis"),
             "--config-file", Path(__file__).with_name("schemathesis.toml"),
             "run", f"{door.client.base_url}/openapi.json", "--seed", "2026", "-n", "3",
             "--phases", "examples,coverage,fuzzing", "--no-shrink", "--continue-on-failure",
             "--report", "ndjson", "--report-ndjson-path", report],
            capture_output=True, text=True, cwd=tmp_path,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr
    answered = statuses(report)
    asked = {f"{method.upper()} {path}" for path, o in document["paths"].items() for method in o}
    assert set(answered) == asked
    assert not any(status >= 500 for seen in answered.values() for status in seen)
    silent = [name for name, seen in answered.items() if not any(200 <= s < 300 for s in seen)]
    assert not silent, f"never answered 2xx: {silent}"


def prepare(door, document):
    """Brings each command's example order to where the command may be given, by the examples."""

    def play(order, name):
        told = document["paths"][f"/v1/orders/{{order_id}}/{name}"]["post"]
        body = told["requestBody"]["content"]["application/json"]["examples"]["one"]["value"]
        answer = door.ask(f"orders/{order}", name, **body)
        assert answer.status_code == 201, (order, name, answer.text)

    consent = {"purposes": ["fulfil"], "policy_version": "p"}
    assert door.ask("customers/shop:ann", "grant-consent", consent).status_code == 201
    commands = {path.rpartition("/")[2] for path in document["paths"] if "order_id" in path}
    assert commands == set(BEFORE)
    for name, before in BEFORE.items():
        order = f"order-{name}"
        for step in before:
            if isinstance(step, str):
                play(order, step)
                continue
            kind, data = step
            said = message(f"{order}/{kind}", f"order.{kind}.v1", f"order/{order}", data)
            assert door.publish(said).status_code == 201


def statuses(report):
    """What each operation answered."""
    found = defaultdict(set)
    for line in report.read_text().splitlines():
        [(kind, event)] = json.loads(line).items()
        if kind == "ScenarioFinished":
            recorder = event["recorder"]
            for call in recorder.get("interactions", {}).values():
                if answer := call.get("response"):
                    found[recorder["label"]].add(answer["status_code"])
    return found
