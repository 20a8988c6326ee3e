"""The settings of a deployment: environment variables whose names begin with ORDERMADE_."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from consumers.doors.free_text_reader import SURE_FROM

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256"]


class Settings(BaseSettings):
    """Settings, read once when a deployment is opened. docs/guide/settings.md lists them."""

    model_config = SettingsConfigDict(
        env_prefix="ORDERMADE_", frozen=True, hide_input_in_errors=True
    )

    home: Path = Path(".ordermade")
    """The folder of the secrets and of the embedded PostgreSQL."""

    database_url: str | None = None
    """A PostgreSQL server to use instead of the embedded one, as a role that may create databases
    and roles."""

    partitions: int = 12
    """Partitions of the log, fixed when the deployment is created."""

    session_s: float = 10.0
    """Seconds without a poll after which a member of a consumer group loses its partitions."""

    linger_s: float = 30.0
    """Seconds after which the embedded server stops when its last client has left."""

    kafka: str | None = None
    """`host:port` of the Kafka that holds the log, several separated by commas. Without it the
    store's own table is the log."""

    kafka_topics: str = "ordermade"
    """The prefix of the names of topics and consumer groups."""

    kafka_security: Protocol = "PLAINTEXT"
    """Kafka's `security.protocol`."""

    kafka_mechanism: Mechanism = "SCRAM-SHA-512"
    kafka_user: str | None = None
    kafka_password: SecretStr | None = None
    kafka_password_file: Path | None = None
    kafka_ca_file: Path | None = None
    """The authority that signs the brokers' certificates, in PEM. Without it, the system's."""

    kafka_certificate_file: Path | None = None
    """The certificate of this client in PEM, where the brokers ask for one; its key is in
    `kafka_key_file`, without a password."""

    kafka_key_file: Path | None = None

    http_token: SecretStr | None = None
    """The bearer token that every HTTP request must carry."""

    interpreter: str = "rules"
    """The interpreter of free text: a name in the entry points `ordermade.interpreters`."""

    sure_from: Annotated[float, Field(ge=0, le=1)] = SURE_FROM
    """Interpretations with less confidence than this wait for a person."""
