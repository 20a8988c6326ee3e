"""A small shop, from a seed: what `make demo` plays through the front door."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import typer
from rich.console import Console
from rich.progress import Progress

from consumers.doors.commands import Command, CommandResult
from domain.book.book import OrderLine
from domain.book.contents import HEADER_FIELDS, PARTS
from domain.order.events import OptionChosen, OrderPlaced, SpecialInstructionGiven, Step
from infra.cli.show import show_story, show_view
from infra.cli.terminal import open_deployment, update_views
from infra.deployment import Deployment
from infra.imports.catalogue import CATALOGUES, read
from infra.imports.online_retail import SAMPLE, parse_invoices

CUSTOMERS, ORDERS, FACTS = 40, 25, 400
_SOURCE = "/demo/shop"
_SEED = 2026
_BOOK = "tailor"
_QUERY = "SELECT status, count(*) FROM backlog GROUP BY status"
_ROUTE = ("cutting", "sewing", "finishing")
_CHOICE = {"origin": "direct", "choice_space": "closed", "target": "product", "stage": "packaging"}


def demo() -> None:
    """Play a small shop, and show what comes of it."""
    with open_deployment() as deployment:
        play(deployment)


def play(deployment: Deployment) -> None:
    """Plays the next day of the shop: each has its own seed, customers come back."""
    day = 1
    while deployment.store.read_stream(f"order/{_order(day, ORDERS - 1)}"):
        day += 1
    dice = random.Random(_SEED * 1000 + day)  # noqa: S311
    opening = datetime(2026, 3, 1, 9, tzinfo=UTC) + timedelta(days=day)
    _publish(deployment, opening)
    gate = deployment.gate(["fulfil", "personalize", "analyse"])
    elsewhere = deployment.gate(["fulfil", "analyse"])
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task(f"day {day}: facts", total=FACTS)
        facts = list(_facts(day, dice, opening))
        for i in range(0, FACTS, 100):
            gate.accept(facts[i : i + 100], opening)
            progress.advance(task, 100)
        task = progress.add_task(f"day {day}: orders", total=ORDERS)
        for n in range(ORDERS):
            _make(deployment, day, n, dice, opening + timedelta(minutes=10 * n))
            progress.advance(task)
        with SAMPLE.open("rb") as lines:
            sold = [m.message for m in parse_invoices(lines) if isinstance(m.message, bytes)]
        task = progress.add_task("orders taken elsewhere", total=len(sold))
        for i in range(0, len(sold), 1_000):
            elsewhere.accept(sold[i : i + 1_000], opening)
            progress.advance(task, 1_000)
        progress.update(task, description="views")
        update_views(deployment)
    for view in ("profile", "prices", "backlog", "quality", "loyalty"):
        show_view(deployment, view, 5)
    longest = max((_order(day, n) for n in range(ORDERS)), key=lambda o: _length(deployment, o))
    show_story(deployment, f"order/{longest}", 100)
    typer.echo(
        f"\nThat was day {day} of a small shop, and a file of orders that were taken elsewhere.\n"
        f"Four commands to try, in {deployment.settings.home.parent.resolve()}:\n"
        "  .venv/bin/ordermade show profile demo:customer-7\n"
        f"  .venv/bin/ordermade show audit order/{longest}\n"
        f"  .venv/bin/ordermade sql '{_QUERY}'\n"
        "  .venv/bin/ordermade up --http 8080     # and open http://127.0.0.1:8080/docs"
    )


def _publish(deployment: Deployment, opening: datetime) -> None:
    """The shop's book: the tailor writes it, and his partner approves it. Once for all days."""
    book, _ = read(CATALOGUES.joinpath(f"{_BOOK}.yaml").read_text(encoding="utf-8"))
    said = {name: getattr(book, name) for name in HEADER_FIELDS + PARTS}
    for name, actor, arguments in (
        ("draft", "tailor", said),
        ("approve", "partner", {"version": 1}),
        ("publish", "partner", {"version": 1}),
    ):
        deployment.commands.execute(
            Command(
                id=f"{_BOOK}/{name}", source=_SOURCE, subject=f"catalogue/{_BOOK}", name=name,
                arguments=arguments, time=opening, actor=actor,
            )
        )  # fmt: skip


def _order(day: int, n: int) -> str:
    return f"demo-{day}-{n + 1}"


def _length(deployment: Deployment, order: str) -> int:
    return len(deployment.store.read_stream(f"order/{order}"))


def _message(id: str, type: str, subject: str, time: datetime, data: dict[str, Any]) -> bytes:
    return json.dumps(
        {"specversion": "1.0", "id": id, "source": _SOURCE, "type": type, "subject": subject,
         "time": time.isoformat(), "channel": "web", "data": data}
    ).encode()  # fmt: skip


