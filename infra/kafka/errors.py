"""What can be wrong with Kafka, said without importing its client."""

from __future__ import annotations


class KafkaUnfit(Exception):
    """This cluster, or this installation, cannot carry the log; the sentence says what would."""


class KafkaSilent(Exception):
    """The cluster does not answer."""

    def __init__(self, address: str, error: Exception) -> None:
        super().__init__(
            f"no answer from Kafka at {address} ({type(error).__name__}): see that it runs, that "
            "ORDERMADE_KAFKA names it, and that its name and password are right; a wrong password "
            "looks the same"
        )
