"""What a deployment is told from outside, by environment variables that begin with ORDERMADE_."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """`home` holds secrets and the embedded PostgreSQL, unless `database_url` names a server.

    With `kafka`, host:port, the log is there, in topics whose names begin with `kafka_topics`.
    With `http_token`, every request over HTTP must bring it.
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
