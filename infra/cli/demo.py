"""`ordermade demo`: a day of a small shop, and the questions that its events answer."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from infra.cli.terminal import open_deployment

if TYPE_CHECKING:
    from infra.deployment import Deployment

_SQL = "SELECT status, count(*) FROM backlog GROUP BY status"


def demo() -> None:
    """Play a day of a small shop, and ask about it.

    Customers state preferences and order clothes made to measure, the plant reports, and a file of
    orders from elsewhere is imported. Each further call plays the next day.
    """
    from infra.cli import shop

    with open_deployment() as deployment:
        before = sum(deployment.envelopes.heads().values())
        day = shop.play(deployment)
        events = sum(deployment.envelopes.heads().values()) - before
        elsewhere = ", and a file of orders taken elsewhere" if day == 1 else ""
        typer.echo(
            f"A tailor's shop, day {day}: {shop.ORDERS} orders made to measure, {shop.FACTS} facts "
            f"about {shop.CUSTOMERS} customers{elsewhere}.\n{events:,} events were stored, and "
            "folded into the views that the following commands read."
        )
        _ask(deployment, [shop.order_id(day, n) for n in range(shop.ORDERS)], shop.design_id(day))
    typer.echo("\nTry next:")
    for words in ("show loyalty", f"sql '{_SQL}'", "verify prices", "--help"):
        typer.echo(f"  {command_line(words)}")
    typer.echo(f"  {command_line('up --http 8080')}   # then open http://127.0.0.1:8080/docs")


def _ask(deployment: Deployment, orders: list[str], design: str) -> None:
    """Print a few commands with their output, the most interesting ones first."""
    from consumers.questions.prices import explain_price
    from infra.cli.explain import print_explanation
    from infra.cli.show import show_key, show_story

    quotes = [f"{order}/Q1" for order in orders if _rules(deployment, order)]
    quote = max(quotes, key=lambda quote: _rules(deployment, quote.partition("/")[0]))
    _print_command(f"explain quote {quote}")
    print_explanation(explain_price(quote, deployment.issued_prices, deployment.books))
    _refused_choice(deployment, design)
    longest = max(orders, key=lambda order: len(deployment.store.read_stream(f"order/{order}")))
    _print_command(f"show audit order/{longest}")
    show_story(deployment, f"order/{longest}", 100)
    customer = _best_known_customer(deployment)
    _print_command(f"show profile {customer}")
    show_key(deployment, "profile", customer)
    _print_command("show quality")
    _print_figures(deployment, "quality", "first_pass_yield", "pairs")
    _print_command("show backlog")
    _print_figures(deployment, "backlog", "promises", "load")


def _rules(deployment: Deployment, order: str) -> int:
    """How many rules make the price of an order's quote; 0 where it has none."""
    issued = deployment.issued_prices.find(f"order/{order}", "Q1")
    return len(issued.price.trace) if issued and issued.price else 0


def _refused_choice(deployment: Deployment, design: str) -> None:
    """Choose a cloth that the book's rules do not allow, and print the refusal."""
    from domain.errors import Refusal
    from domain.subject import Subject
    from infra.cli.arguments import choice
    from infra.cli.sending import execute
    from infra.cli.terminal import error_message

    words = f"design choose {design} L1 cloth poplin --stage pre_manufacture"
    _print_command(words)
    chosen = choice("L1", "cloth", "pre_manufacture", value="poplin")
    try:
        execute(deployment, Subject("design", design), "choose", {"choice": chosen})
    except Refusal as refusal:
        typer.echo(f"ordermade: {error_message(refusal)}")


def _best_known_customer(deployment: Deployment) -> str:
    """The name of the customer about whom most is believed."""
    from consumers.questions.rows import find_view
    from infra.cli.shop import customer_names
    from projections.profile import ProfileRow

    names = customer_names()
    ids = deployment.owners(deployment.reader_pool).find(names)
    rows = deployment.views.select(find_view("profile"), {"key": list(ids.values())}, len(names))
    beliefs = {r.customer: len(r.beliefs) for r in rows if isinstance(r, ProfileRow)}
    return max(ids, key=lambda name: beliefs.get(ids[name], 0))


def _print_figures(deployment: Deployment, view: str, *names: str) -> None:
    from datetime import UTC, datetime

    from consumers.questions.figures import view_figures
    from infra.cli.tables import print_figures

    figures = view_figures(view, deployment.views, deployment.books, datetime.now(UTC))
    if figures is not None:
        print_figures(figures, 5, names)
        typer.echo("…")


def _print_command(words: str) -> None:
    typer.echo(f"\n$ {command_line(words)}")


def command_line(words: str) -> str:
    """Return a command as this user types it: the program's path, and the home if it is set."""
    program = "ordermade"
    if shutil.which(program) is None:
        script = Path(sys.executable).with_name(program)
        program = os.path.relpath(script) if script.exists() else f"{sys.executable} -m infra"
    home = os.environ.get("ORDERMADE_HOME")
    return f"ORDERMADE_HOME={home} {program} {words}" if home else f"{program} {words}"
