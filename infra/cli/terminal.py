"""What every command needs: the deployment opened, and errors as sentences."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Annotated

import typer

from infra.errors import UserError

if TYPE_CHECKING:
    from infra.deployment import Deployment

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
Actor = Annotated[str | None, typer.Option(help="Who asks.")]


waits: ContextVar[bool] = ContextVar("waits", default=False)
"""Whether this command's writes wait for the log."""


def open_deployment() -> Deployment:
    from infra.deployment import Deployment
    from infra.settings import Settings

    return Deployment(Settings())


def update_views(deployment: Deployment) -> bool:
    """Bring the views up to what is stored; False where they stay behind, for whatever reason."""
    from infra.kafka.errors import KafkaUnreachable

    try:
        return deployment.drain()
    except KafkaUnreachable as error:
        typer.echo(f"What was written is stored; the views wait: {error}", err=True)
        return False


def wait_for_log(deployment: Deployment) -> None:
    """Wait for the log where `--wait-log` asks for it. Raises UserError where it takes too long."""
    if waits.get() and not deployment.wait_for_log():
        raise UserError(
            "what was written is stored, but not in the log yet: it follows when Kafka and a relay "
            "run; `ordermade lag` shows how far behind the log is"
        )


def sentence(error: Exception) -> str:
    """What to tell a person of an error. An error that nobody foresaw keeps its traceback."""
    import psycopg
    import psycopg_pool
    from pydantic import ValidationError

    from domain.errors import CodedError
    from infra.cli.remedies import explain
    from infra.kafka.errors import KafkaUnreachable, KafkaUnusable
    from infra.postgres.server.database import WrongDatabase
    from infra.postgres.server.embedded import explain_failure
    from infra.postgres.store.backup import BackupUnusable
    from infra.settings import Settings

    foreseen = UserError | WrongDatabase | KafkaUnreachable | KafkaUnusable | BackupUnusable
    if isinstance(error, CodedError):
        return explain(error)
    if isinstance(error, foreseen):
        return str(error)
    if isinstance(error, ValidationError) and error.title == Settings.__name__:
        wrong = error.errors(include_input=False, include_url=False)
        return "; ".join(f"ORDERMADE_{str(w['loc'][0]).upper()}: {w['msg']}" for w in wrong)
    settings = Settings()
    if settings.database_url is None:
        told = explain_failure(error, settings.home)
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
