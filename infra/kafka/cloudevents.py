"""CloudEvents over Kafka, version 1.0.2 of the binding: structured, or binary in headers.

A header `basis` names purposes, as the parameter of that name does over HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping

from consumers.doors.inbox import (
    JSON,
    MAX_BYTES,
    STRUCTURED,
    InboxMessage,
    headers_by_name,
    media_type,
    purposes_of,
    to_structured,
)
from consumers.ports.inbox import ReceivedMessage
from domain.errors import Malformed

_PREFIX = "ce_"


def inbox_message(received: ReceivedMessage) -> InboxMessage:
    """The event of a record, in structured JSON. Raises Malformed."""
    if received.value is None:
        raise Malformed(
            "the message has no value: send an event as the value. A tombstone deletes nothing "
            "here, since events are never deleted"
        )
    if len(received.value) > MAX_BYTES:
        raise Malformed(f"a message has at most {MAX_BYTES} bytes: send a smaller event")
    headers = headers_by_name(
        (name, _text(name, value)) for name, value in received.headers if _is_read(name)
    )
    basis = purposes_of(headers.pop("basis", ""))
    media = media_type(headers.pop("content-type", ""))
    if media == STRUCTURED:
        return InboxMessage(received.value, basis)
    if media in (JSON, "") and headers:
        return InboxMessage(to_structured(_attributes(headers), received.value), basis)
    raise Malformed(
        f"content-type: send one event as {STRUCTURED}, or its data as {JSON} with its attributes "
        f"in {_PREFIX} headers",
        "content-type",
    )


def _is_read(header: str) -> bool:
    return header in ("basis", "content-type") or header.startswith(_PREFIX)


def _attributes(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(_PREFIX): value for name, value in headers.items()}


def _text(name: str, value: bytes | None) -> str:
    try:
        return (value or b"").decode()
    except UnicodeDecodeError:
        raise Malformed(f"{name}: the header is not UTF-8", name) from None
