"""The door over Kafka for tests: a publisher that knows CloudEvents, and nothing of ours."""

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
    """Sends to a topic; what is sent is there when `flush` returns."""

    def __init__(self, front: Front) -> None:
        told = dict(front.more)
        self.topic = f"{told['ORDERMADE_KAFKA_TOPICS']}.intake"
        self._producer = Producer(
            {"bootstrap.servers": told["ORDERMADE_KAFKA"], "compression.type": "lz4",
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
        made = (to_structured if structured else to_binary)(event, JSONFormat())
        more = {"basis": basis.encode()} if basis else {}
        self.raw(made.value, {**made.headers, **more}, partition)

    def flush(self) -> None:
        assert self._producer.flush(30) == 0

    def close(self) -> None:
        self._producer.close()


@contextmanager
def running(front: Front, *words: object):
    """A command that runs until it is stopped."""
    process = front.start(*words)
    try:
        yield process
    finally:
        stop(process)
