"""Messages of the inbox that were refused: listed, shown, amended, sent again, or dropped."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from consumers.doors.inbox import STRUCTURED
from consumers.movers.inbox import InboxReceiver
from consumers.ports.inbox import Quarantine, QuarantinedMessage
from domain.errors import NotFound, Refusal


class QuarantineEntry(msgspec.Struct, frozen=True):
    """A refused message: where and when it was received, and why it was refused last."""

    id: UUID
    partition: int
    offset: int
    received: datetime
    reason: str


class StillRefused(msgspec.Struct, frozen=True):
    """A message that was refused again; it stays in quarantine with this reason."""

    id: UUID
    reason: str


class ResendResult(msgspec.Struct, frozen=True):
    """What became of messages that were sent again."""

    accepted: int
    refused: Sequence[StillRefused]


def list_quarantined(quarantine: Quarantine) -> list[QuarantineEntry]:
    """Return the messages in quarantine in the order in which they were received."""
    return [_entry(message) for message in quarantine.find()]


def show_quarantined(id: str, quarantine: Quarantine) -> dict[str, Any]:
    """Return a message, opened, with its entry, as JSON values. Raises NotFound.

    `key` and `value` are text; bytes that are not UTF-8 are `key_base64` and `value_base64`.
    """
    quarantined = _find(id, quarantine)
    headers = {
        name: (value or b"").decode(errors="replace") for name, value in quarantined.message.headers
    }
    entry: dict[str, Any] = msgspec.to_builtins(_entry(quarantined))
    return {
        **entry,
        "headers": headers,
        **_text("key", quarantined.message.key),
        **_text("value", quarantined.message.value),
    }


def amend_quarantined(
    id: str, value: bytes, quarantine: Quarantine, door: InboxReceiver
) -> ResendResult:
    """Send a corrected message, `value`, instead of a quarantined one.

    `value` is a CloudEvent in structured JSON. Only the header `basis` is kept, because the others
    describe the old value. If the corrected message is refused too, it replaces the old one in
    quarantine. Raises NotFound.
    """
    quarantined = _find(id, quarantine)
    basis = tuple(header for header in quarantined.message.headers if header[0] == "basis")
    headers = (*basis, ("content-type", STRUCTURED.encode()))
    amended = replace(quarantined.message, headers=headers, value=value)
    return _send([replace(quarantined, message=amended)], quarantine, door)


def resend_quarantined(
    ids: Sequence[str] | None, quarantine: Quarantine, door: InboxReceiver
) -> ResendResult:
    """Send messages again unchanged; if `ids` is None, all.

    Accepted messages are removed from quarantine. Raises NotFound.
    """
    messages = quarantine.find() if ids is None else [_find(id, quarantine) for id in ids]
    return _send(messages, quarantine, door)


def drop_quarantined(id: str, quarantine: Quarantine) -> None:
    """Delete a message for good. Raises NotFound."""
    quarantine.remove([_find(id, quarantine).id])


def _find(id: str, quarantine: Quarantine) -> QuarantinedMessage:
    try:
        messages = quarantine.find([UUID(id)])
    except ValueError:
        messages = []
    if not messages:
        raise NotFound(f"no message is in quarantine under {id}: list the quarantine", "id")
    return messages[0]


def _send(
    messages: Sequence[QuarantinedMessage], quarantine: Quarantine, door: InboxReceiver
) -> ResendResult:
    answers = list(zip(messages, door.accept([m.message for m in messages]), strict=True))
    refused = [(message, a) for message, a in answers if isinstance(a, Refusal)]
    for message, refusal in refused:
        quarantine.replace(message.id, message.message, refusal)
    quarantine.remove([message.id for message, a in answers if not isinstance(a, Refusal)])
    return ResendResult(
        accepted=len(messages) - len(refused),
        refused=[StillRefused(message.id, str(refusal)) for message, refusal in refused],
    )


def _entry(quarantined: QuarantinedMessage) -> QuarantineEntry:
    message = quarantined.message
    return QuarantineEntry(
        quarantined.id, message.partition, message.offset, message.received, quarantined.reason
    )


def _text(name: str, value: bytes | None) -> dict[str, str | None]:
    """The value as text under `name`.

    If it is not UTF-8, it is Base64 under `name_base64`, which is how CloudEvents names it.
    """
    if value is None:
        return {name: None}
    try:
        return {name: value.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": b64encode(value).decode()}
