"""Counts a topic's events by key and type with Quix Streams, exactly once, in its own state.

Runs where `quixstreams` is installed: `count.py BROKER TOPIC EVENTS FOLDER`. Prints the seconds
from the first event to the commit of the last.
"""

from __future__ import annotations

import sys
import time
from typing import Any
from uuid import uuid4

from quixstreams import Application, State

broker, topic, events, folder = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
began = ended = 0.0
processed = 0


def count_processed(*_: Any) -> None:
    global began, processed
    began = began or time.perf_counter()
    processed += 1
    if processed == events:
        app.stop()


def count_event(event: dict[str, Any], state: State) -> None:
    state.set(event["type"], state.get(event["type"], 0) + 1)


app = Application(
    broker,
    consumer_group=f"quix-{uuid4().hex}",
    auto_offset_reset="earliest",
    processing_guarantee="exactly-once",
    state_dir=f"{folder}/state",
    on_message_processed=count_processed,
    loglevel="WARNING",
)
commit_checkpoint = app._processing_context.commit_checkpoint


def commit_and_time(force: bool = False, **options: Any) -> None:
    global ended
    commit_checkpoint(force, **options)
    if force:  # the last commit; the application closes after it
        ended = ended or time.perf_counter()


app._processing_context.commit_checkpoint = commit_and_time
app.dataframe(app.topic(topic, key_deserializer="str")).update(count_event, stateful=True)
app.run()
print(ended - began)
