"""What a deployment is told from outside, by environment variables that begin with ORDERMADE_."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from consumers.doors.free_text_reader import SURE_FROM

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256"]


class Settings(BaseSettings):
    """`home` holds secrets and the embedded PostgreSQL, unless `database_url` names a server.

    With `kafka`, host:port, the log is there, in topics whose names begin with `kafka_topics`.
    `kafka_security` is what Kafka calls security.protocol; certificates and keys are PEM files.
    With `http_token`, every request over HTTP must bring it.
    `interpreter` reads free text: a name among the entry points `ordermade.interpreters`. What it
    is less sure of than `sure_from` is left to a person.
    """

    model_config = SettingsConfigDict(
        env_prefix="ORDERMADE_", frozen=True, hide_input_in_errors=True
    )

    home: Path = Path(".ordermade")
    database_url: str | None = None
    partitions: int = 12
    session_s: float = 10.0
    linger_s: float = 30.0
    kafka: str | None = None
    kafka_topics: str = "ordermade"
    kafka_security: Protocol = "PLAINTEXT"
    kafka_mechanism: Mechanism = "SCRAM-SHA-512"
    kafka_user: str | None = None
    kafka_password: SecretStr | None = None
    kafka_password_file: Path | None = None
    kafka_ca_file: Path | None = None
    kafka_certificate_file: Path | None = None
    kafka_key_file: Path | None = None
    http_token: SecretStr | None = None
    interpreter: str = "rules"
    sure_from: Annotated[float, Field(ge=0, le=1)] = SURE_FROM
