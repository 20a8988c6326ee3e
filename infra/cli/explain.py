"""`ordermade explain` and `ordermade verify`: prices computed again from their inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.terminal import Json, open_deployment

if TYPE_CHECKING:
    from consumers.questions.prices import PriceExplanation, PriceVerification

explain = typer.Typer(no_args_is_help=True)
verify = typer.Typer(no_args_is_help=True)


@explain.callback()
@verify.callback()
def _group() -> None:
    """Typer keeps a group of one command as a group only if it has a callback."""


@explain.command("quote")
def explain_quote(
    quote: Annotated[
        str, typer.Argument(help="ORDER/QUOTE, ORDER/CHANGE, or the id of the event.")
    ],
    as_json: Json = False,
) -> None:
    """Show a price rule by rule.

    It is computed again from its recorded inputs; exits with 1 unless the result is identical.
    """
    from consumers.questions.prices import explain_price
    from infra.cli.tables import print_json

    with open_deployment() as deployment:
        explanation = explain_price(quote, deployment.issued_prices, deployment.books)
    if as_json:
        print_json(explanation)
    else:
        print_explanation(explanation)
    if not explanation.identical:
        raise typer.Exit(1)


@verify.command("prices")
def verify_all_prices(as_json: Json = False) -> None:
    """Check every price that was ever issued.

    Each is computed again from its recorded inputs; exits with 1 if one differs, or if a published
    book was altered.
    """
    from consumers.questions.prices import verify_prices
    from infra.cli.tables import print_json, progress_bar

    with open_deployment() as deployment, progress_bar() as bar:
        heads = deployment.envelopes.heads()
        task = bar.add_task("verifying", total=sum(heads.values()))
        verification = verify_prices(
            deployment.issued_prices,
            deployment.books,
            heads,
            lambda passed: bar.update(task, completed=passed),
        )
    if as_json:
        print_json(verification)
    else:
        _print_verification(verification)
    if not verification.is_proved:
        raise typer.Exit(1)


def print_explanation(explanation: PriceExplanation) -> None:
    from infra.cli.tables import table

    order, quote = explanation.order, explanation.quote
    table("What does each rule add, as it was stored and as computed again?", explanation.rows)
    result = "identical" if explanation.identical else "NOT identical"
    typer.echo(f"{explanation.total} {explanation.currency} by {explanation.engine}: {result}.")
    if explanation.differences:
        table("Where does it differ?", explanation.differences)
    if explanation.books:
        table("Which book is not as it was published?", explanation.books)
    inputs = [
        {"name": i.name, "value": _line(i.value) if i.name == "line" else i.value}
        for i in explanation.inputs
    ]
    table(f"What does quote {quote} of order {order} depend on?", inputs)


def _line(text: str) -> str:
    """A line of an order, recorded as JSON, as a person reads it: `L1: 1 × jeans, fit slim`."""
    import json

    line = json.loads(text)
    options = "".join(f", {option} {value}" for option, value in line["options"].items())
    return f"{line['line_id']}: {line['quantity']} × {line['product']}{options}"


def _print_verification(verification: PriceVerification) -> None:
    from infra.cli.tables import table

    if verification.rows:
        table("Which quotes differ from what their inputs give?", verification.rows)
    if verification.books:
        table("Which books are not as they were published?", verification.books)
    quotes, differing = verification.quotes, verification.differing
    typer.echo(f"{quotes} quotes priced again: {quotes - differing} identical, {differing} not.")
