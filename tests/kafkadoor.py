"""A publisher to the inbox on Kafka, which uses CloudEvents and no code of ordermade."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from datetime import datetime

from cloudevents.core.bindings.kafka import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from confluent_kafka import Producer

from tests.frontdoor import Front
from tests.httpdoor import stop


class Publisher:
    """Sends messages to the inbox; they have arrived when `flush` returns."""

    def __init__(self, front: Front) -> None:
        settings = dict(front.more)
        self.topic = f"{settings['ORDERMADE_KAFKA_TOPICS']}.intake"
        self._producer = Producer(
            {"bootstrap.servers": settings["ORDERMADE_KAFKA"], "compression.type": "lz4",
             "message.max.bytes": 64 << 20, "linger.ms": 5}
        )  # fmt: skip

    def raw(
        self, value: bytes | None, headers: Mapping[str, bytes | None] | None = None,
        partition: int = 0,
    ) -> None:  # fmt: skip
        self._producer.produce(
            self.topic, value, partition=partition, headers=list((headers or {}).items())
        )

    def send(self, message: dict, basis: str = "", structured: bool = True, partition: int = 0):
        attributes = {k: v for k, v in message.items() if k != "data"}
        attributes["time"] = datetime.fromisoformat(attributes["time"])
        event = CloudEvent({"datacontenttype": "application/json", **attributes}, message["data"])
        encoded = (to_structured if structured else to_binary)(event, JSONFormat())
        more = {"basis": basis.encode()} if basis else {}
        self.raw(encoded.value, {**encoded.headers, **more}, partition)

    def flush(self) -> None:
        assert self._producer.flush(30) == 0

    def close(self) -> None:
        self._producer.close()


@contextmanager
def running(front: Front, *words: object):
    """Runs a command, and stops it at the end of the block."""
    process = front.start(*words)
    try:
        yield process
    finally:
        stop(process)
