"""A small tailor's shop, generated from a seed: what `ordermade demo` plays, day by day."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from rich.progress import Progress

from consumers.doors.commands import Command, CommandResult
from domain.book.book import OrderLine
from domain.book.contents import HEADER_FIELDS, PARTS
from domain.design.events import DesignOptionChosen
from domain.order.events import OptionChosen, OrderPlaced, SpecialInstructionGiven, Step
from infra.cli.tables import progress_bar
from infra.cli.terminal import update_views
from infra.deployment import Deployment
from infra.imports.catalogue import CATALOGUES, read
from infra.imports.online_retail import SAMPLE, parse_invoices

CUSTOMERS, ORDERS, FACTS = 40, 25, 400
_SOURCE = "/demo/shop"
_SEED = 2026
_BOOK = "tailor"
_ROUTE = ("cutting", "sewing", "finishing")
_PREFERENCES = (
    ("colour", "navy"), ("colour", "white"), ("collar", "kent"), ("collar", "button-down"),
    ("fit", "slim"), ("fit", "wide"),
)  # fmt: skip
_CHOICE = {"origin": "direct", "choice_space": "closed", "target": "product", "stage": "packaging"}


def play(deployment: Deployment) -> int:
    """Play the next day of the shop, and return its number.

    Each day has a seed of its own, and the customers come back.
    """
    day = 1
    while deployment.store.read_stream(f"order/{order_id(day, ORDERS - 1)}"):
        day += 1
    dice = random.Random(_SEED * 1000 + day)  # noqa: S311
    opening = datetime(2026, 3, 1, 9, tzinfo=UTC) + timedelta(days=day)
    with progress_bar() as bar:
        _publish_book(deployment, opening)
        _accept(deployment, bar, f"day {day}: facts", list(_facts(day, dice, opening)), opening)
        task = bar.add_task(f"day {day}: orders", total=ORDERS)
        for n in range(ORDERS):
            _play_order(deployment, day, n, dice, opening + timedelta(minutes=10 * n))
            bar.advance(task)
        _start_design(deployment, day, opening)
        with SAMPLE.open("rb") as file:
            lines = [m.message for m in parse_invoices(file) if isinstance(m.message, bytes)]
        _accept(deployment, bar, "orders taken elsewhere", lines, opening)
        bar.add_task("updating the views", total=None)
        update_views(deployment)
    return day


def customer_names() -> list[str]:
    return [f"demo:customer-{n}" for n in range(1, CUSTOMERS + 1)]


def order_id(day: int, n: int) -> str:
    return f"demo-{day}-{n + 1}"


def design_id(day: int) -> str:
    return f"demo-{day}"


def _accept(
    deployment: Deployment, bar: Progress, title: str, messages: list[bytes], now: datetime
) -> None:
    """Send messages through the gate, with consent to everything that the demo shows."""
    gate = deployment.gate(["fulfil", "personalize", "analyse"])
    task = bar.add_task(title, total=len(messages))
    for i in range(0, len(messages), 500):
        gate.accept(messages[i : i + 500], now)
        bar.advance(task, 500)


def _publish_book(deployment: Deployment, opening: datetime) -> None:
    """The tailor writes the book, and a partner approves it; on later days it is there already."""
    book, _ = read(CATALOGUES.joinpath(f"{_BOOK}.yaml").read_text(encoding="utf-8"))
    contents = {name: getattr(book, name) for name in HEADER_FIELDS + PARTS}
    for name, actor, arguments in (
        ("draft", "tailor", contents),
        ("approve", "partner", {"version": 1}),
        ("publish", "partner", {"version": 1}),
    ):
        command = Command(
            id=f"{_BOOK}/{name}", source=_SOURCE, subject=f"catalogue/{_BOOK}", name=name,
            arguments=arguments, time=opening, actor=actor,
        )  # fmt: skip
        deployment.commands.execute(command)


def _message(id: str, type: str, subject: str, time: datetime, data: dict[str, Any]) -> bytes:
    return json.dumps(
        {"specversion": "1.0", "id": id, "source": _SOURCE, "type": type, "subject": subject,
         "time": time.isoformat(), "channel": "web", "data": data}
    ).encode()  # fmt: skip


def _facts(day: int, dice: random.Random, opening: datetime) -> Iterator[bytes]:
    for n in range(FACTS):
        # Every customer comes once at first, so that they have consented before they order.
        customer = n + 1 if n < CUSTOMERS else dice.randint(1, CUSTOMERS)
        kind, data = _fact(f"{day}-{n}", dice)
        subject = f"customer/demo:customer-{customer}"
        time = opening + timedelta(seconds=10 * n)
        yield _message(f"{day}-{n}", f"customer.{kind}", subject, time, data)


def _fact(id: str, dice: random.Random) -> tuple[str, dict[str, Any]]:
    """The type, without its noun, and the data of a fact about a customer."""
    match dice.randrange(4):
        case 0:
            attribute, value = dice.choice(_PREFERENCES)
            return "preference-stated.v1", {"attribute": attribute, "value": value, **_CHOICE}
        case 1:
            return "content-contributed.v1", {
                "kind": "saved-design", "item_id": f"d{id}", "portable": 0.2, **_CHOICE,
                "choice_space": "contributed_content", "effort_s": 300.0,
            }  # fmt: skip
        case 2:
            item = dice.choice(["shirt", "jeans"])
            return "behaviour-observed.v1", {"kind": "view", "item": item}
    return "measurement-submitted.v2", {
        "measurement_id": f"m{id}", "name": "waist", "mm": float(dice.randint(700, 1000)),
        **_CHOICE, "choice_space": "parametric", "stage": "pre_manufacture", "effort_s": 60.0,
    }  # fmt: skip


def _start_design(deployment: Deployment, day: int, opening: datetime) -> None:
    """Denim jeans that a customer tries out."""
    line = OrderLine(line_id="L1", product="jeans")
    cloth = {**_CHOICE, "stage": "pre_manufacture"}
    choice = DesignOptionChosen(line_id="L1", option="cloth", value="denim", **cloth)  # type: ignore[arg-type]
    for name, arguments in (
        ("start", {"book": _BOOK, "lines": [line]}),
        ("choose", {"choice": choice}),
    ):
        command = Command(
            id=f"design-{day}/{name}", source=_SOURCE, subject=f"design/{design_id(day)}",
            name=name, arguments=arguments, time=opening, channel="web",
            customer="demo:customer-1",
        )  # fmt: skip
        deployment.commands.execute(command)


class _OrderScript:
    """What happens to one order: commands of a clerk, and reports from the plant."""

    def __init__(self, deployment: Deployment, order: str, customer: str, opened: datetime) -> None:
        self._deployment, self._order, self._customer = deployment, order, customer
        self._opened = opened

    def time(self, hours: float) -> datetime:
        return self._opened + timedelta(hours=hours)

    def send(self, name: str, id: str = "", hours: float = 0, **arguments: Any) -> CommandResult:
        """Carry out a command, `hours` after the order was opened."""
        return self._deployment.commands.execute(
            Command(
                id=f"{self._order}/{name}{id}", source=_SOURCE, subject=f"order/{self._order}",
                name=name, arguments=arguments, time=self.time(hours), actor="clerk-1",
                channel="web", customer=self._customer,
            )
        )  # fmt: skip

    def report(self, kind: str, hours: float, **data: Any) -> None:
        message = _message(
            f"{self._order}/{kind}/{hours:.3f}", f"order.{kind}.v1", f"order/{self._order}",
            self.time(hours), data,
        )  # fmt: skip
        self._deployment.gate(()).accept([message], self.time(hours))

    def work(self, step: Step, hours: float, dice: random.Random) -> None:
        """Report that an operation started, and within an hour that it was completed."""
        self.report("operation-started", hours, **asdict(step))
        run_s = float(dice.randint(60, 900))
        completed = hours + dice.random()
        self.report("operation-completed", completed, **asdict(step), quantity=1, run_s=run_s)

    def check(self, id: str, hours: float, passed: bool) -> None:
        data: dict[str, Any] = {"check_id": id, "line_id": "L1", "quantity": 1}
        if passed:
            self.report("quality-check-passed", hours, **data)
        else:
            self.report("quality-check-failed", hours, **data, defect="loose thread")


def _play_order(
    deployment: Deployment, day: int, n: int, dice: random.Random, opened: datetime
) -> None:
    """Play one order, as far as the dice take it through the plant."""
    customer = f"demo:customer-{dice.randint(1, CUSTOMERS)}"
    script = _OrderScript(deployment, order_id(day, n), customer, opened)
    line = OrderLine(line_id="L1", product=dice.choice(["shirt", "jeans"]))
    script.send("draft", lines=[line], book=_BOOK)
    for option, value, stage in (
        ("monogram", "serif", "packaging"),
        ("fit", dice.choice(["slim", "wide"]), "pre_manufacture"),
        ("cloth", dice.choice(["twill", "denim"]), "pre_manufacture"),
    ):
        text = dice.choice(["A.B.", "Mum", "J."]) if option == "monogram" else None
        choice = OptionChosen(
            line_id="L1", option=option, value=value, text=text, **_CHOICE | {"stage": stage}  # type: ignore[arg-type]
        )  # fmt: skip
        script.send("choose", option, choice=choice)
    if dice.random() < 0.3:
        instruction = SpecialInstructionGiven(
            instruction_id="I1", text="not too stiff, please", **_CHOICE  # type: ignore[arg-type]
        )  # fmt: skip
        script.send("instruct", instruction=instruction)
        script.send(
            "interpret", instruction_id="I1", operations=["soft"], confidence=0.8, by="clerk-1"
        )
        script.send("accept", instruction_id="I1")
    if dice.random() < 0.1:
        return
    load = Decimal(dice.choice(["0.8", "0.95"]))
    script.send("quote", quote_id="Q1", expires_at=script.time(1), load=load)
    if dice.random() < 0.1:
        return
    [placed] = script.send("place", quote_id="Q1").events
    assert isinstance(placed.data, OrderPlaced)
    script.send("promise", p50=script.time(24), p90=script.time(48), basis="clerk-1")
    steps = [Step(operation_id=c, line_id="L1", work_centre=c) for c in _ROUTE]
    script.send("queue", route=steps)
    if dice.random() < 0.1:
        script.send("cancel", sunk_cost=Decimal("4.50"))
        return
    done = steps[: dice.randint(0, 5)]
    for hour, step in enumerate(done, 1):
        script.work(step, hour, dice)
    if done == steps:
        assert placed.data.total is not None
        _finish_order(script, dice, placed.data.total)


def _finish_order(script: _OrderScript, dice: random.Random, total: Decimal) -> None:
    """The check, rework if it fails, and delivery."""
    passed = dice.random() < 0.7
    script.check("C1", 5, passed)
    if not passed:
        again = Step(operation_id="sewing-2", line_id="L1", work_centre="sewing")
        script.send("rework", hours=5.5, check_id="C1", route=[again])
        script.work(again, 6, dice)
        script.check("C2", 8, passed=True)
    script.report("order-packaged", 8.5)
    script.report("order-shipped", 9)
    script.report("payment-recorded", 10, amount=str(total), currency="EUR")
    script.report("order-delivered", dice.choice([20, 30, 60]))
    script.send("settle-promise", hours=61)
