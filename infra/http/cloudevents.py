"""CloudEvents 1.0.2 over HTTP: the structured, batched and binary content modes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import unquote

import msgspec

from consumers.doors.inbox import JSON, STRUCTURED, headers_by_name, to_structured
from domain.errors import Malformed
from infra.http.problems import HttpRefusal

BATCH = "application/cloudevents-batch+json"
MOST = 1_000
"""Events in a batch: as many as the store appends in one transaction."""

_PREFIX = "ce-"
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_decode_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


def messages(media: str, headers: Iterable[tuple[str, str]], body: bytes) -> list[bytes]:
    """The events of a request, each in structured JSON. Raises Malformed or HttpRefusal."""
    if media == STRUCTURED:
        return [body]
    if media == BATCH:
        return _batch(body)
    attributes = {
        name.removeprefix(_PREFIX): _decoded(name, text)
        for name, text in headers_by_name(
            (name, text) for name, text in headers if name.startswith(_PREFIX)
        ).items()
    }
    if media == JSON and attributes:
        return [to_structured(attributes, body)]
    raise HttpRefusal(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        f"send one event as {STRUCTURED}, several as {BATCH}, or the data of one as {JSON} with "
        "its attributes in ce- headers",
        "Content-Type",
    )


def _batch(body: bytes) -> list[bytes]:
    try:
        items = _decode_items(body)
    except (msgspec.MsgspecError, RecursionError):
        raise Malformed("a batch is a JSON array of events, in UTF-8") from None
    if len(items) > MOST:
        raise HttpRefusal(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a batch has at most {MOST} events: send fewer"
        )
    return [bytes(item) for item in items]


def _decoded(name: str, text: str) -> str:
    """A header's value, unquoted and percent-decoded once (HTTP binding 1.0.2, 3.1.3.2)."""
    if quoted := _QUOTED.fullmatch(text):
        text = re.sub(r"\\(.)", r"\1", quoted[1])
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise Malformed(f"{name}: it is not UTF-8, percent-encoded", name) from None
