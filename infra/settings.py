"""What a deployment is told from outside, by environment variables that begin with ORDERMADE_."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from consumers.doors.interpreting import SURE_FROM


class Settings(BaseSettings):
    """`home` holds secrets and the embedded PostgreSQL, unless `database_url` names a server.

    With `kafka`, host:port, the log is there, in topics whose names begin with `kafka_topics`.
    With `http_token`, every request over HTTP must bring it.
    `interpreter` reads free text: a name among the entry points `ordermade.interpreters`. What it
    is less sure of than `sure_from` is left to a person.
    """

    model_config = SettingsConfigDict(env_prefix="ORDERMADE_", frozen=True)

    home: Path = Path(".ordermade")
    database_url: str | None = None
    partitions: int = 12
    session_s: float = 10.0
    linger_s: float = 30.0
    kafka: str | None = None
    kafka_topics: str = "ordermade"
    http_token: SecretStr | None = None
    interpreter: str = "rules"
    sure_from: Annotated[float, Field(ge=0, le=1)] = SURE_FROM
