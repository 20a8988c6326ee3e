"""The OpenAPI document is true: its examples work, and no other status is ever answered."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg

from consumers.ports.inbox import ReceivedMessage
from domain.errors import Malformed
from infra.deployment import Deployment
from infra.http import examples
from infra.settings import Settings
from tests.frontdoor import Front, message
from tests.httpdoor import up

PLACED = ["draft", "quote", "place"]
BEFORE = {
    "orders": {
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
    },
    "designs": {
        "start": [],
        "choose": ["start"],
        "clear": ["start", "choose"],
        "validate": ["start"],
    },
    "catalogues": {
        "draft": [],
        "approve": ["draft"],
        "publish": ["draft", "approve"],
        "withdraw": ["draft"],
    },
}  # fmt: skip
"""Commands and reports that come before the example of a command, for its own order or design."""


def test_only_documented_answers_are_given(tmp_path):
    front = Front(tmp_path / "home")
    with up(front) as door:
        document = door.client.get("/openapi.json").json()
        prepare_commands(door, document)
        prepare_questions(door, front.home)
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
    documented = {
        f"{method.upper()} {path}" for path, o in document["paths"].items() for method in o
    }
    assert set(answered) == documented
    assert not any(status >= 500 for seen in answered.values() for status in seen)
    silent = [name for name, seen in answered.items() if not any(200 <= s < 300 for s in seen)]
    assert not silent, f"never answered 2xx: {silent}"


def prepare_commands(door, document):
    """Brings each order, design and book to the state that the example of its command needs."""

    def send_example(stream, name):
        kind = stream.partition("/")[0]
        [path] = [p for p in document["paths"] if p.startswith(f"/v1/{kind}/{{") and
                  p.endswith(f"}}/{name}")]  # fmt: skip
        body = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        answer = door.command(stream, name, **body["examples"]["one"]["value"])
        assert answer.status_code == 201, (stream, name, answer.text)

    consent = {"purposes": ["fulfil"], "policy_version": "p"}
    assert door.command("customers/shop:ann", "grant-consent", consent).status_code == 201
    for name in ("draft", "approve", "publish"):
        send_example("catalogues/shirts", name)
    for kind, befores in BEFORE.items():
        commands = {
            path.rpartition("/")[2]
            for path, operations in document["paths"].items()
            if path.startswith(f"/v1/{kind}/") and "post" in operations
        }
        assert commands == set(befores)
        for name, before in befores.items():
            stream = f"{kind}/{kind.removesuffix('s')}-{name}"
            for step in before:
                if isinstance(step, str):
                    send_example(stream, step)
                    continue
                report, data = step
                event = message(
                    f"{stream}/{report}", f"order.{report}.v1", stream.replace("s/", "/"), data
                )
                assert door.publish(event).status_code == 201


def prepare_questions(door, home):
    """Makes what the examples of questions and of operators' actions name."""
    lines = [{"line_id": "L1", "product": "shirt"}]
    needs = {"book": "shirts", "lines": lines}
    assert door.command("orders/needs", "draft", needs).status_code == 201
    assert door.command("designs/needs", "start", needs).status_code == 201
    assert door.command("orders/explained", "draft", {"lines": lines}).status_code == 201
    quote = door.command(
        "orders/explained", "quote", examples.COMMANDS["order", "quote"],
        id=examples.QUOTE_COMMAND_ID,
    )  # fmt: skip
    assert quote.json()["events"][0]["id"] == examples.QUOTE_EVENT_ID
    held = door.publish({**examples.REPORT, "id": "held-1", "subject": "order/unopened"})
    assert held.json()["items"][0]["status"] == "held"
    with Deployment(Settings(home=home)) as deployment, psycopg.connect(deployment.url) as admin:
        for offset, id in enumerate(examples.QUARANTINED_IDS.values()):
            quarantine(deployment, admin, UUID(id), offset)
        customers = deployment.owners(deployment.reader_pool).find([examples.CUSTOMER])
        admin.execute(
            "INSERT INTO projection.parked SELECT %(group)s, partition, 1, owner, owner, 'a test' "
            "FROM store.event WHERE owner = %(owner)s AND number = 1",
            {"group": deployment.views.live()["profile"], "owner": customers[examples.CUSTOMER]},
        )


def quarantine(deployment, admin, id, offset):
    """Keeps a message in quarantine under an id of our choice."""
    message = ReceivedMessage(
        partition=0, offset=offset, received=datetime.now(UTC), key=str(offset).encode(),
        headers=(("basis", b"fulfil,personalize"),), value=b"{}",
    )  # fmt: skip
    refusal = Malformed("data: is missing: add it", "data")
    deployment.quarantine.add([(message, refusal)])
    admin.execute("UPDATE store.quarantine SET id = %s WHERE at_offset = %s", [id, offset])
    admin.commit()
    deployment.quarantine.replace(id, message, refusal)


def statuses(report):
    """The statuses that each operation answered."""
    answered = defaultdict(set)
    for line in report.read_text().splitlines():
        [(kind, event)] = json.loads(line).items()
        if kind == "ScenarioFinished":
            recorder = event["recorder"]
            for call in recorder.get("interactions", {}).values():
                if answer := call.get("response"):
                    answered[recorder["label"]].add(answer["status_code"])
    return answered
