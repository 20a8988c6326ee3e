"""What can be wrong with Kafka, said without importing its client."""

from __future__ import annotations


class KafkaUnfit(Exception):
    """This cluster, or this installation, cannot carry the log; the sentence says what would."""


class KafkaSilent(Exception):
    """The cluster does not answer; `distrust` says why its certificate is refused, if it is."""

    def __init__(self, address: str, error: Exception, distrust: str | None = None) -> None:
        super().__init__(
            f"the certificate of Kafka at {address} is not trusted ({distrust}): see that "
            "ORDERMADE_KAFKA_CA_FILE holds the certificate of who signed it, and that "
            "ORDERMADE_KAFKA calls it as the certificate does"
            if distrust
            else f"no answer from Kafka at {address} ({type(error).__name__}): see that it runs, "
            "that ORDERMADE_KAFKA names it, and that ORDERMADE_KAFKA_SECURITY, the name, password "
            "and certificate are right; a wrong password looks the same"
        )
