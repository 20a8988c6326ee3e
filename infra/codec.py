"""Events as bytes: the CloudEvents envelope in JSON that the store keeps and the log carries.

Personal values are sealed under the owner's key, with the event's id, its stored type and the
field's name as associated data. Decoding opens them; without the key they become `ERASED`.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from pydantic import Field

from domain.canonical import canonical_bytes, has_first_fields_only
from domain.event import TYPES, Attributes, Data, Event, Kind, Position, Recorded, upgrade
from domain.personal import ERASED, PERSONAL, Erased, privacy_of
from infra.keys import OwnerKey

KeyOf = Callable[[str], OwnerKey | None]
"""Returns the key of an owner; None once it is destroyed."""

_encode = msgspec.json.Encoder(decimal_format="string").encode


class WireEnvelope(Attributes, frozen=True, kw_only=True):
    """The envelope as it is stored, with what the store adds to it."""

    id: UUID
    type: str
    data: msgspec.Raw
    reason: bytes | None = None  # sealed: an attribute of an envelope cannot be an object
    position: Annotated[str, Field(description="its place: `incarnation.partition.number`")]
    recordedtime: Annotated[datetime, Field(description="when it was recorded")]
    streamversion: Annotated[int, Field(description="its place in its stream, from 1 on")]


_attributes = operator.attrgetter(*Attributes.__struct_fields__)
_OPTIONAL = [field.name for field in msgspec.structs.fields(Attributes) if not field.required]
_optional = operator.attrgetter(*_OPTIONAL)
_HEAD = ("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema")
_Head: Any = msgspec.defstruct(
    "_Head", [*_HEAD, *((name, Any, None) for name in _OPTIONAL)], omit_defaults=True, gc=False
)
"""The attributes that are never sealed, in the order in which they are stored."""
_decode_wire = msgspec.json.Decoder(WireEnvelope).decode


class _RecordedTime(msgspec.Struct):
    recordedtime: datetime


_decode_recorded_time = msgspec.json.Decoder(_RecordedTime).decode


@dataclasses.dataclass(frozen=True, slots=True)
class _Format:
    """How events of a type are stored: the fields of their data, and decoders for it and for each
    personal field.
    """

    name: str
    fields: tuple[str, ...]
    decode: Callable[[bytes | msgspec.Raw], Any]
    personal: Mapping[str, Callable[[bytes], Any]]

    @classmethod
    def of(cls, name: str) -> _Format:
        data = TYPES[name].cls
        hints = typing.get_type_hints(data, include_extras=True)
        personal = {
            name: msgspec.json.Decoder(hint).decode
            for name, hint in hints.items()
            if privacy_of(hint) is PERSONAL
        }
        fields = tuple(data.__dataclass_fields__)  # type: ignore[attr-defined]
        return cls(name, fields, msgspec.json.Decoder(data).decode, personal)


_FORMATS: dict[str, _Format] = {}


def _format(name: str) -> _Format:
    if name not in _FORMATS:
        _FORMATS[name] = _Format.of(name)
    return _FORMATS[name]


Sealed = tuple[bytes, bytes]
"""The envelope of an event with its personal values sealed, and the event in plain text."""


def encode(event: Event[Data], key: OwnerKey) -> Sealed:
    """Return the event's envelope, its personal values sealed with the key, and its plain text.

    The envelope lacks the attributes that the store adds: see `with_position`. The plain text is in
    canonical form: the store keeps a digest of it, to recognise the event when it is sent again.
    """
    form = _format(event.type)
    head, plain = _head(event, form.name), _encode(event.data)
    data = _encode(_seal_fields(event, form, key)) if form.personal else plain
    if not has_first_fields_only(type(event.data)):
        plain = canonical_bytes(event.data)
    if event.reason is None or isinstance(event.reason, Erased):
        return b'%b,"data":%b}' % (head[:-1], data), head + plain
    reason = _encode(
        key.seal(event.reason.encode(), _associated_data(event.id, form.name, "reason"))
    )
    envelope = b'%b,"reason":%b,"data":%b}' % (head[:-1], reason, data)
    return envelope, head + plain + _encode(event.reason)


def _head(event: Event[Data], name: str) -> bytes:
    """Return the beginning of the envelope: the attributes that are never sealed."""
    head = _Head(
        "1.0", event.id, event.source, name, event.subject, event.time, "application/json",
        f"urn:ordermade:schema:{name}", *_optional(event),
    )  # fmt: skip
    return _encode(head)


def with_position(envelope: bytes, position: Position, recorded: datetime, version: int) -> bytes:
    """Return the envelope as it is stored: with its position, recorded time and stream version."""
    return (
        b'%b,"position":"%b","recordedtime":"%b","streamversion":%d}'
        % (envelope[:-1], str(position).encode(), _timestamp(recorded), version)
    )  # fmt: skip


def recorded_time(stored: bytes) -> datetime:
    """Return when an event was recorded, without decoding the rest of its envelope."""
    return _decode_recorded_time(stored).recordedtime


@dataclasses.dataclass(frozen=True, slots=True)
class StoredAttributes:
    """The columns that the store keeps beside an envelope."""

    id: UUID
    type: str
    stream: str
    version: int
    time: datetime
    recorded: datetime
    position: Position


def stored_attributes(stored: bytes) -> StoredAttributes:
    """Return the columns of an envelope. Raises KeyError for an unknown type."""
    wire = _decode_wire(stored)
    return StoredAttributes(
        wire.id, wire.type, _stream(wire), wire.streamversion, wire.time, wire.recordedtime,
        Position.parse(wire.position),
    )  # fmt: skip


def sealed_values(stored: bytes) -> int:
    """Return how many personal values are sealed in an envelope."""
    # In the text of another value the quotes are escaped, so that this finds no more.
    return stored.count(b'{"sealed":"') + (_decode_wire(stored).reason is not None)


def decode(stored: bytes, key_of: KeyOf) -> Recorded[Data]:
    """Return the event of an envelope, its data in the newest version of their type.

    Raises KeyError for a type that this release does not know, msgspec.DecodeError for bytes that
    are no envelope or whose data has another shape.
    """
    wire = _decode_wire(stored)
    form = _format(wire.type)
    data = form.decode(wire.data)
    key: OwnerKey | None = None
    if form.personal or wire.reason:
        key = key_of(wire.customerid or _stream(wire))
    for field, parse in form.personal.items():
        value = getattr(data, field)
        if isinstance(value, Erased):
            plain = _open(value.sealed, wire, field, key)
            # Nothing else refers to the new object yet, so it can still be filled in.
            object.__setattr__(data, field, ERASED if plain is None else parse(plain))
    reason: str | Erased | None = None
    if wire.reason:
        plain = _open(wire.reason, wire, "reason", key)
        reason = ERASED if plain is None else plain.decode()
    return Recorded(
        Event(*_attributes(wire), id=wire.id, data=upgrade(data), reason=reason),
        Position.parse(wire.position),
        wire.streamversion,
        wire.recordedtime,
    )


def _stream(wire: WireEnvelope) -> str:
    return str(wire.id) if TYPES[wire.type].kind is Kind.FACT else wire.subject


def _seal_fields(event: Event[Data], form: _Format, key: OwnerKey) -> dict[str, Any]:
    data = event.data
    values = {field: getattr(data, field) for field in form.fields}
    for field in form.personal:
        value = values[field]
        if value is not None and not isinstance(value, Erased):
            values[field] = {
                "sealed": key.seal(_encode(value), _associated_data(event.id, form.name, field))
            }
    return values


def _open(sealed: bytes, wire: WireEnvelope, field: str, key: OwnerKey | None) -> bytes | None:
    if key is None:
        return None
    try:
        return key.open(sealed, _associated_data(wire.id, wire.type, field))
    except InvalidTag:
        raise ValueError(f"the sealed field {field} does not open under its owner's key") from None


def _associated_data(id: UUID, name: str, field: str) -> bytes:
    return b"%b/%b/%b" % (id.bytes, name.encode(), field.encode())


@functools.lru_cache(8)  # one transaction has one recorded time
def _timestamp(time: datetime) -> bytes:
    return _encode(time)[1:-1]
