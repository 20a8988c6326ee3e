"""Errors of Kafka, in a module that does not import its client."""

from __future__ import annotations


class KafkaUnusable(Exception):
    """The cluster's settings or this installation cannot carry the log; the message says why."""


class KafkaUnreachable(Exception):
    """No broker answers, or its certificate is refused for the reason `certificate_problem`."""

    def __init__(
        self, address: str, error: Exception, certificate_problem: str | None = None
    ) -> None:
        super().__init__(
            f"the certificate of Kafka at {address} is not trusted ({certificate_problem}): check "
            "that ORDERMADE_KAFKA_CA_FILE holds the certificate of the authority that signed it, "
            "and that ORDERMADE_KAFKA uses the host name in the certificate"
            if certificate_problem
            else f"no answer from Kafka at {address} ({type(error).__name__}): check that it runs, "
            "that ORDERMADE_KAFKA names it, and that ORDERMADE_KAFKA_SECURITY, user, password and "
            "certificate are right; a wrong password has the same effect"
        )
