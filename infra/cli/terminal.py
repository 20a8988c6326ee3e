"""What every command needs: the deployment opened, and errors as sentences."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from infra.bootstrap import App

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
Actor = Annotated[str | None, typer.Option(help="Who asks.")]


waits: ContextVar[bool] = ContextVar("waits", default=False)
"""Whether this command's writes wait for the log."""


class Told(Exception):
    """A sentence for the person at the terminal; the command failed."""


def open_app() -> App:
    from infra.bootstrap import App
    from infra.settings import Settings

    return App(Settings())


def in_log(app: App) -> None:
    """Waits for the log where `--wait-log` asks for it. Raises Told where it takes too long."""
    if waits.get() and not app.in_log():
        raise Told(
            "what was said is stored, and not in the log yet: it follows as soon as Kafka and a "
            "relay are there, and `ordermade lag` tells how far that is"
        )


def sentence(error: Exception) -> str:
    """What to tell a person of an error. An error that nobody foresaw keeps its traceback."""
    import psycopg
    import psycopg_pool
    from pydantic import ValidationError

    from consumers.ports.log import LogBroken
    from domain.errors import Refusal
    from infra.kafka.errors import KafkaSilent, KafkaUnfit
    from infra.postgres.server.database import NotOurs
    from infra.postgres.server.embedded import explain
    from infra.postgres.store.backup import BackupUnfit
    from infra.settings import Settings

    foreseen = Told | Refusal | NotOurs | LogBroken | KafkaSilent | KafkaUnfit | BackupUnfit
    if isinstance(error, foreseen):
        return str(error)
    if isinstance(error, ValidationError) and error.title == Settings.__name__:
        wrong = error.errors(include_input=False, include_url=False)
        return "; ".join(f"ORDERMADE_{str(w['loc'][0]).upper()}: {w['msg']}" for w in wrong)
    settings = Settings()
    if settings.database_url is None:
        told = explain(error, settings.home)
    elif isinstance(error, psycopg.OperationalError | psycopg_pool.PoolTimeout):
        first = str(error).partition("\n")[0]
        told = (
            f"the server of ORDERMADE_DATABASE_URL does not answer: {first}; run this again when "
            "it does"
        )
    else:
        told = None
    if told is None:
        raise error
    return told
