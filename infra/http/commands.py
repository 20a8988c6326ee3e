"""POST /v1/orders/…, /v1/designs/… and so on: decisions, each at an address of its own."""

# Without postponed annotations: FastAPI reads those of `ask`, which differ from command to command.

from collections.abc import Sequence
from dataclasses import dataclass, make_dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Header, Path
from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from consumers.doors.commands import Command
from consumers.doors.deciders import DECIDERS, arguments_of, by_name
from consumers.doors.message import malformed
from domain.event import Data, Recorded, strict
from domain.subject import Subject
from domain.values import Name, Text
from infra.http import examples, spec
from infra.http import log_wait as waiting
from infra.http.bodies import Body
from infra.http.connection import Opened
from infra.http.cursors import seen


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a command's body holds: its arguments, and who asks, from where and why.

    `source` and the header Idempotency-Key are the command's identity. `reason` is stored sealed.
    """

    source: Name = "/ordermade/http"
    actor: Name | None = None
    channel: Name = "http"
    reason: Text | None = None


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class AskedForCustomer(Asked):
    """`customer` says whose a new order or design is: `namespace:id`, or our id."""

    customer: Name | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """An event that a command recorded, its personal values opened."""

    id: UUID
    type: str
    subject: str
    time: datetime
    position: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a command recorded: nothing where it is so already; `known` where it was sent before.

    A view that is asked with `min_position` shows it. `in_log` is null unless `wait=log` asked.
    """

    events: Sequence[RecordedEvent]
    known: bool
    min_position: str | None
    in_log: bool | None


_ANSWERED = spec.json_of(spec.ref(Answered))
_PLACES = {
    "order": "/v1/orders/{order_id}",
    "design": "/v1/designs/{design_id}",
    "catalogue": "/v1/catalogues/{book}",
    "customer": "/v1/customers/{customer}",
}
_WORDS = {
    "order": "The order's id.",
    "design": "The design's id.",
    "catalogue": "The name of the catalogue's book.",
    "customer": "`namespace:id`, as the publisher knows the customer, or our id.",
}
_OPENED_FOR = ("order", "design")
"""Kinds whose streams belong to a customer who is named with the command."""
_ABOUT = r"^[^/\x00-\x1f\x7f]{1,190}$"  # with its kind in front, a subject of 200 at most


def routes(opened: Opened) -> APIRouter:
    router = APIRouter()
    for kind, decider in DECIDERS.items():
        for name, decision in decider.decisions.items():
            _add(router, opened, kind, name, decision.__doc__)
    return router


def _add(router: APIRouter, opened: Opened, kind: str, name: str, said: str | None) -> None:
    base = AskedForCustomer if kind in _OPENED_FOR else Asked
    words = f"{'' if kind in ('order', 'customer') else kind}-{name}".split("-")
    title = "".join(word.capitalize() for word in words)
    wanted = make_dataclass(
        title, [("arguments", arguments_of(kind, name))], bases=(base,), frozen=True, kw_only=True
    )
    adapter: TypeAdapter[Any] = TypeAdapter(strict(wanted))
    shown = {"arguments": examples.COMMANDS[kind, name], "actor": "clerk-1"}
    if (kind, name) == ("catalogue", "approve"):
        shown["actor"] = examples.APPROVER
    if (kind, name) in (("order", "draft"), ("design", "start")):
        shown["customer"] = examples.CUSTOMER
    example = examples.CUSTOMER if kind == "customer" else f"{kind}-{name}"
    about_type = Annotated[
        str,
        Path(
            alias=_PLACES[kind].partition("{")[2].rstrip("}"),
            description=_WORDS[kind],
            pattern=_ABOUT,
            examples=[example],
        ),
    ]
    key_type = Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            description="The command's own id: sent again, it is carried out once.",
            pattern="^[!-~]{1,200}$",
            examples=[f"{kind}-{name}-1"],
        ),
    ]

    @router.post(
        f"{_PLACES[kind]}/{name}",
        tags=[f"{kind}s"],
        operation_id=f"{kind}-{name}",
        summary=name.replace("-", " ").capitalize() + ".",
        description=said or "",
        openapi_extra=spec.takes(
            {"application/json": spec.example(spec.ref(wanted, title), shown)}
        ),
        status_code=HTTPStatus.CREATED,
        responses=spec.answers(
            403, 409, 413, 422,
            s200=("Nothing new: it was sent before, or is so already.", _ANSWERED),
            s201=("Recorded.", _ANSWERED),
            s202=(waiting.LATE, _ANSWERED),
        ),
        response_class=Response,
    )  # fmt: skip
    async def ask(
        body: Body,
        idempotency_key: key_type,
        about: about_type,
        wait: waiting.Wait = None,
        timeout_s: waiting.Timeout = 5,
    ) -> Response:
        deployment = opened.deployment
        waiting.check(deployment, wait)
        try:
            asked = adapter.validate_json(body)
        except ValidationError as error:
            raise malformed(error) from None
        done = await run_in_threadpool(
            deployment.commands.execute,
            Command(
                id=idempotency_key,
                source=asked.source,
                subject=str(Subject(kind, about)),
                name=name,
                arguments=by_name(asked.arguments),
                time=datetime.now(UTC),
                customer=getattr(asked, "customer", None),
                actor=asked.actor,
                channel=asked.channel,
                reason=asked.reason,
            ),
        )
        stored = [recorded.position for recorded in done.events]
        in_log = await waiting.in_log(deployment, stored, wait, timeout_s)
        told = Answered(
            events=[_told(recorded) for recorded in done.events],
            known=done.duplicate,
            min_position=seen(deployment, stored),
            in_log=in_log,
        )
        new = done.events and not done.duplicate
        status = HTTPStatus.CREATED if new else HTTPStatus.OK
        if in_log is False:
            status = HTTPStatus.ACCEPTED
        return Response(msgspec.json.encode(told), status, media_type="application/json")


def _told(recorded: Recorded[Data]) -> RecordedEvent:
    event = recorded.event
    return RecordedEvent(
        id=event.id,
        type=event.type,
        subject=event.subject,
        time=event.time,
        position=str(recorded.position),
        data=msgspec.to_builtins(event.data),
    )
