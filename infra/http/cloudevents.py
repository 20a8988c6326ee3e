"""CloudEvents over HTTP, version 1.0.2 of the binding: one, a batch, or one in headers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import unquote

import msgspec

from consumers.doors.inbox import DATA, ONE, binary
from domain.errors import Malformed
from infra.http.problems import Unfit

BATCH = "application/cloudevents-batch+json"
MOST = 1_000
"""Events in a batch: what the store appends in one transaction."""

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_raws = msgspec.json.Decoder(list[msgspec.Raw]).decode


def messages(media: str, headers: Iterable[tuple[str, str]], body: bytes) -> list[bytes]:
    """The events of a request, each in structured JSON. Raises Malformed or Unfit."""
    if media == ONE:
        return [body]
    if media == BATCH:
        return _batch(body)
    attributes = {name[3:]: _value(name, said) for name, said in headers if name[:3] == "ce-"}
    if media == DATA and attributes:
        return [binary(attributes, body)]
    raise Unfit(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        f"send one event as {ONE}, several as {BATCH}, or the data of one as {DATA} with its "
        "attributes in ce- headers",
        "Content-Type",
    )


def _batch(body: bytes) -> list[bytes]:
    try:
        items = _raws(body)
    except (msgspec.MsgspecError, RecursionError):
        raise Malformed("a batch is a JSON array of events, in UTF-8") from None
    if len(items) > MOST:
        raise Unfit(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a batch has at most {MOST} events: send fewer"
        )
    return [bytes(item) for item in items]


def _value(name: str, said: str) -> str:
    """Unquoted, then percent-decoded once, as the binding has it (3.1.3.2)."""
    if quoted := _QUOTED.fullmatch(said):
        said = re.sub(r"\\(.)", r"\1", quoted[1])
    try:
        return unquote(said, errors="strict")
    except UnicodeDecodeError:
        raise Malformed(f"{name}: it is not UTF-8, percent-encoded", name) from None