def _facts(day: int, dice: random.Random, opening: datetime) -> Iterator[bytes]:
    for n in range(FACTS):
        # Every customer is there once, so that their consent stands before they order.
        customer = n + 1 if n < CUSTOMERS else dice.randint(1, CUSTOMERS)
        time = opening + timedelta(seconds=10 * n)
        said: list[tuple[str, dict[str, Any]]] = (
            [
                ("preference-stated", {
                    "attribute": dice.choice(["colour", "collar", "fit"]),
                    "value": dice.choice(["navy", "wide", "slim", "white"]), **_CHOICE}),
                ("content-contributed", {
                    "kind": "saved-design", "item_id": f"d{day}-{n}", "portable": 0.2,
                    **_CHOICE, "choice_space": "contributed_content", "effort_s": 300.0}),
                ("behaviour-observed", {"kind": "view", "item": dice.choice(["shirt", "jeans"])}),
                ("measurement-submitted", {
                    "measurement_id": f"m{day}-{n}", "name": "waist",
                    "mm": float(dice.randint(700, 1000)), **_CHOICE, "choice_space": "parametric",
                    "stage": "pre_manufacture", "effort_s": 60.0}),
            ]
        )  # fmt: skip
        kind, data = dice.choice(said)
        version = "v2" if kind == "measurement-submitted" else "v1"
        subject = f"customer/demo:customer-{customer}"
        yield _message(f"{day}-{n}", f"customer.{kind}.{version}", subject, time, data)


def _make(deployment: Deployment, day: int, n: int, dice: random.Random, time: datetime) -> None:
    """One order, as far as the dice take it through the plant."""
    order = _order(day, n)
    subject, customer = f"order/{order}", f"demo:customer-{dice.randint(1, CUSTOMERS)}"

    def ask(name: str, said: str = "", hours: float = 0, **arguments: Any) -> CommandResult:
        return deployment.commands.execute(
            Command(
                id=f"{order}/{name}{said}", source=_SOURCE, subject=subject, name=name,
                arguments=arguments, time=time + timedelta(hours=hours), actor="clerk-1",
                channel="web", customer=customer,
            )
        )  # fmt: skip

    def report(kind: str, hours: float, **data: Any) -> None:
        at = time + timedelta(hours=hours)
        said = f"{order}/{kind}/{hours:.3f}"
        deployment.gate(()).accept([_message(said, f"order.{kind}.v1", subject, at, data)], at)

    def work(step: Step, hours: float) -> None:
        report("operation-started", hours, **asdict(step))
        report("operation-completed", hours + dice.random(), **asdict(step), quantity=1,
               run_s=float(dice.randint(60, 900)))  # fmt: skip

    def check(id: str, hours: float, passed: bool) -> None:
        about: dict[str, Any] = {"check_id": id, "line_id": "L1", "quantity": 1}
        if passed:
            report("quality-check-passed", hours, **about)
        else:
            report("quality-check-failed", hours, **about, defect="loose thread")

    product = OrderLine(line_id="L1", product=dice.choice(["shirt", "jeans"]))
    ask("draft", lines=[product], book=_BOOK)
    for option, value, stage in (
        ("monogram", "serif", "packaging"),
        ("fit", dice.choice(["slim", "wide"]), "pre_manufacture"),
        ("cloth", dice.choice(["twill", "denim"]), "pre_manufacture"),
    ):
        text = dice.choice(["A.B.", "Mum", "J."]) if option == "monogram" else None
        ask("choose", option, choice=OptionChosen(
            line_id="L1", option=option, value=value, text=text, **_CHOICE | {"stage": stage}))  # type: ignore[arg-type]  # fmt: skip
    if dice.random() < 0.3:
        ask("instruct", instruction=SpecialInstructionGiven(
            instruction_id="I1", text="not too stiff, please", **_CHOICE))  # type: ignore[arg-type]  # fmt: skip
        ask("interpret", instruction_id="I1", operations=["soft"], confidence=0.8, by="clerk-1")
        ask("accept", instruction_id="I1")
    if dice.random() < 0.1:
        return
    ask("quote", quote_id="Q1", expires_at=time + timedelta(hours=1), load=Decimal("0.8"))
    if dice.random() < 0.1:
        return
    [placed] = ask("place", quote_id="Q1").events
    assert isinstance(placed.data, OrderPlaced)
    ask("promise", p50=time + timedelta(days=1), p90=time + timedelta(days=2), basis="clerk-1")
    steps = [Step(operation_id=c, line_id="L1", work_centre=c) for c in _ROUTE]
    ask("queue", route=steps)
    if dice.random() < 0.1:
        ask("cancel", sunk_cost=Decimal("4.50"))
        return
    done = steps[: dice.randint(0, 5)]
    for hour, step in enumerate(done, 1):
        work(step, hour)
    if done != steps:
        return
    check("C1", 5, passed := dice.random() < 0.7)
    if not passed:
        again = Step(operation_id="sewing-2", line_id="L1", work_centre="sewing")
        ask("rework", hours=5.5, check_id="C1", route=[again])
        work(again, 6)
        check("C2", 8, passed=True)
    report("order-packaged", 8.5)
    report("order-shipped", 9)
    report("payment-recorded", 10, amount=str(placed.data.total), currency="EUR")
    report("order-delivered", dice.choice([20, 30, 60]))
    ask("settle-promise", hours=61)
