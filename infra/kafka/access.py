"""Authentication of this client to a broker, and of the broker to this client: SASL and TLS."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from infra.kafka.errors import KafkaUnusable
from infra.settings import Mechanism, Protocol

_CONNECT_S = 2.0


class _HiddenPassword(str):
    """A password whose repr is hidden: kafka-python logs its settings at level DEBUG."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'**********'"


@dataclass(frozen=True)
class Access:
    """Settings of authentication. `protocol`, Kafka's `security.protocol`, says which are used.

    Without `ca_file` the broker's certificate is checked against the system's authorities.
    """

    protocol: Protocol = "PLAINTEXT"
    mechanism: Mechanism = "SCRAM-SHA-512"
    user: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    @cached_property
    def client(self) -> dict[str, Any]:
        """Arguments for every client. Raises KafkaUnusable for a missing or unreadable setting."""
        arguments: dict[str, Any] = {"security_protocol": self.protocol}
        if self._tls:
            arguments["ssl_context"] = self._tls
        if self.protocol.startswith("SASL"):
            if not self.user or not (password := self._password()):
                raise KafkaUnusable(
                    f"{self.protocol} needs a user and a password: set ORDERMADE_KAFKA_USER and "
                    "ORDERMADE_KAFKA_PASSWORD or ORDERMADE_KAFKA_PASSWORD_FILE"
                )
            arguments |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": _HiddenPassword(password),
            }
        return arguments

    def _password(self) -> str | None:
        if self.password_file is None:
            return self.password.get_secret_value() if self.password else None
        try:
            return self.password_file.read_text().strip()
        except OSError as error:
            raise KafkaUnusable(
                f"ORDERMADE_KAFKA_PASSWORD_FILE, {self.password_file}, cannot be read "
                f"({type(error).__name__})"
            ) from error

    @cached_property
    def _tls(self) -> ssl.SSLContext | None:
        if not self.protocol.endswith("SSL"):
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise KafkaUnusable(
                f"ORDERMADE_KAFKA_CA_FILE, {self.ca_file}, cannot be read as certificates in PEM "
                f"({type(error).__name__})"
            ) from error
        if self.certificate_file:
            try:
                # Without a password OpenSSL would ask for that of a locked key at the terminal.
                context.load_cert_chain(self.certificate_file, self.key_file, password="")
            except OSError as error:
                raise KafkaUnusable(
                    f"ORDERMADE_KAFKA_CERTIFICATE_FILE, {self.certificate_file}, and the key of "
                    f"ORDERMADE_KAFKA_KEY_FILE cannot be read or do not belong together "
                    f"({type(error).__name__}): both must be PEM, and the key without a password"
                ) from error
        return context

    def certificate_problem(self, servers: Sequence[str]) -> str | None:
        """Why the certificate of one of the brokers is refused; None if none is."""
        if not self._tls:
            return None
        for server in servers:
            host, _, port = server.rpartition(":")
            host = host.strip("[]")  # of an IPv6 address
            try:
                with socket.create_connection((host, int(port)), _CONNECT_S) as connection:
                    self._tls.wrap_socket(connection, server_hostname=host).close()
            except ssl.SSLCertVerificationError as error:
                return error.verify_message
            except (OSError, ValueError):
                continue
        return None
