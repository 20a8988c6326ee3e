"""POST /v1/orders/{order_id}/place and so on: each version of a command has a path of its own."""

# Without postponed annotations: those of `send` differ from command to command, and FastAPI
# evaluates them.

from collections.abc import Sequence
from dataclasses import dataclass, make_dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Header, Path
from pydantic import TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from consumers.doors.command_types import CommandType, by_name, command_types
from consumers.doors.commands import Command
from domain.event import Data, Recorded, strict
from domain.subject import Subject
from domain.values import Name, Text
from infra.http import cursors, examples, log_wait, openapi
from infra.http.bodies import Body, json_response, parse
from infra.http.connection import DeploymentConnection


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class CommandBody:
    """A command's arguments, and who sends it, from where and why.

    `source` and the header Idempotency-Key are the command's identity. `reason` is stored sealed.
    """

    source: Name = "/ordermade/http"
    actor: Name | None = None
    channel: Name = "http"
    reason: Text | None = None


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerCommandBody(CommandBody):
    """`customer` is the customer of a new order or design: `namespace:id`, or our id."""

    customer: Name | None = None


class RecordedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that a command recorded; its personal values are opened."""

    id: UUID
    type: str
    subject: str
    time: datetime
    position: str
    data: dict[str, Any]


class CommandAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The events that a command recorded; none if nothing had to change.

    `known`: the command was sent before, and these are its events. `min_position`, as a parameter
    of a view, makes it wait until it contains them. `in_log` is null unless the request had
    `wait=log`.
    """

    events: Sequence[RecordedEvent]
    duplicate: bool = msgspec.field(name="known")
    min_position: str | None
    in_log: bool | None


_ANSWER = openapi.json_content(CommandAnswer)
_PATHS = {
    "order": ("orders", "order_id"),
    "design": ("designs", "design_id"),
    "catalogue": ("catalogues", "book"),
    "customer": ("customers", "customer"),
}
"""The path of each kind of stream, below the version, and the parameter that follows it."""
_DESCRIPTIONS = {
    "order": "The order's id.",
    "design": "The design's id.",
    "catalogue": "The name of the catalogue's book.",
    "customer": "`namespace:id`, as the publisher knows the customer, or our id.",
}
_KINDS_OF_CUSTOMERS = ("order", "design")
"""Kinds whose streams belong to a customer whom the command may name."""
_ID = r"^[^\x00-\x1f\x7f]{1,190}$"  # with its kind in front, a subject has at most 200 characters


def make_router(connection: DeploymentConnection) -> APIRouter:
    """A path for each command of each kind of stream."""
    router = APIRouter()
    for type in command_types().values():
        _add(router, connection, type)
    return router


def _add(router: APIRouter, connection: DeploymentConnection, type: CommandType) -> None:
    kind, name = type.kind, type.name
    base = CustomerCommandBody if kind in _KINDS_OF_CUSTOMERS else CommandBody
    words = f"{'' if kind in ('order', 'customer') else kind}-{name}".split("-")
    version = "" if type.version == 1 else f"-v{type.version}"
    title = "".join(word.capitalize() for word in words) + version[1:].upper()
    body_type = make_dataclass(
        title, [("arguments", type.arguments)], bases=(base,), frozen=True, kw_only=True
    )
    adapter: TypeAdapter[Any] = TypeAdapter(strict(body_type))
    former = type.upcast is not None  # the examples are those of the newest versions
    arguments = {} if former else examples.COMMANDS[kind, name]
    example = {"arguments": arguments, "actor": "clerk-1"}
    if (kind, name) == ("catalogue", "approve"):
        example["actor"] = examples.APPROVER
    if (kind, name) in (("order", "draft"), ("design", "start")):
        example["customer"] = examples.CUSTOMER
    path, parameter = _PATHS[kind]
    Id = Annotated[
        str,
        Path(
            alias=parameter,
            description=_DESCRIPTIONS[kind],
            pattern=_ID,
            examples=[examples.CUSTOMER if kind == "customer" else f"{kind}-{name}"],
        ),
    ]
    Key = Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            description="The command's id: sent again, it is carried out once.",
            pattern="^[!-~]{1,200}$",
            examples=[f"{kind}-{name}-1"],
        ),
    ]

    @router.post(
        # `:path`, because an id may contain slashes.
        f"/v{type.version}/{path}/{{{parameter}:path}}/{name}",
        tags=[f"{kind}s"],
        operation_id=f"{kind}-{name}{version}",
        deprecated=former or None,
        summary=type.summary,
        description=type.description,
        openapi_extra=openapi.json_body(body_type, example),
        status_code=HTTPStatus.CREATED,
        responses=openapi.responses(
            403, 409, 413, 422,
            s200=("Nothing new: it was sent before, or nothing had to change.", _ANSWER),
            s201=("Recorded.", _ANSWER),
            s202=(log_wait.LATE, _ANSWER),
        ),
        response_class=Response,
    )  # fmt: skip
    async def send(
        body: Body,
        key: Key,
        id: Id,
        wait: log_wait.Wait = None,
        timeout_s: log_wait.LogTimeout = 5,
    ) -> Response:
        deployment = connection.deployment
        log_wait.check(deployment, wait)
        parsed = parse(adapter, body)
        result = await run_in_threadpool(
            deployment.commands.execute,
            Command(
                id=key,
                source=parsed.source,
                subject=str(Subject(kind, id)),
                name=name,
                arguments=by_name(parsed.arguments),
                version=type.version,
                time=datetime.now(UTC),
                customer=getattr(parsed, "customer", None),
                actor=parsed.actor,
                channel=parsed.channel,
                reason=parsed.reason,
            ),
        )
        positions = [recorded.position for recorded in result.events]
        in_log = await log_wait.in_log(deployment, positions, wait, timeout_s)
        answer = CommandAnswer(
            events=[_recorded_event(recorded) for recorded in result.events],
            duplicate=result.duplicate,
            min_position=cursors.after(deployment, positions),
            in_log=in_log,
        )
        is_new = result.events and not result.duplicate
        status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
        if in_log is False:
            status = HTTPStatus.ACCEPTED
        return json_response(answer, status)


def _recorded_event(recorded: Recorded[Data]) -> RecordedEvent:
    event = recorded.event
    return RecordedEvent(
        id=event.id,
        type=event.type,
        subject=event.subject,
        time=event.time,
        position=str(recorded.position),
        data=msgspec.to_builtins(event.data),
    )
