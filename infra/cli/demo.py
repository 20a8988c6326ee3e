"""A small shop, from a seed: what `make demo` plays through the front door."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import typer
from rich.console import Console
from rich.progress import Progress

from consumers.doors.commands import Command
from domain.order.events import OptionChosen, OrderLine, QuoteLine, Step
from infra.bootstrap import App
from infra.cli.showing import show_view

CUSTOMERS, ORDERS, FACTS = 40, 25, 400
_SOURCE = "/demo/shop"
_SEED = 2026
_QUERY = "SELECT status, count(*) FROM backlog GROUP BY status"
_ROUTE = ("cutting", "sewing", "finishing")
_CHOICE = {"origin": "direct", "choice_space": "closed", "target": "product", "stage": "packaging"}


def play(app: App) -> None:
    """Plays the next day of the shop: each has its own seed, customers come back."""
    day = 1
    while app.store.read_stream(f"order/{_order(day, ORDERS - 1)}"):
        day += 1
    dice = random.Random(_SEED * 1000 + day)  # noqa: S311
    opening = datetime(2026, 3, 1, 9, tzinfo=UTC) + timedelta(days=day)
    gate = app.gate(["fulfil", "personalize", "analyse"])
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task(f"day {day}: facts", total=FACTS)
        facts = list(_facts(day, dice, opening))
        for i in range(0, FACTS, 100):
            gate.accept(facts[i : i + 100], opening)
            progress.advance(task, 100)
        task = progress.add_task(f"day {day}: orders", total=ORDERS)
        for n in range(ORDERS):
            _make(app, day, n, dice, opening + timedelta(minutes=10 * n))
            progress.advance(task)
        progress.update(task, description=f"day {day}: views")
        app.drain()
    for view in ("profile", "prices", "backlog", "quality", "loyalty"):
        show_view(app, view, None, as_json=False, limit=5)
    show_view(app, "audit", f"order/{_order(day, 0)}", as_json=False)
    typer.echo(
        f"\nThat was day {day}. Four commands to try, in {app.settings.home.parent.resolve()}:\n"
        "  .venv/bin/ordermade show profile demo:customer-7\n"
        f"  .venv/bin/ordermade show audit order/{_order(day, 0)}\n"
        f"  .venv/bin/ordermade sql '{_QUERY}'\n"
        "  .venv/bin/ordermade up --http 8080     # and open http://127.0.0.1:8080/docs"
    )


def _order(day: int, n: int) -> str:
    return f"demo-{day}-{n + 1}"


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


def _make(app: App, day: int, n: int, dice: random.Random, time: datetime) -> None:
    """One order, as far as the dice take it through the plant."""
    order = _order(day, n)
    subject = f"order/{order}"

    customer = f"demo:customer-{dice.randint(1, CUSTOMERS)}"

    def ask(name: str, **arguments: Any) -> None:
        app.commands.execute(
            Command(
                id=f"{order}/{name}", source=_SOURCE, subject=subject, name=name,
                arguments=arguments, time=time, actor="clerk-1", channel="web",
                customer=customer,
            )
        )  # fmt: skip

    ask("draft", lines=[OrderLine(line_id="L1", product=dice.choice(["shirt", "jeans"]))])
    ask("choose", choice=OptionChosen(
        line_id="L1", option="monogram", value="serif", text=dice.choice(["A.B.", "Mum", "J."]),
        **_CHOICE))  # type: ignore[arg-type]  # fmt: skip
    if dice.random() < 0.1:
        return
    price = Decimal(dice.randint(4000, 9000)) / 100
    ask("quote", quote_id="Q1", lines=[QuoteLine(line_id="L1", amount=price)], currency="EUR",
        expires_at=time + timedelta(hours=1))  # fmt: skip
    if dice.random() < 0.1:
        return
    ask("place", quote_id="Q1")
    steps = [Step(operation_id=c, line_id="L1", work_centre=c) for c in _ROUTE]
    ask("queue", route=steps)
    if dice.random() < 0.1:
        ask("cancel", sunk_cost=Decimal("4.50"))
        return
    reports: list[bytes] = []

    def report(kind: str, hours: float, **data: Any) -> None:
        at = time + timedelta(hours=hours)
        reports.append(_message(f"{order}/{len(reports)}", f"order.{kind}.v1", subject, at, data))

    for hour, step in enumerate(steps[: dice.randint(0, 4)], 1):
        work = {"operation_id": step.operation_id, "line_id": "L1", "work_centre": step.work_centre}
        report("operation-started", hour, **work)
        report("operation-completed", hour + dice.random(), **work, quantity=1,
               run_s=float(dice.randint(60, 900)))  # fmt: skip
    if len(reports) == 2 * len(_ROUTE):
        report("quality-check-passed", 5, check_id="C1", line_id="L1", quantity=1)
        report("order-packaged", 5.5)
        report("order-shipped", 6)
    if reports:
        app.gate(()).accept(reports, time)
