"""The inputs that an order or a design needs: `order needs` and `design needs`."""

from __future__ import annotations

from datetime import UTC, datetime

from consumers.questions.needs import needed_inputs
from domain.subject import Subject
from infra.cli.tables import print_json, table
from infra.cli.terminal import open_deployment


def print_needs(subject: Subject, as_json: bool) -> None:
    with open_deployment() as deployment:
        inputs = needed_inputs(
            subject, deployment.store, deployment.books, deployment.views, datetime.now(UTC)
        )
    if as_json:
        print_json({"rows": inputs})
    else:
        table("Which inputs are needed, and which are given?", inputs)
