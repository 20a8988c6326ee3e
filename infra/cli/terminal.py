"""What every command needs: the deployment, opened, and errors as messages."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Annotated

import typer

from infra.errors import UserError

if TYPE_CHECKING:
    from infra.deployment import Deployment

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Actor = Annotated[str | None, typer.Option(help="Who does this: recorded with the event.")]

waits_for_log: ContextVar[bool] = ContextVar("waits_for_log", default=False)
"""Whether `--wait-log` was given: writes of this command wait until the log has them."""


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


def finish_write(deployment: Deployment) -> None:
    """Update the views, and wait for the log where `--wait-log` asks for it.

    Raises UserError where the log takes too long.
    """
    update_views(deployment)
    wait_for_log(deployment)


def wait_for_log(deployment: Deployment) -> None:
    """Wait for the log where `--wait-log` asks for it. Raises UserError where it takes too long."""
    if waits_for_log.get() and not deployment.wait_for_log():
        raise UserError(
            "what was written is stored, but not in the log yet: it follows when Kafka and a relay "
            "run; `ordermade lag` shows how far behind the log is"
        )


def error_message(error: Exception) -> str:
    """Return the message that explains an expected error; raise any other error again."""
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

    if isinstance(error, CodedError):
        return explain(error)
    if isinstance(
        error, UserError | WrongDatabase | KafkaUnreachable | KafkaUnusable | BackupUnusable
    ):
        return str(error)
    if isinstance(error, ValidationError) and error.title == Settings.__name__:
        errors = error.errors(include_input=False, include_url=False)
        return "; ".join(f"ORDERMADE_{str(e['loc'][0]).upper()}: {e['msg']}" for e in errors)
    settings = Settings()
    message: str | None = None
    if settings.database_url is None:
        message = explain_failure(error, settings.home)
    elif isinstance(error, psycopg.OperationalError | psycopg_pool.PoolTimeout):
        first_line = str(error).partition("\n")[0]
        message = (
            f"the server of ORDERMADE_DATABASE_URL does not answer: {first_line}; run this again "
            "when it does"
        )
    if message is None:
        raise error
    return message
