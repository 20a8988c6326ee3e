"""`ordermade order needs` and `ordermade design needs`."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import typer

from consumers.questions.needs import needed_inputs
from domain.subject import Subject
from infra.cli.tables import plain, table
from infra.deployment import Deployment


def show_needs(deployment: Deployment, subject: Subject, as_json: bool) -> None:
    rows = needed_inputs(
        subject, deployment.store, deployment.books, deployment.views, datetime.now(UTC)
    )
    if as_json:
        typer.echo(json.dumps({"rows": msgspec.to_builtins(rows)}))
    else:
        table("Which inputs are needed, and which are given?", plain(rows))
